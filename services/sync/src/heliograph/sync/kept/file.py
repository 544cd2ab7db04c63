"""The SQLite file of the kept records: its tables, its connections, and how it is put aside when it is damaged.

A record's key is its series and its time in one number, so that each device's records lie together in the order of
time, without an index beside them.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

VERSION: Final = 1
TIME_BITS: Final = 48
"""Milliseconds since 1970 until the year 9999 take so many."""
LAST_TIME: Final = 2**TIME_BITS - 1
MOST_SERIES: Final = 2 ** (62 - TIME_BITS)
BUSY_SECONDS: Final = 0.5
"""Nobody else writes: whoever waits for longer has met somebody's hands."""
STEPS: Final = 20_000
"""Of SQLite between two looks at the clock."""
_PRAGMAS: Final = (
    "PRAGMA auto_vacuum=INCREMENTAL",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-512",
    "PRAGMA journal_size_limit=4194304",
)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS content (digest TEXT PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS definition (id INTEGER PRIMARY KEY, digest TEXT NOT NULL, file TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0, UNIQUE (digest, file));
CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, device TEXT NOT NULL, kind TEXT NOT NULL,
    UNIQUE (device, kind));
CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, definition INTEGER NOT NULL, fields TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS total (records INTEGER NOT NULL);
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT * FROM total);
"""
_BROKEN: Final = frozenset((sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS))


def key(series: int, time: int) -> int:
    """Return the key of the record of a series at a time."""
    return series << TIME_BITS | max(0, min(time, LAST_TIME))


def time_of(number: int) -> int:
    """Return the time in a record's key."""
    return number & LAST_TIME


def open_writer(path: Path) -> sqlite3.Connection:
    """Open or make the file for the one writer. Raises `sqlite3.DatabaseError`, also for a file of another version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        _check_version(connection)
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in {0, VERSION}:
        raise sqlite3.DatabaseError(f"it is of version {version}, and this software reads {VERSION}")


def open_reader(path: Path, is_late: Callable[[], bool]) -> sqlite3.Connection:
    """Open the file for one look, which sees one moment and ends with an error once `is_late`."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only=1")
        connection.execute("PRAGMA cache_size=-1024")
        connection.set_progress_handler(is_late, STEPS)
        connection.execute("BEGIN")
    except BaseException:
        connection.close()
        raise
    return connection


def is_damage(error: BaseException) -> bool:
    """Tell a damaged file from a disk that is full, busy or not to be written."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode in _BROKEN if hasattr(error, "sqlite_errorcode") else False
    return isinstance(error, sqlite3.DatabaseError)


def put_aside(path: Path) -> Path:
    """Move a damaged file out of the way, over the one that was moved before; return where it is."""
    aside = path.with_name(f"{path.name}.unreadable")
    for suffix in ("-wal", "-shm", ""):
        part, target = (name.with_name(name.name + suffix) for name in (path, aside))
        target.unlink(missing_ok=True)
        if part.exists():
            part.rename(target)
    return aside
