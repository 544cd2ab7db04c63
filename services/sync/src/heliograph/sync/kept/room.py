"""Room in the file: records that are too old go, then the oldest until the rest fits, a few at a time.

Pages that came free are used again by the next records; only many of them are given back to the disk, so that a card
is not worn by moving pages to and fro.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from heliograph.sync.kept.file import LAST_TIME, key, time_of

DELETED_TOGETHER: Final = 500
PORTION_MS: Final = 3_600_000
"""Of one series at once where the size is the reason: no device loses much more than the others."""
SPARE_PAGES: Final = 1024
RETURNED_PAGES: Final = 256


@dataclass(frozen=True, slots=True)
class Held:
    """What the file holds."""

    oldest: int | None
    newest: int | None
    records: int
    bytes: int


def held(connection: sqlite3.Connection) -> Held:
    """Look what is there, without reading the records."""
    ends = [_ends(connection, series) for series in _series(connection)]
    (records,) = connection.execute("SELECT records FROM total").fetchone()
    return Held(
        min((first for first, _ in ends if first is not None), default=None),
        max((last for _, last in ends if last is not None), default=None),
        records,
        _pragma(connection, "page_count") * _pragma(connection, "page_size"),
    )


def make_room(connection: sqlite3.Connection, before: int, limit: int) -> bool:
    """Take one small step in a transaction that is open; tell whether there may be more to do.

    What is older than `before` goes, then the oldest while the records take more than `limit` bytes.
    """
    oldest = min(
        ((first, series) for series in _series(connection) if (first := _ends(connection, series)[0]) is not None),
        default=None,
    )
    if oldest is None:
        return False
    time, series = oldest
    if time < before:
        return _delete(connection, series, time, before)
    if _used(connection) > limit:
        return _delete(connection, series, time, time + PORTION_MS)
    return False


def give_back(connection: sqlite3.Connection, *, all_of_it: bool) -> bool:
    """Return some free pages to the disk; tell whether there are more to return."""
    spare = 0 if all_of_it else SPARE_PAGES
    free = _pragma(connection, "freelist_count")
    if free <= spare:
        return False
    connection.execute(f"PRAGMA incremental_vacuum({RETURNED_PAGES})").fetchall()
    return free - RETURNED_PAGES > spare


def _delete(connection: sqlite3.Connection, series: int, first: int, end: int) -> bool:
    low, high = key(series, first), key(series, end)
    chosen = "SELECT id FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    done = connection.execute(f"DELETE FROM record WHERE id IN ({chosen})", (low, high, DELETED_TOGETHER))  # noqa: S608
    connection.execute("UPDATE total SET records = max(0, records - ?)", (done.rowcount,))
    return done.rowcount > 0


def _series(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT id FROM series")]


def _ends(connection: sqlite3.Connection, series: int) -> tuple[int | None, int | None]:
    """The times of the first and the last record of a series."""
    span = (key(series, 0), key(series, LAST_TIME))
    (first,) = connection.execute("SELECT min(id) FROM record WHERE id BETWEEN ? AND ?", span).fetchone()
    (last,) = connection.execute("SELECT max(id) FROM record WHERE id BETWEEN ? AND ?", span).fetchone()
    return None if first is None else time_of(first), None if last is None else time_of(last)


def _used(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
