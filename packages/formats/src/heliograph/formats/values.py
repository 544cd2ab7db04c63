"""Raw values as text: how one value, and one row of values, stands in files (spec 3.1)."""

import math
import struct
from collections.abc import Sequence
from decimal import ROUND_UP, Context, Decimal

Value = int | float | str | None
"""One raw value: an integer, a float, a text, or missing."""

_SINGLE = struct.Struct("<f")
_LEAST_NORMAL = 2.0**-126
_SEPARATORS = str.maketrans(";\r\n", "   ")


def format_value(value: Value) -> str:
    """Print one value: integers as integers, floats in the shortest form that reads back to the same value.

    A whole float has no `.0`. Missing values, not-a-number and infinities are empty; `;`, CR and LF of a text become
    blanks (spec 3.1). A single is to be given as `shortest_single` of it.
    """
    if isinstance(value, float):
        return repr(value).removesuffix(".0") if math.isfinite(value) else ""
    if isinstance(value, str):
        return value.translate(_SEPARATORS)
    return "" if value is None else str(int(value))


def format_row(values: Sequence[Value]) -> str:
    """Print the values of one row, `;` between them: what follows the date in a data file."""
    return ";".join([str(value) if value.__class__ is int else format_value(value) for value in values])


def shortest_single(value: float) -> float:
    """Return the double that prints as the shortest decimal of a single (0.1, not 0.10000000149011612).

    `value` is what was unpacked from four bytes. Infinities and not-a-number come back as they are.
    """
    if not math.isfinite(value):
        return value
    if math.frexp(value)[0] in {0.5, -0.5}:
        return _shortest_power_of_two(value)
    for digits in range(6 if abs(value) >= _LEAST_NORMAL else 1, 9):
        short = float(f"{value:.{digits}g}")
        if _to_single(short) == value:
            return short
    return float(f"{value:.9g}")


def _shortest_power_of_two(value: float) -> float:
    """Singles lie closer together below a power of two than above it, so that the nearest decimal may fail there."""
    for digits in range(1, 9):
        nearest = float(f"{value:.{digits}g}")
        above = float(Context(prec=digits, rounding=ROUND_UP).plus(Decimal(value)))
        for short in (nearest, above):
            if _to_single(short) == value:
                return short
    return float(f"{value:.9g}")


def _to_single(value: float) -> float:
    try:
        return float(_SINGLE.unpack(_SINGLE.pack(value))[0])
    except OverflowError:
        return math.inf
