"""Raw values to engineering values and back: coefficients and decimal scale factors (spec 2.2).

Computed in decimals, so that 3 with a coefficient of 0.1 is 0.3, on whatever side of the wire it is computed.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from decimal import Context, Decimal

from heliograph.formats.definition import Definition, Kind, ModbusPoint, Protocol, Variable
from heliograph.formats.not_implemented import pattern_of
from heliograph.formats.report import quote
from heliograph.formats.values import Value

EXPONENT_LIMIT = 100
"""A scale factor beyond it is no scale factor but a pattern for 'not implemented'."""

PRECISION = Context(prec=60)
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
RELAY = "3"
"""`Info1` of a relay."""

LARGEST_SINGLE = 3.4028234663852886e38
RANGES = {
    Kind.U8: (0, 2**8 - 1),
    Kind.I8: (-(2**7), 2**7 - 1),
    Kind.U16: (0, 2**16 - 1),
    Kind.I16: (-(2**15), 2**15 - 1),
    Kind.U32: (0, 2**32 - 1),
    Kind.I32: (-(2**31), 2**31 - 1),
    Kind.U64: (0, 2**64 - 1),
    Kind.I64: (-(2**63), 2**63 - 1),
}


def engineering_values(definition: Definition, raw: Mapping[str, Value]) -> dict[str, float | int | str]:
    """Return the engineering values by Index; those that are missing, or whose scale factor is, are left out."""
    exponents = {v.name: raw.get(v.index) for v in definition.variables} if _is_scaled(definition) else {}
    found = {}
    for variable in definition.variables:
        value = engineering_value(variable, raw.get(variable.index), exponents.get(variable.scale_factor))
        if value is not None:
            found[variable.index] = value
    return found


def engineering_value(variable: Variable, raw: Value, scale_factor: Value = None) -> float | int | str | None:
    """Return one engineering value, None if it is missing. `scale_factor` is the raw value of the variable of `Info4`.

    Whole numbers stay whole where the coefficients are; texts stay texts, but for those of a meter that are plain
    numbers and have coefficients.
    """
    if raw is None or (isinstance(raw, float) and not math.isfinite(raw)):
        return None
    if variable.point and raw == pattern_of(variable.point):
        return None
    if isinstance(raw, str):
        return _text_value(variable, raw)
    if variable.point and variable.point.kind.is_text:
        return None
    return _scaled(variable, raw, scale_factor)


def raw_value(
    definition: Definition,
    variable: Variable,
    engineering: Value,
    raw_of_scale_factor: Value,
    *,
    is_nearest: bool = False,
) -> int | float | str:
    """Return the raw value to write for an engineering value.

    `is_nearest`: one between two of the variable's steps becomes the nearer one, and is not refused.

    Raises `ValueError` with a text for people if it does not fit the variable: out of its range, between two of its
    steps, text for a number, or a scale factor that is missing.
    """
    if variable.point is None:
        return _raw_input(definition, variable, engineering)
    if variable.point.kind.is_text:
        return _raw_text(variable.point, engineering)
    number = _unscaled(variable, engineering, raw_of_scale_factor)
    if variable.point.kind.is_float:
        return _raw_float(variable.point.kind, number)
    if is_nearest:
        number = number.to_integral_value()
    return _raw_whole(number, *raw_range(variable.point))


def raw_range(point: ModbusPoint) -> tuple[int, int]:
    """Return the least and the greatest raw value of a point of whole numbers."""
    if point.table.is_bits:
        return 0, 1
    return (0, 2**point.bits - 1) if point.kind is Kind.BITS else RANGES[point.kind]


def _is_scaled(definition: Definition) -> bool:
    return any(variable.scale_factor for variable in definition.variables)


def _text_value(variable: Variable, raw: str) -> float | int | str | None:
    if variable.point:
        return raw if variable.point.kind.is_text else None
    if not PLAIN_NUMBER.fullmatch(raw):
        return raw
    return _scaled(variable, float(raw) if "." in raw else int(raw), None)


def _scaled(variable: Variable, raw: float, scale_factor: Value) -> float | int | None:
    exponent = _exponent(variable, scale_factor)
    if exponent is None:
        return None
    if exponent == 0 and variable.coef_a == 1 and variable.coef_b == 0:
        return raw
    factor, offset = Decimal(repr(variable.coef_a)), Decimal(repr(variable.coef_b))
    product = PRECISION.multiply(PRECISION.multiply(factor, Decimal(repr(raw))), Decimal(1).scaleb(exponent))
    value = PRECISION.add(product, offset)
    if isinstance(raw, int) and exponent >= 0 and variable.coef_a % 1 == 0 and variable.coef_b % 1 == 0:
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


def _exponent(variable: Variable, scale_factor: Value) -> int | None:
    """Return the power of ten that scales a variable; None where it is missing or makes no sense."""
    if not variable.scale_factor:
        return 0
    if not isinstance(scale_factor, (int, float)) or not math.isfinite(scale_factor) or scale_factor % 1:
        return None
    return int(scale_factor) if abs(scale_factor) <= EXPONENT_LIMIT else None


def _unscaled(variable: Variable, engineering: Value, scale_factor: Value) -> Decimal:
    if not isinstance(engineering, (int, float)) or not math.isfinite(engineering):
        raise ValueError(f"{_shown(engineering)} is no number")
    exponent = _exponent(variable, scale_factor)
    if exponent is None:
        raise ValueError(f"its scale factor {quote(variable.scale_factor)} is missing")
    if variable.coef_a == 0:
        raise ValueError("its CoefA is 0, so that no value can be turned into one to write")
    factor = PRECISION.multiply(Decimal(repr(variable.coef_a)), Decimal(1).scaleb(exponent))
    difference = PRECISION.subtract(Decimal(repr(engineering + 0)), Decimal(repr(variable.coef_b)))
    return PRECISION.divide(difference, factor)


def _raw_whole(number: Decimal, low: int, high: int) -> int:
    nearest = number.to_integral_value()
    if abs(number - nearest) > Decimal("1e-9") * max(Decimal(1), abs(nearest)):
        raise ValueError(f"it would be {number:.10g} in the device, which holds whole numbers there")
    if not low <= nearest <= high:
        raise ValueError(f"it would be {nearest:.10g} in the device, which holds {low} to {high} there")
    return int(nearest)


def _raw_float(kind: Kind, number: Decimal) -> float:
    value = float(number)
    if not math.isfinite(value) or (kind is Kind.F32 and abs(value) > LARGEST_SINGLE):
        raise ValueError(f"it would be {number:.10g} in the device, which is beyond an {kind}")
    return value


def _raw_input(definition: Definition, variable: Variable, engineering: Value) -> int:
    if definition.protocol is not Protocol.IO or variable.info[0] != RELAY:
        raise ValueError("it cannot be written: only registers, coils and relays can")
    return _raw_whole(_unscaled(variable, engineering, None), 0, 1)


def _raw_text(point: ModbusPoint, engineering: Value) -> str:
    if not isinstance(engineering, str):
        raise ValueError(f"{_shown(engineering)} is no text, and the variable is one ({point.kind})")  # noqa: TRY004 - a value for people, no fault of a caller
    if point.kind is Kind.STRING:
        size = len(engineering.encode())
        if size > point.length:
            raise ValueError(f"the text has {size} bytes, the variable holds {point.length}")
        return engineering
    return _raw_address(point.kind, engineering.strip())


def _raw_address(kind: Kind, text: str) -> str:
    if kind is Kind.MAC:
        if not MAC.fullmatch(text):
            raise ValueError(f"{quote(text)} is no MAC such as 00:8D:00:00:BD:E4")
        return text.upper()
    try:
        return str(ipaddress.IPv4Address(text) if kind is Kind.IP else ipaddress.IPv6Address(text))
    except ValueError:
        raise ValueError(f"{quote(text)} is no {'IPv4' if kind is Kind.IP else 'IPv6'} address") from None


def _shown(value: Value) -> str:
    return quote(value) if isinstance(value, str) else repr(value)
