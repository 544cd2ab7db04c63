"""The records of the last weeks on the disk, beside everything that delivery needs: written after it, read beside it.

Whatever is wrong with this file never reaches who delivers: it is told once, records pass by, and it is tried again. A
damaged file is put aside. Methods may be called from any thread.
"""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from heliograph.contract import Record
from heliograph.contract.recorded import KeptRecords
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.kept.file import is_damage, open_reader, open_writer, put_aside
from heliograph.sync.kept.room import Held, give_back, held, make_room
from heliograph.sync.kept.taking import Taking

NAME: Final = "kept.db"
DAY_MS: Final = 86_400_000
AGAIN_SECONDS: Final = 10.0
"""A file that was refused is left alone for so long: a disk that fails slowly must not slow down the intake."""
RESERVE_BYTES: Final = 128 * 1024 * 1024
RESERVE_SHARE: Final = 0.05
"""Of the disk, at most `RESERVE_BYTES`: left to what waits for the servers."""
LEAST_BYTES: Final = 256 * 1024
"""Less room than this is none."""
SLACK_BYTES: Final = 8 * 1024 * 1024
"""Of the limit, or a tenth of it: for free pages, and for the log of the file's last writes."""
CRAMPED: Final = "no records are kept for looking back: the disk is nearly full, free it. Delivery goes on"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long records are kept at most, and how much they may take."""

    days: int
    bytes: int


class Kept:
    """The kept records. `contents` gives the definitions of now, by digest; `warn` and `inform` tell a person."""

    def __init__(
        self, directory: Path, clock: Clock, bounds: Bounds, *, contents: Callable[[], Mapping[str, bytes]],
        warn: Callable[[str], None], inform: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._path = directory / NAME
        self._clock = clock
        self.bounds = bounds
        self._warn = warn
        self._inform = inform
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._taking: Taking
        """Of the connection."""
        self._contents = contents
        self._held = Held(None, None, 0, 0)
        self._number = 0
        """Of the file, counted by those that were put aside."""
        self._problem = ""
        self._again = 0.0
        self._is_cramped = False

    @property
    def is_on(self) -> bool:
        """Whether records are to be kept at all."""
        return self.bounds.days > 0

    def take(self, records: Sequence[Record], known: Mapping[str, str]) -> None:
        """Keep records; `known` has the values of some as JSON text, by identity. Raises nothing."""
        if self.is_on and records and not self._is_cramped:
            self._work(lambda connection: self._take(connection, records, known), None)

    def learn(self) -> None:
        """Keep the definitions of now: the records to come are taken under them. Raises nothing."""
        if self.is_on:
            self._work(self._learn, None)

    def make_room(self) -> bool:
        """Take a small step towards the bounds; tell whether another one may be needed. Raises nothing."""
        return self.is_on and self._work(self._step, otherwise=False)

    def look(self, read: Callable[[sqlite3.Connection], T], seconds: float) -> T:
        """Return what `read` finds at one moment of the file. Raises `sqlite3.Error`; also when it takes longer."""
        end, file = self._clock.monotonic() + seconds, self._number
        try:
            with closing(open_reader(self._path, lambda: self._clock.monotonic() > end)) as connection:
                return read(connection)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                with self._lock:
                    if file == self._number:
                        self._refused(error)
            raise

    def state(self) -> KeptRecords:
        """Say what is kept, as of the last look."""
        found = self._held
        return KeptRecords(
            days=self.bounds.days, oldest=found.oldest, newest=found.newest, records=found.records, bytes=found.bytes,
            limit=self.bounds.bytes, problem=self._problem or (CRAMPED if self._is_cramped else ""),
        )  # fmt: skip

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    def _work(self, do: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Work with the file, opened where it is not, and outlive whatever is wrong with it."""
        with self._lock:
            if self._clock.monotonic() < self._again:
                return otherwise
            for _ in range(2):  # a damaged file is put aside: the next one may take it
                try:
                    done = do(self._opened())
                except Exception as error:  # noqa: BLE001  # nothing that is wrong here may reach who delivers
                    self._refused(error)
                    if not is_damage(error):
                        break
                else:
                    self._accepted()
                    return done
            return otherwise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_writer(self._path)
            self._taking = Taking(self._connection)
            self._learn(self._connection)
        return self._connection

    def _take(self, connection: sqlite3.Connection, records: Sequence[Record], known: Mapping[str, str]) -> None:
        with _transaction(connection):
            self._taking.take(records, known)

    def _learn(self, connection: sqlite3.Connection) -> None:
        contents = self._contents()
        with _transaction(connection):
            self._taking.learn(contents, self._held.oldest or 0)

    def _step(self, connection: sqlite3.Connection) -> bool:
        size = self._size()
        limit = self._limit(size)
        self._cramp(limit)
        before = milliseconds(self._clock) - self.bounds.days * DAY_MS
        with _transaction(connection):
            has_more = make_room(connection, before, limit - min(SLACK_BYTES, limit // 10))
            has_more |= give_back(connection, all_of_it=size > limit)
        if size > limit:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # only now the file becomes smaller
        self._held = held(connection)
        return has_more

    def _size(self) -> int:
        log = self._path.with_name(f"{NAME}-wal")
        return self._path.stat().st_size + (log.stat().st_size if log.exists() else 0)

    def _limit(self, size: int) -> int:
        """Return how many bytes the file may have now, so that the disk keeps room for what waits for the servers."""
        disk = shutil.disk_usage(self._path.parent)
        reserve = min(RESERVE_BYTES, int(disk.total * RESERVE_SHARE))
        return min(self.bounds.bytes, size + disk.free - reserve)

    def _cramp(self, limit: int) -> None:
        was_cramped, self._is_cramped = self._is_cramped, limit < LEAST_BYTES
        if self._is_cramped and not was_cramped:
            self._warn(CRAMPED)

    def _accepted(self) -> None:
        self._again = 0.0
        if self._problem:
            self._problem = ""
            self._inform("records are kept for looking back again")

    def _refused(self, error: Exception) -> None:
        """Let go of the file, put it aside where it is damaged, and tell a person once."""
        self._let_go()
        self._again = self._clock.monotonic() + AGAIN_SECONDS
        if is_damage(error):
            self._number += 1
            text = f"the records kept for looking back cannot be read ({error}): {_moved(self._path)}. Delivery goes on"
        else:
            text = (
                f"no records are kept for looking back ({error}): free the disk, or mend its rights. Delivery goes on"
            )
        if text != self._problem:
            self._problem = text
            self._warn(text)

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _moved(path: Path) -> str:
    try:
        return f"they were moved to {put_aside(path).name}, and the next ones are kept in a new file"
    except OSError as error:
        return f"they could not be moved aside ({error.strerror})"
