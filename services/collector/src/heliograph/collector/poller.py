"""One device's turns on its line: polls while it answers, short probes while it does not (spec 2.3).

What a poll (`round`) read goes to the recorder, the alarms and the live readings; what is to be done for the plan
beside it is done after, while the device answers (`upkeep`).
"""

import math
from typing import Final

from heliograph.collector.account import Counts, Sinks
from heliograph.collector.asking import Asker, Tally
from heliograph.collector.condition import Condition
from heliograph.collector.cost import wire_of
from heliograph.collector.daylight import is_broad_day
from heliograph.collector.fetch import Fetch, Reading, Request
from heliograph.collector.links import (
    BadFrame,
    DeviceTrouble,
    Link,
    LinkDown,
    ModbusException,
    NoAnswer,
    NobodyBehind,
    ReadCall,
)
from heliograph.collector.pace import PaceMeter
from heliograph.collector.patience import Patience
from heliograph.collector.planstate import plan_state
from heliograph.collector.recorder import RecordForm
from heliograph.collector.revision import Place, Station
from heliograph.collector.round import Round
from heliograph.collector.upkeep import Upkeep
from heliograph.contract import DeviceCondition, DeviceState, Level
from heliograph.runtime.clock import milliseconds

IDLE_SECONDS: Final = 3600.0
REFUSED_SECONDS: Final = 10.0
"""Least time between two turns of a device that refuses everything it is asked for."""


