"""The engineering values that may be written to a variable (`LIMIT_Params`): judged, and told to people. Pure."""

import math
from dataclasses import dataclass
from typing import Final

from heliograph.contract.records import Value
from heliograph.formats import engineering_value, raw_value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition, Variable

WHERE: Final = "LIMIT_Params of _config.ini"


@dataclass(frozen=True, slots=True)
class Limited:
    """A variable with limits."""

    device: Device
    definition: Definition
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
        for candidate in self._near(end, factor):
            if not self.refusal(candidate, factor):
                return candidate
        raise ValueError(f"{self}: no value that the device can hold is {self._range} ({WHERE})")

    def _near(self, end: float | None, factor: Value) -> list[Value]:
        """Return the raw values at an end of the limits, the two beside it where the device holds whole numbers."""
        try:
            return [raw_value(self.definition, self.variable, end, factor)]
        except ValueError:
            step = engineering_value(self.variable, 1, factor)
            zero = engineering_value(self.variable, 0, factor)
        if end is None or not isinstance(step, int | float) or not isinstance(zero, int | float) or step == zero:
            return []
        whole = math.floor((end - zero) / (step - zero))
        return [whole, whole + 1]

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


def _shown(value: float | None) -> str:
    return repr(value).removesuffix(".0")
