"""What is kept of one device's readings: minimum, maximum, mean and instant value of each period (spec 2.3).

Readings are only appended here and worked up in portions, so that a poll stays short. A period ends when a reading
beyond it comes or when its due instant passes, whichever is first.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic_core import to_json

from heliograph.collector.alarms import as_recorded
from heliograph.collector.drafts import RecordDraft
from heliograph.collector.fetch import Reading
from heliograph.collector.periods import next_end, period_end, previous_end
from heliograph.collector.totals import Total
from heliograph.contract import Column, Layout, RecordKind
from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition, Protocol, Variable

PORTION: Final = 60
"""Readings worked up together."""


class Recorder:
    """The open period of one device."""

    def __init__(
        self, device: Device, definition: Definition, now: int, is_recorded: Callable[[str, int], bool]
    ) -> None:
        self._index = device.index
        self._variables = definition.recorded
        self._period = device.period_seconds * 1000
        self._is_recorded = is_recorded
        self._is_text = definition.protocol is Protocol.TIC
        self._form = RecordForm(device, definition, RecordKind.ACQUISITION)
        self._closed: list[RecordDraft] = []
        self._open(next_end(now, self._period))
        self.gaps = 0
        """Periods that passed without any reading."""

    @property
    def end(self) -> int:
        """The due instant of the open period."""
        return self._end

    def begin(self, now: int) -> None:
        """Open the period of now."""
        self._open(next_end(now, self._period))

    def renew(self, form: "RecordForm") -> None:
        """Write in another form from the open period on: the definition has the same columns and another text."""
        self._form = form

    def add(self, reading: Reading, time: int) -> None:
        """Take a reading completed at `time`, milliseconds since 1970."""
        if not self._begin < time <= self._end and not self._turned(time):
            return
        self._readings.append(reading)
        if len(self._readings) >= PORTION:
            self._work_up()

    def close(self, now: int) -> list[RecordDraft]:
        """Return the records of periods that have ended by `now`, and open the next."""
        if now >= self._end:
            self._finish()
            self._open(next_end(now, self._period))
        elif now <= self._begin and not self._has_readings():
            self._open(next_end(now, self._period))
        closed, self._closed = self._closed, []
        return closed

    def _turned(self, time: int) -> bool:
        """Turn to the period of a reading outside of the open one; tell whether the reading counts.

        A reading before the open period comes from a clock that was set back. Where its period is recorded the open
        one waits for its time to come again; else the open one lies in a future that was an error, and falls.
        """
        end = period_end(time, self._period)
        if end > self._end:
            self._finish()
        elif self._is_recorded(self._index, end):
            return False
        self._open(end)
        return True

    def _open(self, end: int) -> None:
        self._end = end
        self._begin = previous_end(end, self._period)
        self._readings: list[Reading] = []
        self._totals = {n: Total() for n, v in enumerate(self._variables) if v.is_statistic}
        self._last: list[Value] = [None] * len(self._variables)

    def _has_readings(self) -> bool:
        self._work_up()
        return any(value is not None for value in self._last)

    def _finish(self) -> None:
        """End the open period: a record, or a gap."""
        if self._has_readings():
            body = self._form.write(self._end, self._values())
            self._closed.append(RecordDraft(self._index, body, self._end, self._begin))
        elif not self._is_recorded(self._index, self._end):
            self.gaps += 1

    def _work_up(self) -> None:
        """Bring the readings that were only appended into totals and last values."""
        if not self._readings:
            return
        columns = list(zip(*self._readings, strict=True))
        self._readings = []
        for place, total in self._totals.items():
            total.take(_numbers(columns[place], is_text=self._is_text))
        for place, column in enumerate(columns):
            value = column[-1]
            if value is None:
                value = next((earlier for earlier in reversed(column) if earlier is not None), self._last[place])
            self._last[place] = value

    def _values(self) -> list[Value]:
        values: list[Value] = []
        for place, variable in enumerate(self._variables):
            if variable.is_statistic:
                total = self._totals[place]
                values += (as_recorded(variable, total.least), as_recorded(variable, total.most), total.mean)
            if variable.is_instant:
                values.append(as_recorded(variable, self._last[place]))
        return values


def _numbers(column: Sequence[Value], *, is_text: bool) -> Sequence[Any]:
    """Return what of a column is a number; a meter's customer output sends numbers as text (spec 2.2)."""
    if is_text:
        return [int(value) for value in column if isinstance(value, str) and value.isdecimal()]
    return [number for number in column if number is not None] if None in column else column


class RecordForm:
    """Writes the records of one device under one definition; all that never changes is encoded once."""

    def __init__(self, device: Device, definition: Definition, kind: RecordKind) -> None:
        layout = Layout(
            protocol=definition.written_protocol,
            definition=definition.file,
            digest=definition.digest,
            serial_number=device.serial_number if device.kind == "TIC" else "",
            columns=_columns(definition, kind),
        )
        head = {"device": device.index, "name": device.name, "interface": device.kind, "kind": kind}
        self._head = to_json(head)[1:-1] + b',"time":'
        self._layout = b',"layout":' + layout.model_dump_json().encode() + b',"values":'

    def write(self, time: int, values: Sequence[Value]) -> bytes:
        """Return the record's JSON from its device on."""
        return b"%b%d%b%b}" % (self._head, time, self._layout, to_json(values))


def _columns(definition: Definition, kind: RecordKind) -> tuple[Column, ...]:
    if kind is RecordKind.PARAMETERS:
        return tuple(Column(index=variable.index) for variable in definition.parameters)
    return tuple(_column(variable) for variable in definition.recorded)


def _column(variable: Variable) -> Column:
    return Column.model_validate({"index": variable.index, "fields": variable.fields})
