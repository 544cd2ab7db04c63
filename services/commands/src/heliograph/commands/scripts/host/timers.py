"""When a script's functions run: `wd.every` and `wd.after`. A timer that is late runs once, however late it is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Timer:
    """One function's next time."""

    number: int
    due: float
    period: float | None
    """None: once."""


class Timers:
    """Those of one script, by a clock that never steps."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._timers: dict[int, Timer] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def add(self, number: int, seconds: float, *, repeat: bool) -> None:
        """Have `number` fall due after so many seconds, and every so many seconds where it repeats."""
        self._timers[number] = Timer(number, self._clock() + seconds, seconds if repeat else None)

    def wait_seconds(self) -> float | None:
        """Return how long until the next is due; None where there is none."""
        if not self._timers:
            return None
        return max(0.0, min(timer.due for timer in self._timers.values()) - self._clock())

    def take_due(self) -> Timer | None:
        """Return the timer that is due the longest, moved to its next time or forgotten; None where none is due."""
        now = self._clock()
        timer = min(self._timers.values(), key=lambda timer: timer.due, default=None)
        if timer is None or timer.due > now:
            return None
        if timer.period is None:
            del self._timers[timer.number]
        else:
            missed = int((now - timer.due) / timer.period)
            timer.due += (missed + 1) * timer.period
        return timer
