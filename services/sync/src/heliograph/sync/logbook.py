"""The gateway's log for people, kept on the gateway: the last lines in a file of its own, each told as it comes.

What waits for the servers is the spool's; this stays when they have it. The file is written without waiting for the
disk, beside what must not be lost: after a power cut the last lines may be missing here. For any thread.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from heliograph.contract import Event, Level
from heliograph.contract.logbook import LogPage, LogRequest, NumberedEvent

KEPT_LINES: Final = 20_000
SPARE_LINES: Final = 500
"""The oldest lines go so many at a time."""
TEXT_LENGTH: Final = 4000
_LEVELS: Final = tuple(Level)
_log = logging.getLogger("heliograph.sync.logbook")
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS lines (number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, "
    "level INTEGER NOT NULL, service TEXT NOT NULL, text TEXT NOT NULL)"
)
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-256",
    "PRAGMA journal_size_limit=4194304",
)  # fmt: skip


class Logbook:
    """Keeping a line never fails for whoever says it: a file that cannot be written keeps none, and says so once."""

    def __init__(self, path: Path, told: Callable[[Sequence[NumberedEvent]], None] = lambda _lines: None) -> None:
        self._path = path
        self._told = told
        self._lock = threading.Lock()
        self._is_well = True
        self._file: sqlite3.Connection | None = None

    def keep(self, events: Sequence[Event]) -> None:
        """Keep lines, and tell them with their numbers in the caller's thread."""
        if not events:
            return
        try:
            with self._lock:
                lines = self._insert(self._opened(), events)
        except sqlite3.Error as error:
            self._complain(error)
            return
        self._is_well = True
        self._told(lines)

    def page(self, request: LogRequest) -> LogPage:
        """Return lines, newest first."""
        try:
            with self._lock:
                rows = self._opened().execute(*_question(request)).fetchall()
        except sqlite3.Error as error:
            return LogPage(error=f"the log on the gateway cannot be read ({error}); new lines are kept as they come")
        return LogPage(lines=tuple(_line(*row) for row in rows))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, suppress(sqlite3.Error):
            if self._file is not None:
                self._file.close()
            self._file = None

    def _insert(self, file: sqlite3.Connection, events: Sequence[Event]) -> list[NumberedEvent]:
        lines = []
        with file:
            file.execute("BEGIN IMMEDIATE")
            for event in events:
                kept = event.model_copy(update={"text": event.text[:TEXT_LENGTH]})
                row = (kept.time, _LEVELS.index(kept.level), kept.service, kept.text)
                number = file.execute("INSERT INTO lines (time, level, service, text) VALUES (?, ?, ?, ?)", row)
                lines.append(NumberedEvent(number=number.lastrowid or 0, event=kept))
            _drop_old(file, lines[-1].number)
        return lines

    def _opened(self) -> sqlite3.Connection:
        """Give the file; one that cannot be read is begun anew, since nothing but a view is lost with it."""
        if self._file is None:
            try:
                self._file = _open(self._path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                _log.warning("%s cannot be read and is begun anew: %s", self._path, error)
                _remove(self._path)
                self._file = _open(self._path)
        return self._file

    def _complain(self, error: sqlite3.Error) -> None:
        if self._is_well:
            _log.warning("lines of the log cannot be kept on the gateway: %s", error)
        self._is_well = False
        if not isinstance(error, sqlite3.OperationalError):
            self.close()
            _remove(self._path)


def _open(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            file.execute(pragma)
        file.execute(_TABLE)
    except sqlite3.Error:
        file.close()
        raise
    file.create_function("folded", 1, lambda text: str(text).casefold(), deterministic=True)
    return file


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _drop_old(file: sqlite3.Connection, newest: int) -> None:
    oldest = file.execute("SELECT min(number) FROM lines").fetchone()[0]
    if newest - oldest >= KEPT_LINES + SPARE_LINES:
        file.execute("DELETE FROM lines WHERE number <= ?", (newest - KEPT_LINES,))


def _question(request: LogRequest) -> tuple[str, list[Any]]:
    wheres, values = ["level >= ?"], [_LEVELS.index(request.least)]
    asked: list[tuple[str, Any]] = [
        ("number < ?", request.before),
        ("service = ?", request.service),
        ("instr(folded(text), ?)", request.text.casefold() or None),
        ("service = 'sync' AND instr(text, ?) = 1", request.server and f"server {request.server}: "),
        ("time >= ?", request.since),
        ("time < ?", request.until),
    ]
    for where, value in asked:
        if value is not None:
            wheres.append(where)
            values.append(value)
    text = f"SELECT number, time, level, service, text FROM lines WHERE {' AND '.join(wheres)}"  # noqa: S608  # ours alone
    return f"{text} ORDER BY number DESC LIMIT ?", [*values, request.limit]


def _line(number: int, time: int, level: int, service: str, text: str) -> NumberedEvent:
    return NumberedEvent(number=number, event=Event(time=time, level=_LEVELS[level], service=service, text=text))
