"""The account of one device: how it is doing, and where its readings go, wherever they come from.

Pollers ask their devices over a line; a meter's customer output and the gateway's own inputs come by themselves. What
is recorded, told as an alarm, shown live and said to people is the same for all.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.collector.alarms import Alarms
from heliograph.collector.condition import Condition
from heliograph.collector.fetch import Reading
from heliograph.collector.live import Live
from heliograph.collector.memory import Memory
from heliograph.collector.recorder import RecordForm
from heliograph.collector.recording import Recording
from heliograph.collector.repeated import Repeated
from heliograph.contract import DeviceCondition, DeviceState
from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.clock import milliseconds


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where what a device says goes."""

    recording: Recording
    alarms: Alarms
    live: Live
    repeated: Repeated
    memory: Memory
    events: EventLog
    clock: Clock
    changed: asyncio.Event
    """Set when a device's condition changed, so that the state is told at once."""
    on_answer: Callable[[str], None] = lambda _: None
    """Told the index of a device that answers again, or for the first time."""


@dataclass(slots=True)
class Counts:
    """What has been counted since the device was configured."""

    requests: int = 0
    readings: int = 0
    records: int = 0
    refused: int = 0
    last_reading: int | None = None
    last_record: int | None = None


class Account:
    """Made without any effect; it is begun when its revision is in force."""

    def __init__(
        self, device: Device, definition: Definition, where: str, sinks: Sinks, *,
        may_sleep: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.counts = Counts()
        self.errors: Counter[str] = Counter()
        self.retired = False
        self.heard_at = 0.0
        """When the device answered last, by the monotonic clock."""
        self.newest: Reading = ()
        """The last reading that had any value, in the order of the recorded variables."""
        self._places = {variable.index: place for place, variable in enumerate(definition.recorded)}
        self._device = device
        self._where = where
        self._sinks = sinks
        self._may_sleep = may_sleep
        self._clock = sinks.clock
        self.condition = Condition(milliseconds(self._clock))
        self.recorder = sinks.recording.recorder(device, definition)
        self._watch = sinks.alarms.watch(device, definition, definition.recorded)
        self._feed = sinks.live.feed(device, definition.recorded)

    def begin(self) -> None:
        """Let readings count from now on."""
        self._sinks.recording.begin(self.recorder)
        self._sinks.alarms.begin(self._watch)
        self._sinks.live.begin(self._feed)

    def renew(self, form: RecordForm) -> None:
        """Go on untouched under a revision that changes nothing of what is recorded."""
        self.recorder.renew(form)

    def take(self, reading: Reading, cause: str = "") -> None:
        """Take a reading completed now; `cause` tells what of it is missing."""
        wall = self._clock.time()
        self.heard_at = self._clock.monotonic()
        if self.condition.name is not DeviceCondition.ANSWERING or self.condition.failures:
            self._tell(self.condition.answered(int(wall * 1000)))
        self.condition.cause = cause
        if self.retired or reading.count(None) == len(reading):
            return
        time = math.ceil(wall * 1000)
        self.newest = reading
        self.counts.readings += 1
        self.counts.last_reading = time
        self.recorder.add(reading, time)
        self._watch.look(reading, time, self.heard_at)
        self._feed.offer(reading, time)

    def answers(self) -> None:
        """Learn that the device is there, without a reading."""
        self.heard_at = self._clock.monotonic()
        self._tell(self.condition.answered(milliseconds(self._clock)))

    def failed(self, cause: str) -> None:
        """Count a time in which nothing came; after a few in a row the device is lost."""
        self._tell(self.condition.failed(cause, milliseconds(self._clock), may_sleep=self._may_sleep()))

    def lost(self, cause: str) -> None:
        """Learn that what the device is behind is away."""
        self._tell(self.condition.rest(cause, milliseconds(self._clock), may_sleep=self._may_sleep()))

    def retire(self) -> None:
        """Take no more readings; what was recorded is handed over, the open period falls."""
        self.retired = True
        self._sinks.alarms.forget(self._watch)
        self._sinks.live.forget(self._feed)
        self._sinks.recording.drop(self.recorder)

    def value(self, variable: str) -> Value:
        """Return the last raw value of a recorded variable by its Index; None where it is missing or not recorded."""
        place = self._places.get(variable)
        return self.newest[place] if place is not None and self.newest else None

    def state(self) -> DeviceState:
        """Tell how the device is doing."""
        return DeviceState(
            device=self._device.index,
            name=self._device.name,
            condition=self.condition.name,
            since=self.condition.since,
            cause=self.condition.cause,
            last_reading=self.counts.last_reading,
            last_record=self.counts.last_record,
            requests=self.counts.requests,
            readings=self.counts.readings,
            records=self.counts.records,
            gaps=self.recorder.gaps,
            refused=self.counts.refused,
            errors=dict(self.errors),
        )

    def _tell(self, changed: bool) -> None:
        if not changed or self.retired:
            return
        self._sinks.changed.set()
        device, condition = self._device, self.condition
        who = f"{device.name} ({self._where})"
        if condition.name is DeviceCondition.ANSWERING:
            self._sinks.events.info(f"{who} answers")
            self._sinks.alarms.device_back(device.name)
            self._sinks.on_answer(device.index)
        elif condition.name is DeviceCondition.ASLEEP:
            self._sinks.events.info(f"{who} is asleep: {condition.cause}")
        else:
            self._sinks.events.warning(f"{who} is lost: {condition.cause}")
            self._sinks.alarms.device_lost(device.name)
