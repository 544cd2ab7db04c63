"""How many commands a way may bring: so many at once, and so many a minute after that."""

from typing import Final

from heliograph.runtime import Clock

AT_ONCE: Final = 20_000
"""Two full texts."""
A_MINUTE: Final = 6000


class Rate:
    """A bucket of one way: each command takes one token, and tokens come back with time."""

    def __init__(self, clock: Clock, at_once: int = AT_ONCE, a_minute: int = A_MINUTE) -> None:
        self._clock = clock
        self._most = at_once
        self._a_second = a_minute / 60
        self._tokens = float(at_once)
        self._seen = clock.monotonic()

    def admits(self) -> bool:
        """Take a token; tell whether there was one."""
        now = self._clock.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._seen) * self._a_second)
        self._seen = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
