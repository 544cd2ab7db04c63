"""The plant as scripts see it: variables by the names that they use, with their last values."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.targets import Target, find_device, find_variable
from heliograph.contract import Reading
from heliograph.contract.records import Value
from heliograph.formats import Plant, PlantDevice, Variable, scale_factor_of
from heliograph.formats.engineering import engineering_value
from heliograph.runtime import Clock

MAX_KNOWN: Final = 20_000
"""Names kept as resolved; beyond it all are resolved anew."""

Key = tuple[str, str]
"""Index of a device, Index of a variable."""


@dataclass(frozen=True, slots=True)
class Point:
    """One variable of one device, and the variable that scales it."""

    target: Target
    scale: Target | None

    @property
    def keys(self) -> tuple[Key, ...]:
        """What has to be known for its value."""
        return tuple(key_of(target) for target in (self.target, self.scale) if target)


def key_of(target: Target) -> Key:
    """Return what names a variable in readings."""
    return target.entry.device.index, target.variable.index


class Points:
    """Those of the plant in force; the last raw value of each that a script asked for is kept."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._known: dict[tuple[int | str, int | str], Point] = {}
        self._last: dict[Key, tuple[Value, int]] = {}
        self._wanted: defaultdict[str, set[str]] = defaultdict(set)
        self.listeners: set[Callable[[str], None]] = set()
        """Called with the device's index after each reading that holds something wanted."""
        gateway.reading_listeners.append(self._take)

    def forget(self) -> None:
        """Another plant is in force: names may mean something else; values of devices that stay the same stay."""
        self._known.clear()
        self._wanted.clear()
        self._last = {key: last for key, last in self._last.items() if self._gateway.reading(key[0])}

    def find(self, device: int | str, variable: int | str) -> Point:
        """Return what is meant. Raises `CommandFailed` with the nearest known name."""
        name = (device, variable)
        if name not in self._known:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            target = find_variable(find_device(self._gateway.in_force.plant, device), variable)
            scale = scale_factor_of(target.entry.definition, target.variable)
            point = Point(target, None if scale is None else Target(target.entry, scale))
            self._want(point)
            self._known[name] = point
        return self._known[name]

    def last(self, point: Point) -> tuple[float | int | str, float] | None:
        """Return the last engineering value and its age in seconds; None where there is none."""
        found = [self._last.get(key) for key in point.keys]
        if not all(found):
            return None
        raw, time = found[0] or (None, 0)
        value = engineering_value(point.target.variable, raw, found[1][0] if len(found) > 1 and found[1] else None)
        return None if value is None else (value, max(0.0, self._clock.time() - time / 1000))

    def tagged(self, tag: str) -> list[tuple[int | str, int | str]]:
        """Return device and variable of all that carry a tag, as names where these are clear, else by index."""
        plant = self._gateway.in_force.plant
        return [
            (_clear_name(plant, entry), _clear_variable(entry, variable))
            for entry in plant.devices
            for variable in entry.definition.variables
            if variable.tag == tag
        ]

    def _want(self, point: Point) -> None:
        for device, variable in point.keys:
            self._wanted[device].add(variable)
            reading = self._gateway.reading(device)
            if reading is not None:
                self._keep(reading, variable)

    def _take(self, reading: Reading) -> None:
        wanted = self._wanted.get(reading.device)
        if wanted:
            for variable in wanted:
                self._keep(reading, variable)
            for listener in tuple(self.listeners):
                listener(reading.device)

    def _keep(self, reading: Reading, variable: str) -> None:
        raw = reading.values.get(variable)
        if raw is not None:
            self._last[reading.device, variable] = (raw, reading.time)


def _clear_name(plant: Plant, entry: PlantDevice) -> int | str:
    index = entry.device.index
    with suppress(CommandFailed):
        if find_device(plant, entry.device.name) is entry:
            return entry.device.name
    return int(index) if index.isdecimal() else index


def _clear_variable(entry: PlantDevice, variable: Variable) -> int | str:
    with suppress(CommandFailed):
        if find_variable(entry, variable.name).variable is variable:
            return variable.name
    return int(variable.index) if variable.index.isdecimal() else variable.index
