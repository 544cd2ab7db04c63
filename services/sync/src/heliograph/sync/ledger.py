"""The giving side of the spool: how far each server is, and the files that it has yet to get.

A server's cursor and the files made of what it passed are one transaction. A row leaves the spool when every server
has *received* the file that holds it, so that the size of what waits is counted where it lies, once. Servers are told
apart by their destinations (`places`), so that a change of numbers changes nothing here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col, select

from heliograph.formats.config import MqttServer, Server
from heliograph.sync.database import Database
from heliograph.sync.tables import (
    AlarmRow,
    BundleRow,
    CursorRow,
    LedgerRow,
    LogRow,
    RecordRow,
    ResultRow,
    StampRow,
    TraceRow,
)

RECORDS: Final = "records"
ALARMS: Final = "alarms"
RESULTS: Final = "results"
LOG: Final = "log"
BUNDLES: Final = "bundles"
TRACES: Final = "traces"
STREAMS: Final[dict[str, Any]] = {
    RECORDS: RecordRow, ALARMS: AlarmRow, RESULTS: ResultRow, LOG: LogRow, BUNDLES: BundleRow,
    TRACES: TraceRow,
}  # fmt: skip
ALARM_HISTORY: Final = 10_000
"""Alarms that stay for people after every server has them."""
RESULT_IDENTITIES: Final = 10_000
"""Results that are known after every server has them, so that none is written twice."""
RECENT_LINES: Final = 5000
"""Lines of the log that stay for the debug bundle after every server has them."""
_RECEIVED: Final = (
    "SELECT min(coalesce(min(position, (SELECT min(first) FROM ledger l WHERE l.server = c.server AND"
    " l.stream = c.stream)), position)) FROM cursor c WHERE stream = ? AND (? IS NULL OR server = ?)"
)
"""Of a stream, and of one server or of each."""
_MOVED: Final = "UPDATE cursor SET position = ? WHERE server = ? AND stream = ? AND position = ?"
# Made once, since a connection asks each of these many times: to put a statement together costs more than to ask it.
_WAITING: Final = (
    select(LedgerRow).where(col(LedgerRow.server) == bindparam("server")).order_by(col(LedgerRow.id))
)  # fmt: skip
_WAITING_OF_STREAM: Final = _WAITING.where(col(LedgerRow.stream) == bindparam("stream"))
_THESE: Final = col(LedgerRow.id).in_(bindparam("numbers", expanding=True))
_COMMITTING: Final = update(LedgerRow).where(_THESE).values(rename_sent=True)
_DELIVERED: Final = delete(LedgerRow).where(_THESE)
_UP_TO: Final = {stream: delete(table).where(col(table.id) <= bindparam("end")) for stream, table in STREAMS.items()}
_ENTER: Final = insert(LedgerRow)
_STAMP: Final = upsert(StampRow)
_KEEP_STAMP: Final = _STAMP.on_conflict_do_update(
    index_elements=["server", "directory"], set_={"seconds": func.max(StampRow.seconds, _STAMP.excluded.seconds)}
)


def streams_of(server: Server) -> frozenset[str]:
    """Return what a server takes: an MQTT server nothing in files, alarms only with a topic (spec 1.1)."""
    if isinstance(server, MqttServer):
        return frozenset({RECORDS, ALARMS} if server.topic_alarm else {RECORDS})
    return frozenset(STREAMS)


@dataclass(frozen=True, slots=True)
class Made:
    """A file on our disk, made for one server."""

    name: str
    size: int
    stamp: int
    """Milliseconds since 1970 in its name."""


class Ledger:
    """Cursors and files of all servers. May be called from any thread; each server's rows by one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def serve(self, takes: Mapping[int, Collection[str]]) -> None:
        """Give each of these servers the streams that it takes: one that is new to it begins at its end.

        The first servers of all get everything: what came just before they were known waits for nobody else. Nothing
        is dropped.
        """
        with self._database.write() as session:
            known = set(session.exec(select(CursorRow.server, CursorRow.stream)))
            for server, stream in _pairs(takes) - known:
                position = _end(session, stream) if known else 0
                session.add(CursorRow(server=server, stream=stream, position=position))

    def drop(self, takes: Mapping[int, Collection[str]]) -> list[int]:
        """Drop what waits for others than these servers, and in other streams than each takes.

        Returns the servers that are gone.
        """
        with self._database.write() as session:
            known = set(session.exec(select(CursorRow.server, CursorRow.stream)))
            for server, stream in known - _pairs(takes):
                session.delete(session.get_one(CursorRow, (server, stream)))
                files = delete(LedgerRow).where(col(LedgerRow.server) == server, col(LedgerRow.stream) == stream)
                session.connection().execute(files)
        return sorted({server for server, _ in known} - set(takes))

    def rewind(self, server: int) -> None:
        """Set the cursors of a server back to what it has received, and forget its files.

        It takes no files any more: what waits for it in them is given again by other means.
        """
        if not self.waiting(server):
            return
        with self._database.write() as session:
            for row in session.exec(select(CursorRow).where(CursorRow.server == server)).all():
                row.position = _received(session, row.stream, server) or 0
            session.connection().execute(delete(LedgerRow).where(col(LedgerRow.server) == server))

    def servers(self) -> list[int]:
        """Return the servers that have cursors."""
        with self._database.read() as session:
            return sorted(set(session.exec(select(CursorRow.server))))

    def position(self, server: int, stream: str) -> int | None:
        """Return the last row number that this server has in files; None when it is no server of ours."""
        asked = "SELECT position FROM cursor WHERE server = ? AND stream = ?"
        with self._database.read() as session:
            found = session.connection().exec_driver_sql(asked, (server, stream)).scalar()
        return None if found is None else int(found)

    def end(self, stream: str) -> int:
        """Return the last row number that a stream ever gave."""
        with self._database.read() as session:
            return _end(session, stream)

    def last_stamp(self, server: int, directory: str) -> int | None:
        """Return the instant (milliseconds since 1970) in the last name made for a directory."""
        with self._database.read() as session:
            row = session.get(StampRow, (server, directory))
            return None if row is None else row.seconds * 1000

    def commit(
        self,
        server: int,
        stream: str,
        directory: str,
        files: Sequence[Made],
        passed: tuple[int, int],
        form: str = "",
    ) -> bool:
        """Enter files that lie on the disk, made of the rows after `passed[0]` up to `passed[1]`; move the cursor.

        Returns False, and does nothing, when the server was taken out of the configuration meanwhile.
        """
        with self._database.write() as session:
            if not _moved(session, server, stream, passed):
                return False
            if files:
                shared = {
                    "server": server, "stream": stream, "directory": directory, "first": passed[0],
                    "last": passed[1], "form": form, "rename_sent": False,
                }  # fmt: skip
                own = ({"name": file.name, "size": file.size, "part": part} for part, file in enumerate(files))
                session.connection().execute(_ENTER, [shared | row for row in own])
                keep_stamp(session, server, directory, max(file.stamp for file in files) // 1000)
        return True

    def advance(self, server: int, stream: str, position: int, last: int) -> bool:
        """Move a cursor from where it is over what a server has received without files.

        Returns False, and does nothing, when the server was taken out of the configuration meanwhile.
        """
        with self._database.write() as session:
            return _moved(session, server, stream, (position, last))

    def waiting(self, server: int, stream: str | None = None) -> list[LedgerRow]:
        """Return the files that a server has yet to get, oldest first."""
        statement = _WAITING if stream is None else _WAITING_OF_STREAM
        with self._database.read() as session:
            return list(session.exec(statement, params={"server": server, "stream": stream}))

    def names(self) -> dict[int, set[str]]:
        """Return the names of all files that servers have yet to get, by server."""
        found: dict[int, set[str]] = {}
        with self._database.read() as session:
            for server, name in session.exec(select(LedgerRow.server, LedgerRow.name)):
                found.setdefault(server, set()).add(name)
        return found

    def resize(self, number: int, size: int) -> None:
        """Note the size of a file that had to be made again."""
        with self._database.write() as session:
            session.connection().execute(update(LedgerRow).where(col(LedgerRow.id) == number).values(size=size))

    def committing(self, numbers: Iterable[int]) -> None:
        """Note, before it happens, that the renames of these files are sent."""
        with self._database.write() as session:
            session.connection().execute(_COMMITTING, {"numbers": list(numbers)})

    def delivered(self, numbers: Iterable[int]) -> None:
        """Forget files whose copies on the server are verified."""
        with self._database.write() as session:
            session.connection().execute(_DELIVERED, {"numbers": list(numbers)})

    def received(self, stream: str, server: int | None = None) -> int | None:
        """Return the row number up to which a server, or every server that takes it, has a stream; None without one."""
        with self._database.read() as session:
            return _received(session, stream, server)

    def count_waiting(self, server: int, stream: str) -> int:
        """Count the rows that a server has not received. Row numbers have no holes above the oldest."""
        table = STREAMS[stream]
        received = self.received(stream, server) or 0
        with self._database.read() as session:
            first, last = session.exec(select(func.min(table.id), func.max(table.id))).one()
        return 0 if first is None else max(0, last - max(received, first - 1))

    def prune(self) -> None:
        """Delete alarms, results, traces and lines of the log that every server has.

        The newest alarms stay for people, the newest lines for the debug bundle; of results it stays known for long
        that they were taken.
        """
        least = {ALARMS: ALARM_HISTORY, RESULTS: RESULT_IDENTITIES, LOG: RECENT_LINES, TRACES: 0}
        with self._database.write() as session:
            for stream, kept in least.items():
                last = _received(session, stream)
                if last is None and stream == ALARMS:
                    last = _end(session, stream)  # no server takes alarms: people do
                if last is not None:
                    _prune(session, stream, last, kept)
        self._prune_bundles()

    def _prune_bundles(self) -> None:
        """Delete bundles that every server has or that a newer one replaced, but for those on their way."""
        with self._database.read() as session:
            if session.exec(select(func.count()).select_from(BundleRow)).one() == 0:
                return
        last = self.received(BUNDLES)
        with self._database.write() as session:
            end = _end(session, BUNDLES)
            sent = select(col(LedgerRow.last)).where(LedgerRow.stream == BUNDLES)
            done = end if last is None else max(last, end - 1)
            statement = delete(BundleRow).where(col(BundleRow.id) <= done, col(BundleRow.id).not_in(sent))
            session.connection().execute(statement)


def _pairs(takes: Mapping[int, Collection[str]]) -> set[tuple[int, str]]:
    return {(server, stream) for server, streams in takes.items() for stream in streams}


def _end(session: Session, stream: str) -> int:
    """Return the last row number that a stream ever gave."""
    table = STREAMS[stream]
    sequence = session.connection().exec_driver_sql(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.__tablename__,)
    )
    return int(sequence.scalar() or 0)


