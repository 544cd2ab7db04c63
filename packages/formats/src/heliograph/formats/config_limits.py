"""`LIMIT_Params[n]=device|variable|min|max` of `_config.ini`: what may be written to a variable, whoever asks.

Here a line is read by itself; whether the set has such a device and variable is for `limit_checks`.
"""

from dataclasses import dataclass, field

from heliograph.formats import cells, fields, ini
from heliograph.formats.config import LimitLine
from heliograph.formats.report import Field, Report, WrongValue, quote

VARIABLE = "LIMIT_Params"
EXAMPLE = f"{VARIABLE}[0]"
SEPARATOR = "|"
COLUMNS = ("device", "variable", "min", "max")
LINES_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class PlacedLimit:
    """What could be read of a line, also where it has errors: for the checks across files."""

    device: Field
    variable: Field | None
    """None where the line ends before it."""
    line: LimitLine | None
    """None where it has errors."""


@dataclass(slots=True)
class LimitsReading:
    """The lines of one file."""

    placed: list[PlacedLimit] = field(default_factory=list)
    _lines: dict[int, int] = field(default_factory=dict)

    def take(self, assignment: ini.Assignment, report: Report) -> bool:
        """Read an assignment where it is a limit; tell whether it was one."""
        key = ini.index_of(assignment.name.text)
        if key is None or key[0] != VARIABLE:
            return False
        number = key[1]
        if number in self._lines:
            first = self._lines[number]
            report.wrong(assignment.name, f"{VARIABLE}[{number}] stands twice, first on line {first}")
        elif len(self._lines) == LINES_LIMIT:
            report.wrong(assignment.name, f"the file has more than {LINES_LIMIT} lines {VARIABLE}")
        else:
            self._lines[number] = assignment.name.line
            self.placed.append(_read(number, assignment.value, report))
        return True


def field_start(text: str, position: int) -> int:
    """Return the column (from 1) where the field at a position (from 0) of any line of `_config.ini` starts."""
    start = ini.field_start(text, position)
    if start == 1 or not text.lstrip().startswith(VARIABLE):
        return start
    return max(start, text.rfind(SEPARATOR, 0, position) + 2)


def _read(number: int, value: Field, report: Report) -> PlacedLimit:
    pieces = cells.split(value.raw, value.line, SEPARATOR, value.column)
    errors = report.errors
    for place in pieces[len(COLUMNS) :][:1]:
        report.wrong(
            place,
            f"{VARIABLE}[{number}]: a limit has {len(COLUMNS)} fields, {SEPARATOR.join(COLUMNS)};"
            " where a name holds | give the index instead",
        )
    row = dict(zip(COLUMNS, pieces, strict=False))
    device, variable = row["device"], row.get("variable")
    for what, named in (("device", device), ("variable", variable)):
        if named is None or not named.text:
            report.wrong(named or pieces[-1], f"{VARIABLE}[{number}]: the {what} is missing")
    least, most = (_number(number, row.get(name), report) for name in ("min", "max"))
    if report.errors == errors:
        _check_range(number, least, most, pieces, report)
    right = report.errors == errors and variable is not None
    line = LimitLine(number, device.text, variable.text, least, most) if right and variable else None
    return PlacedLimit(device, variable, line)


def _number(number: int, place: Field | None, report: Report) -> float | None:
    if place is None or not place.text:
        return None
    try:
        value, has_comma = fields.decimal(place.text)
    except WrongValue as error:
        report.wrong(place, f"{VARIABLE}[{number}]: {error}")
        return None
    if has_comma:
        report.note(place, f"{VARIABLE}[{number}]: {quote(place.text)} has a decimal comma; it is read as a point")
    return value


def _check_range(number: int, least: float | None, most: float | None, pieces: list[Field], report: Report) -> None:
    if least is None and most is None:
        report.wrong(pieces[-1], f"{VARIABLE}[{number}]: min or max is needed, else it limits nothing")
    elif least is not None and most is not None and least > most:
        report.wrong(pieces[3], f"{VARIABLE}[{number}]: the max {most:g} is below the min {least:g}")
