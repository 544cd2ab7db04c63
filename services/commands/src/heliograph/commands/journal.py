"""The journal of commands: what was started, what came of it. SQLite on this service's disk, synced at each commit.

A row is written before the effect of its command and completed after it; so after a kill it is known which command may
have run. It is also the history: the last `KEPT` commands with way, time, duration and result (spec 4.1). The plain
driver is used: an object mapper would take a third of this service's memory.
"""

import sqlite3
import threading
from collections.abc import Collection
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
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
    """In the journal; None before it is kept."""

    @property
    def is_done(self) -> bool:
        """Whether its answer is known."""
        return self.ended is not None


_COLUMNS: Final = ", ".join(field.name for field in fields(Entry))
_PLACES: Final = ", ".join("?" for _ in fields(Entry))


class Journal:
    """The journal in one file, for any thread. Every call returns after the disk has it. Raises `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _SCHEMA):
            self._file.execute(statement)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    def find(self, text: str) -> dict[int, Entry]:
        """What is known of the commands of a text, by position."""
        with self._lock:
            rows = self._file.execute(f"SELECT {_COLUMNS} FROM commands WHERE text = ?", (text,)).fetchall()  # noqa: S608  # our own names
        return {entry.position: entry for entry in (Entry(*row) for row in rows)}

    def keep(self, entry: Entry) -> Entry:
        """Write a command down, as begun or as done, and return it with its number."""
        with self._lock:
            statement = f"INSERT OR REPLACE INTO commands ({_COLUMNS}) VALUES ({_PLACES})"  # noqa: S608  # our own names
            return replace(entry, number=self._file.execute(statement, astuple(entry)).lastrowid)

    def prune(self, spared: Collection[str], kept: int = KEPT) -> None:
        """Forget all but the last commands; those of texts not yet let go are spared."""
        places = ", ".join("?" for _ in spared)
        with self._lock:
            self._file.execute(
                "DELETE FROM commands WHERE number <= (SELECT max(number) FROM commands) - ? "  # noqa: S608  # places alone
                f"AND text NOT IN ({places})",
                (kept, *spared),
            )
