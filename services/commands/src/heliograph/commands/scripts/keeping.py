"""What survives a restart: the values of `wd.store`, and which scripts are disabled. SQLite on this service's disk."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any, Final

MAX_KEYS: Final = 64
"""Of one script."""
MAX_VALUE_BYTES: Final = 4096
"""Of one value, as JSON."""
MAX_SCRIPTS: Final = 200
"""Whose values are kept, also when they are in the set no more: a set may come back. The longest unused go first."""
BUSY_SECONDS: Final = 30

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS kept (
    script VARCHAR NOT NULL, key VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (script, key)
);
CREATE TABLE IF NOT EXISTS disabled (script VARCHAR NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS used (script VARCHAR NOT NULL PRIMARY KEY, time INTEGER NOT NULL);
"""


class TooMuch(Exception):
    """It is not kept; the message says why."""


class Keeping:
    """For any thread. A call that writes returns after the disk has it. Raises `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=FULL")
        self._file.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    def values(self, script: str) -> dict[str, Any]:
        """Return what a script stored."""
        with self._lock:
            rows = self._file.execute("SELECT key, value FROM kept WHERE script = ?", (script,)).fetchall()
        return {key: json.loads(value) for key, value in rows}

    def keep(self, script: str, key: str, value: Any) -> None:
        """Store a value; None takes the key away. Raises `TooMuch`."""
        text = json.dumps(value, ensure_ascii=False)
        if len(text.encode(errors="replace")) > MAX_VALUE_BYTES:
            raise TooMuch(f"a value of more than {MAX_VALUE_BYTES:,} bytes of JSON is not stored")
        with self._lock:
            if value is None:
                self._file.execute("DELETE FROM kept WHERE script = ? AND key = ?", (script, key))
                return
            others = "SELECT count(*) FROM kept WHERE script = ? AND key <> ?"
            if self._file.execute(others, (script, key)).fetchone()[0] >= MAX_KEYS:
                raise TooMuch(f"a script stores at most {MAX_KEYS} keys")
            self._file.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (script, key, text))

    def use(self, scripts: list[str], now: int) -> None:
        """Note that these are in the set now, and forget those that were in none for the longest."""
        with self._lock:
            self._file.execute("BEGIN")
            rows = [(script, now) for script in scripts]
            self._file.executemany("INSERT OR REPLACE INTO used VALUES (?, ?)", rows)
            old = "SELECT script FROM used ORDER BY time DESC, script LIMIT -1 OFFSET ?"
            for (script,) in self._file.execute(old, (MAX_SCRIPTS,)).fetchall():
                for table in ("kept", "disabled", "used"):
                    self._file.execute(f"DELETE FROM {table} WHERE script = ?", (script,))  # noqa: S608  # our own names
            self._file.execute("COMMIT")

    def disabled(self) -> set[str]:
        """Return the names of the scripts that are disabled."""
        with self._lock:
            return {script for (script,) in self._file.execute("SELECT script FROM disabled").fetchall()}

    def disable(self, script: str, *, disabled: bool) -> None:
        """Disable a script, or enable it."""
        statement = "INSERT OR IGNORE INTO disabled VALUES (?)" if disabled else "DELETE FROM disabled WHERE script = ?"
        with self._lock:
            self._file.execute(statement, (script,))
