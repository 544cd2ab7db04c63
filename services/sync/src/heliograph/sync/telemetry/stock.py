"""Rows of the spool → messages: reads a stream from a row number on, in portions, so that memory stays flat."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlmodel import col, select

from heliograph.contract import Alarm, Layout, RecordKind
from heliograph.formats.dates import LocalDates
from heliograph.sync.applied import Applied
from heliograph.sync.database import Database
from heliograph.sync.diary import Diary
from heliograph.sync.tables import AlarmRow, BlockRow, RecordRow
from heliograph.sync.telemetry.definitions import Definitions
from heliograph.sync.telemetry.payloads import (
    Item,
    Message,
    Scaling,
    Unfit,
    alarm_item,
    pack_alarms,
    pack_records,
    record_text,
)

PORTION_ROWS: Final = 500


class Stock:
    """Messages for one server. One thread at a time."""

    def __init__(self, database: Database, definitions: Definitions, diary: Diary, name: str) -> None:
        self._database = database
        self._definitions = definitions
        self._diary = diary
        self._name = name
        self._blocks: dict[int, tuple[str, Scaling | None]] = {}
        self._told: set[str] = set()
        self._dates = LocalDates()
        self._limit = 0
        self.unnamed: Counter[str] = Counter()
        """Records sent without values, by device, since their definition is gone."""

    def take(self, applied: Applied, max_message_bytes: int) -> None:
        """Write messages as this revision wants them from now on."""
        self._definitions.take(applied)
        self._dates = LocalDates(applied.set.config.time_zone)
        self._limit = max_message_bytes
        self._blocks.clear()

    def records(self, after: int, until: int) -> Iterator[Message]:
        """Yield the data messages of the rows after one, up to another."""
        for message in pack_records(self._records(after, until), self._limit):
            self._tell_size(message)
            yield message

    def alarms(self, after: int, until: int) -> Iterator[Message]:
        """Yield the alarm messages of the rows after one, up to another."""
        for message in pack_alarms(self._alarms(after, until), self._limit):
            self._tell_size(message)
            yield message

    def _records(self, after: int, until: int) -> Iterator[Item]:
        columns = select(col(RecordRow.id), RecordRow.block, RecordRow.time, RecordRow.fields)
        while after < until:
            wanted = columns.where(col(RecordRow.id) > after, col(RecordRow.id) <= until)
            with self._database.read() as session:
                rows = session.exec(wanted.order_by(col(RecordRow.id)).limit(PORTION_ROWS)).all()
            for number, block, time, fields in rows:
                yield self._record(int(number or 0), block, time, fields)
            if not rows:
                return
            after = int(rows[-1][0] or 0)

    def _alarms(self, after: int, until: int) -> Iterator[Item]:
        while after < until:
            wanted = select(AlarmRow).where(col(AlarmRow.id) > after, col(AlarmRow.id) <= until)
            with self._database.read() as session:
                rows = session.exec(wanted.order_by(col(AlarmRow.id)).limit(PORTION_ROWS)).all()
            for row in rows:
                yield alarm_item(int(row.id or 0), Alarm.model_validate_json(row.body), self._dates)
            if not rows:
                return
            after = int(rows[-1].id or 0)

    def _record(self, number: int, block: int, time: int, fields: str) -> Item:
        if block not in self._blocks:
            self._blocks[block] = self._block(block)
        name, scaling = self._blocks[block]
        if not name:
            return Item(number)
        if scaling is None:
            self.unnamed[name] += 1
        values = scaling.values(json.loads(fields)) if scaling else {}
        return Item(number, name, record_text(values, time, self._dates))

    def _block(self, number: int) -> tuple[str, Scaling | None]:
        """Return the device's name and what scales its records; an empty name for what MQTT does not carry."""
        with self._database.read() as session:
            row = session.get_one(BlockRow, number)
        if row.kind == RecordKind.PARAMETERS:  # they go to `_P_` files alone (spec 3.2)
            return "", None
        layout = Layout.model_validate_json(row.layout)
        definition = self._definitions.find(layout.digest)
        try:
            scaling = Scaling(definition, layout.columns) if definition else None
        except Unfit:
            scaling = None
        if scaling is None:
            self._tell_unknown(row.name, layout)
        return row.name, scaling

    def _tell_unknown(self, device: str, layout: Layout) -> None:
        key = f"{device}\n{layout.digest}"
        if key not in self._told:
            self._told.add(key)
            self._diary.error(
                f"{self._name}: records of {device} were taken under a {layout.definition} that no kept revision has "
                "any more: names and coefficients are unknown, so they go out with their date alone"
            )

    def _tell_size(self, message: Message) -> None:
        if message.too_large and "size" not in self._told:
            self._told.add("size")
            self._diary.warning(
                f"{self._name}: a single record makes a message of {len(message.payload)} bytes, above MaxMessageBytes "
                f"({self._limit}); it is sent alone"
            )
