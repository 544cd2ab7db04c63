"""Two kinds of log: diagnosis on standard error, and the lines for people that reach the servers' `_LOG_` files."""

import asyncio
import logging
import sys
from collections import deque

from heliograph.contract import Event, Level, Service
from heliograph.contract.channels import EVENTS
from heliograph.runtime.bus import Bus, BusError, Outgoing
from heliograph.runtime.clock import Clock, milliseconds

_PYTHON_LEVELS = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}
WAITING_LINES = 5000
"""Lines kept while the bus is away; beyond it the oldest go, and their number is told."""
BATCH_LINES = 200
MAX_TEXT = 4000


def configure(service: str, level: str) -> None:
    """Send the log to standard error, one line an entry; call once at the start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)-7s {service} %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("nats", "paramiko", "pymodbus", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class EventLog:
    """Lines for people. Saying one never waits and never fails; `deliver` carries them to the bus in order."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._waiting: deque[Event] = deque(maxlen=WAITING_LINES)
        self._lost = 0
        self._news = asyncio.Event()
        self._log = logging.getLogger(f"heliograph.{service}")

    def debug(self, text: str) -> None:
        """Say what only a search for a fault needs."""
        self.say(Level.DEBUG, text)

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
        """Say one line: to standard error at once, and to the servers' log."""
        line = " ".join(text.split())[:MAX_TEXT]
        self._log.log(_PYTHON_LEVELS[level], "%s", line)
        if len(self._waiting) == WAITING_LINES:
            self._lost += 1
        self._waiting.append(self._line(level, line))
        self._news.set()

    async def deliver(self, bus: Bus) -> None:
        """Carry the lines to the bus, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._deliver_some(bus)

    async def flush(self, bus: Bus, seconds: float) -> None:
        """Carry what waits, at the end of a service, if it can be done in so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while self._waiting and bus.connected:
                    await self._deliver_some(bus)
        except TimeoutError:
            return

    async def _deliver_some(self, bus: Bus) -> None:
        some = [self._waiting[i] for i in range(min(BATCH_LINES, len(self._waiting)))]
        lost = self._lost
        told = [self._line(Level.WARNING, f"{lost} lines of this log were lost while the bus was away")] if lost else []
        try:
            await bus.store_batch(
                [Outgoing(EVENTS, {"service": self._service}, e.model_dump_json().encode()) for e in (*told, *some)]
            )
        except BusError:
            await self._clock.sleep(1)
            return
        self._lost -= lost
        for event in some:
            if self._waiting and self._waiting[0] is event:
                self._waiting.popleft()

    def _line(self, level: Level, text: str) -> Event:
        return Event(time=milliseconds(self._clock), level=level, service=self._service, text=text)
