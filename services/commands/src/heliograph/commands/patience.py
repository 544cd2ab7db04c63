"""How long something is waited for in all, counted from the first time that somebody had to wait."""

from heliograph.runtime import Clock


class Patience:
    """So many seconds from the first question on, shared by all who ask."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._until: float | None = None

    def left(self) -> float:
        """How many seconds are left."""
        now = self._clock.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        return max(0.0, self._until - now)
