"""Which device and variable each limit of `_config.ini` means: names, tags and indexes become keys (spec 1.10)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from heliograph.formats.config_limits import VARIABLE, PlacedLimit
from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition, Variable
from heliograph.formats.report import Field, Report, quote
from heliograph.formats.sets import VariableLimit

Names = Mapping[str, Sequence[str]]
"""Index by everything that something may be called; several where a name is not unique."""


class LimitCheck:
    """Checks the limits of one set and reports what is wrong with them."""

    def __init__(
        self, devices: Iterable[Device], definitions: Mapping[str, Definition], report: Report, *, complete: bool
    ) -> None:
        """Of devices and definitions that are not complete, as they have errors, nothing is called missing."""
        self._devices = {device.index: device for device in devices}
        self._device_names = _names((device.index, (device.name,)) for device in self._devices.values())
        self._definitions = definitions
        self._variable_names: dict[str, Names] = {}
        self._report = report
        self._complete = complete
        self._lines: dict[tuple[str, str], int] = {}

    def limits(self, placed: Iterable[PlacedLimit]) -> tuple[VariableLimit, ...]:
        """Return those that can be resolved."""
        return tuple(limit for entry in placed if (limit := self._limit(entry)) is not None)

    def _limit(self, entry: PlacedLimit) -> VariableLimit | None:
        device = self._devices.get(self._found("device", entry.device, self._device_names) or "")
        definition = self._definitions.get(device.definition) if device else None
        if device is None or definition is None or entry.variable is None:
            return None
        names = self._variable_names.setdefault(definition.file, _variable_names(definition))
        index = self._found("variable", entry.variable, names, f" of {definition.file}")
        variable = next((variable for variable in definition.variables if variable.index == index), None)
        if variable is None:
            return None
        self._check(entry, device, definition, variable)
        line = entry.line
        return VariableLimit(device.index, variable.index, line.least, line.most) if line is not None else None

    def _found(self, what: str, place: Field, names: Names, of: str = "") -> str | None:
        """Return the index of what a field names, or None after having reported why there is none."""
        if not place.text:
            return None
        found = names.get(place.text, ())
        if len(found) == 1:
            return found[0]
        if found:
            both = " and ".join(found)
            text = f"{quote(place.text)} may be the {what} of index {both}; use a name that is no index as well"
            self._report.wrong(place, f"{VARIABLE}: {text}")
        elif self._complete:
            hint = self._report.nearest(place.text, names)
            self._report.wrong(place, f"{VARIABLE}: there is no {what} {quote(place.text)}{of}{hint}")
        return None

    def _check(self, entry: PlacedLimit, device: Device, definition: Definition, variable: Variable) -> None:
        place = entry.variable or entry.device
        name = f"{quote(variable.name)} of {device.name}"
        first = self._lines.setdefault((device.index, variable.index), place.line)
        if first != place.line:
            self._report.wrong(place, f"{VARIABLE}: {name} has a limit already, on line {first}")
        elif variable.point is not None and variable.point.kind.is_text:
            self._report.wrong(place, f"{VARIABLE}: {name} is a text ({variable.point.kind}), it has no least or most")
        elif not definition.can_write(variable):
            self._report.note(place, f"{VARIABLE}: {name} cannot be written, so the limit has no effect")


def _variable_names(definition: Definition) -> Names:
    return _names((variable.index, (variable.name.strip(), variable.tag)) for variable in definition.variables)


def _names(entries: Iterable[tuple[str, Iterable[str]]]) -> Names:
    names: defaultdict[str, list[str]] = defaultdict(list)
    for index, others in entries:
        for name in {index, *others} - {""}:
            names[name].append(index)
    return names
