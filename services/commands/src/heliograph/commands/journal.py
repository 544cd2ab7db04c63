"""The journal of commands: what was started, what came of it. SQLite on this service's disk, synced at each commit.

A row is written before the effect of its command and completed after it; so after a kill it is known which command may
have run. It is also the history: the last `KEPT` commands with way, time, duration and result (spec 4.1). One table and
four statements: the driver alone does, and spares the service the third of its memory that models would take.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from threading import Lock
from typing import Final

KEPT: Final = 10_000
BUSY_SECONDS: Final = 30

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS commands (
    number INTEGER NOT NULL PRIMARY KEY, text VARCHAR NOT NULL, position INTEGER NOT NULL, way VARCHAR NOT NULL,
    origin VARCHAR NOT NULL, name VARCHAR NOT NULL, caller_id VARCHAR, started INTEGER NOT NULL, ended INTEGER,
    result VARCHAR, error VARCHAR, UNIQUE (text, position)
)
"""


@dataclass(slots=True)
class Entry:
    """One command: the text it came in and its place there, when it ran, and its answer once it is known."""

    text: str
    """Identity of the command text."""
    position: int
    """From 0 within the text."""
    way: str
    origin: str
    name: str
    started: int
    """Milliseconds since 1970."""
    caller_id: str | None = None
    ended: int | None = None
    result: str | None = None
    """JSON."""
    error: str | None = None
    number: int | None = None
    """Its row; None until it is kept."""

    @property
    def is_done(self) -> bool:
        """Whether its answer is known."""
        return self.ended is not None


_COLUMNS: Final = ", ".join(field.name for field in fields(Entry))
_SELECT: Final = f"SELECT {_COLUMNS} FROM commands WHERE text = ?"  # noqa: S608 - names of our own
_KEEP: Final = (
    f"INSERT INTO commands ({_COLUMNS}) VALUES ({', '.join('?' * len(fields(Entry)))}) "  # noqa: S608 - as above
    "ON CONFLICT (number) DO UPDATE SET ended = excluded.ended, result = excluded.result, error = excluded.error"
)


class Journal:
    """The journal in one file, for any thread. Every call returns after the disk has it."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")  # a commit is on the disk when it returns, through a power cut too
        self._db.execute(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def find(self, text: str) -> dict[int, Entry]:
        """What is known of the commands of a text, by position."""
        with self._lock:
            entries = [Entry(*row) for row in self._db.execute(_SELECT, (text,))]
        return {entry.position: entry for entry in entries}

    def keep(self, entry: Entry) -> Entry:
        """Write a command down, as begun or as done, and return it with its number."""
        with self._lock, self._db:
            cursor = self._db.execute(_KEEP, astuple(entry))
        if entry.number is None:
            entry.number = cursor.lastrowid
        return entry

    def prune(self, spared: Iterable[str], kept: int = KEPT) -> None:
        """Forget all but the last commands; those of texts not yet let go are spared."""
        texts = tuple(spared)
        marks = ", ".join("?" * len(texts))
        with self._lock, self._db:
            (last,) = self._db.execute("SELECT max(number) FROM commands").fetchone()
            if last is not None and last > kept:
                self._db.execute(
                    f"DELETE FROM commands WHERE number <= ? AND text NOT IN ({marks})",  # noqa: S608 - question marks
                    (last - kept, *texts),
                )
