"""The outbox on disk: one SQLite file that holds what the bus has not confirmed. Synchronous; `outbox` owns its thread.

Its tables: `entry` (records, alarms and changes of the plant in one sequence), `known` (last values of variables that
raise alarms), `run` (which dates of a device are recorded), `set_point` (values with a lifetime: one commit ends one
and tells it), `meta` (the name under which the sequence counts). A commit is on the disk when it returns. A damaged
file is moved aside and a new one begun under a new name.
"""

import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from heliograph.collector import runs
from heliograph.collector.drafts import AlarmDraft, ChangeDraft, Draft, Known, RecordDraft, SetPointDraft, Verdict
from heliograph.collector.errors import OutboxUnavailable

StreamName = Literal["records", "alarms", "changes"]

DEVICE_LIMIT_BYTES: Final = 50_000_000
ALARM_LIMIT_BYTES: Final = 20_000_000
"""Room for alarms beside the records' limits: some 60,000."""
CHANGE_LIMIT_BYTES: Final = 5_000_000
"""Room for changes of the plant beside them: some 10,000."""
CHANGES: Final = ":changes"
"""Under what changes are counted; no device has such an index."""
JOURNAL_BYTES: Final = 64 * 1024 * 1024
LOCK_SECONDS: Final = 5.0
_OWN_LIMITS: Final = {"": ALARM_LIMIT_BYTES, CHANGES: CHANGE_LIMIT_BYTES}

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, device TEXT NOT NULL, identity TEXT NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_stream ON entry (stream, sequence);
CREATE TABLE IF NOT EXISTS known (
    device_name TEXT NOT NULL, variable TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (device_name, variable)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (
    device TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (device, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS set_point (
    device TEXT NOT NULL, variable TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (device, variable)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, alarm or change that waits for the bus."""

    sequence: int
    device: str
    identity: str
    payload: bytes


class OutboxFile:
    """The open file. Every method raises `OutboxUnavailable` when the disk refuses."""

    def __init__(self, path: Path, total_limit: int, device_limit: int = DEVICE_LIMIT_BYTES) -> None:
        self._path = path
        self._total_limit = total_limit
        self._device_limit = device_limit
        self.moved_aside: Path | None = None
        """Where a damaged file was put when this one was opened."""
        self.source = ""
        """The name under which the sequence counts, made once with the file."""
        self.sizes: Counter[str] = Counter()
        """Waiting bytes by device; alarms under an empty name, changes under `CHANGES`."""
        self.waiting = 0
        self.recorded: dict[str, tuple[runs.Run, ...]] = {}
        """Recorded dates by device. Values are replaced, never changed: another thread may look."""
        self._next = 1
        with _translated(path):
            self._db = self._opened()
            try:
                self._load()
            except sqlite3.Error:
                self.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):
            self._db.close()

    def append(self, drafts: Sequence[Draft]) -> list[Verdict]:
        """Commit drafts in order as one transaction and tell what became of each."""
        with self._transaction() as step:
            return [step.take(draft) for draft in drafts]

    def take(self, stream: StreamName, most: int, most_bytes: int) -> list[Entry]:
        """Return the oldest entries of a stream, at least one where there is one, and leave them there."""
        entries: list[Entry] = []
        with _translated(self._path):
            rows = self._db.execute(
                "SELECT sequence, device, identity, payload FROM entry WHERE stream = ? ORDER BY sequence LIMIT ?",
                (stream, most),
            )
            for row in rows:
                entries.append(Entry(*row))
                most_bytes -= len(row[3])
                if most_bytes <= 0:
                    break
        return entries if most_bytes >= 0 or len(entries) == 1 else entries[:-1]

    def remove(self, stream: StreamName, entries: Sequence[Entry]) -> None:
        """Let go of entries as `take` gave them, for the next step holds on."""
        with self._transaction() as step:
            step.remove(stream, entries)

    def known(self) -> dict[tuple[str, str], str]:
        """Return the last known values by device name and Index."""
        with _translated(self._path):
            rows = self._db.execute("SELECT device_name, variable, value FROM known").fetchall()
        return {(name, variable): value for name, variable, value in rows}

    def set_points(self) -> list[bytes]:
        """Return what is kept of every set point."""
        with _translated(self._path):
            rows = self._db.execute("SELECT body FROM set_point ORDER BY device, variable").fetchall()
        return [body for (body,) in rows]

    @contextmanager
    def _transaction(self) -> "Iterator[_Step]":
        step = _Step(self._db, self, self._next)
        with _translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield step
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
        self._next = step.next
        self.waiting += step.added
        self.sizes.update(step.grown)
        self.recorded.update(step.recorded)

    def fits(self, device: str, size: int, grown: Counter[str]) -> bool:
        """Tell whether so many bytes more of a device stay within the limits."""
        own = self.sizes[device] + grown[device] + size
        if device in _OWN_LIMITS:
            return own <= _OWN_LIMITS[device]
        total = self.sizes.total() + grown.total() + size
        return own <= self._device_limit and total <= self._total_limit

    def is_full(self) -> bool:
        """Tell whether one of the limits is so near that a device is refused, or was until a moment ago."""
        nearly = 0.95
        devices = [size for device, size in self.sizes.items() if device not in _OWN_LIMITS]
        return self.sizes.total() > nearly * self._total_limit or max(devices, default=0) > nearly * self._device_limit

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connection(self._path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        self.moved_aside = _move_aside(self._path)
        return _connection(self._path)

    def _load(self) -> None:
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('source', ?)", (uuid.uuid4().hex,))
        self.source = str(self._one("SELECT value FROM meta WHERE key = 'source'"))
        self._next = int(self._one("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'entry'"))
        self.waiting = int(self._one("SELECT count(*) FROM entry"))
        self.sizes.update(dict(self._db.execute("SELECT device, sum(length(payload)) FROM entry GROUP BY device")))
        for device, *run in self._db.execute("SELECT device, first, last FROM run ORDER BY device, first"):
            self.recorded[device] = (*self.recorded.get(device, ()), (run[0], run[1]))

    def _one(self, query: str) -> int | str:
        value: int | str = self._db.execute(query).fetchone()[0]
        return value


class _Step:
    """One transaction: what it changes in memory is taken over after its commit."""

    def __init__(self, db: sqlite3.Connection, file: OutboxFile, first: int) -> None:
        self._db = db
        self._file = file
        self.next = first
        self.added = 0
        self.grown: Counter[str] = Counter()
        self.recorded: dict[str, tuple[runs.Run, ...]] = {}

    def take(self, draft: Draft) -> Verdict:
        if isinstance(draft, RecordDraft):
            return self.record(draft)
        if isinstance(draft, AlarmDraft):
            return self.alarm(draft)
        if isinstance(draft, ChangeDraft):
            stored = self._insert("changes", CHANGES, draft.identity, draft.body)
            return Verdict.STORED if stored else Verdict.REFUSED
        self._keep(draft)
        return Verdict.STORED

    def record(self, draft: RecordDraft) -> Verdict:
        known = self.recorded.get(draft.device) or self._file.recorded.get(draft.device, ())
        if draft.date is not None and runs.holds(known, draft.date):
            return Verdict.REPEATED
        head = f'{{"version":1,"source":"{self._file.source}","sequence":{self.next},'.encode()
        if not self._insert("records", draft.device, f"{self._file.source}.{self.next}", head + draft.body):
            return Verdict.REFUSED
        if draft.date is not None:
            self._extend(draft.device, known, draft.date, draft.previous)
        return Verdict.STORED

    def alarm(self, draft: AlarmDraft) -> Verdict:
        if draft.identity and not self._insert("alarms", "", draft.identity, draft.body):
            return Verdict.REFUSED
        if draft.known is not None:
            self._remember(draft.known)
        return Verdict.STORED

    def remove(self, stream: StreamName, entries: Sequence[Entry]) -> None:
        first, last = entries[0].sequence, entries[-1].sequence
        self._db.execute("DELETE FROM entry WHERE stream = ? AND sequence BETWEEN ? AND ?", (stream, first, last))
        self.added -= len(entries)
        for entry in entries:
            self.grown[entry.device] -= len(entry.payload)

    def _insert(self, stream: StreamName, device: str, identity: str, payload: bytes) -> bool:
        if not self._file.fits(device, len(payload), self.grown):
            return False
        self._db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (self.next, stream, device, identity, payload))
        self.next += 1
        self.added += 1
        self.grown[device] += len(payload)
        return True

    def _remember(self, known: Known) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (known.device_name, known.variable, known.value)
        )

    def _keep(self, draft: SetPointDraft) -> None:
        key = (draft.device, draft.variable)
        if draft.body:
            self._db.execute("INSERT OR REPLACE INTO set_point VALUES (?, ?, ?)", (*key, draft.body))
        else:
            self._db.execute("DELETE FROM set_point WHERE device = ? AND variable = ?", key)

    def _extend(self, device: str, known: tuple[runs.Run, ...], date: int, previous: int) -> None:
        grown = runs.extended(known, date, previous)
        self._db.executemany("DELETE FROM run WHERE device = ? AND first = ?", _pairs(device, set(known) - set(grown)))
        self._db.executemany("INSERT INTO run VALUES (?, ?, ?)", ((device, *run) for run in set(grown) - set(known)))
        self.recorded[device] = grown


def _pairs(device: str, gone: Iterable[runs.Run]) -> list[tuple[str, int]]:
    return [(device, first) for first, _ in gone]


def _connection(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
        _check(db)
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"damaged: {found}")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell a damaged file from a disk that refuses."""
    return not isinstance(error, sqlite3.OperationalError)


def _move_aside(path: Path) -> Path:
    """Put a damaged file with its journal beside, for whoever wants to look; only the last one is kept."""
    aside = path.with_name(f"{path.name}.damaged")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise OutboxUnavailable(f"{path}: {error}") from error
