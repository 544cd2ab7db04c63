"""Records and alarms as MQTT messages (spec 3.5). Pure: values and definitions in, bytes out.

One top-level key a device, one object a record, values scaled; messages are cut between records, never inside one.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.contract import Alarm, AlarmSource, Column
from heliograph.formats.dates import LocalDates
from heliograph.formats.definition import Definition
from heliograph.formats.rowfields import RowFields
from heliograph.sync.telemetry.scaling import whole_scaling

DATE: Final = "date"
TIMESTAMP: Final = "timestamp"
SUFFIXES: Final = {"min": "_min", "max": "_max", "mean": "_avg", "instant": ""}
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Item:
    """One record or alarm on its way into a message."""

    number: int
    """Row number in its stream."""
    key: str = ""
    """Under which top-level key it goes."""
    text: bytes = b""
    """Its JSON object; empty for a row of which nothing is sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what it carries ends with row `last`. Without a payload there is nothing to send up to there."""

    payload: bytes
    last: int
    items: int
    too_large: bool = False
    """One item alone is above the limit: it is sent all the same (spec 3.5)."""


class Unfit(ValueError):
    """The columns of a record are not those of the definition."""


def keys_of(definition: Definition) -> list[str]:
    """Return the key of each field of a record: the variable's name, with `_min`, `_max`, `_avg` for statistics.

    Where a name is taken already (`date`, or a variable `P_min` beside the minimum of `P`), `_` and the variable's
    Index follow: an object never has one key twice.
    """
    taken = {DATE, TIMESTAMP}
    keys = []
    for found in RowFields(definition.protocol, definition.recorded, parameters=False).fields:
        key = found.variable.name + SUFFIXES[found.statistic]
        while key in taken:
            key += f"_{found.variable.index}"
        taken.add(key)
        keys.append(key)
    return keys


class Scaling:
    """Turns the raw values of records under one definition into the objects of messages."""

    def __init__(self, definition: Definition, columns: Sequence[Column]) -> None:
        """Raise `Unfit` where the columns are not the definition's."""
        variables = definition.recorded
        if [(c.index, c.fields) for c in columns] != [(v.index, v.fields) for v in variables]:
            raise Unfit(definition.file)
        self._fields = RowFields(definition.protocol, variables, parameters=False)
        self._places = [
            (key, self._fields.source(place), whole_scaling(self._fields.fields[place].variable))
            for place, key in enumerate(keys_of(definition))
        ]

    def values(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return the engineering values by key; missing ones are left out, an empty text is missing (spec 3.1)."""
        engineering, found = self._fields.engineering, {}
        for key, place, whole in self._places:
            raw = row[place]
            if raw is None:
                continue
            value = whole(raw) if whole is not None and raw.__class__ is int else engineering(place, row)
            if value is not None and value != "":
                found[key] = value
        return found


def record_text(values: dict[str, Any], time: int, dates: LocalDates) -> bytes:
    """Print one record; `time` in milliseconds since 1970."""
    return _json({**values, DATE: dates.text(time), TIMESTAMP: time})


def alarm_item(number: int, alarm: Alarm, dates: LocalDates) -> Item:
    """Print one alarm."""
    when = {DATE: dates.text(alarm.time), TIMESTAMP: alarm.time}
    if alarm.source is AlarmSource.GATEWAY:
        return Item(number, "alarmsDevice", _json({"type": alarm.info, "info": "GATEWAY", **when}))
    said = {
        "defName": alarm.definition,
        "deviceName": alarm.device_name,
        "source": "IO" if alarm.source is AlarmSource.IO else "MODBUS",
        "value": alarm.value,
        "variableIndex": int(alarm.variable) if _WHOLE.fullmatch(alarm.variable) else alarm.variable,
    }
    return Item(number, "alarms", _json({**said, **when}))


def pack_records(items: Iterable[Item], limit: int) -> Iterator[Message]:
    """Put records, in order, into as few messages of at most `limit` bytes as go without changing that order."""
    return _pack(items, limit, _Records)


def pack_alarms(items: Iterable[Item], limit: int) -> Iterator[Message]:
    """Put alarms, in order, into messages of one kind each."""
    return _pack(items, limit, _Alarms)


def _pack(items: Iterable[Item], limit: int, kind: "type[_Records]") -> Iterator[Message]:
    open_ = kind()
    for item in items:
        if item.text and open_.count and not open_.fits(item, limit):
            yield open_.message(limit)
            open_ = kind()
        open_.add(item)
    if open_.last:
        yield open_.message(limit)


@dataclass(slots=True)
class _Records:
    """A data message that is being filled."""

    groups: dict[str, list[bytes]] = field(default_factory=dict)
    size: int = 2
    count: int = 0
    last: int = 0

    def fits(self, item: Item, limit: int) -> bool:
        return self.size + self._growth(item) <= limit

    def add(self, item: Item) -> None:
        self.last = item.number
        if item.text:
            self.size += self._growth(item)
            self.count += 1
            self.groups.setdefault(item.key, []).append(item.text)

    def message(self, limit: int) -> Message:
        payload = self._payload() if self.count else b""
        return Message(payload, self.last, self.count, too_large=len(payload) > limit)

    def _growth(self, item: Item) -> int:
        if item.key in self.groups:
            return len(item.text) + 1
        return len(_json(item.key)) + len(b":[]") + len(item.text) + (1 if self.groups else 0)

    def _payload(self) -> bytes:
        devices = (_json(name) + b":[" + b",".join(texts) + b"]" for name, texts in self.groups.items())
        return b"{" + b",".join(devices) + b"}"


@dataclass(slots=True)
class _Alarms(_Records):
    """An alarm message that is being filled: of two kinds one, the other is null."""

    size: int = len(b'{"alarms":[],"alarmsDevice":null}')

    def fits(self, item: Item, limit: int) -> bool:
        return item.key in self.groups and _Records.fits(self, item, limit)

    def _growth(self, item: Item) -> int:
        return len(item.text) + (1 if self.groups else 0)

    def _payload(self) -> bytes:
        texts = {key: b"[" + b",".join(alarms) + b"]" for key, alarms in self.groups.items()}
        return b'{"alarms":%s,"alarmsDevice":%s}' % (texts.get("alarms", b"null"), texts.get("alarmsDevice", b"null"))


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode(errors="replace")
