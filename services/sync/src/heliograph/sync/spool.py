"""What the bus brought and the servers do not have yet: records, alarms, lines of the log, results of commands.

Everything is on the disk when a method returns, so that the bus may let go. What was taken before is dropped: records
by the runs of their source's sequences, alarms and results by their identity.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, true
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col, select

from heliograph.contract import Alarm, AlarmSource, CommandResults, Event, Level, Record, StorageState, TracePart
from heliograph.formats.gziptext import pack
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.accounts import WHOLE, Accounts
from heliograph.sync.database import Database
from heliograph.sync.runs import Runs
from heliograph.sync.tables import (
    AlarmRow,
    BlockRow,
    CursorRow,
    FullRow,
    LedgerRow,
    LogRow,
    RecordRow,
    RefusedRow,
    ResultRow,
    RunRow,
    TraceRow,
)
from heliograph.sync.written import written

DATE_BYTES: Final = 19
"""The date and the line end of a row in a data file."""
WAITING_ALARMS: Final = 200_000
"""Alarms on disk at most: new ones are refused and counted."""
LOG_BYTES: Final = 32 * 1024 * 1024
"""Text of the log on disk at most: when nobody takes it, the oldest lines go."""
LINE_BYTES: Final = 4096
TRACE_BYTES: Final = 64 * 1024 * 1024
"""Compressed communication traces on disk at most: when nobody takes them, the oldest go."""
DROPPED_TOGETHER: Final = 10_000
KEPT_BLOCKS: Final = 3000
"""Devices under their layouts, of now and before, that are known; when there are more, those without a record go."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch of records."""

    stored: int
    refused: int
    written: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The values of what was new as JSON text, by the record's identity."""


