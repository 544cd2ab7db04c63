"""One device's turns on its line: polls while it answers, short probes while it does not (spec 2.3).

A poll asks request by request. An exception costs the variables of that request; silence ends the turn, so that a
device never holds the line for more than one time limit. A request that alone stays silent, while others are answered,
rests by itself. What a poll read goes to the recorder, the alarms and the live readings.
"""

import math
from collections import Counter
from typing import Final

from heliograph.collector.account import Counts, Sinks
from heliograph.collector.condition import FAILURES_TO_REST, Condition, probe_seconds
from heliograph.collector.daylight import is_broad_day
from heliograph.collector.fetch import ILLEGAL_ADDRESS, Fetch, Reading, Request
from heliograph.collector.links import BadFrame, Link, LinkDown, LinkFailure, ModbusException, NoAnswer
from heliograph.collector.patience import Patience
from heliograph.collector.recorder import RecordForm
from heliograph.collector.revision import Place, Station
from heliograph.contract import DeviceCondition, DeviceState, Level
from heliograph.runtime.clock import milliseconds

NOBODY_BEHIND_GATEWAY: Final = frozenset({10, 11})
"""Exceptions of a gateway for a device that does not answer it."""
IDLE_SECONDS: Final = 3600.0


class Poller:
    """The turns of one device. Made without any effect; it is begun when its revision is in force."""

    def __init__(self, station: Station, place: Place, sinks: Sinks) -> None:
        self.station = station
        self.place = place
        """Where the plant is, for day and night; may change while the device goes on."""
        self.due = 0.0
        self.retired = False
        self.counts = Counts()
        self.errors: Counter[str] = Counter()
        self._sinks = sinks
        self._clock = sinks.clock
        device, definition = station.device, station.definition
        self._device = device
        self._patience = Patience(device.timeout_ms / 1000)
        self._pause = device.poll_ms / 1000
        self._fetch = Fetch(definition.recorded, device)
        self._sore: Request | None = None
        """A joined request to which the device answered 'illegal data address'."""
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
        self.station = station
        self.recorder.renew(form)

    async def turn(self, link: Link, *, shared: bool) -> None:
        """See `Turn.turn`."""
        began = self._clock.monotonic()
        self.due = began + self._pause
        try:
            if not self._fetch.requests:
                self.due = began + IDLE_SECONDS
            elif self.condition.is_polled:
                await self._poll(link, shared=shared)
            else:
                await self._probe(link, self._patience.of_probe(self.condition.failures, shared=shared))
        except LinkDown:
            self.errors["connection"] += 1
            raise
        # Whoever fell due while this one held the line goes first.
        self.due = max(self.due, self._clock.monotonic())

    def link_lost(self, cause: str) -> None:
        """See `Turn.link_lost`."""
        self._tell(self.condition.rest(cause, milliseconds(self._clock), may_sleep=self._may_sleep()))

    def link_found(self) -> None:
        """See `Turn.link_found`."""
        self.due = self._clock.monotonic()

    def line_renewed(self) -> None:
        """Learn that another line takes over: who rests is asked at once, who answers keeps its pace."""
        if not self.condition.is_polled:
            self.due = self._clock.monotonic()

    def count_drop(self, unit: int, kind: str) -> None:
        """See `Turn.count_drop`."""
        if unit == self._device.address:
            self.errors[kind] += 1
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
            requests=self.counts.requests,
            readings=self.counts.readings,
            records=self.counts.records,
            gaps=self.recorder.gaps,
            refused=self.counts.refused,
            errors=dict(self.errors),
        )

    async def _poll(self, link: Link, *, shared: bool) -> None:
        values = list(self._fetch.blanks)
        heard = False
        cause = ""
        for place in self._fetch.order:
            request = self._fetch.requests[place]
            if request.rests_until and request.rests_until > self._clock.monotonic():
                continue
            self.counts.requests += 1
            seconds = self._seconds(request, heard=heard, shared=shared)
            began = self._clock.monotonic()
            try:
                values[place] = await request.read(link, seconds)
            except (ModbusException, NoAnswer) as failure:
                cause = self._note(request, failure)
                if _is_silence(failure):
                    self._rest_alone(request, heard)
                    break
            else:
                request.failures = 0
                self._patience.answered(self._clock.monotonic() - began)
            heard = True
        if heard:
            self._answered(self._fetch.arranged(values), cause)
        else:
            self._failed(cause)
        if self._sore is not None:
            await self._mend(link, self._sore)

    def _seconds(self, request: Request, *, heard: bool, shared: bool) -> float:
        """Return how long to wait for a request's answer; `heard` when the device has answered in this turn."""
        if request.failures:
            return self._patience.of_probe(request.failures, shared=shared)
        return self._patience.of_poll(0 if heard else self.condition.failures, shared=shared)

    async def _probe(self, link: Link, seconds: float) -> None:
        """Ask for one variable; any answer of the device ends its rest."""
        request = self._fetch.requests[self._fetch.order[0]]
        self.counts.requests += 1
        try:
            await link.read(request.shortest, seconds)
        except (ModbusException, NoAnswer) as failure:
            cause = self._note(request, failure)
            if _is_silence(failure):
                self._failed(cause)
                return
        self.due = self._clock.monotonic()
        self._tell(self.condition.answered(milliseconds(self._clock)))

    async def _mend(self, link: Link, request: Request) -> None:
        self._sore = None
        holes = await self._fetch.mend(link, request, self._patience.limit)
        listed = ", ".join(f"{hole.address} to {hole.address + hole.count - 1}" for hole in holes)
        self._sinks.events.info(f"{self._device.name}: requests no longer cross the registers {listed}")

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
        if isinstance(failure, ModbusException):
            self.errors[f"exception {failure.code}"] += 1
            if failure.code == ILLEGAL_ADDRESS and request.block.holes:
                self._sore = request
        elif not isinstance(failure, BadFrame):
            self.errors[failure.kind] += 1
        cause = f"{request}: {failure}"
        if self.condition.name is DeviceCondition.ANSWERING:
            key = (self._device.name, str(request), type(failure).__name__, failure.kind)
            self._sinks.repeated.say(Level.WARNING, key, f"{self._device.name}, {cause}")
        return cause

    def _rest_alone(self, request: Request, heard: bool) -> None:
        """Let a request rest that stays silent while the device answers others."""
        if not heard:
            return
        request.failures += 1
        if request.failures >= FAILURES_TO_REST:
            request.rests_until = self._clock.monotonic() + probe_seconds(request.failures - FAILURES_TO_REST)

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


def _is_silence(failure: LinkFailure) -> bool:
    return isinstance(failure, NoAnswer) or (
        isinstance(failure, ModbusException) and failure.code in NOBODY_BEHIND_GATEWAY
    )
