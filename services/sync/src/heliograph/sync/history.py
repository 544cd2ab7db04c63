"""The history of connections: one row each (spec 1.6), the last 10,000 kept.

A row tells under which number it was, as the log of that time does, and which destination it reached.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import col, select

from heliograph.contract import Alarm, Connection, ConnectionResult, PageRequest, TransferCount, Trigger
from heliograph.contract.requests import AlarmPage, AlarmRequest, ConnectionPage, NumberedAlarm
from heliograph.sync.database import Database
from heliograph.sync.tables import AlarmRow, ConnectionRow

KEPT: Final = 10_000
FAILURES: Final = 50
"""Failures of one connection that its row holds."""
_TRANSFERS: Final = TypeAdapter(tuple[TransferCount, ...])
INTERRUPTED: Final = "the gateway stopped in the middle of this connection"


class History:
    """Rows are begun with a connection and ended with it; any thread may ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close_interrupted(self, now: int) -> None:
        """End the rows that a kill left open."""
        with self._database.write() as session:
            session.connection().execute(
                update(ConnectionRow)
                .where(col(ConnectionRow.end).is_(None))
                .values(end=now, result=ConnectionResult.FAILED.value, failures=json.dumps([INTERRUPTED]))
            )

    def begin(self, server: int, trigger: Trigger, now: int, destination: int | None = None) -> int:
        """Open a row for the server of a number, by default the destination of the same id; return the row's number."""
        with self._database.write() as session:
            row = ConnectionRow(server=server, trigger=trigger.value, start=now, destination=destination or server)
            session.add(row)
            session.flush()
            number = int(row.number or 0)
            session.connection().execute(delete(ConnectionRow).where(col(ConnectionRow.number) <= number - KEPT))
        return number

    def note(self, number: int, transfers: Iterable[TransferCount], failures: Sequence[str]) -> None:
        """Write down how far an open row is."""
        self._write(number, transfers, failures)

    def open_row(self, destination: int) -> Connection | None:
        """Return the newest row of a destination that has not ended."""
        return self._newest(destination, col(ConnectionRow.end).is_(None))

    def end(
        self, number: int, now: int, result: ConnectionResult, transfers: Iterable[TransferCount],
        failures: Sequence[str],
    ) -> None:  # fmt: skip
        """Close a row."""
        self._write(number, transfers, failures, end=now, result=result.value)

    def last(self, destination: int) -> Connection | None:
        """Return the newest ended connection of a destination."""
        return self._newest(destination, col(ConnectionRow.end).is_not(None))

    def last_success(self, destination: int) -> int | None:
        """Return when the newest connection that reached a destination ended."""
        reached = (ConnectionResult.DONE.value, ConnectionResult.PARTIAL.value)
        found = self._newest(destination, col(ConnectionRow.result).in_(reached))
        return None if found is None else found.end

    def page(self, request: PageRequest) -> ConnectionPage:
        """Return connections, newest first."""
        statement = select(ConnectionRow).order_by(col(ConnectionRow.number).desc()).limit(request.limit)
        if request.before is not None:
            statement = statement.where(col(ConnectionRow.number) < request.before)
        if request.server is not None:
            statement = statement.where(ConnectionRow.server == request.server)
        with self._database.read() as session:
            return ConnectionPage(connections=tuple(_connection(row) for row in session.exec(statement)))

    def alarms(self, request: AlarmRequest) -> AlarmPage:
        """Return alarms, newest first."""
        statement = select(AlarmRow).where(*_wanted(request)).order_by(col(AlarmRow.id).desc()).limit(request.limit)
        with self._database.read() as session:
            rows = list(session.exec(statement))
        return AlarmPage(
            alarms=tuple(NumberedAlarm(number=int(r.id or 0), alarm=Alarm.model_validate_json(r.body)) for r in rows)
        )

    def _write(self, number: int, transfers: Iterable[TransferCount], failures: Sequence[str], **more: object) -> None:
        told = [*failures[:FAILURES], *([f"and {len(failures) - FAILURES} more"] if len(failures) > FAILURES else [])]
        found = _TRANSFERS.dump_json(tuple(transfers)).decode()
        statement = update(ConnectionRow).where(col(ConnectionRow.number) == number)
        with self._database.write() as session:
            session.connection().execute(statement.values(transfers=found, failures=json.dumps(told), **more))

    def _newest(self, destination: int, which: ColumnElement[bool]) -> Connection | None:
        statement = select(ConnectionRow).where(ConnectionRow.destination == destination, which)
        with self._database.read() as session:
            row = session.exec(statement.order_by(col(ConnectionRow.number).desc()).limit(1)).first()
            return None if row is None else _connection(row)


def _wanted(request: AlarmRequest) -> Iterator[ColumnElement[bool]]:
    """The conditions on a row that a request makes: all but the row's number are in its JSON."""
    time = func.json_extract(AlarmRow.body, "$.time")
    if request.before is not None:
        yield col(AlarmRow.id) < request.before
    if request.device is not None:
        yield func.json_extract(AlarmRow.body, "$.device") == request.device
    if request.source is not None:
        yield func.json_extract(AlarmRow.body, "$.source") == request.source.value
    if request.since is not None:
        yield time >= request.since
    if request.until is not None:
        yield time < request.until


def _connection(row: ConnectionRow) -> Connection:
    server: Literal[1, 2] = 1 if row.server == 1 else 2
    return Connection(
        number=int(row.number or 0),
        server=server,
        trigger=Trigger(row.trigger),
        start=row.start,
        end=row.end,
        transfers=_TRANSFERS.validate_json(row.transfers),
        failures=tuple(json.loads(row.failures)),
        result=ConnectionResult(row.result),
    )
