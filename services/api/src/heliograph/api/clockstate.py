"""Whether a time service keeps the clock of this machine, as its kernel knows it."""

import time
from collections.abc import Callable
from typing import Final

AGAIN_SECONDS: Final = 30.0
UNSYNCHRONISED: Final = 5
"""`TIME_ERROR` of `adjtimex(2)`."""
SIZE: Final = 1024
"""More than `struct timex` takes on any machine; all zero, it asks and changes nothing."""


def _adjtimex() -> int:
    """The state of the kernel's clock; negative where it does not tell."""
    import ctypes  # noqa: PLC0415  # not for whom only the functions of this module matter

    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(SIZE)))
    except (AttributeError, OSError):
        return -1


class ClockState:
    """Asks the kernel, seldom."""

    def __init__(
        self, adjtimex: Callable[[], int] = _adjtimex, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._adjtimex = adjtimex
        self._monotonic = monotonic
        self._state = -1
        self._asked: float | None = None

    @property
    def synchronised(self) -> bool | None:
        """None where the kernel does not tell."""
        now = self._monotonic()
        if self._asked is None or now - self._asked >= AGAIN_SECONDS:
            self._state, self._asked = self._adjtimex(), now
        return None if self._state < 0 else self._state != UNSYNCHRONISED
