"""Engineering values of whole numbers without decimals: the same values, an order of magnitude faster. Pure.

`A × raw + B` with decimal coefficients is one division of whole numbers, and Python rounds that division correctly, as
`engineering_value` does. What does not fit that form is left to it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from heliograph.formats.definition import Variable

PLACES: Final = 20
"""Decimal places and digits of coefficients that are calculated so."""


def whole_scaling(variable: Variable) -> Callable[[int], float | int] | None:
    """Return what scales whole raw values of a variable; None where the general way is to be taken."""
    if variable.scale_factor or variable.point is None or variable.point.kind.is_text:
        return None
    factor, offset = Decimal(repr(variable.coef_a)), Decimal(repr(variable.coef_b))
    if not all(_is_plain(number) for number in (factor, offset)):
        return None
    if factor % 1 == 0 and offset % 1 == 0:
        return _whole(int(factor), int(offset))
    scale = 10 ** max(_places(factor), _places(offset))
    return _divided(int(factor * scale), int(offset * scale), scale)


def _whole(factor: int, offset: int) -> Callable[[int], int]:
    return lambda raw: factor * raw + offset


def _divided(factor: int, offset: int, scale: int) -> Callable[[int], float]:
    return lambda raw: (factor * raw + offset) / scale


def _places(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def _is_plain(number: Decimal) -> bool:
    return number.is_finite() and _places(number) <= PLACES and abs(number.adjusted()) <= PLACES
