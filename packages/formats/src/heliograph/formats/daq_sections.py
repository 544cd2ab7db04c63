"""The sections of a `_daq.csv`: rows by the names of their columns, unknown sections passed over (spec 2.1)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from heliograph.formats import cells
from heliograph.formats.report import Field, Report, quote
from heliograph.formats.text import Line, Text

COMMENT = "#"
WRONG_SEPARATORS = {",": ",", "\t": "tabulators", "|": "|", ":": ":", " ": "blanks"}
"""What programs and people write instead."""
HEADER_CELL = re.compile(r"[A-Za-z][A-Za-z0-9_ ()/%.-]*")
ROW_START = re.compile(r"SERIAL[0-9]*|IO|TIC[0-9]*", re.IGNORECASE)
SHARED_COLUMNS = 4
"""So many columns of a known section make a header of it, also where its first column is misspelt or missing."""
ROWS_LIMIT = 1_000
"""Of one kind of section (spec 1.10: 1,000 devices)."""


@dataclass(frozen=True, slots=True)
class SectionKind:
    """A section that this gateway knows."""

    columns: tuple[str, ...]
    """Their names, in the usual order. The first two tell the section."""
    needed: tuple[str, ...]
    """The columns without a default."""
    what: str
    """What its rows are, for people."""


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
    "serial lines",
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
    "devices",
)
KINDS = tuple((kind, frozenset(column.casefold() for column in kind.columns)) for kind in (SERIAL, DEVICES))
"""With their columns as headers are compared: without regard to case."""


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
    """Yield the rows of the known sections; where one finding says all about a file, none."""
    if not _is_miswritten(text, report):
        yield from _rows(text, report)


def header_of(text: Text, kind: SectionKind) -> tuple[int, tuple[str, ...]] | None:
    """Return the line and the columns of the first header of a section, also of one without rows; None without it."""
    for line in text.lines:
        if line.readable and not line.text.startswith(COMMENT) and _known(_names(line.text)) is kind:
            return line.number, tuple(_section(kind, _filled(line), Report("")).columns)
    return None


def field_start(text: str, position: int) -> int:
    """Return the column where the field at a position (from 0) starts; 1 in a comment."""
    return 1 if text.startswith(COMMENT) else cells.field_start(text, position)


def _is_miswritten(text: Text, report: Report) -> bool:
    """Tell a file whose sections are written in another way, or which has none: it would stop all polling unseen."""
    first, is_known = 0, False
    for line in text.lines:
        if not line.readable or line.text.startswith(COMMENT) or cells.is_blank(line.text):
            continue
        if reason := _misreading(line.text):
            report.error(line.number, 1, reason)
            return True
        first = first or line.number
        is_known = is_known or _known(_names(line.text)) is not None
    if first and not is_known:
        columns = cells.SEPARATOR.join(DEVICES.columns[:4])
        report.error(first, 1, f"no section of the file is known; devices stand below a line {columns};…")
    return first > 0 and not is_known


def _misreading(text: str) -> str:
    """Say why a line is no header of a known section although it is meant to be one; empty for all others."""
    bare = text.replace('"', "")
    if cells.SEPARATOR not in text:
        wrong = next(
            (name for sign, name in WRONG_SEPARATORS.items() if sign in text and _known(_names(bare, sign))), ""
        )
        return wrong and f"the fields are separated by {wrong} here; they must be separated by ;"
    if bare != text and _known(_names(bare)) and not _known(_names(text)):
        return "the names of the columns stand in quotes here; they must stand without"
    return ""


def _rows(text: Text, report: Report) -> Iterator[Row]:
    section: _Section | None = None
    counts: Counter[SectionKind] = Counter()
    is_below = False
    for line in text.lines:
        if report.is_full:
            return
        if not line.readable or line.text.startswith(COMMENT):
            continue
        if cells.is_blank(line.text):
            section = section if section and section.kind else None
            is_below = False
            continue
        if kind := _known(_names(line.text)):
            section = _section(kind, _filled(line), report)
        elif section is None or (section.kind and _begins_another(section, line, is_below=is_below)):
            section = _unknown_section(_filled(line), report)
        elif section.kind and _has_room(section.kind, counts, line, report):
            yield _row(section, section.kind, line, report)
        is_below = True


def _names(text: str, separator: str = cells.SEPARATOR) -> set[str]:
    """Return what the fields of a line hold, as the columns of headers are compared."""
    return {piece.strip().casefold() for piece in text.split(separator)}


def _known(names: set[str]) -> SectionKind | None:
    for kind, columns in KINDS:
        if names.isdisjoint(columns):
            continue
        shared = len(names & columns)
        first, second = (column.casefold() in names for column in kind.columns[:2])
        if shared >= SHARED_COLUMNS or (first and (second or shared == SHARED_COLUMNS - 1)):
            return kind
    return None


def _filled(line: Line) -> list[Field]:
    return cells.without_trailing_blanks(cells.split(line.text, line.number))


def _begins_another(section: _Section, line: Line, *, is_below: bool) -> bool:
    """Tell the header of an unknown section from a row of this one that is nothing but words.

    Directly below the others and with as many fields as they, it is a row: to pass over it would drop what follows it.
    """
    if not HEADER_CELL.match(line.text.lstrip()):
        return False
    fields = _filled(line)
    return _looks_like_header(fields) and not (is_below and len(fields) == len(section.columns))


def _has_room(kind: SectionKind, counts: Counter[SectionKind], line: Line, report: Report) -> bool:
    counts[kind] += 1
    if counts[kind] == ROWS_LIMIT + 1:
        report.error(line.number, 1, f"the file has more than {ROWS_LIMIT} {kind.what}")
    return counts[kind] <= ROWS_LIMIT


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
