"""How often something may be done: so often at once, and then at a steady rate."""

from typing import Final

from heliograph.runtime import Clock

LEAST_WAIT_SECONDS: Final = 0.02


class Allowance:
    """A store of permissions that fills up again with time."""

    def __init__(self, clock: Clock, *, burst: int, per_second: float) -> None:
        self._clock = clock
        self._burst = burst
        self._rate = per_second
        self._left = float(burst)
        self._at = clock.monotonic()

    def take(self) -> bool:
        """Tell whether it may be done now, and count it if so."""
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def wait(self) -> None:
        """Return when it may be done."""
        while not self.take():
            await self._clock.sleep(max(LEAST_WAIT_SECONDS, (1 - self._left) / self._rate))
