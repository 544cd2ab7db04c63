"""One device's turns on its line: polls while it answers, short probes while it does not (spec 2.3).

What a poll (`round`) read goes to the recorder, the alarms and the live readings; what is to be done for the plan
beside it is done after, while the device answers (`upkeep`).
"""

from typing import Final

from heliograph.collector.account import Account, Sinks
from heliograph.collector.asking import Asker, Tally
from heliograph.collector.cost import wire_of
from heliograph.collector.daylight import is_broad_day
from heliograph.collector.fetch import Fetch, Request
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
        where = f"{device.interface}, unit {device.address}"
        self.account = Account(device, definition, where, sinks, may_sleep=self._may_sleep)

    def begin(self) -> None:
        """Let what the turns read count from now on."""
        self.account.begin()

    def take(self, station: Station, form: RecordForm) -> None:
        """Go on untouched under a revision that changes nothing of what is polled (`Station.is_polled_like`)."""
        self.station = self._upkeep.station = station
        self.account.renew(form)

    async def turn(self, link: Link, *, shared: bool) -> None:
        """See `Turn.turn`."""
        began = self._clock.monotonic()
        self.due = began + self._pause
        shortest = self._fetch.shortest
        try:
            if shortest is None:
                self.due = began + IDLE_SECONDS
            elif not self.account.condition.is_polled:
                await self._probe(
                    link, shortest, self._patience.of_probe(self.account.condition.failures, shared=shared)
                )
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
        self.account.lost(cause)

    def link_found(self) -> None:
        """See `Turn.link_found`."""
        self.due = self._clock.monotonic()
        self._upkeep.returned()

    def line_renewed(self) -> None:
        """Learn that another line takes over: who rests is asked at once, who answers keeps its pace."""
        if not self.account.condition.is_polled:
            self.due = self._clock.monotonic()

    def count_drop(self, unit: int, kind: str) -> None:
        """See `Turn.count_drop`."""
        if unit == self._device.address:
            self.tally.errors[kind] += 1
            if kind == "late":
                self._patience.answered_late()

    def retire(self) -> None:
        """See `Account.retire`."""
        self.account.retire()

    def state(self) -> DeviceState:
        """Tell how the device is doing."""
        plan = plan_state(self._fetch, self._meter.pace)
        told = {"requests": self.tally.requests, "errors": dict(self.tally.errors), "plan": plan}
        return self.account.state().model_copy(update=told)

    async def _poll(self, link: Link, *, shared: bool) -> None:
        asker = self._asker(link)
        poll = Round(self._fetch, asker, self._patience, self._clock, self._note)
        await poll.run(self.account.condition.failures, shared=shared)
        self._stayed_busy = asker.stayed_busy
        if poll.heard:
            self.account.take(poll.reading, poll.cause)
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
        self.account.take(self._fetch.arranged(self._fetch.blanks), cause)

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
        self.account.answers()

    def _failed(self, cause: str) -> None:
        self._fetch.turn_order()
        self.account.failed(cause)
        if self.account.condition.is_polled:
            self.due += max(0.0, self._patience.limit - self._pause)
        else:
            self.due = self._clock.monotonic() + self.account.condition.probe_seconds

    def _note(self, request: Request, failure: ModbusException | NoAnswer) -> str:
        """Count a failed request and say so once; return it as a cause."""
        self._count(failure)
        cause = f"{request}: {failure}"
        if self.account.condition.name is DeviceCondition.ANSWERING:
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
