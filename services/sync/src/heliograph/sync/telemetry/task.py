"""The task of one server that speaks MQTT: when to connect, and what the session is to do (spec 1.5, 1.9).

It has the face of `server.ServerTask`. The session lives in a thread of its own: a hanging broker holds up nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DatabaseError, OperationalError

from heliograph.contract import Connection, ConnectionResult, ServerState, Trigger
from heliograph.formats.config import MqttServer
from heliograph.runtime.clock import milliseconds
from heliograph.sync import ledger as streams
from heliograph.sync.applied import Applied, begins_trial, summary
from heliograph.sync.calendar import default_line
from heliograph.sync.connection import Parts, Visited
from heliograph.sync.remote import Access
from heliograph.sync.revisions import Revisions
from heliograph.sync.telemetry.broker import TIMEOUT_SECONDS, is_permanent
from heliograph.sync.telemetry.chronicle import Chronicle
from heliograph.sync.telemetry.definitions import Definitions
from heliograph.sync.telemetry.visit import Tools, Visit
from heliograph.sync.threads import in_thread, wait_for_news
from heliograph.sync.triggers import Triggers

_log = logging.getLogger("heliograph.sync.telemetry")

LOOK_SECONDS = 20.0
"""The longest wait without a look at the wall clock, which may be set."""
Outcome = Callable[[int, Applied, bool], None]
"""Told of each try to connect: number of the server, revision that was tried, success."""


class MqttTask:
    """Server 1 or server 2 while it is of type mqtt or mqtts; idle otherwise."""

    def __init__(
        self, number: Literal[1, 2], parts: Parts, changed: Callable[[], None],
        outcome: Outcome = lambda _number, _applied, _success: None,
        *, revisions: Revisions, access: Callable[[MqttServer, Applied], Access],
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:  # fmt: skip
        self.number = number
        self.triggers = Triggers(parts.clock)
        self._parts = parts
        self._changed = changed
        self._outcome = outcome
        self._news = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while no connection stands or is made."""
        self.idle.set()
        chronicle = Chronicle(parts.history, number, parts.clock)
        self._tools = Tools(parts, revisions, access, chronicle, Definitions(revisions), timeout_seconds)
        self._applied: Applied | None = None
        self._visit: Visit | None = None
        self._work: asyncio.Task[None] | None = None
        self._is_connected = False
        self._problems: tuple[str, ...] = ()
        parts.spool.listen(self._stored)
        parts.mailbox.answers.listen(self._answered)
        parts.turns.listen(self._news.set)

    @property
    def server(self) -> MqttServer | None:
        """The MQTT server with this number, if there is one."""
        return self._server_of(self._applied)

    def configure(self, applied: Applied) -> None:
        """Take a revision: a session that stands goes on with it, or is left where the server is another one."""
        before, self._applied = self._applied, applied
        schedules = applied.set.schedules
        lines = (schedules.server1 if self.number == 1 else schedules.server2) or (default_line(applied.set.uid),)
        self.triggers.schedule(lines, ZoneInfo(applied.set.config.time_zone))
        proves = self.server is not None and applied.main is None
        self.triggers.hurry(on_trial=applied.provisional and proves, anew=begins_trial(before, applied))
        if self.server is None:
            self.triggers.begun()
        if self.server is None or not self._is_there(before, applied):
            self._problems = ()
        if self._visit is not None and not self._is_same(before, applied):
            self._visit.orders.leave()
            if self.server is not None:
                self.triggers.request(Trigger.START)
        elif self._visit is not None:
            self._visit.orders.take(applied)
        elif not self._is_same(before, applied):
            self._close_row()
            if before is not None and self.server is not None and is_permanent(self.server):
                self.triggers.request(Trigger.START)
        self._news.set()

    def start(self, seconds: float) -> None:
        """Ask for the connection of the gateway's start."""
        self.triggers.start(seconds)
        self._news.set()

    def request(self, trigger: Trigger = Trigger.REQUEST) -> None:
        """Ask for the records to be sent now; makes the connection where there is none."""
        self.triggers.request(trigger)
        self._news.set()

    def alarm(self) -> None:
        """Ask for the alarms to be sent at once, where the server takes them."""
        server = self.server
        if server is None or not server.topic_alarm:
            return
        if self._visit is not None:
            self._visit.orders.alarms()
        if not self._is_connected:
            self.triggers.alarm()
            self._news.set()

    async def run(self) -> None:
        """Connect whenever it is due, for ever."""
        try:
            while True:
                self._news.clear()
                if self._work is not None and self._work.done():
                    work, self._work = self._work, None
                    work.result()  # a damaged database ends the service
                due = self.triggers.next() if self._may_begin else None
                if due is None or due.seconds > 0:
                    await wait_for_news(
                        self._news, self._parts.clock, LOOK_SECONDS if due is None else min(due.seconds, LOOK_SECONDS)
                    )
                    continue
                self.triggers.begun()
                if self._visit is not None:
                    self._visit.orders.everything()
                else:
                    self._begin(due.trigger)
        finally:
            if self._work is not None:
                self._work.cancel()
            self._close_row()

    def state(self) -> ServerState | None:
        """Say how this server is doing, for the status; None when it is not of type MQTT. Reads the database."""
        server, parts = self.server, self._parts
        if server is None:
            return None
        destination = self.destination
        takes = parts.ledger.position(destination, streams.RECORDS) is not None
        due = self.triggers.next() if self.idle.is_set() or self._is_connected else None
        last = self._last
        reached = milliseconds(parts.clock) if self._is_connected else parts.history.last_success(destination)
        return ServerState(
            server=summary(server),
            connecting=self._visit is not None and not self._is_connected,
            connected=self._is_connected,
            waiting_records=parts.ledger.count_waiting(destination, streams.RECORDS) if takes else 0,
            last=last,
            last_success=reached,
            next=None if due is None else milliseconds(parts.clock) + int(due.seconds * 1000),
            next_trigger="" if due is None else due.trigger.value,
            failures=self.triggers.failures,
            problems=self._visit.problems if self._visit is not None and self._is_connected else self._problems,
        )

    @property
    def _last(self) -> Connection | None:
        """The row that is open, which tells of now, else the last one that ended."""
        history, destination = self._parts.history, self.destination
        return history.open_row(destination) or history.last(destination)

    @property
    def _may_begin(self) -> bool:
        """Whether something that is due may be done now: a scheduled visit or one that is being left is waited for."""
        applied = self._applied
        if self.server is None or applied is None or self._parts.stop.is_set():
            return False
        if applied.provisional and applied.main is not None:  # on trial only the main server is tried
            return False
        visit = self._visit
        if visit is None:  # the server may still be visited under the number that it had before
            return self._parts.turns.is_free(self.destination)
        return self._is_connected and not visit.orders.is_over and is_permanent(self.server)

    @property
    def destination(self) -> int:
        """What stands for this server on the disk, whatever its number."""
        return self._applied.destination(self.number) if self._applied else self.number

    def _server_of(self, applied: Applied | None) -> MqttServer | None:
        servers = applied.set.config.servers if applied else ()
        return next((s for s in servers if s.number == self.number and isinstance(s, MqttServer)), None)

    def _is_same(self, before: Applied | None, after: Applied) -> bool:
        """Whether the session of one revision serves another: what it is opened with is the same."""
        return (
            before is not None
            and self._is_there(before, after)
            and self._server_of(before) == self._server_of(after)
            and before.set.uid == after.set.uid
            and _certificates(before) == _certificates(after)
        )

    def _is_there(self, before: Applied | None, after: Applied) -> bool:
        """Whether what waits for the server of this number is what waited for it before."""
        return before is None or before.destination(self.number) == after.destination(self.number)

    def _stored(self) -> None:
        """Records were stored, in whatever thread."""
        visit, server = self._visit, self.server
        if visit is not None and server is not None and server.immediate and self._is_connected:
            visit.orders.records()

    def _answered(self) -> None:
        """Results of command messages were stored, in whatever thread."""
        visit = self._visit
        if visit is not None:
            visit.orders.answers()

    def _begin(self, trigger: Trigger) -> None:
        applied, server = self._applied, self.server
        if applied is None or server is None:
            return
        loop = asyncio.get_running_loop()

        def connected() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._connected, visit, applied)

        visit = self._visit = Visit(self._tools, applied, server, trigger, connected)
        self._parts.turns.take(visit.destination)
        self.idle.clear()
        self._changed()
        self._work = asyncio.create_task(self._serve(visit, applied), name=f"sync: mqtt {self.number}")

    def _connected(self, visit: Visit, applied: Applied) -> None:
        if visit is self._visit:
            self._is_connected = True
            for problem in self._problems:
                if problem.startswith("connection: "):
                    text = problem.removeprefix("connection: ")
                    self._parts.diary.info(f"server {self.number}: connection: works again; the last time: {text}")
            self._problems = ()
            self.triggers.ended(failed=False)
            self._outcome(self.number, applied, True)
            self._changed()
            self._news.set()

    async def _serve(self, visit: Visit, applied: Applied) -> None:
        """Let a visit run to its end."""
        try:
            visited = await in_thread(f"mqtt {self.number}", visit.run)
        except OperationalError as error:  # full or busy; one that is damaged ends the service
            visited = self._broken(f"the gateway's own disk: {error.orig}; free it, or mend its rights")
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  # one server's surprise must not end the other's deliveries
            _log.exception("server %s: an error of the gateway's own", self.number)
            told = f"an error of the gateway's own ({type(error).__name__}); its cause stands in the log of sync"
            visited = self._broken(told)
        finally:
            was_connected, self._is_connected, self._visit = self._is_connected, False, None
            self.idle.set()
            self._news.set()
            self._parts.turns.give_back(visit.destination)
        self._problems = visited.failures
        if not was_connected and visited.again:
            self._outcome(self.number, applied, False)
        if visited.again or not was_connected:
            self.triggers.ended(failed=visited.again)
        self._tell_next()
        self._changed()

    def _tell_next(self) -> None:
        """Say in the log when the next connection comes: whoever reads it sees nothing else."""
        due = self.triggers.next() if self.server is not None else None
        if due is not None and not self._parts.stop.is_set():
            self._parts.diary.info(
                f"server {self.number}: the next connection comes in {due.seconds:.0f} s ({due.trigger})"
            )

    def _broken(self, text: str) -> Visited:
        self._tools.chronicle.fail(text)
        self._parts.diary.error(f"server {self.number}: connection: {text}")
        return Visited(ConnectionResult.FAILED, (text,), again=True)

    def _close_row(self) -> None:
        """Close the day's row where no visit goes on with it."""
        if self._visit is None:
            with suppress(OperationalError):  # the next start closes it
                self._tools.chronicle.end()


def _certificates(applied: Applied) -> dict[str, bytes]:
    return {path: content for path, content in applied.set.files.items() if path.startswith("CERT/")}
