"""Bytes to numbered lines and back: encodings, line ends and limits of every text file of a set (spec 1.3, 1.10)."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from heliograph.formats.report import Edit, Report

FILE_LIMIT_BYTES = 16 * 1024 * 1024
LINE_LIMIT_BYTES = 64 * 1024
LINES_LIMIT = 1_000_000
"""No real file comes near; it bounds the time and memory that a file of nothing but line ends can take."""

MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
PACKED = {
    b"\x1f\x8b": "the file is packed (gzip); put it there unpacked",
    b"PK\x03\x04": "the file is a ZIP archive or a spreadsheet (.xlsx, .ods); save it as text (CSV) in UTF-8",
    b"\xd0\xcf\x11\xe0": "the file is a spreadsheet (.xls); save it as text (CSV) in UTF-8",
}
"""What files begin with that are no text, and what a person may have done."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

FieldStart = Callable[[str, int], int]
"""Given a line and a position in it (from 0): the column (from 1) where the field at that position starts."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `end` is LF, CR LF or, at the end of a file, empty."""

    number: int
    text: str
    end: str
    readable: bool = True
    """False for a line above the limit: reported, and passed over."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing but blanks stands here."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Text:
    """A text file from which every byte can be had back."""

    pieces: tuple[str, ...]
    """The lines with their ends."""
    encoding: str
    mark: bool

    @property
    def lines(self) -> Iterator[Line]:
        """The lines one by one: all of them at once take much memory in a file of short ones."""
        return (_line(number, piece, self.encoding) for number, piece in enumerate(self.pieces, 1))

    def encode(self, edits: Iterable[Edit] = ()) -> bytes:
        """Return the bytes, with some fields replaced. A Latin-1 file that can't hold a new text becomes UTF-8."""
        by_line: defaultdict[int, list[Edit]] = defaultdict(list)
        for edit in edits:
            by_line[edit.field.line].append(edit)
        text = "".join(_edited(piece, by_line.get(number, [])) for number, piece in enumerate(self.pieces, 1))
        try:
            body = text.encode(self.encoding)
        except UnicodeEncodeError:
            body = text.encode()
        return MARK + body if self.mark else body


def read_text(content: bytes, report: Report, field_start: FieldStart) -> Text | None:
    """Return the lines of a file, or None where one finding says all: it is beyond the limits."""
    refusal = _refusal(content)
    if refusal:
        report.error(1, 1, refusal)
        return None
    mark = content.startswith(MARK)
    body = content.removeprefix(MARK)
    content_text, encoding = _decoded(body, report, field_start)
    text = Text(_pieces(content_text), encoding, mark)
    _check_lines(text, report, field_start)
    return text


def _refusal(content: bytes) -> str:
    if len(content) > FILE_LIMIT_BYTES:
        return "the file is larger than 16 MiB, the most that is read"
    if content.startswith(UTF16_MARKS):
        return "the file is UTF-16; save it as UTF-8"
    if content.count(b"\n") > LINES_LIMIT:
        return f"the file has more than {LINES_LIMIT} lines"
    return next((text for start, text in PACKED.items() if content.startswith(start)), "")


def _decoded(body: bytes, report: Report, field_start: FieldStart) -> tuple[str, str]:
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError as error:
        start = body.rfind(b"\n", 0, error.start) + 1
        end = body.find(b"\n", error.start)
        line = body[start : end if end >= 0 else None].decode("latin-1")
        report.warning(
            body.count(b"\n", 0, error.start) + 1,
            field_start(line, error.start - start),
            f"the file is not UTF-8 (first at byte 0x{body[error.start]:02x}); it is read as Latin-1",
        )
        return body.decode("latin-1"), "latin-1"


def _pieces(text: str) -> tuple[str, ...]:
    pieces = [piece + "\n" for piece in text.split("\n")]
    last = pieces.pop()[:-1]
    return (*pieces, last) if last else tuple(pieces)


def _line(number: int, piece: str, encoding: str) -> Line:
    text = piece.removesuffix("\n")
    if piece.endswith("\r\n"):
        text = text.removesuffix("\r")
    return Line(number, text, piece[len(text) :], readable=not _is_too_long(text, encoding))


def _is_too_long(text: str, encoding: str) -> bool:
    return len(text) * 4 > LINE_LIMIT_BYTES and len(text.encode(encoding)) > LINE_LIMIT_BYTES


def _check_lines(text: Text, report: Report, field_start: FieldStart) -> None:
    for number, piece in enumerate(text.pieces, 1):
        if report.is_full:
            return
        if CONTROL.search(piece) or len(piece) > LINE_LIMIT_BYTES // 4:
            line = _line(number, piece, text.encoding)
            _check_line(line, report, field_start, latin=text.encoding == "latin-1")


def _check_line(line: Line, report: Report, field_start: FieldStart, *, latin: bool) -> None:
    if not line.readable:
        report.error(line.number, 1, "the line is longer than 64 KiB")
        return
    told, last = 0, field_start(line.text, len(line.text))
    for match in CONTROL.finditer(line.text):
        if report.is_full or told == last:
            return
        column = field_start(line.text, match.start())
        if column != told:
            told = column
            report.spoil(line.number, column, _control_text(match[0], match.start() + 1, latin=latin))


def _control_text(character: str, position: int, *, latin: bool) -> str:
    text = f"control character U+{ord(character):04X} at character {position} of the line"
    if latin and character >= "\x80":
        return text + "; the file may be Windows-1252, save it as UTF-8"
    return text


def _edited(text: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.field.column, reverse=True):
        start = edit.field.column - 1
        text = text[:start] + edit.text + text[start + len(edit.field.raw) :]
    return text
