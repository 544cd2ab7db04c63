"""Rows of the spool → contents of files, as one server wants them (spec 3.1 to 3.4). Reads, never writes.

A content is made of the rows of one run of row numbers; the same run gives the same contents again, in the same order.
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from sqlmodel import Session, col, select

from heliograph.contract import Alarm, AlarmSource, Layout, Level, RecordKind
from heliograph.formats.alarmfile import device_alarm, gateway_alarm
from heliograph.formats.datafile import BlockHeader, DataFileWriter, RowTooLarge
from heliograph.formats.dates import DateForm, LocalDates
from heliograph.formats.gziptext import GzipText
from heliograph.formats.logfile import log_line
from heliograph.formats.names import FileKind, OutgoingName
from heliograph.formats.values import format_row
from heliograph.sync.tables import AlarmRow, BlockRow, BundleRow, LogRow, RecordRow, ResultRow, TraceRow

CHUNK_BYTES: Final = 15 * 1024 * 1024
"""Rows that are made into files at once: below the 16 MiB that a file may have, with room for headers."""
TEXT_BYTES: Final = 8 * 1024 * 1024
"""Alarms or lines of the log in one file."""
_LEVELS: Final = tuple(level.value for level in Level)


@dataclass(frozen=True, slots=True)
class Form:
    """How the files of one server look."""

    uid: str
    zone: str = "UTC"
    header: bool = True
    euro_dates: bool = False
    log_level: str = "info"
    devices: tuple[str, ...] = ()
    """Indices in the order of `_daq.csv`."""

    @classmethod
    def of(cls, text: str) -> "Form":
        """Read what `text` gave."""
        values = json.loads(text)
        return cls(**{**values, "devices": tuple(values["devices"])})

    def text(self) -> str:
        """Return the form as JSON, to be kept with the files that were made in it."""
        return json.dumps(dataclasses.asdict(self))

    def dates(self) -> LocalDates:
        """Return what prints the dates of this form."""
        return LocalDates(self.zone, DateForm.DMY if self.euro_dates else DateForm.YMD)


@dataclass(frozen=True, slots=True)
class Content:
    """One file; most get their name when they lie on the disk."""

    kind: FileKind
    data: bytes
    name: OutgoingName | None = None
    """Of one that was named when it was asked for."""


@dataclass(frozen=True, slots=True)
class Portion:
    """The files made of the rows up to and including `last`."""

    last: int
    contents: tuple[Content, ...]


def records(session: Session, form: Form, after: int, last: int | None = None) -> Portion | None:
    """Make the records after a row number, or as many as fit one file, into data and parameter files."""
    rows, end = _records(session, after, last)
    if not rows:
        return None
    blocks = _blocks(session, {row[0] for row in rows})
    files: dict[FileKind, dict[str, list[_Row]]] = {}
    for row in rows:
        block = blocks[row[0]]
        files.setdefault(block.file, {}).setdefault(block.header.device, []).append(row)
    contents: list[Content] = []
    for kind in sorted(files):
        ordered = _in_order(files.pop(kind), form.devices)
        contents += [Content(kind, data) for data in _data_files(ordered, blocks, form)]
    return Portion(end, tuple(contents))


def alarms(session: Session, form: Form, after: int, last: int | None = None) -> Portion | None:
    """Make the alarms after a row number into an alarm file."""
    dates = form.dates()
    statement = select(AlarmRow).where(col(AlarmRow.id) > after).order_by(col(AlarmRow.id))
    rows = session.exec(statement.execution_options(yield_per=1000))
    lines = ((int(row.id or 0), _alarm_line(Alarm.model_validate_json(row.body), dates)) for row in rows)
    return _text_file(FileKind.ALARMS, lines, last)


def log(session: Session, form: Form, after: int, last: int | None = None) -> Portion | None:
    """Make the lines of the log after a row number, of the levels that are wanted, into a log file."""
    wanted = set(_LEVELS[_LEVELS.index(form.log_level) :])
    columns = select(col(LogRow.id), LogRow.time, LogRow.level, LogRow.service)
    statement = columns.add_columns(col(LogRow.text)).where(col(LogRow.id) > after).order_by(col(LogRow.id))
    lines = (
        (row[0], log_line(*row[1:]) if row[2] in wanted else "") for row in session.connection().execute(statement)
    )
    return _text_file(FileKind.LOG, lines, last)


def results(session: Session, _: Form, after: int, last: int | None = None) -> Portion | None:
    """Make the results of the next command file into a result file."""
    statement = select(ResultRow).where(col(ResultRow.id) > after).order_by(col(ResultRow.id))
    row = session.exec(statement).first()
    if row is None:
        return None
    return Portion(last or int(row.id or 0), (Content(FileKind.RESULTS, row.text.encode(errors="replace")),))


def bundles(session: Session, _: Form, after: int, last: int | None = None) -> Portion | None:
    """Give the newest debug bundle, or the one that was given before up to `last`."""
    wanted = col(BundleRow.id) > after if last is None else col(BundleRow.id) == last
    row = session.exec(select(BundleRow).where(wanted).order_by(col(BundleRow.id).desc())).first()
    if row is None:
        return None
    name = OutgoingName(row.uid, FileKind.BUNDLE, row.stamp)
    return Portion(int(row.id or 0), (Content(FileKind.BUNDLE, row.content, name),))


def traces(session: Session, _: Form, after: int, last: int | None = None) -> Portion | None:
    """Give the next communication trace, as it came."""
    statement = select(TraceRow).where(col(TraceRow.id) > after).order_by(col(TraceRow.id))
    row = session.exec(statement).first()
    if row is None:
        return None
    return Portion(last or int(row.id or 0), (Content(FileKind(row.interface), row.content),))


def row_text(fields: str) -> str:
    """Turn a JSON array of values into what follows the date in a data file; see `format_row`."""
    if '"' in fields or "t" in fields or "f" in fields:  # texts, true, false
        return format_row(json.loads(fields))
    text = fields[1:-1].replace(",", ";").replace("null", "") + ";"
    return text.replace(".0;", ";")[:-1]


_Row = tuple[int, int, str]
"""Block, time, values as JSON."""


class _Block:
    """A device under one layout: the header of its rows, and the file that they go to."""

    def __init__(self, row: BlockRow) -> None:
        layout = Layout.model_validate_json(row.layout)
        interface: Literal["MODBUS", "IO", "TIC"] = row.interface  # type: ignore[assignment]  # checked at the border
        parameters = row.kind == RecordKind.PARAMETERS
        self.file = FileKind(f"{interface}_P" if parameters else interface)
        self.header = BlockHeader(
            kind=interface,
            device=row.device,
            protocol=layout.protocol,
            definition=layout.definition,
            indices=tuple(column.index for column in layout.columns),
            serial_number=layout.serial_number,
            digest=layout.digest,
        )


def _records(session: Session, after: int, last: int | None) -> tuple[list[_Row], int]:
    """Read the rows of one portion, and the number of the last."""
    columns = select(col(RecordRow.id), RecordRow.size, RecordRow.block, RecordRow.time)
    statement = columns.add_columns(col(RecordRow.fields)).where(col(RecordRow.id) > after)
    if last is not None:
        statement = statement.where(col(RecordRow.id) <= last)
    rows: list[_Row] = []
    size, end = 0, after
    for number, row_size, block, time, fields in session.connection().execute(
        statement.order_by(col(RecordRow.id)).execution_options(yield_per=1000)
    ):
        size += row_size
        if last is None and size > CHUNK_BYTES and rows:
            break
        rows.append((block, time, fields))
        end = number
    return rows, end


def _blocks(session: Session, numbers: set[int]) -> dict[int, _Block]:
    found: dict[int, _Block] = {}
    ordered = sorted(numbers)
    for start in range(0, len(ordered), 500):
        statement = select(BlockRow).where(col(BlockRow.id).in_(ordered[start : start + 500]))
        found.update({int(row.id or 0): _Block(row) for row in session.exec(statement)})
    return found


def _in_order(devices: Mapping[str, list[_Row]], configured: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows device by device, as `_daq.csv` has them; devices that are gone come after, as they came."""
    known = [device for device in configured if device in devices]
    for device in [*known, *(d for d in devices if d not in set(known))]:
        yield from devices[device]


