"""Files that came from a gateway, as lines: unpacked within a limit, whatever the line ends and marks."""

import io
from collections.abc import Iterator
from typing import Final

from heliograph.formats.gziptext import Unpackable, is_packed, unpack
from heliograph.formats.report import Report

READ_LIMIT: Final = 64 * 1024 * 1024
"""A data file that is larger, unpacked, is refused: gateways end theirs at 16 MiB."""
LINE_LIMIT: Final = 8 * 1024 * 1024
"""In characters: no record that comes over the gateway's bus is larger."""


def unpacked(content: bytes, report: Report) -> bytes:
    """Return what a file holds, packed or not; nothing, and an error in the report, where that can't be had."""
    try:
        plain = unpack(content, READ_LIMIT) if is_packed(content) else content
    except Unpackable as error:
        report.error(1, 1, str(error))
        return b""
    if len(plain) > READ_LIMIT:
        report.error(1, 1, f"larger than {READ_LIMIT // 2**20} MiB")
        return b""
    return plain


def lines_of(content: bytes, line: int = 1) -> Iterator[tuple[int, str, int]]:
    """Give each line with its number, its text without line end and byte-order mark, and its size in bytes.

    Bytes that are not UTF-8 become lone surrogates; see `check_text`.
    """
    for number, raw in enumerate(io.BytesIO(content), line):
        text = raw.decode(errors="surrogateescape").rstrip("\r\n")
        yield number, text.removeprefix("\ufeff") if number == 1 else text, len(raw)


def column_of(fields: list[str], position: int) -> int:
    """Return the 1-based column at which a field of a `;`-separated line starts."""
    return sum(len(field) + 1 for field in fields[:position]) + 1


def check_text(line: int, text: str, report: Report) -> bool:
    """Report a line that is not UTF-8, or longer than any record, and tell whether it is in order."""
    if len(text) > LINE_LIMIT:
        report.error(line, 1, f"the line is longer than {LINE_LIMIT // 2**20} MiB")
        return False
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError as error:
        report.error(line, error.start + 1, "not UTF-8 text")
        return False
    return True
