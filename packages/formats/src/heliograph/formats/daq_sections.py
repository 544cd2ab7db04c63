"""The sections of a `_daq.csv`: rows by the names of their columns, unknown sections passed over (spec 2.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from heliograph.formats import cells
from heliograph.formats.report import Field, Report, quote
from heliograph.formats.text import Line, Text

COMMENT = "#"
HEADER_CELL = re.compile(r"[A-Za-z][A-Za-z0-9_ ()/%.-]*")
ROW_START = re.compile(r"SERIAL[0-9]*|IO|TIC[0-9]*", re.IGNORECASE)
SHARED_COLUMNS = 3
"""So many columns of a known section make a header of it, also where its first column is misspelt."""


@dataclass(frozen=True, slots=True)
class SectionKind:
    """A section that this gateway knows."""

    columns: tuple[str, ...]
    """Their names, in the usual order. The first two tell the section."""
    needed: tuple[str, ...]
    """The columns without a default."""


SERIAL = SectionKind(
    (
        "type",
        "baudrate",
        "data_bits",
        "parity",
        "stop_bits",
        "wires",
        "protocol",
        "interframe(ms)",
        "forwardedTcpPort",
    ),
    ("type",),
)
DEVICES = SectionKind(
    (
        "index",
        "interface",
        "name",
        "address",
        "acqPeriod(s)",
        "timeout(ms)",
        "serialNumber",
        "parameters",
        "category",
        "model",
        "defFile",
    ),
    ("index", "interface", "address", "defFile"),
)
KINDS = (SERIAL, DEVICES)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a known section."""

    kind: SectionKind
    line: int
    fields: dict[str, Field]
    """By the name of the column; a column that the header or the end of the line leaves out is absent."""
    columns: tuple[str, ...] = ()
    """Of its section's header, in their order; empty for those that have no effect."""
    absent: frozenset[str] = frozenset()
    """Needed columns that the header lacks: reported there, once."""

    def field(self, column: str) -> Field | None:
        """Return the field of a column, or None."""
        return self.fields.get(column)

    def text(self, column: str) -> str:
        """Return the text of a column, empty where there is none."""
        place = self.fields.get(column)
        return place.text if place else ""


@dataclass(slots=True)
class _Section:
    kind: SectionKind | None
    """None for one that this gateway does not know."""
    columns: list[str] = field(default_factory=list)
    absent: frozenset[str] = frozenset()


def rows(text: Text, report: Report) -> Iterator[Row]:
    """Yield the rows of the known sections. A file with commas gets one finding that says so, and no rows."""
    lines = [line for line in text.lines if line.readable and not line.text.startswith(COMMENT)]
    for line in lines:
        if cells.SEPARATOR not in line.text and _known(cells.split(line.text, line.number, ",")):
            report.error(line.number, 1, "the fields are separated by , here; they must be separated by ;")
            return
    yield from _rows(lines, report)


def field_start(text: str, position: int) -> int:
    """Return the column where the field at a position (from 0) starts; 1 in a comment."""
    return 1 if text.startswith(COMMENT) else cells.field_start(text, position)


def _rows(lines: list[Line], report: Report) -> Iterator[Row]:
    section: _Section | None = None
    for line in lines:
        if report.is_full:
            return
        fields = cells.without_trailing_blanks(cells.split(line.text, line.number))
        if not fields:
            section = section if section and section.kind else None
        elif kind := _known(fields):
            section = _section(kind, fields, report)
        elif section is None or (section.kind and _looks_like_header(fields)):
            section = _unknown_section(fields, report)
        elif section.kind:
            yield _row(section, section.kind, line, report)


def _known(fields: list[Field]) -> SectionKind | None:
    names = {place.text.casefold() for place in fields}
    for kind in KINDS:
        shared = names & {column.casefold() for column in kind.columns}
        if len(shared) >= SHARED_COLUMNS or (kind.columns[0] in shared and kind.columns[1] in shared):
            return kind
    return None


def _section(kind: SectionKind, header: list[Field], report: Report) -> _Section:
    by_fold = {column.casefold(): column for column in kind.columns}
    columns: list[str] = []
    for place in header:
        column = by_fold.get(place.text.casefold(), "")
        _check_column(place, column, columns, kind, report)
        columns.append("" if column in columns else column)
    absent = frozenset(kind.needed) - set(columns)
    for column in sorted(absent):
        report.error(header[0].line, 1, f"the section lacks the column {quote(column)}")
    return _Section(kind, columns, absent)


def _check_column(place: Field, column: str, columns: list[str], kind: SectionKind, report: Report) -> None:
    if not place.text:
        return
    if not column:
        hint = report.nearest(place.text, kind.columns)
        report.note(place, f"unknown column {quote(place.text)}, it has no effect{hint}")
    elif column in columns:
        report.wrong(place, f"the column {quote(column)} stands twice")
    elif column != place.text:
        report.note(place, f"the column {quote(place.text)} is read as {quote(column)}: they differ only in case")


def _unknown_section(fields: list[Field], report: Report) -> _Section:
    if not _looks_like_header(fields):
        report.warning(fields[0].line, 1, "the line stands under no header, so it has no effect")
    return _Section(None)


def _looks_like_header(fields: list[Field]) -> bool:
    """Tell a header from a row: names of columns, where a row has numbers, empty fields or the name of an interface."""
    texts = [place.text for place in fields]
    return len(texts) > 1 and not ROW_START.fullmatch(texts[0]) and all(map(HEADER_CELL.fullmatch, texts))


def _row(section: _Section, kind: SectionKind, line: Line, report: Report) -> Row:
    fields = cells.split(line.text, line.number)
    for extra in cells.without_trailing_blanks(fields[len(section.columns) :])[:1]:
        report.note(extra, f"the header names no column for {quote(extra.text)}, it has no effect")
    by_column = {column: place for column, place in zip(section.columns, fields, strict=False) if column}
    return Row(kind, line.number, by_column, tuple(section.columns), section.absent)
