"""Whether a time service keeps the clock of this machine, as its kernel knows it."""

import time
from typing import Final

AGAIN_SECONDS: Final = 30.0
UNSYNCHRONISED: Final = 5
"""`TIME_ERROR` of `adjtimex(2)`."""
SIZE: Final = 1024
"""More than `struct timex` takes on any machine; all zero, it asks and changes nothing."""


class ClockState:
    """Asks the kernel, seldom."""

    def __init__(self) -> None:
        self._known: bool | None = None
        self._asked: float | None = None

    @property
    def synchronised(self) -> bool | None:
        """None where the kernel does not tell."""
        if self._asked is None or time.monotonic() - self._asked >= AGAIN_SECONDS:
            self._known, self._asked = _ask(), time.monotonic()
        return self._known


def _ask() -> bool | None:
    import ctypes  # noqa: PLC0415  # for who looks at the overview alone

    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(SIZE))
    except (AttributeError, OSError):
        return None
    return None if answer < 0 else answer != UNSYNCHRONISED
