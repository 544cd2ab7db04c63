"""Tables of strangers as rows of texts: CSV of any separator and encoding, and XLSX with its merged cells filled.

Sizes are limited before anything is unpacked.
"""

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.cli.importing.imported import Unreadable

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 200
SAMPLE: Final = 65_536
XLSX_START: Final = b"PK\x03\x04"
_SEPARATORS: Final = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    number: int
    """1-based, as the file has it."""
    cells: tuple[str, ...]


def read_grid(content: bytes, sheet: str = "") -> tuple[str, list[Row]]:
    """Return the name of the sheet (empty for CSV) and its rows, blank ones left out. Raises `Unreadable`."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"the file has {len(content)} bytes; a register table has at most {MOST_BYTES}")
    if content.startswith(XLSX_START):
        return _workbook(content, sheet)
    if sheet:
        raise Unreadable(f"there is no sheet {sheet!r}: this is no XLSX file")
    return "", _text(content)


def _text(content: bytes) -> list[Row]:
    text = _decoded(content)
    if "\0" in text:
        raise Unreadable("this is neither text nor XLSX")
    separator = max(_SEPARATORS, key=lambda mark: _columns(text[:SAMPLE], mark))
    try:
        return _rows(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise Unreadable(f"this is no table: {error}") from error


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _columns(sample: str, mark: str) -> int:
    """Return how many lines have the number of marks that most lines have, weighted by that number."""
    counts = [line.count(mark) for line in sample.splitlines() if line.strip()]
    common = max(set(counts), key=lambda n: (counts.count(n) * (n > 0), n), default=0)
    return counts.count(common) * min(common, MOST_COLUMNS)


def _workbook(content: bytes, sheet: str) -> tuple[str, list[Row]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - a second of import that CSV does not need

    try:
        unpacked = _unpacked_bytes(content)
        book = load_workbook(io.BytesIO(content), data_only=True) if unpacked <= MOST_UNPACKED_BYTES else None
    except Exception as error:  # openpyxl raises whatever its XML parsers do
        raise Unreadable(f"this XLSX file cannot be read: {error}") from error
    if book is None:
        raise Unreadable(f"the workbook unpacks to {unpacked} bytes; a register table to {MOST_UNPACKED_BYTES}")
    found = _sheet(book, sheet)
    return found.title, _rows(_filled(found))


def _unpacked_bytes(content: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _sheet(book: Any, name: str) -> Any:
    if name:
        if name not in book.sheetnames:
            raise Unreadable(f"there is no sheet {name!r}; there are {', '.join(map(repr, book.sheetnames))}")
        return book[name]
    if not book.worksheets:
        raise Unreadable("the workbook has no sheet with cells")
    return max(book.worksheets, key=lambda s: min(s.max_row, MOST_ROWS) * min(s.max_column, MOST_COLUMNS))


def _filled(sheet: Any) -> Iterable[list[str]]:
    """Give the rows with what a merged range says in each of its cells."""
    merged: dict[tuple[int, int], str] = {}
    for area in list(sheet.merged_cells.ranges)[:MOST_ROWS]:
        if area.size["rows"] * area.size["columns"] <= MOST_ROWS:
            value = _cell(sheet.cell(area.min_row, area.min_col).value)
            merged |= {
                (row, column): value
                for row in range(area.min_row, area.max_row + 1)
                for column in range(area.min_col, area.max_col + 1)
            }
    last = min(sheet.max_column or 0, MOST_COLUMNS)
    for number, cells in enumerate(sheet.iter_rows(max_row=MOST_ROWS, max_col=last, values_only=True), start=1):
        yield [merged.get((number, column)) or _cell(value) for column, value in enumerate(cells, start=1)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _rows(rows: Iterable[list[str]]) -> list[Row]:
    found = []
    for number, cells in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise Unreadable(f"the table has more than {MOST_ROWS} rows")
        if any(cell.strip() for cell in cells):
            found.append(Row(number, tuple(" ".join(cell.split()) for cell in cells[:MOST_COLUMNS])))
    return found
