"""The limits in force on everything that is written: commands, scripts, fallbacks, other masters, the gateway's own IO.

The collector alone writes to the plant, so it alone keeps to them. A write is judged by what it does to registers, not
by the variable that was meant: variables may overlap, and another master knows none.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from heliograph.collector.effects import Effect, value_of
from heliograph.collector.limits import Limited
from heliograph.collector.links import LinkFailure, ReadCall
from heliograph.collector.revision import Station
from heliograph.contract import VariableLimit
from heliograph.contract.records import Value
from heliograph.formats import scale_factor_of
from heliograph.formats.definition import ModbusPoint, Variable
from heliograph.runtime import Clock

ASKED_SECONDS: Final = 60.0
"""So long a scale factor that was read on demand is the last known one."""

Newest = Callable[[str, str], Value]
"""Gives the last raw value that was read of a device's variable, None where none is known."""
Read = Callable[[ReadCall], Awaitable[bytes]]


class Guard:
    """The limits of the revision in force."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[tuple[str, str], tuple[Value, float]] = {}
        """Scale factors that are not polled, as they were read on demand, and when."""
        self.newest: Newest = lambda _device, _variable: None
        self._limited: dict[tuple[str, str], Limited] = {}
        self._by_unit: Mapping[tuple[str, int], Sequence[Limited]] = {}
        self._serial: frozenset[str] = frozenset()

    def renew(self, stations: Iterable[Station], limits: Iterable[VariableLimit]) -> None:
        """Keep to other limits from now on."""
        known = {station.device.index: station for station in stations}
        by_unit: defaultdict[tuple[str, int], list[Limited]] = defaultdict(list)
        self._limited = {}
        self._asked.clear()
        for limit in limits:
            station = known.get(limit.device)
            limited = _limited(station, limit) if station is not None else None
            if station is not None and limited is not None:
                self._limited[limit.device, limit.variable] = limited
                by_unit[station.link, station.device.address].append(limited)
        self._by_unit = by_unit
        self._serial = frozenset(station.link for station in known.values() if station.serial is not None)

    def of(self, device: str, variable: str) -> Limited | None:
        """Return the limits of a variable, None where it has none."""
        return self._limited.get((device, variable))

    def factor(self, limited: Limited) -> Value:
        """Return the raw value of a variable's scale factor as it was read last; None where that is not known."""
        if limited.scale is None:
            return None
        key = (limited.device.index, limited.scale.index)
        if (polled := self.newest(*key)) is not None:
            return polled
        value, read_at = self._asked.get(key, (None, 0.0))
        return value if self._clock.monotonic() - read_at < ASKED_SECONDS else None

    def learn(self, limited: Limited, factor: Value) -> Value:
        """Take, and return, a scale factor that was read on demand."""
        if limited.scale is not None:
            self._asked[limited.device.index, limited.scale.index] = (factor, self._clock.monotonic())
        return factor

    def judges(self, link: str, unit: int) -> bool:
        """Tell whether anything of a unit has limits; unit 0 of a serial line is all of them."""
        return bool(self._limited_on(link, unit))

    async def refusal(self, link: str, effect: Effect, read: Read, before: Effect | None = None) -> str:
        """Return why a write may not be done, empty where it may.

        `read` asks the device where a scale factor was not read yet. What has the same value `before` is left alone.
        """
        for limited in self._limited_on(link, effect.unit):
            if text := await self._refusal_of(limited, effect, read, before):
                return text
        return ""

    def _limited_on(self, link: str, unit: int) -> Sequence[Limited]:
        if unit or link not in self._serial:
            return self._by_unit.get((link, unit), ())
        return [limited for (name, _), found in self._by_unit.items() if name == link for limited in found]

    async def _refusal_of(self, limited: Limited, effect: Effect, read: Read, before: Effect | None) -> str:
        variable, scale = limited.variable, limited.scale
        if scale is not None and scale.point is not None and effect.touches(scale.point):
            return limited.refusal_of_scale()
        if variable.point is None or not effect.touches(variable.point):
            return ""
        becomes = effect.becomes(variable, variable.point)
        if becomes is None:
            return limited.refusal_of_part()
        if before is not None and before.becomes(variable, variable.point) == becomes:
            return ""
        return limited.refusal(becomes[0], await self._factor(limited, read))

    async def _factor(self, limited: Limited, read: Read) -> Value:
        known = self.factor(limited)
        scale = limited.scale
        if known is not None or scale is None or scale.point is None:
            return known
        try:
            return self.learn(limited, await _read_variable(limited.device.address, scale, scale.point, read))
        except LinkFailure:
            return None


async def _read_variable(unit: int, variable: Variable, point: ModbusPoint, read: Read) -> Value:
    """Return the raw value of a variable of whole numbers, read alone. Raises as `Link.read`."""
    data = await read(ReadCall(unit, point.table, point.address, point.count))
    if point.table.is_bits:
        return value_of(variable, point, [data[0] & 1])
    return value_of(variable, point, [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)])


def _limited(station: Station, limit: VariableLimit) -> Limited | None:
    definition = station.definition
    variable = next((variable for variable in definition.variables if variable.index == limit.variable), None)
    if variable is None:
        return None
    scale = scale_factor_of(definition, variable)
    return Limited(station.device, definition, variable, scale, limit.least, limit.most)
