"""What a script may use (spec 4.3). Given to the host at its start, so that tests need not burn whole seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one script."""

    call_seconds: float = 1.0
    """Of computing in one call; waiting for the gateway is not computing."""
    memory_bytes: int = 16 * 1024 * 1024
    """Of Lua."""
    wait_seconds: float = 60.0
    """For the gateway in one call."""
    timers: int = 64
    watches: int = 256
    least_period_seconds: float = 0.1
    """Of `wd.every`."""
