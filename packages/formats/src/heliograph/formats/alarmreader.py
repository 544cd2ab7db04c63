"""The reader's side of alarm files (spec 3.3)."""

import datetime as dt
from pathlib import PurePath
from typing import NamedTuple
from zoneinfo import ZoneInfo

from heliograph.formats.dateforms import FormFinder, Placer
from heliograph.formats.dates import DateForm, is_date, parse_date
from heliograph.formats.findings import Finding
from heliograph.formats.incoming import check_text, column_of, lines_of, unpacked
from heliograph.formats.names import parse_name
from heliograph.formats.report import Report, quote

_FIELDS = {"GATEWAY": 3, "IO": 6, "MODBUS": 6}


class AlarmRow(NamedTuple):
    """One alarm. One of the gateway has `info`; one of a device or an input has the four fields after it."""

    timestamp: dt.datetime
    """Local, as in the file; with its offset where the time zone was given."""
    source: str
    """`GATEWAY`, `IO` or `MODBUS`."""
    info: str = ""
    definition: str = ""
    device: str = ""
    variable: str = ""
    """Index of the variable in its definition."""
    value: str = ""
    """The new raw value, as it stands in the file."""


def read_alarms(
    content: bytes, file: str, *, dates: DateForm | None = None, zone: str | None = None
) -> tuple[list[AlarmRow], list[Finding]]:
    """Read an alarm file, packed or not; a line with an error is left out. Options as of `read_data_file`."""
    report = Report(file)
    placer = Placer(ZoneInfo(zone), lambda line, reason: report.warning(line, 1, reason)) if zone is not None else None
    lines = _good_lines(unpacked(content, report), report)
    form = dates or _find_form(lines, file, report)
    rows = [_row(line, fields, form, placer, report) for line, fields in lines] if form else []
    if placer is not None:
        placer.end()
    return [row for row in rows if row is not None], report.findings()


def _good_lines(content: bytes, report: Report) -> list[tuple[int, list[str]]]:
    good = []
    for line, text, _ in lines_of(content):
        fields = text.split(";")
        if text and check_text(line, text, report) and _has_form(line, fields, report):
            good.append((line, fields))
    return good


def _has_form(line: int, fields: list[str], report: Report) -> bool:
    if not is_date(fields[0]):
        report.error(line, 1, f"{quote(fields[0])} is no date")
        return False
    source = fields[1] if len(fields) > 1 else ""
    if source not in _FIELDS:
        report.error(line, column_of(fields, 1), f"{quote(source)} is none of {', '.join(_FIELDS)}")
        return False
    if len(fields) != _FIELDS[source]:
        report.error(line, 1, f"an alarm of {source} has {_FIELDS[source]} fields, not {len(fields)}")
        return False
    return True


def _find_form(lines: list[tuple[int, list[str]]], file: str, report: Report) -> DateForm | None:
    finder = FormFinder(parse_name(PurePath(file).name))
    for line, fields in lines:
        finder.see(line, fields[0])
    return finder.decide(report)


def _row(line: int, fields: list[str], form: DateForm, placer: Placer | None, report: Report) -> AlarmRow | None:
    local = parse_date(fields[0], form)
    if local is None:
        report.error(line, 1, f"{quote(fields[0])} is no date as {form.pattern}")
        return None
    try:
        date = placer.place(line, local) if placer is not None else local
    except ValueError as error:
        report.error(line, 1, str(error))
        return None
    if fields[1] == "GATEWAY":
        return AlarmRow(date, fields[1], info=fields[2])
    return AlarmRow(date, fields[1], "", *fields[2:])
