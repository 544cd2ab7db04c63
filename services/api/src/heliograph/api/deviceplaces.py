"""Which field that a person filled in a finding about the set belongs to, after a device was put into it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from heliograph.api.devicechanges import Change
from heliograph.api.deviceline import COLUMNS
from heliograph.api.models import FindingRow, finding_rows
from heliograph.formats.cells import SEPARATOR

_FIELDS: Final = {column.casefold(): field for column, field in COLUMNS.items()}
_LINE_SETTINGS: Final = {name: name for name in ("baudrate", "data_bits", "parity", "stop_bits")}


def placed(change: Change, findings: Iterable[FindingRow]) -> tuple[FindingRow, ...]:
    """The findings with their fields, of those that are about what was given."""
    return tuple(finding.model_copy(update={"field": _field(change, finding)}) for finding in findings)


def places(change: Change, findings: Sequence[str]) -> Mapping[str, str]:
    """The fields by the findings as they are told between services."""
    return dict(zip(findings, (row.field for row in placed(change, finding_rows(findings))), strict=True))


def _field(change: Change, finding: FindingRow) -> str:
    if finding.file == f"DEF/{change.device.definition}":
        return "definition"
    lines = (change.files.get(finding.file) or "").splitlines()
    line, column = finding.line or 0, finding.column or 1
    if not 0 < line <= len(lines):
        return ""
    row, above = lines[line - 1], lines[: line - 1]
    if row == change.line:
        return _column(row, column, above, _FIELDS)
    is_own_line = row.startswith(f"{change.device.interface}{SEPARATOR}")
    return _column(row, column, above, _LINE_SETTINGS) if is_own_line else ""


def _column(row: str, column: int, lines_above: list[str], fields: Mapping[str, str]) -> str:
    """The field of the column that a finding points into, by the header above its line."""
    at = row[: column - 1].count(SEPARATOR)
    above = map(_names, reversed(lines_above))
    header = next((names for names in above if len(names) > at and set(names) & fields.keys()), [])
    return fields.get(header[at], "") if header else ""


def _names(line: str) -> list[str]:
    return [name.strip().casefold() for name in line.split(SEPARATOR)]