class Poller:
    """The turns of one device. Made without any effect; it is begun when its revision is in force."""

    def __init__(self, station: Station, place: Place, sinks: Sinks) -> None:
        self.station = station
        self.place = place
        """Where the plant is, for day and night; may change while the device goes on."""
        self.due = 0.0
        self.retired = False
        self.counts = Counts()
        self.tally = Tally()
        self._sinks = sinks
        self._clock = sinks.clock
        device, definition = station.device, station.definition
        self._device = device
        self._patience = Patience(device.timeout_ms / 1000)
        self._pause = device.poll_ms / 1000
        wire, memory = wire_of(station.serial), sinks.memory
        self._meter = PaceMeter(wire)
        self._fetch = Fetch(definition.recorded, device, wire, memory.of(station).learnt)
        self._upkeep = Upkeep(station, self._fetch, wire, self._meter, memory, sinks.clock, sinks.events)
        self._stayed_busy = False
        """Whether the device was still busy at the end of the newest turn's waits."""
        self.condition = Condition(milliseconds(self._clock))
        self.recorder = sinks.recording.recorder(device, definition)
        self._watch = sinks.alarms.watch(device, definition, definition.recorded)
        self._feed = sinks.live.feed(device, definition.recorded)

    def begin(self) -> None:
        """Let what the turns read count from now on."""
        self._sinks.recording.begin(self.recorder)
        self._sinks.alarms.begin(self._watch)
        self._sinks.live.begin(self._feed)

    def take(self, station: Station, form: RecordForm) -> None:
        """Go on untouched under a revision that changes nothing of what is polled (`Station.is_polled_like`)."""
        self.station = self._upkeep.station = station
        self.recorder.renew(form)

    async def turn(self, link: Link, *, shared: bool) -> None:
        """See `Turn.turn`."""
        began = self._clock.monotonic()
        self.due = began + self._pause
        shortest = self._fetch.shortest
        try:
            if shortest is None:
                self.due = began + IDLE_SECONDS
            elif not self.condition.is_polled:
                await self._probe(link, shortest, self._patience.of_probe(self.condition.failures, shared=shared))
            elif self._fetch.requests:
                await self._poll(link, shared=shared)
            else:
                await self._ask_again(link)
        except LinkDown:
            self.tally.errors["connection"] += 1
            raise
        # Whoever fell due while this one held the line goes first.
        self.due = max(self.due, self._clock.monotonic())

    def link_lost(self, cause: str) -> None:
        """See `Turn.link_lost`."""
        self._tell(self.condition.rest(cause, milliseconds(self._clock), may_sleep=self._may_sleep()))

    def link_found(self) -> None:
        """See `Turn.link_found`."""
        self.due = self._clock.monotonic()
        self._upkeep.returned()

    def line_renewed(self) -> None:
        """Learn that another line takes over: who rests is asked at once, who answers keeps its pace."""
        if not self.condition.is_polled:
            self.due = self._clock.monotonic()

    def count_drop(self, unit: int, kind: str) -> None:
        """See `Turn.count_drop`."""
        if unit == self._device.address:
            self.tally.errors[kind] += 1
            if kind == "late":
                self._patience.answered_late()

    def retire(self) -> None:
        """Take no more turns; what was recorded is handed over, the open period falls."""
        self.retired = True
        self._sinks.alarms.forget(self._watch)
        self._sinks.live.forget(self._feed)
        self._sinks.recording.drop(self.recorder)

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
            requests=self.tally.requests,
            readings=self.counts.readings,
            records=self.counts.records,
            gaps=self.recorder.gaps,
            refused=self.counts.refused,
            errors=dict(self.tally.errors),
            plan=plan_state(self._fetch, self._meter.pace),
        )

    async def _poll(self, link: Link, *, shared: bool) -> None:
        asker = self._asker(link)
        poll = Round(self._fetch, asker, self._patience, self._clock, self._note)
        await poll.run(self.condition.failures, shared=shared)
        self._stayed_busy = asker.stayed_busy
        if poll.heard:
            self._answered(poll.reading, poll.cause)
        else:
            self._failed(poll.cause)
        self._upkeep.learn(poll.learnt)
        if poll.heard and not poll.silent:
            await self._after_poll(asker)

    async def _after_poll(self, asker: Asker) -> None:
        """Do what is due for the plan, while the device answers; how it fails is counted and has no other effect."""
        asker.seconds = self._patience.limit
        try:
            await self._upkeep.after_poll(asker)
        except NoAnswer as silence:
            self._count(silence)
        except ModbusException:
            return

    async def _ask_again(self, link: Link) -> None:
        """Ask for one variable of a device that refuses all of them."""
        self.due = self._clock.monotonic() + max(self._pause, REFUSED_SECONDS)
        cause = ""
        try:
            await self._upkeep.retry(self._asker(link))
            self.due = self._clock.monotonic()
        except (DeviceTrouble, NoAnswer, NobodyBehind) as failure:
            self._count(failure)
            self._failed(str(failure))
            return
        except ModbusException as refusal:
            cause = f"it refuses every variable: {refusal}"
        self._answered(self._fetch.arranged(self._fetch.blanks), cause)

    def _asker(self, link: Link) -> Asker:
        patient = 0.0 if self._stayed_busy else self._patience.limit
        return Asker(link, self._clock, self._meter, self.tally, self._patience.limit, patient)

    async def _probe(self, link: Link, call: ReadCall, seconds: float) -> None:
        """Ask for one variable; any answer of the device ends its rest, but one that says it is out of order."""
        asker = self._asker(link)
        asker.seconds = seconds
        try:
            await asker.read(call)
        except (DeviceTrouble, NoAnswer, NobodyBehind) as failure:
            self._count(failure)
            self._failed(str(failure))
            return
        except ModbusException:
            pass
        self.due = self._clock.monotonic()
        self._upkeep.returned()
        self._tell(self.condition.answered(milliseconds(self._clock)))

    def _answered(self, reading: Reading, cause: str) -> None:
        """Take what a poll read, if it read anything."""
        wall = self._clock.time()
        if self.condition.name is not DeviceCondition.ANSWERING or self.condition.failures:
            self._tell(self.condition.answered(int(wall * 1000)))
        self.condition.cause = cause
        if self.retired or reading.count(None) == len(reading):
            return
        time = math.ceil(wall * 1000)
        self.counts.readings += 1
        self.counts.last_reading = time
        self.recorder.add(reading, time)
        self._watch.look(reading, time, self._clock.monotonic())
        self._feed.offer(reading, time)

    def _failed(self, cause: str) -> None:
        self._fetch.turn_order()
        changed = self.condition.failed(cause, milliseconds(self._clock), may_sleep=self._may_sleep())
        if self.condition.is_polled:
            self.due += max(0.0, self._patience.limit - self._pause)
        else:
            self.due = self._clock.monotonic() + self.condition.probe_seconds
        self._tell(changed)

    def _note(self, request: Request, failure: ModbusException | NoAnswer) -> str:
        """Count a failed request and say so once; return it as a cause."""
        self._count(failure)
        cause = f"{request}: {failure}"
        if self.condition.name is DeviceCondition.ANSWERING:
            key = (self._device.name, str(request), type(failure).__name__, failure.kind)
            self._sinks.repeated.say(Level.WARNING, key, f"{self._device.name}, {cause}")
        return cause

    def _count(self, failure: ModbusException | NoAnswer) -> None:
        """Count a failure; exceptions and bad frames have been counted where they were met."""
        if isinstance(failure, NoAnswer) and not isinstance(failure, BadFrame):
            self.tally.errors[failure.kind] += 1

    def _may_sleep(self) -> bool:
        place = self.place
        if not self._device.sleeps or place.latitude is None or place.longitude is None:
            return self._device.sleeps
        return not is_broad_day(self._clock.time(), place.latitude, place.longitude)

    def _tell(self, changed: bool) -> None:
        """Say a change of condition to people and, where it is a loss or its end, as an alarm."""
        if not changed or self.retired:
            return
        self._sinks.changed.set()
        device, condition = self._device, self.condition
        who = f"{device.name} ({device.interface}, unit {device.address})"
        if condition.name is DeviceCondition.ANSWERING:
            self._sinks.events.info(f"{who} answers")
            self._sinks.alarms.device_back(device.name)
        elif condition.name is DeviceCondition.ASLEEP:
            self._sinks.events.info(f"{who} is asleep: {condition.cause}")
        else:
            self._sinks.events.warning(f"{who} is lost: {condition.cause}")
            self._sinks.alarms.device_lost(device.name)
