"""How long to wait for one device's answer: its time limit, or less where others would wait for a device that is lost.

Probes of a lost device on a shared line wait a few times what it needed while it answered. A slow device is found
nevertheless: its first try and every fourth probe wait for its whole time limit, and alone on its line every one does.
"""

from dataclasses import dataclass
from typing import Final

SHORTEST_SECONDS: Final = 0.1
TIMES_SLOWEST: Final = 4.0
FADING: Final = 0.999
"""What is left of the slowest answer with each faster one, so that one hiccup is forgotten."""
WHOLE_EACH: Final = 4


@dataclass(slots=True)
class Patience:
    """The waits for one device, in seconds."""

    limit: float
    """`timeout(ms)` of the device."""
    slowest: float = 0.0
    """What its answers lately took; 0 before the first one."""

    def answered(self, seconds: float) -> None:
        """Learn how long an answer took."""
        self.slowest = max(seconds, self.slowest * FADING)

    def of_poll(self, failures: int, *, shared: bool) -> float:
        """Return how long a request of a poll waits after so many failures in a row."""
        return self._short() if shared and failures and not self.slowest else self.limit

    def of_probe(self, failures: int, *, shared: bool) -> float:
        """Return how long a probe waits after so many that failed."""
        whole = failures % WHOLE_EACH == WHOLE_EACH - 1
        return self.limit if whole or not shared else self._short()

    def _short(self) -> float:
        return min(self.limit, max(SHORTEST_SECONDS, TIMES_SLOWEST * self.slowest))
