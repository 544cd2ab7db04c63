"""Lines of `;`-separated fields, with the place of each: `_daq.csv` and definitions (spec 2.1, 2.2)."""

from heliograph.formats.report import Field

SEPARATOR = ";"
FIELDS_LIMIT = 256
"""No header names so many; what follows is left in one piece."""


def split(text: str, line: int, separator: str = SEPARATOR, column: int = 1) -> list[Field]:
    """Return the fields of a line, or of a piece of it that starts at a column."""
    fields = []
    for raw in text.split(separator, FIELDS_LIMIT - 1):
        fields.append(Field(line, column, raw))
        column += len(raw) + 1
    return fields


def field_start(text: str, position: int) -> int:
    """Return the column where the field at a position (from 0) starts."""
    return text.rfind(SEPARATOR, 0, position) + 2


def is_blank(text: str) -> bool:
    """Tell whether a line holds nothing but blanks and separators, as spreadsheets write empty rows."""
    return not text.replace(SEPARATOR, "").strip()


def without_trailing_blanks(fields: list[Field]) -> list[Field]:
    """Return the fields up to the last that holds something."""
    filled = [number for number, field in enumerate(fields, 1) if field.text]
    return fields[: filled[-1]] if filled else []
