"""Reads `_var.ini`: the connection schedules of both servers (spec 1.8)."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from heliograph.formats import cells, fields, ini
from heliograph.formats.findings import Finding
from heliograph.formats.report import Field, Report, WrongValue, quote
from heliograph.formats.schedule import DayType, ScheduleLine, Schedules
from heliograph.formats.text import read_text

Number = Literal[1, 2]
T = TypeVar("T")

SERVERS: dict[str, Number] = {"SCHEDULE_Params": 1, "SCHEDULE2_Params": 2}
SEPARATOR = "|"
COLUMNS = ("Id", "Type", "StartTime", "Interval", "Count")
TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])")
MINUTES_OF_A_DAY = 1440
SECONDS_OF_A_DAY = 86_400
DEFAULT = ScheduleLine(id=0)


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A schedule line with the place of its `Count`, which may keep it from ever firing."""

    server: Number
    count: Field
    line: ScheduleLine | None
    """None where it has an error."""


@dataclass(frozen=True, slots=True)
class SchedulesReading:
    """What could be read, also of a file with errors: for the checks across files."""

    report: Report
    content: bytes
    """As applied."""
    placed: list[PlacedLine] = field(default_factory=list)

    @property
    def schedules(self) -> Schedules:
        """The lines without errors."""
        return Schedules(self._of(1), self._of(2))

    def _of(self, server: Number) -> tuple[ScheduleLine, ...]:
        return tuple(placed.line for placed in self.placed if placed.server == server and placed.line)


def parse_schedules(content: bytes, file: str) -> tuple[Schedules | None, list[Finding]]:
    """Read a `_var.ini`; the schedules are None if there are errors."""
    reading = read_schedules(content, file)
    return (None if reading.report.rejected else reading.schedules), reading.report.findings()


def read_schedules(content: bytes, file: str) -> SchedulesReading:
    """Read as much of a `_var.ini` as can be."""
    report = Report(file)
    text = read_text(content, report, _field_start)
    if text is None:
        return SchedulesReading(report, content)
    placed = []
    ids: dict[tuple[Number, int], int] = {}
    for variable in ini.numbered(text, report, SERVERS):
        pieces = cells.split(variable.value.raw, variable.value.line, SEPARATOR, variable.value.column)
        line = _read_line(pieces, SERVERS[variable.name], ids, report)
        placed.append(PlacedLine(SERVERS[variable.name], pieces[-1], line))
    return SchedulesReading(report, text.encode(report.edits), placed)


def _read_line(
    pieces: list[Field], server: Number, ids: dict[tuple[Number, int], int], report: Report
) -> ScheduleLine | None:
    row = dict(zip(COLUMNS, pieces, strict=False))
    if len(pieces) > len(COLUMNS):
        report.note(pieces[len(COLUMNS)], f"a schedule has {len(COLUMNS)} fields; what follows has no effect")
    number = _id(row["Id"], server, ids, report)
    kind = _mended(row.get("Type"), _day_type, DEFAULT.type, DEFAULT.type, report)
    start = _mended(row.get("StartTime"), _time, DEFAULT.start, "00:00:00", report)
    interval = _mended(row.get("Interval"), _interval, DEFAULT.interval_minutes, "1440", report)
    count = _count(row.get("Count"), report)
    if number is None or count is None:
        return None
    _lower(row.get("Type"), kind, report)
    return ScheduleLine(number, kind, start, interval, count)


def _id(place: Field, server: Number, ids: dict[tuple[Number, int], int], report: Report) -> int | None:
    try:
        number = fields.whole(place.text, 0, 2**31 - 1, "the whole number that a schedule begins with (Id)")
    except WrongValue as error:
        report.wrong(place, str(error))
        return None
    if (server, number) in ids:
        report.wrong(place, f"the Id {number} stands twice, first on line {ids[server, number]}")
        return None
    ids[server, number] = place.line
    return number


def _mended(place: Field | None, read: Callable[[str], T], default: T, written: str, report: Report) -> T:
    if place is None or not place.text:
        return default
    try:
        return read(place.text)
    except WrongValue as error:
        report.mend(place, written, str(error))
        return default


def _count(place: Field | None, report: Report) -> int | None:
    if place is None or not place.text:
        return DEFAULT.count
    try:
        return fields.whole(place.text, 0, SECONDS_OF_A_DAY, "a Count")
    except WrongValue as error:
        report.wrong(place, str(error))
        return None


def _day_type(text: str) -> DayType:
    return DayType(fields.one_of(text.lower(), DayType))


def _time(text: str) -> dt.time:
    match = TIME.fullmatch(text)
    if not match:
        raise WrongValue(f"{quote(text)} is not a time of day HH:MM:SS")
    hour, minute, second = map(int, match.groups())
    return dt.time(hour, minute, second)


def _interval(text: str) -> int:
    return fields.whole(text, 1, MINUTES_OF_A_DAY, "an Interval in minutes")


def _lower(place: Field | None, kind: DayType, report: Report) -> None:
    """Write the type in lower case (spec 1.8)."""
    if place is not None and place.text != kind and place.text.lower() == kind:
        report.fill(place, place.raw.replace(place.text, kind))


def _field_start(text: str, position: int) -> int:
    start = ini.field_start(text, position)
    return max(start, text.rfind(SEPARATOR, 0, position) + 2) if start > 1 else start
