"""Sync's own lines for people: straight into the spool, so that a connection's `_LOG_` file tells that connection.

Other services' lines come over the bus; sync's would too late, or not at all while the bus is away.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.exc import OperationalError

from heliograph.contract import Event, Level, Service
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.spool import Spool

FLUSH_SECONDS: Final = 1.0
WAITING_LINES: Final = 5000
MAX_TEXT: Final = 4000
_PYTHON_LEVELS: Final = {
    Level.DEBUG: logging.DEBUG, Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR,
}  # fmt: skip
_log = logging.getLogger("heliograph.sync")


class Diary:
    """Saying a line never waits and never fails; `flush` puts what was said on the disk. For any thread.

    `keep` gets the lines when they are in the spool, in whatever thread.
    """

    def __init__(
        self, spool: Spool, clock: Clock, keep: Callable[[Sequence[Event]], None] = lambda _events: None
    ) -> None:
        self._spool = spool
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[Event] = deque(maxlen=WAITING_LINES)
        self._lost = 0

    def info(self, text: str) -> None:
        """Say what happened."""
        self.say(Level.INFO, text)

    def warning(self, text: str) -> None:
        """Say what the gateway mended or tolerates."""
        self.say(Level.WARNING, text)

    def error(self, text: str) -> None:
        """Say what failed and what to do."""
        self.say(Level.ERROR, text)

    def say(self, level: Level, text: str) -> None:
        """Say one line: to standard error at once, to the servers' log with the next flush."""
        line = " ".join(text.split())[:MAX_TEXT]
        _log.log(_PYTHON_LEVELS[level], "%s", line)
        with self._lock:
            self._lost += len(self._waiting) == WAITING_LINES
            self._waiting.append(self._event(level, line))

    async def keep_flushing(self) -> None:
        """Flush what is said a second later at most, for ever."""
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        """Put the lines on the disk; while it refuses they wait, the newest of them."""
        with self._lock:
            lines, lost = list(self._waiting), self._lost
            self._waiting.clear()
            self._lost = 0
        text = f"{lost} lines of this log were lost while the gateway's own disk refused them"
        events = [*([self._event(Level.WARNING, text)] if lost else []), *lines]
        try:
            self._spool.take_lines(events)
            self._keep(events)
        except OperationalError:
            with self._lock:
                waiting = [*lines, *self._waiting]
                self._lost += lost + max(0, len(waiting) - WAITING_LINES)
                self._waiting = deque(waiting, maxlen=WAITING_LINES)

    def _event(self, level: Level, line: str) -> Event:
        return Event(time=milliseconds(self._clock), level=level, service=Service.SYNC, text=line)