def _data_files(rows: Iterable[_Row], blocks: Mapping[int, _Block], form: Form) -> Iterator[bytes]:
    """Write rows into as few files as their limit allows."""
    dates = form.dates()
    writer = DataFileWriter(dates, index_line=form.header)
    for number, some in groupby(rows, key=lambda row: row[0]):
        header = blocks[number].header
        for _, time, fields in some:
            values = row_text(fields)
            try:
                if writer.add(header, time, values):
                    continue
                yield writer.close()
                writer = DataFileWriter(dates, index_line=form.header)
                writer.add(header, time, values)
            except RowTooLarge:  # cannot come over the bus, whose messages are smaller than a file
                continue
    if writer.rows:
        yield writer.close()


def _text_file(kind: FileKind, lines: Iterable[tuple[int, str]], last: int | None) -> Portion | None:
    """Pack lines with their row numbers, up to `last` or as many as one file takes."""
    text = GzipText()
    end: int | None = None
    for number, line in lines:
        if text.size > TEXT_BYTES if last is None else number > last:
            break
        text.add(line.encode(errors="replace"))
        end = number
    if end is None:
        return None
    return Portion(end, (Content(kind, text.close()),) if text.size else ())


def _alarm_line(alarm: Alarm, dates: LocalDates) -> str:
    date = dates.text(alarm.time)
    if alarm.source is AlarmSource.GATEWAY:
        return gateway_alarm(date, alarm.info)
    return device_alarm(
        date,
        source="IO" if alarm.source is AlarmSource.IO else "MODBUS",
        definition=alarm.definition,
        device=alarm.device_name,
        variable=alarm.variable,
        value=alarm.value,
    )
