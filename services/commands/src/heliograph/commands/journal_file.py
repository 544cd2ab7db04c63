"""The journal on this service's disk: one SQLite file, synced at each commit. Synchronous; `journal` calls it.

Four rings keep the last entries each: one for each way of commands, and one for what no command asked for, so that a
flood in one pushes nothing out of another. A way runs one text at a time and a ring holds the largest text, hence what
may come again is always there. A file of an earlier version gets the columns that it lacks; a damaged one is moved
aside, and what of the texts it knew cannot be known any more is told by `doubted`.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path
from typing import Final

from heliograph.commands.entries import MAX_RESULT, Entry, shortened
from heliograph.commands.errors import JournalDamaged, JournalUnavailable
from heliograph.commands.sought import FOLDED, conditions, folded
from heliograph.contract import JournalRequest, JournalWay, Way

KEPT: Final = 10_000
"""Entries of each ring; a text has at most as many commands."""
BUSY_SECONDS: Final = 30
WAL_BYTES: Final = 16 * 1024 * 1024

MAY_HAVE_RUN: Final = (
    "interrupted: the gateway stopped in the middle of this command; it may have run, and is not run again"
)
RINGS: Final = (
    (Way.FILE.value,),
    (Way.MQTT.value,),
    (Way.LOCAL.value,),
    (JournalWay.SCRIPT.value, JournalWay.FORWARDED.value, JournalWay.FALLBACK.value),
)

_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS commands (
    number INTEGER NOT NULL PRIMARY KEY, text VARCHAR NOT NULL, position INTEGER NOT NULL, way VARCHAR NOT NULL,
    origin VARCHAR NOT NULL, name VARCHAR NOT NULL, caller_id VARCHAR, started INTEGER NOT NULL, ended INTEGER,
    result VARCHAR, error VARCHAR, parameters VARCHAR NOT NULL DEFAULT '{{}}', UNIQUE (text, position)
);
CREATE TABLE IF NOT EXISTS meta (key VARCHAR NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS commands_by_way ON commands (way, number);
CREATE INDEX IF NOT EXISTS commands_with_long_results ON commands (number) WHERE length(result) > {MAX_RESULT};
"""
_COLUMNS: Final = ", ".join(field.name for field in fields(Entry))
_ROW: Final = attrgetter(*(field.name for field in fields(Entry)))
_PLACES: Final = ", ".join("?" for _ in fields(Entry))
_NEWEST: Final = (
    "SELECT text FROM commands WHERE number IN "
    "(SELECT max(number) FROM commands WHERE way IN ('file', 'mqtt', 'local') GROUP BY way)"
)


