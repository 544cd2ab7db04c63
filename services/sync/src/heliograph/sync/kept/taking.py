"""Records on their way into the file: the rows of a batch, each with the definition under which it was taken."""

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from heliograph.contract import Record
from heliograph.sync.kept.file import MOST_SERIES, key
from heliograph.sync.written import written

DAY_MS: Final = 86_400_000
_FORGET: Final = """
DELETE FROM content
WHERE digest NOT IN (SELECT digest FROM definition) AND digest NOT IN (SELECT value FROM json_each(?))
"""


class Taking:
    """Writes into one open file, in transactions of the caller; remembers the numbers of series and definitions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._series: dict[tuple[str, str], int] = {}
        self._definitions: dict[tuple[str, str], int] = {}
        self._used: dict[int, int] = {}

    def take(self, records: Sequence[Record], known: Mapping[str, str]) -> None:
        """Keep the records that are not there yet. `known`: their values as JSON text, by identity, as far as known."""
        rows = []
        for record in records:
            series = self._number(record.device, record.kind.value)
            if series < MOST_SERIES:
                fields = known.get(record.identity) or written(record.values)
                rows.append((key(series, record.time), self._definition(record), fields))
        done = self._connection.executemany("INSERT OR IGNORE INTO record VALUES (?, ?, ?)", rows)
        self._connection.execute("UPDATE total SET records = records + ?", (max(0, done.rowcount),))

    def learn(self, contents: Mapping[str, bytes], oldest: int) -> None:
        """Keep contents of definitions by their digest; let go of those that no record after `oldest` needs."""
        rows = [(digest, zlib.compress(content)) for digest, content in contents.items()]
        self._connection.executemany("INSERT OR IGNORE INTO content VALUES (?, ?)", rows)
        self._connection.execute("DELETE FROM definition WHERE used + ? < ?", (DAY_MS, oldest))
        self._connection.execute(_FORGET, (json.dumps([*contents]),))
        self._definitions.clear()
        self._used.clear()

    def _number(self, device: str, kind: str) -> int:
        if (device, kind) not in self._series:
            where = (device, kind)
            self._connection.execute("INSERT OR IGNORE INTO series (device, kind) VALUES (?, ?)", where)
            found = self._connection.execute("SELECT id FROM series WHERE device = ? AND kind = ?", where)
            self._series[device, kind] = int(found.fetchone()[0])
        return self._series[device, kind]

    def _definition(self, record: Record) -> int:
        """Return the number of a record's definition, and note about when it was last used."""
        where = (record.layout.digest, record.layout.definition)
        if where not in self._definitions:
            self._connection.execute("INSERT OR IGNORE INTO definition (digest, file) VALUES (?, ?)", where)
            found = self._connection.execute("SELECT id FROM definition WHERE digest = ? AND file = ?", where)
            self._definitions[where] = int(found.fetchone()[0])
        number = self._definitions[where]
        if record.time >= self._used.get(number, 0) + DAY_MS:
            self._used[number] = record.time
            self._connection.execute("UPDATE definition SET used = max(used, ?) WHERE id = ?", (record.time, number))
        return number
