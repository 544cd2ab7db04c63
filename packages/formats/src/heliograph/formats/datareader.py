"""The reader's side of data and parameter files: raw rows and a definition become engineering values (spec 3.1, 3.2).

Whoever receives the files of a gateway needs this; it takes bytes and gives rows, and does no I/O.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple
from zoneinfo import ZoneInfo

from heliograph.formats.datablocks import Block, find_blocks
from heliograph.formats.dateforms import FormFinder, Placer
from heliograph.formats.dates import DateForm, parse_date
from heliograph.formats.definition import Definition
from heliograph.formats.findings import Finding
from heliograph.formats.incoming import column_of, lines_of, unpacked
from heliograph.formats.names import OutgoingName, parse_name
from heliograph.formats.report import Report, quote
from heliograph.formats.rowfields import RowFields, Statistic
from heliograph.formats.values import Value


class Row(NamedTuple):
    """One value that is there."""

    timestamp: dt.datetime
    """The moment of the record: local, as in the file; with its offset where the time zone was given."""
    device: str
    """The number after `DEVICEINDEX`, `IO` or `TIC1`."""
    index: str  # type: ignore[assignment]  # hides tuple.index, which no row needs
    """The variable's Index in its definition."""
    name: str
    statistic: Statistic
    """`min` and `max` name engineering values, so that min ≤ max, as MQTT does: where CoefA is negative, the minimum is
    of the raw value that the file holds as maximum."""
    raw: int | float | str
    """As it stands in the file: `value` is made of it."""
    value: Value
    """The engineering value: CoefA × raw × 10^sf + CoefB; None where the scale factor is missing."""
    unit: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data or parameter file that was read: its good blocks."""

    name: str
    blocks: tuple[Block, ...]
    dates: DateForm
    zone: ZoneInfo | None
    _content: bytes

    def rows(self) -> Iterator[Row]:
        """Give every value that is there, row by row as in the file; minimum before maximum. May be called again."""
        known: dict[str, RowFields] = {}
        for block in self.blocks:
            yield from self._rows_of(block, _row_fields(block, known))

    def _rows_of(self, block: Block, fields: RowFields) -> Iterator[Row]:
        reader = _RowReader(self.dates, self.zone, fields)
        heads = [
            (
                fields.source(place),
                block.device,
                field.variable.index,
                field.variable.name,
                field.statistic,
                field.variable.unit,
            )
            for place, field in enumerate(fields.fields)
        ]
        for line, text in _rows_text(self._content, block):
            timestamp, values = reader.read(line, text.split(";"))
            for place, device, index, name, statistic, unit in heads:
                raw = values[place]
                if raw is not None:
                    value = fields.engineering(place, values)
                    yield Row(timestamp, device, index, name, statistic, raw, value, unit)


def read_data_file(
    content: bytes,
    file: str,
    definitions: Mapping[str, Definition],
    *,
    dates: DateForm | None = None,
    zone: str | None = None,
) -> tuple[DataFile, list[Finding]]:
    """Read a data or parameter file, packed or not, and check all of it.

    `file` is its path or name: it stands in the findings, and its last part tells parameter files (`_P_`) and the stamp
    by which the date form is found where `dates` is None. `definitions` by file name. `zone` (IANA) gives the rows
    offsets; it must be the gateway's `NTP_TimeZone`. Raises `zoneinfo.ZoneInfoNotFoundError` or `ValueError` for a zone
    that there is not.

    A block with an error is left out as a whole, so that no value is ever given that may be wrong; the others are kept.
    """
    report = Report(file)
    place = ZoneInfo(zone) if zone is not None else None
    name = parse_name(PurePath(file).name)
    content = unpacked(content, report)
    is_parameters = name is not None and name.kind.is_parameters
    blocks = find_blocks(content, definitions, report, parameters=is_parameters)
    form = dates or _find_form(content, blocks, name, report)
    if form is None:
        blocks, form = [], DateForm.YMD
    known: dict[str, RowFields] = {}
    readers = [_RowReader(form, place, _row_fields(block, known), report) for block in blocks]
    good = tuple(b for b, reader in zip(blocks, readers, strict=True) if _check(content, b, reader, report))
    return DataFile(file, good, form, place, content), report.findings()


def _rows_text(content: bytes, block: Block) -> Iterator[tuple[int, str]]:
    for line, text, _ in lines_of(content[block.start : block.end], block.line):
        if text:
            yield line, text


def _row_fields(block: Block, known: dict[str, RowFields]) -> RowFields:
    """The fields of a block's rows; blocks of one definition share them, and what they remember."""
    name = block.definition.file
    if name not in known:
        known[name] = RowFields(block.definition.protocol, block.variables, parameters=block.parameters)
    return known[name]


def _find_form(content: bytes, blocks: list[Block], name: OutgoingName | None, report: Report) -> DateForm | None:
    finder = FormFinder(name)
    for block in blocks:
        for line, text in _rows_text(content, block):
            finder.see(line, text.partition(";")[0])
    return finder.decide(report)


class _RowReader:
    """Reads the rows of one block."""

    def __init__(self, form: DateForm, zone: ZoneInfo | None, fields: RowFields, report: Report | None = None) -> None:
        self._form = form
        self.fields = fields
        self._placer = Placer(zone, self._doubt) if zone is not None else None
        self._report = report

    def read(self, line: int, texts: list[str]) -> tuple[dt.datetime, list[Value]]:
        """Return date and raw values, or raise `ValueError`."""
        local = parse_date(texts[0], self._form)
        if local is None:
            raise ValueError(f"{quote(texts[0])} is no date as {self._form.pattern}")
        placed = self._placer.place(line, local) if self._placer is not None else local
        return placed, self.fields.read(texts[1:])

    def end(self) -> None:
        """Say what is to be said at the end of the block."""
        if self._placer is not None:
            self._placer.end()

    def _doubt(self, line: int, reason: str) -> None:
        if self._report is not None:
            self._report.warning(line, 1, reason)


def _check(content: bytes, block: Block, reader: _RowReader, report: Report) -> bool:
    """Whether every row of a block can be read; what is wrong goes to the report."""
    fields = reader.fields
    is_good = True
    for line, text in _rows_text(content, block):
        texts = text.split(";")
        if len(texts) != len(fields.fields) + 1:
            is_good = False
            expected = f"the definition {quote(block.definition.file)} at hand gives {len(fields.fields)}"
            report.error(line, 1, f"a row of {len(texts) - 1} values; {expected}")
            continue
        try:
            reader.read(line, texts)
        except ValueError as error:
            is_good = False
            _report_row(report, line, texts, fields, str(error))
    reader.end()
    return is_good


def _report_row(report: Report, line: int, texts: list[str], fields: RowFields, reason: str) -> None:
    faults = fields.faults(texts[1:])
    for place, fault in faults:
        report.error(line, column_of(texts, place + 1), fault)
    if not faults:
        report.error(line, 1, reason)