class JournalFile:
    """The open file, for any thread. Every method raises `JournalUnavailable` or `JournalDamaged`."""

    def __init__(self, path: Path, now: int, kept: int = KEPT) -> None:
        self._path = path
        self._kept = kept
        self._lock = threading.Lock()
        self._unpruned = 0
        self.moved_aside: Path | None = None
        """Where a damaged file was put when this one was opened."""
        self._db = self._opened(now)
        with self._transaction() as db:
            self.interrupted = _close_interrupted(db, now)
            """Commands that were running when an earlier run was killed: they are answered now."""
            self._prune(db)
            self.last_number = int(db.execute("SELECT coalesce(max(number), 0) FROM commands").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, suppress(sqlite3.Error):
            self._db.close()

    def write(self, entries: Sequence[Entry]) -> None:
        """Write numbered entries down, each as it stands now, in one transaction: on return the disk has them."""
        rows = [_ROW(entry) for entry in entries]
        with self._transaction() as db:
            db.executemany(f"INSERT OR REPLACE INTO commands ({_COLUMNS}) VALUES ({_PLACES})", rows)  # noqa: S608  # our own names
            if self._unpruned + len(rows) > self._kept // 50:
                self._prune(db)
        self._unpruned = (self._unpruned + len(rows)) % (self._kept // 50 + 1)

    def find(self, text: str) -> dict[int, Entry]:
        """What is known of the commands of a text, by position."""
        return {entry.position: entry for entry in self._select("text = ?", [text])}

    def page(self, asked: JournalRequest) -> list[Entry]:
        """Return the newest entries that pass the filters, newest first."""
        where, values = conditions(asked)
        return self._select(f"{where} ORDER BY number DESC LIMIT ?", [*values, asked.limit])

    def known(self, texts: Collection[str]) -> set[str]:
        """Which of these identities have entries."""
        places = ", ".join("?" for _ in texts)
        with self._translated(), self._lock:
            rows = self._db.execute(f"SELECT DISTINCT text FROM commands WHERE text IN ({places})", tuple(texts))  # noqa: S608  # places alone
            return {row[0] for row in rows}

    def doubted(self, way: str) -> int:
        """Until when (milliseconds since 1970) a text that came in this way may be one whose journal was lost; or 0.

        A way runs one text at a time, so it is at most the first one after the damage.
        """
        with self._translated(), self._lock:
            if self._db.execute("SELECT 1 FROM commands WHERE way = ? LIMIT 1", (way,)).fetchone():
                return 0
            found = self._db.execute("SELECT value FROM meta WHERE key = 'doubted_until'").fetchone()
            return int(found[0]) if found else 0

    def _select(self, where: str, values: Sequence[object]) -> list[Entry]:
        with self._translated(), self._lock:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM commands WHERE {where}", tuple(values)).fetchall()  # noqa: S608  # our own names
        return [Entry(*row) for row in rows]

    def _prune(self, db: sqlite3.Connection) -> None:
        """Forget what is beyond the rings, and shorten the long results of texts that do not come again."""
        for ring in RINGS:
            of_ring = f"way IN ({', '.join('?' for _ in ring)})"
            oldest = f"SELECT number FROM commands WHERE {of_ring} ORDER BY number DESC LIMIT 1 OFFSET ?"  # noqa: S608  # places alone
            db.execute(f"DELETE FROM commands WHERE {of_ring} AND number <= ({oldest})", (*ring, *ring, self._kept))  # noqa: S608  # places alone
        long = f"SELECT number, result FROM commands WHERE length(result) > {MAX_RESULT} AND text NOT IN ({_NEWEST})"  # noqa: S608  # our own names
        rows = [(shortened(result, MAX_RESULT // 2), number) for number, result in db.execute(long).fetchall()]
        db.executemany("UPDATE commands SET result = ? WHERE number = ?", rows)

    def _opened(self, now: int) -> sqlite3.Connection:
        last_written = _last_written(self._path)  # before it is opened: that may write
        with self._translated():
            _finish_replacing(self._path)
            try:
                return _connection(self._path)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            self.moved_aside = _replace_damaged(self._path, now, max(now, last_written))
            return _connection(self._path)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
                raise JournalDamaged(f"{self._path}: {error}") from error
            raise JournalUnavailable(f"the journal of commands cannot be used: {error}") from error


def _connection(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
        db.execute("PRAGMA cache_size=-512")  # KiB; the system has the pages too
        db.create_function(FOLDED, -1, folded, deterministic=True)
        _check(db)
        _add_columns(db)
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"damaged: {found}")


def _add_columns(db: sqlite3.Connection) -> None:
    """Bring a file of an earlier version up to date: it has no parameters."""
    have = {row[1] for row in db.execute("PRAGMA table_info(commands)")}
    if have and "parameters" not in have:
        db.execute("ALTER TABLE commands ADD COLUMN parameters VARCHAR NOT NULL DEFAULT '{}'")


def _close_interrupted(db: sqlite3.Connection, now: int) -> list[Entry]:
    """What had begun and not ended is over: nobody knows how it ended, and it is not run again."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM commands WHERE ended IS NULL").fetchall()  # noqa: S608  # our own names
    begun = [Entry(*row) for row in rows]
    done = [replace(entry, ended=max(now, entry.started), error=MAY_HAVE_RUN) for entry in begun]
    db.executemany(
        "UPDATE commands SET ended = ?, error = ? WHERE number = ?",
        [(entry.ended, entry.error, entry.number) for entry in done],
    )
    return done


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell a damaged file from a disk that refuses, and from a closed file."""
    return not isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError)


def _last_written(path: Path) -> int:
    """When the file or its log was written last, in milliseconds since 1970; 0 without one."""
    parts = [path, path.with_name(f"{path.name}-wal")]
    return max((part.stat().st_mtime_ns // 1_000_000 for part in parts if part.exists()), default=0)


def _replace_damaged(path: Path, now: int, doubted_until: int) -> Path:
    """Put a damaged file with its log beside, for whoever wants to look, and one in its place that says so.

    The new one is ready before the old one moves, so that a kill between them loses no doubt.
    """
    fresh = _fresh(path)
    fresh.unlink(missing_ok=True)
    db = _connection(fresh)
    db.execute("INSERT INTO meta VALUES ('doubted_until', ?)", (doubted_until,))
    db.close()
    aside = path.with_name(f"{path.name}.damaged-{now}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    fresh.replace(path)
    return aside


def _finish_replacing(path: Path) -> None:
    if not path.exists() and _fresh(path).exists():
        _fresh(path).replace(path)


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.fresh")
