"""Looks at one moment of the kept records: series for plots, and rows a part at a time."""

import json
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from heliograph.contract import RecordKind
from heliograph.contract.recorded import RowColumn, RowsAnswer, RowsRequest, SeriesAnswer, SeriesRequest
from heliograph.contract.records import Value
from heliograph.sync.kept.axis import axis_of
from heliograph.sync.kept.definitions import Definitions, Rows
from heliograph.sync.kept.file import key, time_of
from heliograph.sync.kept.gathering import Gathering, Source

MOST_RECORDS: Final = 300_000
"""Of one device in a series: 30 days of a record every nine seconds."""
PART_BYTES: Final = 2 * 1024 * 1024
"""Of one part, about: below what one message of the bus carries."""
VALUE_BYTES: Final = 20
"""By which a raw value may grow when it becomes an engineering value."""
_SPAN: Final = "FROM record WHERE id > ? AND id <= ?"


class TooMuch(Exception):
    """More is asked for than one answer can hold; the text tells a person what to do."""


def read_series(connection: sqlite3.Connection, request: SeriesRequest) -> SeriesAnswer:
    """Return variables over time. Raises `TooMuch`."""
    span = _span(connection, request.device, RecordKind.ACQUISITION, request.begin, request.end)
    times, newest = _times(connection, span)
    axis = axis_of(times, request.points)
    definitions = Definitions(connection, RecordKind.ACQUISITION)
    known = {number: rows for number in newest if (rows := definitions.rows(number)) is not None}
    gathered = [_gathering(index, known, len(axis.times)) for index in request.variables]
    sources = {number: _sources(gathered, rows) for number, rows in known.items()}
    for place, (definition, text) in enumerate(
        connection.execute(f"SELECT definition, fields {_SPAN} ORDER BY id", span)
    ):
        if definition in sources:
            raw = _row(text)
            for one, source in sources[definition]:
                if len(raw) == len(source.fields.fields):
                    one.add(axis.places[place], definition, source, raw)
    return SeriesAnswer(device=request.device, times=axis.times, series=tuple(one.series() for one in gathered))


def read_rows(connection: sqlite3.Connection, request: RowsRequest) -> RowsAnswer:
    """Return the next rows. Those whose definition is lost are left out: raw values would be taken for others."""
    span = _span(connection, request.device, request.kind, request.begin, request.end)
    definitions = Definitions(connection, request.kind)
    part = _Part(_survey(connection, span, definitions) if request.survey else ())
    found = connection.execute(f"SELECT id, definition, fields {_SPAN} ORDER BY id LIMIT ?", (*span, request.limit + 1))
    for seen, (number, definition, text) in enumerate(found):
        way = definitions.rows(definition)
        if seen == request.limit or not part.takes(way):
            return part.answer(is_last=False)
        part.add(time_of(number), way, text)
    return part.answer(is_last=True)


class _Part:
    """Rows of one definition that fit one message."""

    def __init__(self, survey: tuple[RowColumn, ...]) -> None:
        self._survey = survey
        self._way: Rows | None = None
        self._times: list[int] = []
        self._rows: list[tuple[Value, ...]] = []
        self._size = 0
        self._last: int | None = None

    def takes(self, way: Rows | None) -> bool:
        """Whether one more row may be added, read in this way."""
        return self._size < PART_BYTES and (way is None or self._way is None or way is self._way)

    def add(self, time: int, way: Rows | None, text: str) -> None:
        """Add a row, or pass it over where it cannot be read."""
        raw = json.loads(text)
        self._last, self._size = time, self._size + len(text) + VALUE_BYTES * len(raw)
        if way is not None and len(raw) == len(way.columns):
            self._way = way
            self._times.append(time)
            self._rows.append(way.engineering(raw))

    def answer(self, *, is_last: bool) -> RowsAnswer:
        """Return the part."""
        return RowsAnswer(
            columns=self._way.columns if self._way else (),
            times=tuple(self._times),
            rows=tuple(self._rows),
            following=None if is_last else self._last,
            survey=self._survey,
        )


def _span(connection: sqlite3.Connection, device: str, kind: RecordKind, begin: int, end: int) -> tuple[int, int]:
    """Return the keys begin < key <= end of a device's records."""
    where = "SELECT id FROM series WHERE device = ? AND kind = ?"
    found = connection.execute(where, (device, kind.value)).fetchone()
    return (0, 0) if found is None or end <= begin else (key(found[0], begin), key(found[0], end))


def _times(connection: sqlite3.Connection, span: tuple[int, int]) -> tuple["array[int]", list[int]]:
    """Return the times of the records and their definitions, the newest first. Raises `TooMuch`."""
    times, last = array("q"), {}
    for number, definition in connection.execute(f"SELECT id, definition {_SPAN} ORDER BY id", span):
        if len(times) == MOST_RECORDS:
            raise TooMuch(f"there are more than {MOST_RECORDS:,} records in this span; ask for a shorter one")
        times.append(time_of(number))
        last[definition] = number
    return times, sorted(last, key=last.__getitem__, reverse=True)


class _Row(Sequence[Value]):
    """The values of a row without texts, each read when it is asked for: of a hundred a plot needs three."""

    def __init__(self, text: str) -> None:
        self._texts = text[1:-1].split(",")

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, place: Any) -> Any:
        return json.loads(self._texts[place])


def _row(text: str) -> Sequence[Value]:
    return json.loads(text) if '"' in text else _Row(text)


def _gathering(index: str, known: Mapping[int, Rows], points: int) -> Gathering:
    """Begin to gather a variable, with the name and the unit that it had last."""
    columns = (column for rows in known.values() for column in rows.columns if column.variable == index)
    column = next(columns, RowColumn(variable=index, name=""))
    return Gathering(index, column.name, column.unit, points)


def _sources(gathered: Sequence[Gathering], rows: Rows) -> list[tuple[Gathering, Source]]:
    """Find the variables in the rows of a definition. One that had another unit there is missing, not falsified."""
    found = [(one, Source.of(one.index, rows.fields)) for one in gathered]
    return [(one, source) for one, source in found if source is not None and source.variable.unit == one.unit]


def _survey(
    connection: sqlite3.Connection, span: tuple[int, int], definitions: Definitions
) -> tuple[RowColumn, ...]:  # fmt: skip
    numbers = connection.execute(f"SELECT definition {_SPAN} GROUP BY definition ORDER BY max(id) DESC", span)
    known = [rows for (number,) in numbers.fetchall() if (rows := definitions.rows(number)) is not None]
    return tuple(dict.fromkeys(column for rows in known for column in rows.columns))
