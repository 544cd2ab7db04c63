"""The task of one server: waits until something makes a connection due, makes it in a thread of its own, and again.

One connection at a time; an unreachable or hanging server holds up nothing but its own thread.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DatabaseError, OperationalError

from heliograph.contract import ConnectionResult, ServerState, Trigger
from heliograph.formats.config import FileServer, ServerMode
from heliograph.runtime.clock import milliseconds
from heliograph.sync import ledger as streams
from heliograph.sync.applied import Applied, begins_trial, summary
from heliograph.sync.calendar import default_line
from heliograph.sync.connection import Parts, Visit, Visited
from heliograph.sync.freed import give_back
from heliograph.sync.places import place_of
from heliograph.sync.threads import in_thread, wait_for_news
from heliograph.sync.triggers import Triggers

_log = logging.getLogger("heliograph.sync.server")

LOOK_SECONDS = 20.0
"""The longest wait without a look at the wall clock, which may be set."""


class ServerTask:
    """Server 1 or server 2, whatever it is configured to be."""

    def __init__(self, number: Literal[1, 2], parts: Parts, changed: Callable[[], None]) -> None:
        self.number = number
        self.triggers = Triggers(parts.clock)
        self._parts = parts
        self._changed = changed
        self._news = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while no connection runs."""
        self.idle.set()
        self._applied: Applied | None = None
        self._visit: Visit | None = None
        self._problems: tuple[str, ...] = ()
        parts.turns.listen(self._news.set)

    @property
    def server(self) -> FileServer | None:
        """The file server with this number, if there is one."""
        return self._applied.file_servers.get(self.number) if self._applied else None

    def configure(self, applied: Applied) -> None:
        """Take a revision: the schedule from now on, the server from the next connection on.

        A connection that runs sends no more data where the server is another one now, or stands elsewhere.
        """
        before, self._applied = self._applied, applied
        if self._visit is not None and (self.server is None or place_of(self.server) != self._visit.place):
            self._visit.end_soon()
        if before is not None and before.destination(self.number) != applied.destination(self.number):
            self._problems = ()
        schedules = applied.set.schedules
        lines = (schedules.server1 if self.number == 1 else schedules.server2) or (default_line(applied.set.uid),)
        self.triggers.schedule(lines, ZoneInfo(applied.set.config.time_zone))
        is_main = self.server is not None and self.server.mode is ServerMode.MAIN
        self.triggers.hurry(on_trial=applied.provisional and is_main, anew=begins_trial(before, applied))
        if self.server is None:
            self.triggers.begun()
            self._problems = ()
        self._news.set()

    def start(self, seconds: float) -> None:
        """Ask for the connection of the gateway's start."""
        self.triggers.start(seconds)
        self._news.set()

    def request(self, trigger: Trigger = Trigger.REQUEST) -> None:
        """Ask for a connection now, or after the one that runs."""
        self.triggers.request(trigger)
        self._news.set()

    def alarm(self) -> None:
        """Ask for a connection because of an alarm."""
        self.triggers.alarm()
        self._news.set()

    def stop_connection(self, origin: str) -> bool:
        """End the connection that runs after the file in flight; return whether there was one."""
        if self._visit is not None:
            self._visit.stop(origin)
        return self._visit is not None

    async def run(self) -> None:
        """Connect whenever it is due, for ever."""
        while True:
            self._news.clear()
            due = self.triggers.next() if self._may_connect else None
            if due is None or due.seconds > 0:
                await wait_for_news(
                    self._news, self._parts.clock, LOOK_SECONDS if due is None else min(due.seconds, LOOK_SECONDS)
                )
                continue
            self.triggers.begun()
            visited = await self._connect(due.trigger)
            self.triggers.ended(failed=visited.result is ConnectionResult.FAILED or visited.again)
            self._tell_next()

    def _tell_next(self) -> None:
        """Say in the log when the next connection comes: whoever reads it sees nothing else."""
        due = self.triggers.next()
        when = "only when it is asked for" if due is None else f"in {due.seconds:.0f} s ({due.trigger})"
        self._parts.diary.info(f"server {self.number}: the next connection comes {when}")

    def state(self) -> ServerState | None:
        """Say how this server is doing, for the status; None when it is not configured. Reads the database."""
        servers = self._applied.set.config.servers if self._applied else ()
        configured = next((server for server in servers if server.number == self.number), None)
        if not isinstance(configured, FileServer):
            return None
        due = self.triggers.next() if self.idle.is_set() else None
        destination = self.destination
        last = self._parts.history.last(destination)
        return ServerState(
            server=summary(configured),
            connecting=not self.idle.is_set(),
            waiting_records=self._parts.ledger.count_waiting(destination, streams.RECORDS),
            waiting_files=len(self._parts.ledger.waiting(destination)),
            last=last,
            last_success=self._parts.history.last_success(destination),
            next=None if due is None else milliseconds(self._parts.clock) + int(due.seconds * 1000),
            next_trigger="" if due is None else due.trigger.value,
            failures=self.triggers.failures,
            problems=self._problems or (last.failures if last else ()),
        )

    @property
    def _may_connect(self) -> bool:
        """Whether a connection may be made: while a revision is on trial only the main server is tried.

        One that runs under the number that the server had before is waited for.
        """
        server, applied = self.server, self._applied
        if server is None or applied is None or self._parts.stop.is_set():
            return False
        if not self._parts.turns.is_free(self.destination):
            return False
        return server.mode is ServerMode.MAIN or not applied.provisional

    @property
    def destination(self) -> int:
        """What stands for this server on the disk, whatever its number."""
        return self._applied.destination(self.number) if self._applied else self.number

    async def _connect(self, trigger: Trigger) -> Visited:
        applied, server = self._applied, self.server
        if applied is None or server is None:
            return Visited(ConnectionResult.DONE, (), again=False)
        destination = self.destination
        self._parts.turns.take(destination)
        self.idle.clear()
        self._changed()
        try:
            visit = self._visit = Visit(self._parts, applied, server, trigger)
            visited = await in_thread(f"server {self.number}", lambda: _run(visit))
        except OperationalError as error:  # full or busy; one that is damaged ends the service
            visited = self._broken(f"the gateway's own disk: {error.orig}; free it, or mend its rights")
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  # one server's surprise must not end the other's deliveries
            _log.exception("server %s: an error of the gateway's own", self.number)
            told = f"an error of the gateway's own ({type(error).__name__}); its cause stands in the log of sync"
            visited = self._broken(told)
        finally:
            self._visit = None
            self.idle.set()
            self._parts.turns.give_back(destination)
            self._changed()
        self._problems = visited.failures
        return visited

    def _broken(self, text: str) -> Visited:
        """End a connection that failed by the gateway's own fault."""
        self._parts.diary.error(f"server {self.number}: connection: {text}")
        return Visited(ConnectionResult.FAILED, (text,), again=True)


def _run(visit: Visit) -> Visited:
    try:
        return visit.run()
    finally:
        give_back()
