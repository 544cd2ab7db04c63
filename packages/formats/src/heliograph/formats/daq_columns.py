"""Columns of a `_daq.csv` that have a default: a wrong value is replaced by it, with a warning (spec 1.7, 2.1)."""

from collections.abc import Iterable

from heliograph.formats import fields
from heliograph.formats.daq_sections import Row
from heliograph.formats.report import Report, WrongValue


def choice(row: Row, column: str, choices: Iterable[str], default: str, report: Report) -> str:
    """Return one of some words; the default where the field is absent, empty or wrong."""
    place = row.field(column)
    if place is None or not place.text:
        return default
    try:
        return fields.one_of(place.text, choices)
    except WrongValue as error:
        report.mend(place, default, f"{column}: {error}")
        return default


def number(row: Row, column: str, low: int, high: int, default: int | None, report: Report) -> int | None:
    """Return a whole number within its limits; the default where the field is absent, empty or wrong."""
    place = row.field(column)
    if place is None or not place.text:
        return default
    try:
        return fields.whole(place.text, low, high)
    except WrongValue as error:
        report.mend(place, "" if default is None else str(default), f"{column}: {error}")
        return default


def count(row: Row, column: str, low: int, high: int, default: int, report: Report) -> int:
    """Return a whole number as `number` does, for a column whose default is one."""
    value = number(row, column, low, high, default, report)
    return default if value is None else value
