"""The engineering values that may be written to a variable (`LIMIT_Params`): judged, and told to people. Pure."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Kind, Variable
from heliograph.formats.engineering import LARGEST_SINGLE, engineering_value, raw_range
from heliograph.formats.values import shortest_single

WHERE: Final = "LIMIT_Params of _config.ini"
_SINGLE: Final = struct.Struct(">f")
_BITS: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Limited:
    """A variable with limits."""

    device: Device
    variable: Variable
    scale: Variable | None
    """Holds its scale factor."""
    least: float | None
    most: float | None

    def __str__(self) -> str:
        return f"{self.variable.name!r} of {self.device.name}"

    def refusal(self, raw: Value, factor: Value) -> str:
        """Return why a raw value may not be written, empty where it may. `factor` is its scale factor's raw value."""
        value = engineering_value(self.variable, raw, factor)
        if isinstance(value, int | float) and self._is_inside(value):
            return ""
        if value is None and self.scale is not None and factor is None:
            return f"{self} has limits and its scale factor {self.scale.name!r} is not known, so nothing is written"
        shown = f"{_shown(value)}{self._unit}" if isinstance(value, int | float) else "no number"
        return f"{self} may be {self._range}, not {shown} ({WHERE})"

    def refusal_of_part(self) -> str:
        """Say why a write that leaves its value unknown is refused."""
        return f"{self} may be {self._range} ({WHERE}), and a write of a part of it cannot be judged"

    def refusal_of_scale(self) -> str:
        """Say why a write to its scale factor is refused."""
        name = self.scale.name if self.scale is not None else ""
        return (
            f"{name!r} of {self.device.name} is the scale factor of {self.variable.name!r}, which has limits ({WHERE})"
        )

    def nearest(self, raw: Value, factor: Value) -> Value:
        """Return the raw value inside of the limits that is nearest to one. Raises `ValueError` where there is none."""
        value = engineering_value(self.variable, raw, factor)
        if not isinstance(value, int | float):
            raise ValueError(self.refusal(raw, factor))  # noqa: TRY004 - for people it is a wrong value like any other
        if self._is_inside(value):
            return raw
        end = self.least if self.least is not None and value < self.least else self.most
        inside = [candidate for candidate in self._near(end or 0, factor) if not self.refusal(candidate, factor)]
        if not inside:
            raise ValueError(f"{self}: no value that the device can hold is {self._range} ({WHERE})")
        return min(inside, key=lambda candidate: abs(candidate - float(raw or 0)))

    def _near(self, end: float, factor: Value) -> Sequence[float]:
        """Return the raw values that the device can hold round an end of the limits."""
        zero, one = (engineering_value(self.variable, raw, factor) for raw in (0, 1))
        if not isinstance(zero, int | float) or not isinstance(one, int | float) or one == zero:
            return []
        exact, point = (end - zero) / (one - zero), self.variable.point
        if point is not None and point.kind is Kind.F64:
            return [math.nextafter(exact, -math.inf), exact, math.nextafter(exact, math.inf)]
        if point is not None and point.kind is Kind.F32:
            return _singles_near(exact)
        low, high = raw_range(point) if point is not None else (0, 1)
        whole = math.floor(exact)
        return range(max(low, whole - 1), min(high, whole + 2) + 1)

    def _is_inside(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def _unit(self) -> str:
        return f" {self.variable.unit}" if self.variable.unit else ""

    @property
    def _range(self) -> str:
        unit = self._unit
        if self.least is None:
            return f"at most {_shown(self.most)}{unit}"
        if self.most is None:
            return f"at least {_shown(self.least)}{unit}"
        return f"from {_shown(self.least)} to {_shown(self.most)}{unit}"


def _singles_near(exact: float) -> Sequence[float]:
    """Return the single that is nearest to a number, and its neighbours, as they are recorded."""
    if not abs(exact) < LARGEST_SINGLE:
        return []
    (bits,) = _BITS.unpack(_SINGLE.pack(exact))
    packed = [_BITS.pack(near) for near in range(max(0, bits - 1), min(bits + 1, 0xFFFF_FFFF) + 1)]
    return [shortest_single(single) for (single,) in map(_SINGLE.unpack, packed) if math.isfinite(single)]


def _shown(value: float | None) -> str:
    return repr(value).removesuffix(".0")
