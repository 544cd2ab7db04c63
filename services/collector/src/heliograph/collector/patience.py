"""How long to wait for one device's answer: its time limit, or less where others would wait for a device that is lost.

On a shared line a device that was silent for a time limit holds the line at its next tries only for a few times what it
needed while it answered. It has its whole limit all the same: it is not asked again before that has passed, and an
answer that comes meanwhile, late, gives it the whole limit again. So a slow device is not taken for a lost one.
The first try leaves room in the limit for its own frames and silences, so that the others miss one limit and no more,
unless the device is known to need the rest. Every fourth probe waits for the whole limit; alone on its line every try
does.
"""

from dataclasses import dataclass
from typing import Final

SHORTEST_SECONDS: Final = 0.1
TIMES_SLOWEST: Final = 4.0
FADING: Final = 0.99
"""What is left of the slowest answer with each faster one, so that one hiccup is forgotten."""
WHOLE_EACH: Final = 4
FIRST_SHARE: Final = 0.95
"""Of the time limit, what the first try of a quick device holds a shared line."""


@dataclass(slots=True)
class Patience:
    """The waits for one device, in seconds."""

    limit: float
    """`timeout(ms)` of the device."""
    slowest: float = 0.0
    """What its answers lately took; 0 before the first one."""
    is_short: bool = False
    """Whether the newest wait was a short one."""

    def answered(self, seconds: float) -> None:
        """Learn how long an answer took."""
        self.slowest = max(seconds, self.slowest * FADING)

    def answered_late(self) -> None:
        """Learn that an answer came after the wait for it; when that was a short one the device is slow, not lost."""
        if self.is_short:
            self.slowest = self.limit

    def of_poll(self, failures: int, *, shared: bool) -> float:
        """Return how long a request of a poll waits after so many failures in a row."""
        if failures or not shared:
            return self._wait(whole=not shared)
        self.is_short = False
        return min(self.limit, max(FIRST_SHARE * self.limit, TIMES_SLOWEST * self.slowest))

    def of_probe(self, failures: int, *, shared: bool) -> float:
        """Return how long a probe waits after so many that failed."""
        return self._wait(whole=failures % WHOLE_EACH == WHOLE_EACH - 1 or not shared)

    def _wait(self, *, whole: bool) -> float:
        seconds = self.limit if whole else min(self.limit, max(SHORTEST_SECONDS, TIMES_SLOWEST * self.slowest))
        self.is_short = seconds < self.limit
        return seconds
