"""An event loop for tests whose time passes only while the loop is being run.

On a busy machine a process stands still for long, and goes on with all its limits overrun though nothing was slow but
the machine. This loop's time does not count what exceeds a wait or a short piece of work, and what has arrived
meanwhile is taken before a time limit ends. So who speaks with a peer in the same loop is never too late.
"""

import asyncio
import selectors
import time
from typing import Any

WORK_SECONDS = 0.002
"""Counted at most between two waits, and beyond the end of one."""
GRACE_SECONDS = 0.005
"""Left of a wait that was overslept while something arrived: so that it can be answered."""


class PatientLoop(asyncio.SelectorEventLoop):
    """See above. `time` may be asked by any thread."""

    def __init__(self) -> None:
        now = self.born = time.monotonic()
        self._counted = (now, now, WORK_SECONDS)
        """The loop's time at an instant of the real one, and how much may pass until the next entry."""
        super().__init__(_Selector(self))

    def time(self) -> float:
        """The loop's seconds."""
        counted, since, most = self._counted
        return counted + min(time.monotonic() - since, most)

    def waits(self, seconds: float | None) -> None:
        """Note that a wait begins."""
        most = float("inf") if seconds is None else max(0.0, seconds) + WORK_SECONDS
        self._counted = (self.time(), time.monotonic(), most)

    def waited(self, seconds: float | None, something_came: bool) -> None:
        """Note that a wait is over."""
        counted, since, most = self._counted
        now = time.monotonic()
        passed = min(now - since, most)
        if seconds and something_came and now - since >= seconds:
            passed = max(0.0, seconds - GRACE_SECONDS)
        self._counted = (counted + passed, now, WORK_SECONDS)


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: PatientLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        self._loop.waits(timeout)
        ready = super().select(timeout)
        self._loop.waited(timeout, bool(ready))
        return ready


class PatientPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes such loops, for tests and for `asyncio.run` in them."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """See `asyncio.AbstractEventLoopPolicy`."""
        return PatientLoop()
