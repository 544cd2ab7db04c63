"""What people who look at the gateway ask of sync over the bus: its log, planned connections, tests of servers.

Deliveries and intake depend on nothing of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from heliograph.contract.channels import LOG_HISTORY, LOG_LINE, SCHEDULES, SERVER_TEST, STOP_SERVER_TEST, TEST_SERVER
from heliograph.contract.logbook import LogPage, LogRequest, NumberedEvent
from heliograph.contract.servertests import SchedulesAnswer, SchedulesRequest
from heliograph.runtime import Bus, BusError, Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.applied import Applied
from heliograph.sync.logbook import Logbook
from heliograph.sync.planned import planned
from heliograph.sync.servertests import ServerTests

WAITING_LINES: Final = 500
"""Lines that are told live wait for the bus; of more the newest are told, and their numbers show the gap."""


class LiveLog:
    """Tells each line of the log as it comes. `take` may be called by any thread."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[NumberedEvent] = deque(maxlen=WAITING_LINES)
        self._news = asyncio.Event()

    def take(self, lines: Sequence[NumberedEvent]) -> None:
        """Have lines told."""
        with suppress(RuntimeError):  # the loop has ended: nobody is told any more
            self._loop.call_soon_threadsafe(self._take, lines)

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                with suppress(BusError):
                    await self._bus.publish(LOG_LINE, self._waiting.popleft())

    def _take(self, lines: Sequence[NumberedEvent]) -> None:
        self._waiting.extend(lines)
        self._news.set()


class Enquiries:
    """Answers them."""

    def __init__(
        self, bus: Bus, clock: Clock, live: LiveLog, logbook: Logbook, tests: ServerTests,
        applied: Callable[[], Applied | None],
    ) -> None:  # fmt: skip
        self._bus = bus
        self._clock = clock
        self._live = live
        self._logbook = logbook
        self._tests = tests
        self._applied = applied

    async def serve(self) -> None:
        """Answer from now on."""
        await self._bus.serve(LOG_HISTORY, self._log)
        await self._bus.serve(SCHEDULES, self._schedules)
        await self._bus.serve(TEST_SERVER, self._tests.begin)
        await self._bus.serve(SERVER_TEST, self._tests.look)
        await self._bus.serve(STOP_SERVER_TEST, self._tests.stop)

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return the endless work, by the name of its task."""
        return {
            "live log": self._live.run(),
            "tests of servers": self._tests.run(),
            "steps of tests": self._tests.tell(),
        }

    async def _log(self, request: LogRequest) -> LogPage:
        return await asyncio.to_thread(self._logbook.page, request)

    async def _schedules(self, request: SchedulesRequest) -> SchedulesAnswer:
        return await asyncio.to_thread(planned, request, self._applied(), milliseconds(self._clock))