class Spool:
    """The taking side of the spool; the giving side is `Ledger`. May be called from any thread.

    `alarmed` is called, in the caller's thread, after alarms were stored.
    """

    def __init__(
        self, database: Database, clock: Clock, *, device_limit: int, total_limit: int,
        alarmed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._alarmed = alarmed
        self._stored: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        with database.read() as session:
            self._runs = _load_runs(session)
            self._accounts = _load_accounts(session, device_limit, total_limit)
            self._blocks = {row.digest: int(row.id or 0) for row in session.exec(select(BlockRow))}
            self._log_bytes = _log_bytes(session)

    def listen(self, stored: Callable[[], None]) -> None:
        """Call `stored`, in the thread that brings them, after records were stored."""
        self._stored.append(stored)

    def take_records(self, records: Sequence[Record]) -> Taken:
        """Store records that were never taken; refuse and count those for which there is no room (spec 3.6)."""
        with self._lock:
            batch = _Batch(self._runs, self._accounts, self._blocks)
            with self._database.write() as session:
                rows, refused = batch.sort_out(session, records)
                if rows:
                    session.connection().execute(insert(RecordRow), rows)
                _save_runs(session, batch.runs, batch.sources)
                _count_refused(session, refused)
                alarmed = self._save_full(session, batch.accounts.full)
            self._runs, self._accounts, self._blocks = batch.runs, batch.accounts, batch.blocks
        self._tell(alarmed)
        if rows:
            for stored in self._stored:
                stored()
        return Taken(len(rows), len(refused), batch.written)

    def drop_records(self, last: int) -> None:
        """Delete the records up to a row number, which every server has, and free their room."""
        with self._database.read() as session:
            first = session.exec(select(func.min(col(RecordRow.id)))).one()
        while first is not None and first <= last:
            self._drop(min(first + DROPPED_TOGETHER - 1, last))
            first += DROPPED_TOGETHER

    def reopen(self) -> None:
        """Take records again where there is room: a limit may have been raised since they were refused."""
        with self._lock:
            accounts = self._accounts.copy()
            accounts.reopen()
            if accounts.full == self._accounts.full:
                return
            with self._database.write() as session:
                alarmed = self._save_full(session, accounts.full)
            self._accounts = accounts
        self._tell(alarmed)

    def take_alarms(self, alarms: Sequence[Alarm]) -> int:
        """Store alarms whose identity is new; return how many were."""
        with self._lock, self._database.write() as session:
            stored = sum(self._store_alarm(session, alarm) for alarm in alarms)
        self._tell(stored)
        return stored

    def raise_alarm(self, info: str, *, identity: str = "", time: int | None = None) -> bool:
        """Store an alarm of the gateway (spec 3.3); tell whether its identity is new."""
        return bool(self.take_alarms([_gateway_alarm(info, identity, time or milliseconds(self._clock))]))

    def knows_alarm(self, identity: str) -> bool:
        """Tell whether an alarm of this identity was stored, and is still kept."""
        with self._database.read() as session:
            return session.exec(select(AlarmRow.id).where(AlarmRow.identity == identity)).first() is not None

    def take_lines(self, events: Sequence[Event]) -> None:
        """Store lines of the log; when nobody takes them, the oldest go and a line says so."""
        rows = [
            {"time": e.time, "level": e.level.value, "service": e.service[:64], "text": e.text[:LINE_BYTES]}
            for e in events
        ]
        if not rows:
            return
        with self._lock, self._database.write() as session:
            session.connection().execute(insert(LogRow), rows)
            size = self._log_bytes + sum(len(str(row["text"])) for row in rows)
            self._log_bytes = size if size <= LOG_BYTES else self._measure_log(session)

    def take_results(self, results: Sequence[CommandResults]) -> set[str]:
        """Store results whose identity is new; return these identities."""
        with self._database.write() as session:
            return {result.identity for result in results if _store_result(session, result)}

    def take_traces(self, parts: Sequence[TracePart]) -> int:
        """Store communication traces whose identity is new; return how many old ones had to go for want of room."""
        with self._database.write() as session:
            for part in parts:
                content = pack(part.text.encode())
                row = {"identity": part.identity, "interface": part.interface.value, "content": content}
                session.connection().execute(upsert(TraceRow).values(row).on_conflict_do_nothing())
            return _cut_traces(session)

    def state(self) -> StorageState:
        """Say what waits, for the status."""
        with self._database.read() as session:
            refused = session.exec(select(RefusedRow.name, RefusedRow.count)).all()
            first, last = session.exec(select(func.min(col(RecordRow.id)), func.max(col(RecordRow.id)))).one()
            names = dict(session.exec(select(BlockRow.device, BlockRow.name)).all())
        accounts = self._accounts
        return StorageState(
            bytes=accounts.total,
            limit=accounts.total_limit,
            records=0 if first is None or last is None else last - first + 1,
            full=bool(accounts.full),
            full_devices=tuple(sorted(names.get(device, device) for device in accounts.full if device != WHOLE)),
            refused={name: count for name, count in refused if count},
        )

    def _drop(self, last: int) -> None:
        """Delete in one transaction, short enough for the bus to wait."""
        up_to_last = col(RecordRow.id) <= last
        with self._lock:
            accounts = self._accounts.copy()
            with self._database.write() as session:
                for device, size in _sizes(session, up_to_last):
                    accounts.release(device, size)
                session.connection().execute(delete(RecordRow).where(up_to_last))
                blocks = _used_blocks(session, self._blocks) if len(self._blocks) > KEPT_BLOCKS else self._blocks
                accounts.reopen()
                alarmed = self._save_full(session, accounts.full)
            self._accounts, self._blocks = accounts, blocks
        self._tell(alarmed)

    def _tell(self, alarms: int) -> None:
        if alarms:
            self._alarmed()

    def _save_full(self, session: Session, after: frozenset[str]) -> bool:
        """Keep who is full, and raise the alarm where it begins or ends; tell whether it did."""
        before = self._accounts.full
        if before == after:
            return False
        session.connection().execute(delete(FullRow))
        session.add_all(FullRow(device=device) for device in sorted(after))
        if bool(before) == bool(after):
            return False
        now = milliseconds(self._clock)
        info = "STORAGE FULL" if after else "STORAGE FREE"
        return self._store_alarm(session, _gateway_alarm(info, "", now))

    def _store_alarm(self, session: Session, alarm: Alarm) -> bool:
        gateway = alarm.source is AlarmSource.GATEWAY
        waiting = session.exec(select(func.max(col(AlarmRow.id)) - func.min(col(AlarmRow.id)))).one() or 0
        if waiting >= WAITING_ALARMS and not gateway:
            _count_refused(session, [alarm])
            return False
        row = {"identity": alarm.identity, "body": alarm.model_dump_json()}
        result = session.connection().execute(upsert(AlarmRow).values(row).on_conflict_do_nothing())
        return bool(result.rowcount)

    def _measure_log(self, session: Session) -> int:
        """Return the bytes of the log that are there by now, delivered lines being gone; cut it where it is full."""
        size = _log_bytes(session)
        return size if size <= LOG_BYTES else self._cut_log(session)

    def _cut_log(self, session: Session) -> int:
        """Delete the oldest quarter of the lines and return the bytes that remain; say what no server ever took."""
        lines = session.exec(select(func.count()).select_from(LogRow)).one()
        oldest = select(col(LogRow.id)).order_by(col(LogRow.id)).offset(max(1, lines // 4) - 1).limit(1)
        end = session.exec(oldest).one()
        untaken = col(LogRow.id).between(_taken_log(session) + 1, end)
        lost = session.exec(select(func.count()).select_from(LogRow).where(untaken)).one()
        session.connection().execute(delete(LogRow).where(col(LogRow.id) <= end))
        if lost:
            text = f"{lost} old lines of this log were dropped: no server took them"
            session.add(LogRow(time=milliseconds(self._clock), level=Level.WARNING.value, service="sync", text=text))
            session.flush()
        return _log_bytes(session)


def _cut_traces(session: Session) -> int:
    """Delete the oldest traces beyond what may wait, but for those on their way; return how many."""
    sizes = session.exec(select(TraceRow.id, func.length(TraceRow.content)).order_by(col(TraceRow.id).desc())).all()
    room, old = TRACE_BYTES, []
    for number, size in sizes:
        room -= size
        if room < 0:
            old.append(number)
    sent = select(col(LedgerRow.last)).where(LedgerRow.stream == "traces")
    statement = delete(TraceRow).where(col(TraceRow.id).in_(old), col(TraceRow.id).not_in(sent))
    return int(session.connection().execute(statement).rowcount)


class _Batch:
    """A batch of records on its way in: what will be known when its transaction is on the disk."""

    def __init__(self, runs: dict[str, Runs], accounts: Accounts, blocks: dict[str, int]) -> None:
        self.runs = dict(runs)
        self.accounts = accounts.copy()
        self.blocks = dict(blocks)
        self.sources: set[str] = set()
        self.written: dict[str, str] = {}

    def sort_out(self, session: Session, records: Sequence[Record]) -> tuple[list[dict[str, Any]], list[Record]]:
        """Return the rows to store, and the records for which there is no room."""
        rows, refused = [], []
        for record in filter(self._is_new, records):
            fields = self.written[record.identity] = written(record.values)
            size = len(fields.encode()) + DATE_BYTES
            if self.accounts.take(record.device, size):
                block = self._block(session, record)
                rows.append({"block": block, "time": record.time, "fields": fields, "size": size})
            else:
                refused.append(record)
        return rows, refused

    def _is_new(self, record: Record) -> bool:
        if record.source not in self.sources:
            self.sources.add(record.source)
            self.runs[record.source] = self.runs[record.source].copy() if record.source in self.runs else Runs()
        return self.runs[record.source].add(record.sequence)

    def _block(self, session: Session, record: Record) -> int:
        """Return the row of a record's device under its layout, made where it is new."""
        layout = record.layout.model_dump_json()
        key = f"{record.device}\n{record.name}\n{record.interface}\n{record.kind}\n{layout}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        if digest not in self.blocks:
            row = BlockRow(
                digest=digest, device=record.device, name=record.name, interface=record.interface,
                kind=record.kind.value, layout=layout,
            )  # fmt: skip
            session.add(row)
            session.flush()
            self.blocks[digest] = int(row.id or 0)
        return self.blocks[digest]


def _used_blocks(session: Session, blocks: dict[str, int]) -> dict[str, int]:
    """Delete the blocks of which no record waits; return the others."""
    unused = col(BlockRow.id).not_in(select(RecordRow.block).distinct())
    session.connection().execute(delete(BlockRow).where(unused))
    left = set(session.exec(select(BlockRow.digest)))
    return {digest: number for digest, number in blocks.items() if digest in left}


def _store_result(session: Session, result: CommandResults) -> bool:
    row = {"identity": result.identity, "text": result.text}
    stored = session.connection().execute(upsert(ResultRow).values(row).on_conflict_do_nothing())
    return bool(stored.rowcount)


def _gateway_alarm(info: str, identity: str, time: int) -> Alarm:
    return Alarm(identity=identity or f"sync-{uuid.uuid4().hex}", source=AlarmSource.GATEWAY, time=time, info=info)


def _log_bytes(session: Session) -> int:
    return int(session.exec(select(func.coalesce(func.sum(func.length(LogRow.text)), 0))).one())


def _taken_log(session: Session) -> int:
    """Return the number of the last line that every server has received; 0 when none takes the log."""
    cursor = session.exec(select(func.min(CursorRow.position)).where(CursorRow.stream == "log")).one()
    waiting = session.exec(select(func.min(LedgerRow.first)).where(LedgerRow.stream == "log")).one()
    return min(cursor or 0, cursor if waiting is None else waiting) if cursor else 0


def _load_runs(session: Session) -> dict[str, Runs]:
    found: dict[str, list[tuple[int, int]]] = {}
    for row in session.exec(select(RunRow)):
        found.setdefault(row.source, []).append((row.first, row.last))
    return {source: Runs(runs) for source, runs in found.items()}


def _save_runs(session: Session, runs: dict[str, Runs], changed: set[str]) -> None:
    """Write the runs of the sources that changed: a row or two each, but after gaps."""
    for source in changed:
        have = {row.first: row for row in session.exec(select(RunRow).where(RunRow.source == source))}
        want = dict(runs[source])
        for first, row in have.items():
            if first not in want:
                session.delete(row)
            elif row.last != want[first]:
                row.last = want[first]
        session.add_all(RunRow(source=source, first=f, last=last) for f, last in want.items() if f not in have)


def _load_accounts(session: Session, device_limit: int, total_limit: int) -> Accounts:
    full = session.exec(select(FullRow.device)).all()
    return Accounts(device_limit, total_limit, dict(_sizes(session, true())), full)


def _sizes(session: Session, where: ColumnElement[bool]) -> list[tuple[str, int]]:
    """Return the bytes of each device's records."""
    statement = (
        select(BlockRow.device, func.sum(RecordRow.size))
        .join(RecordRow, col(RecordRow.block) == col(BlockRow.id))
        .where(where)
        .group_by(BlockRow.device)
    )
    return [(device, int(size)) for device, size in session.exec(statement)]


def _count_refused(session: Session, refused: Sequence[Record | Alarm]) -> None:
    for item in refused:
        device = item.device or WHOLE if isinstance(item, Record) else "alarms"
        name = item.name if isinstance(item, Record) else "alarms"
        statement = upsert(RefusedRow).values(device=device, name=name, count=1)
        statement = statement.on_conflict_do_update(
            index_elements=["device"], set_={"count": RefusedRow.count + 1, "name": name}
        )
        session.connection().execute(statement)
