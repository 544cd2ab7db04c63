"""The one SQLite file of sync: safe against power cuts (WAL, `synchronous=FULL`), one writer at a time, many readers.

A file that cannot be read is moved aside, never deleted, so that the gateway works on and a person can look at it.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import Session, SQLModel, create_engine

from heliograph.sync import tables  # noqa: F401  # known to SQLModel by being imported

_log = logging.getLogger("heliograph.sync.database")

BUSY_MS: Final = 30_000
CHECKED_BYTES: Final = 256 * 1024 * 1024
"""A file up to this size is checked page by page at the start; a larger one would hold up the start too long."""
CLOSE_SECONDS: Final = 10.0
"""How long the end of sync waits for a thread that still works with the file."""
_UNREADABLE: Final = frozenset(
    (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
)
"""What a card with broken blocks answers: the file stays unreadable however often one asks."""
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-512",  # KiB a connection; the system has the pages too
    "PRAGMA journal_size_limit=67108864",
)


class Database:
    """Transactions on the file: `write` commits at its end or does nothing at all; `read` sees one moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._use = threading.Condition()
        self._users = 0
        self._engine = _engine(path)
        self._writing = self._engine.execution_options(immediate=True)
        with self.write() as session:
            _make_tables(session.connection())

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction of the only writer; on return it is on the disk."""
        with self._used(), self._lock, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Look at one moment of the file, beside the writer."""
        with self._used(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Let go of the file when the last transaction is over: a task that is cancelled leaves its thread at work."""
        with self._use:
            if not self._use.wait_for(lambda: not self._users, CLOSE_SECONDS):
                _log.warning("%s is still worked with after %.0f seconds", self.path, CLOSE_SECONDS)
        self._engine.dispose()

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._use:
            self._users += 1
        try:
            yield
        finally:
            with self._use:
                self._users -= 1
                self._use.notify_all()


def is_damage(error: BaseException) -> bool:
    """Tell a damaged file from a disk that is full or busy."""
    return isinstance(error, DatabaseError) and not isinstance(error, OperationalError | IntegrityError)


def suspect(path: Path) -> None:
    """Have the next start look at every page, because the file was found damaged."""
    _suspicion(path).touch()


def open_database(path: Path, stamp: str) -> tuple[Database, Path | None]:
    """Open or make the database; return where an unreadable one was moved to, ending in `stamp`, or None."""
    try:
        _check(path)
        return Database(path), None
    except (DatabaseError, sqlite3.DatabaseError) as error:
        if _is_passing(getattr(error, "orig", error)):
            raise  # the disk is full or may not be written: a fresh file would not help
        _log.error("%s cannot be read: %s", path, error)  # the cause is known, a trace says no more
    aside = path.with_name(f"{path.name}.unreadable-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    _suspicion(path).unlink(missing_ok=True)
    return Database(path), aside


def _check(path: Path) -> None:
    """Raise `DatabaseError` when the file is damaged."""
    is_suspect = _suspicion(path).exists()
    if not path.exists() or (path.stat().st_size > CHECKED_BYTES and not is_suspect):
        return
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000)
    try:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.close()
    if answer is None or answer[0] != "ok":
        raise sqlite3.DatabaseError(str(answer and answer[0]))
    _suspicion(path).unlink(missing_ok=True)


def _is_passing(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode not in _UNREADABLE


def _suspicion(path: Path) -> Path:
    return path.with_name(path.name + ".suspect")


def _make_tables(connection: Connection) -> None:
    """Make the tables, and the columns, that a file of an earlier version, or a new one, lacks."""
    have = _columns(connection)
    missing = [table for name, table in SQLModel.metadata.tables.items() if name not in have]
    SQLModel.metadata.create_all(connection, missing, checkfirst=False)
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            if table.name in have and column.name not in have[table.name]:
                _add_column(connection, table.name, column)


def _columns(connection: Connection) -> dict[str, set[str]]:
    """Return the columns of each table in the file: one question for all, a start is waited for."""
    asked = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
    found: dict[str, set[str]] = {}
    for table, column in connection.exec_driver_sql(asked):
        found.setdefault(table, set()).add(column)
    return found


def _add_column(connection: Connection, table: str, column: Column[Any]) -> None:
    """Add a column; each that came later has a default that means nothing yet."""
    kind = column.type.compile(connection.dialect)
    value = column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None
    fallback = "NULL" if value is None else f"{int(value)}" if isinstance(value, int) else f"'{value}'"
    connection.exec_driver_sql(f'ALTER TABLE "{table}" ADD COLUMN "{column.name}" {kind} DEFAULT {fallback}')


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    """A writer takes the lock at once: a transaction that reads first and writes later would fail when it is busy."""
    statement = "BEGIN IMMEDIATE" if connection.get_execution_options().get("immediate") else "BEGIN"
    try:  # by the driver itself: SQLAlchemy's way costs as much as many a question
        connection.connection.cursor().execute(statement)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error) from error