def _moved(session: Session, server: int, stream: str, passed: tuple[int, int]) -> bool:
    """Move a cursor over rows that are provided for; tell whether it stood before them."""
    done = session.connection().exec_driver_sql(_MOVED, (passed[1], server, stream, passed[0]))
    return done.rowcount == 1


def _received(session: Session, stream: str, server: int | None = None) -> int | None:
    """Return up to where a server, or each that takes a stream, has it: its cursor, or where its first file begins."""
    found = session.connection().exec_driver_sql(_RECEIVED, (stream, server, server)).scalar()
    return None if found is None else int(found)


def _prune(session: Session, stream: str, last: int, kept: int) -> None:
    """Delete the rows up to `last`, which every server has, but for so many of the newest."""
    session.connection().execute(_UP_TO[stream], {"end": min(last, _end(session, stream) - kept)})
    if stream == RESULTS:
        had = update(ResultRow).where(col(ResultRow.id) <= last, col(ResultRow.text) != "")
        session.connection().execute(had.values(text=""))


def keep_stamp(session: Session, server: int, directory: str, seconds: int) -> None:
    """Note the instant in a name made for a directory; it never goes back (spec 1.3)."""
    session.connection().execute(_KEEP_STAMP, {"server": server, "directory": directory, "seconds": seconds})
