"""Repeated events are said once, then summed, so that a sick device does not flood the log (spec 2.3)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from heliograph.contract import Level
from heliograph.runtime import Clock, EventLog

SUM_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 60.0
MOST_KEYS: Final = 10_000


@dataclass(slots=True)
class _Series:
    level: Level
    text: str
    since: float
    """Wall clock at the first repetition that was not said."""
    due: float
    """Monotonic clock when the sum is said."""
    count: int = 0


class Repeated:
    """Says the first of equal events at once, the others as one line an hour: how often, since when."""

    def __init__(self, events: EventLog, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._series: dict[tuple[str, ...], _Series] = {}

    def say(self, level: Level, key: tuple[str, ...], text: str) -> None:
        """Say an event, or count it where one with this key was said within the hour."""
        series = self._series.get(key)
        if series is None:
            if len(self._series) < MOST_KEYS:
                self._series[key] = _Series(level, text, 0.0, self._clock.monotonic() + SUM_SECONDS)
            self._events.say(level, text)
            return
        series.text = text
        series.count += 1
        if series.count == 1:
            series.since = self._clock.time()

    async def run(self) -> None:
        """Say the sums, for ever."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            self.sum_up(self._clock.monotonic())

    def sum_up(self, now: float) -> None:
        """Say the sums that are due; an event that did not come again is new the next time."""
        for key, series in [(key, series) for key, series in self._series.items() if series.due <= now]:
            if series.count:
                since = datetime.fromtimestamp(series.since, UTC).strftime("%Y-%m-%d %H:%M:%S")
                self._events.say(series.level, f"{series.text} (again {series.count} times since {since} UTC)")
                series.count, series.due = 0, now + SUM_SECONDS
            else:
                del self._series[key]
