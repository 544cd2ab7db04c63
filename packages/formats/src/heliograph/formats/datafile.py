"""Data and parameter files, written (spec 3.1, 3.2): blocks of rows under the header of their device."""

from dataclasses import dataclass
from typing import Final, Literal

from heliograph.formats.dates import LocalDates
from heliograph.formats.gziptext import GzipText

DATA_FILE_LIMIT: Final = 16 * 1024 * 1024
"""A file never exceeds this before compression; more records make more files."""

InterfaceKind = Literal["MODBUS", "IO", "TIC"]


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What stands above the rows of a device. Records with an equal header share a block."""

    kind: InterfaceKind
    device: str
    """The device's index in `_daq.csv`: a number, `IO` or `TIC1`."""
    protocol: str
    """First field of the definition, as written there."""
    definition: str
    """File name of the definition."""
    indices: tuple[str, ...]
    """Index of each variable in the order of the definition; one of action 2 stands once."""
    serial_number: str = ""
    """Of a TIC device."""
    digest: str = ""
    """Tells two states of one definition apart: each record is written under the one it was taken with."""

    def text(self, *, index_line: bool) -> str:
        """Return the header's lines; `index_line` is the server's `HeaderOption`."""
        lines = self._interface_lines()
        if index_line:
            lines.append(";".join([str(len(self.indices)), *self.indices]))
        return "".join(line + "\n" for line in lines)

    def _interface_lines(self) -> list[str]:
        if self.kind == "IO":
            return [f"TypeIO;{self.definition}"]
        if self.kind == "TIC":
            return [f"SNTIC;{self.serial_number};001", f"TypeTIC;{self.definition}"]
        return [f"DEVICEINDEX;{self.device}", f"{self.protocol};{self.definition}"]


class RowTooLarge(ValueError):
    """One row with its header is larger than a whole file may be."""


class DataFileWriter:
    """One data or parameter file in the making, for one server: its date form, zone and header option.

    Rows are to come device by device in the order of `_daq.csv`, oldest first. A row that no longer fits is refused by
    `add`: close this file, begin the next with the same row, and the header is repeated there.
    """

    def __init__(self, dates: LocalDates, *, index_line: bool = True, limit: int = DATA_FILE_LIMIT) -> None:
        self.rows = 0
        self._dates = dates
        self._index_line = index_line
        self._limit = limit
        self._content = GzipText()
        self._header: BlockHeader | None = None

    @property
    def size(self) -> int:
        """Bytes so far, before compression."""
        return self._content.size

    def add(self, header: BlockHeader, time: int, values: str) -> bool:
        """Append a row, or return False where the file has no room for it.

        `time` in milliseconds since 1970; `values` as `format_row` prints them, the same for every server. Raises
        `RowTooLarge` where no file could hold the row.
        """
        text = f"{self._dates.text(time)};{values}\n"
        if header is not self._header and header != self._header:
            text = header.text(index_line=self._index_line) + text
        content = text.encode(errors="replace")
        if self._content.size + len(content) > self._limit:
            self._refuse(len(content))
            return False
        self._header = header
        self._content.add(content)
        self.rows += 1
        return True

    def close(self) -> bytes:
        """Return the file, packed. An empty file is never to be written: ask `rows` before."""
        return self._content.close()

    def _refuse(self, size: int) -> None:
        if self.rows == 0:
            raise RowTooLarge(f"a row of {size} bytes is larger than a file may be ({self._limit} bytes)")
