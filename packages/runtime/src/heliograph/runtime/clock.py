"""Time, given to whoever needs it and never taken from the wall behind its back."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Three questions of time. Tests give one whose hands they move."""

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z. May step when the host's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant. Never steps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of the monotonic clock."""
        ...


class SystemClock:
    """The clock of this machine."""

    def time(self) -> float:
        """See `Clock.time`."""
        return time.time()

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)


def milliseconds(clock: Clock) -> int:
    """The wall clock in milliseconds since 1970, as payloads carry it."""
    return int(clock.time() * 1000)
