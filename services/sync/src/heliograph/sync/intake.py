"""What comes from the bus, and what is asked over it: each message is on our disk before the bus may let go of it."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DatabaseError

from heliograph.contract import (
    Alarm,
    BundleAnswer,
    BundleRequest,
    CommandResults,
    ConnectRequest,
    Event,
    Outcome,
    PageRequest,
    Record,
    StopConnection,
    TracePart,
)
from heliograph.contract.channels import (
    ALARM_HISTORY,
    ALARMS,
    BUNDLE,
    CONNECT,
    CONNECTION_HISTORY,
    EDIT,
    EVENTS,
    RECORDS,
    RESULTS,
    RETURN,
    REVISION,
    REVISIONS,
    STOP_CONNECTION,
    TRACES,
)
from heliograph.contract.requests import AlarmPage, AlarmRequest, ConnectionPage
from heliograph.runtime import Bus, Unreadable
from heliograph.sync.database import is_damage
from heliograph.sync.desk import Desk
from heliograph.sync.diary import Diary
from heliograph.sync.history import History
from heliograph.sync.kept import Kept
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.spool import Spool, Taken

_log = logging.getLogger("heliograph.sync.intake")

LAST_TIME: Final = 253_370_764_800_000
"""9999-01-01: a later record has no date that could be written."""
LAST_SEQUENCE: Final = 2**63 - 1
KEPT_UNREADABLE: Final = 100
UNREADABLE_BYTES: Final = 64 * 1024


class Intake:
    """Takes what the bus brings. `broken` is called when the database is damaged: then nothing may be let go of."""

    def __init__(
        self, bus: Bus, spool: Spool, mailbox: Mailbox, history: History, diary: Diary, aside: Path,
        *, connect: Callable[[ConnectRequest], Outcome], stop_connection: Callable[[StopConnection], Outcome],
        results: Callable[[], None], disk: OwnDisk,
        broken: Callable[[BaseException], None], desk: Desk, keep: Callable[[Sequence[Event]], None],
        bundle: Callable[[BundleRequest], Awaitable[BundleAnswer]], kept: Kept,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._spool = spool
        self._mailbox = mailbox
        self._history = history
        self._diary = diary
        self._aside = aside
        self._connect = connect
        self._stop_connection = stop_connection
        self._results = results
        self._disk = disk
        self._broken = broken
        self._desk = desk
        self._log = keep
        self._bundle = bundle
        self._kept = kept

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return the endless work of reading, by the name of its task."""
        consume, unreadable = self._bus.consume, self._unreadable
        return {
            "records": consume(RECORDS, self._guarded("records", self._take_records), unreadable),
            "alarms": consume(ALARMS, self._guarded("alarms", self._take_alarms), unreadable),
            "log": consume(EVENTS, self._guarded("log", self._take_lines), unreadable),
            "results": consume(RESULTS, self._guarded("results", self._take_results), unreadable),
            "traces": consume(TRACES, self._guarded("traces", self._take_traces), unreadable, batch=1),
        }

    async def serve(self) -> None:
        """Answer the requests of the other services from now on."""
        await self._bus.serve(STOP_CONNECTION, self._answer_stop)
        await self._bus.serve(CONNECTION_HISTORY, self._answer_connections)
        await self._bus.serve(ALARM_HISTORY, self._answer_alarms)
        await self._bus.serve(EDIT, self._in_thread(self._desk.edit))
        await self._bus.serve(RETURN, self._in_thread(self._desk.put_back))
        await self._bus.serve(REVISIONS, self._in_thread(self._desk.page))
        await self._bus.serve(REVISION, self._in_thread(self._desk.detail))
        await self._bus.serve(BUNDLE, self._bundle)
        await self._bus.serve(CONNECT, self._answer_connect)

    async def _take_records(self, records: list[Record]) -> None:
        good = [record for record in records if _is_storable(record)]
        if len(good) < len(records):
            self._diary.error(f"{len(records) - len(good)} records with an impossible time or number were dropped")
        taken = await asyncio.to_thread(self._keep, good)
        if taken.refused:
            _log.warning("%s records refused: the storage is full", taken.refused)

    def _keep(self, records: list[Record]) -> Taken:
        """Take records in for the servers, then for looking back: also those that a kill kept out of the latter."""
        taken = self._spool.take_records(records)
        self._kept.take(records, taken.written)
        return taken

    async def _take_alarms(self, alarms: list[Alarm]) -> None:
        good = [alarm for alarm in alarms if 0 <= alarm.time < LAST_TIME]
        await asyncio.to_thread(self._spool.take_alarms, good)

    async def _take_lines(self, events: list[Event]) -> None:
        good = [event for event in events if 0 <= event.time < LAST_TIME]
        await asyncio.to_thread(self._spool.take_lines, good)
        await asyncio.to_thread(self._log, good)

    async def _take_results(self, results: list[CommandResults]) -> None:
        if await asyncio.to_thread(self._mailbox.arrived, results):
            self._results()

    async def _take_traces(self, parts: list[TracePart]) -> None:
        dropped = await asyncio.to_thread(self._spool.take_traces, parts)
        if dropped:
            self._diary.warning(f"{dropped} old communication traces were dropped: no server took them")

    async def _answer_connect(self, request: ConnectRequest) -> Outcome:
        return self._connect(request)

    async def _answer_stop(self, request: StopConnection) -> Outcome:
        return self._stop_connection(request)

    async def _answer_connections(self, request: PageRequest) -> ConnectionPage:
        return await asyncio.to_thread(self._history.page, request)

    async def _answer_alarms(self, request: AlarmRequest) -> AlarmPage:
        return await asyncio.to_thread(self._history.alarms, request)

    def _in_thread(self, answer: Callable[[Any], Any]) -> Callable[[Any], Awaitable[Any]]:
        """Answer beside the loop: a whole set may be validated for it."""

        async def answered(request: Any) -> Any:
            with self._disk.noting("a change of the configuration"):
                return await asyncio.to_thread(answer, request)

        return answered

    async def _unreadable(self, message: Unreadable) -> None:
        """Keep what cannot be understood where a person can look at it."""
        self._diary.error(f"a message on {message.subject} cannot be read and was put aside: {message.reason[:500]}")
        await asyncio.to_thread(_put_aside, self._aside, message)

    def _guarded(
        self, what: str, take: Callable[[list[Any]], Awaitable[None]]
    ) -> Callable[[list[Any]], Awaitable[None]]:
        async def guarded(messages: list[Any]) -> None:
            try:
                with self._disk.noting(f"the {what} that the bus brings"):
                    await take(messages)
            except DatabaseError as error:
                if is_damage(error):
                    self._broken(error)
                raise

        return guarded


def _is_storable(record: Record) -> bool:
    return 0 <= record.time < LAST_TIME and record.sequence <= LAST_SEQUENCE


def _put_aside(directory: Path, message: Unreadable) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in directory.iterdir()) < KEPT_UNREADABLE:
            name = f"{hashlib.sha256(message.data).hexdigest()[:16]}.json"
            (directory / name).write_bytes(message.data[:UNREADABLE_BYTES])
    except OSError as error:
        _log.warning("an unreadable message could not be put aside: %s", error)
