"""Other masters under the gateway's eyes: what they may not write, and what they wrote, for the journal of the plant.

A master may write the same register every second for years. Each change of the value, and of what came of it, is one
entry, sixty an hour of one master and one place at most; all else is summed up, one entry an hour: how often, and the
newest value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from heliograph.collector.drafts import ChangeDraft, Draft
from heliograph.collector.effects import effect_of_message
from heliograph.collector.guard import Guard
from heliograph.collector.keeper import Keeper
from heliograph.collector.links import Call, Link, RawCall, WriteCall
from heliograph.collector.links.messages import target_text
from heliograph.collector.revision import Station
from heliograph.contract import JournalWay, PlantChange
from heliograph.contract.records import Value
from heliograph.formats.definition import Variable
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

SUM_SECONDS: Final = 3600.0
MOST_ENTRIES: Final = 60
"""Entries an hour of one master and one place."""
MOST_SERIES: Final = 1000
LOOK_SECONDS: Final = 10.0
COMMIT_SECONDS: Final = 1.0
"""So long an answer waits for the disk at most."""
MOST_VALUES: Final = 16
"""Values named in an entry."""


@dataclass(slots=True)
class _Series:
    """What one master wrote to one place in the hour that began at `since`."""

    since: float
    change: PlantChange
    entries: int = 1
    untold: int = 0
    untold_since: int = 0


class ForeignWrites:
    """What all forwarded ports have in common (see `forwarding.Oversight`)."""

    def __init__(self, guard: Guard, keeper: Keeper, clock: Clock) -> None:
        self._guard = guard
        self._keeper = keeper
        self._clock = clock
        self._series: dict[tuple[object, ...], _Series] = {}
        self._is_new = False
        """Whether something was told that may not be on the disk yet."""
        self.stations: Callable[[], Sequence[Station]] = tuple
        """The devices that are polled."""
        self.on_write: Callable[[str], None] = lambda _: None
        """Told the index of a device that another master wrote to."""

    async def refusal(self, line: str, call: Call, link: Link, seconds: float) -> str:
        """See `forwarding.Oversight`: what cannot be judged is refused where a device has limits."""
        if not self._guard.judges(line, call.unit):
            return ""
        effect = effect_of_message(call)
        if effect is None:
            return "the device has limits (LIMIT_Params of _config.ini), and what this request changes cannot be told"
        return await self._guard.refusal(line, effect, lambda question: link.read(question, seconds))

    def told(self, line: str, peer: str, call: Call, error: str) -> None:
        """See `forwarding.Oversight`."""
        change = self._change(line, peer, call, error)
        for station in self._stations_of(line, call.unit):
            self.on_write(station.device.index)
        key = (line, peer.rpartition(":")[0], call.unit, call.function, _place(call))
        series = self._series.get(key)
        if series is None:
            self._begin(key, change)
        elif _differs(series.change, change) and series.entries < MOST_ENTRIES:
            series.entries += 1
            series.change = change
            self._tell(change)
        else:
            series.untold_since = series.untold_since if series.untold else change.time
            series.untold += 1
            series.change = change

    async def written_down(self) -> None:
        """See `forwarding.Oversight`."""
        if self._is_new and not self._keeper.trouble:
            await self._keeper.committed(COMMIT_SECONDS)
        self._is_new = False

    async def run(self) -> None:
        """Tell the sums of hours that are over, for ever."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            self.sum_up(self._clock.monotonic() - SUM_SECONDS)

    def sum_up(self, begun_before: float) -> None:
        """Tell what was not told of hours that began before an instant; who wrote nothing more is new next time."""
        for key, series in [(key, series) for key, series in self._series.items() if series.since <= begun_before]:
            if not series.untold:
                del self._series[key]
                continue
            self._keeper.put([_draft(_sum_of(series))])
            series.since, series.entries, series.untold = self._clock.monotonic(), 0, 0

    def _begin(self, key: tuple[object, ...], change: PlantChange) -> None:
        if len(self._series) >= MOST_SERIES:
            self.sum_up(self._clock.monotonic())
        if len(self._series) < MOST_SERIES:
            self._series[key] = _Series(self._clock.monotonic(), change)
        self._tell(change)

    def _tell(self, change: PlantChange) -> None:
        self._keeper.put([_draft(change)])
        self._is_new = True

    def _change(self, line: str, peer: str, call: Call, error: str) -> PlantChange:
        stations = self._stations_of(line, call.unit)
        station = stations[0] if len(stations) == 1 else None
        found = _variable_of(station, call) if station is not None else None
        variable, raw = found or (None, None)
        return PlantChange(
            identity=uuid4().hex, way=JournalWay.FORWARDED, origin=f"{peer}, forwarded port of {line}",
            time=milliseconds(self._clock), device=station.device.index if station else None,
            device_name=station.device.name if station else "", variable=variable.index if variable else "",
            variable_name=variable.name if variable else "", raw=raw, text=_text(call), error=error,
        )  # fmt: skip

    def _stations_of(self, line: str, unit: int) -> list[Station]:
        return [station for station in self.stations() if station.link == line and unit in (0, station.device.address)]


def _variable_of(station: Station, call: Call) -> tuple[Variable, Value] | None:
    """Return the variable that exactly these cells are, with its new raw value."""
    effect = effect_of_message(call)
    if effect is None:
        return None
    found = [
        (variable, value)
        for variable in station.definition.variables
        if variable.point is not None
        and variable.point.count == len(effect.cells)
        and effect.touches(variable.point)
        and (value := effect.becomes(variable, variable.point)) is not None
    ]
    return (found[0][0], found[0][1][0]) if len(found) == 1 else None


def _place(call: Call) -> object:
    return (call.address, len(call.values)) if isinstance(call, WriteCall) else target_text(call)


def _differs(before: PlantChange, after: PlantChange) -> bool:
    return (before.text, before.error) != (after.text, after.error)


def _text(call: Call) -> str:
    text = target_text(call)
    if isinstance(call, WriteCall):
        values = ", ".join(map(str, call.values[:MOST_VALUES]))
        return f"{text}: {values}{' …' if len(call.values) > MOST_VALUES else ''}"
    return f"{text}: {call.message.hex(' ')}" if isinstance(call, RawCall) else text


def _sum_of(series: _Series) -> PlantChange:
    since = datetime.fromtimestamp(series.untold_since / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = f"{series.change.text} ({series.untold} writes since {since} UTC, this the newest)"
    return series.change.model_copy(update={"identity": uuid4().hex, "text": text})


def _draft(change: PlantChange) -> Draft:
    return ChangeDraft(change.identity, change.model_dump_json().encode())
