"""The wiring of the collector: the only module that knows every part.

links → line → poller → recorder, alarms, live → keeper → outbox → publisher → bus
       ↑                                                  revision → plant (lines and pollers)
     access ← writer ← holding, fallbacks (set points)    limits → guard
"""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from heliograph.collector.access import Access
from heliograph.collector.account import Sinks
from heliograph.collector.alarms import Alarms
from heliograph.collector.errors import OutboxUnavailable, RevisionRejected
from heliograph.collector.fallbacks import Fallbacks
from heliograph.collector.foreign import ForeignWrites
from heliograph.collector.forwarding import ForwardSettings
from heliograph.collector.guard import Guard
from heliograph.collector.holding import Holding
from heliograph.collector.inputs import read_terminals
from heliograph.collector.keeper import Keeper
from heliograph.collector.linking import LinkSpec, OpenLink, open_link
from heliograph.collector.live import Live
from heliograph.collector.memory import Memory
from heliograph.collector.outbox import Outbox
from heliograph.collector.own import Equipment
from heliograph.collector.plant import Plant
from heliograph.collector.publisher import Publisher
from heliograph.collector.recording import ClockWatch, Recording
from heliograph.collector.repeated import Repeated
from heliograph.collector.revision import link_name, read_plan
from heliograph.collector.setpoints import SetPoints
from heliograph.collector.settings import CollectorSettings
from heliograph.collector.sunspec import Catalogue, Detections, Site
from heliograph.collector.traces import Traces
from heliograph.collector.writer import Writer
from heliograph.contract import CollectorState, Revision
from heliograph.contract.channels import (
    CONFIGURATION,
    DETECT,
    DETECTION,
    PARAMETERS,
    READ,
    STOP_DETECTION,
    TRACE,
    WRITE,
)
from heliograph.formats.daq import Daq, TcpInterface
from heliograph.runtime import Context, Main, write_atomically
from heliograph.runtime.restart import is_reset_ordered

DRAIN_SECONDS: Final = 5.0
RESET_SECONDS: Final = 8.0
"""How long a factory reset waits for the fallbacks of what is in force, below the time that a stop may take."""
FAULT_LENGTH: Final = 300
LOOPBACK: Final = "127.0.0.1"
REVISION_FILE: Final = "revision.json"
LEARNT_FILE: Final = "learnt.json"
TRACES_DIRECTORY: Final = "traces"

_log = logging.getLogger("heliograph.collector")


def main(settings: CollectorSettings, open_link: OpenLink = open_link) -> Main:
    """Return the collector's main for these settings."""

    async def run(context: Context) -> None:
        collector = Collector(context, settings)
        try:
            async with asyncio.TaskGroup() as group:
                await collector.run(group, open_link)
        finally:
            await collector.outbox.close()

    return run


class Collector:
    """The parts of the collector and how they are joined."""

    def __init__(self, context: Context, settings: CollectorSettings) -> None:
        bus, clock, events = context.bus, context.clock, context.events
        self._context = context
        self._settings = settings
        self._file = settings.state_dir / REVISION_FILE
        self.outbox = Outbox(settings.state_dir, settings.storage_limit_bytes)
        self.outbox.on_moved_aside = self._moved_aside
        self._keeper = Keeper(self.outbox, bus, clock, events)
        self._recording = Recording(self._keeper.put, clock, self.outbox.is_recorded)
        self._alarms = Alarms(self._keeper.put, clock)
        self._live = Live(bus, clock)
        self._repeated = Repeated(events, clock)
        self._memory = Memory(settings.state_dir / LEARNT_FILE, clock, events)
        self._clock_watch = ClockWatch(clock, self._stepped)
        self._guard = Guard(clock)
        self._foreign = ForeignWrites(self._guard, self._keeper, clock)
        self._points = SetPoints(self.outbox, clock, events)
        self._plant: Plant
        self._fallbacks: Fallbacks
        self._traces: Traces
        self._changed = asyncio.Event()
        self._offered: asyncio.Queue[Revision] = asyncio.Queue()
        self._seen: Revision | None = None
        self._daq, self._uid = Daq((), ()), ""
        self._revision: int | None = None
        self._rejected = ""
        self._rejected_revision: int | None = None

    async def run(self, group: asyncio.TaskGroup, open_link: OpenLink) -> None:
        """Collect until the service is asked to stop; then drop open periods, write what waits, and return."""
        context, bus = self._context, self._context.bus
        self._plant = Plant(
            self._sinks(), group, open_link, self._equipment(), self._forwarding(), self._foreign, self._guard
        )
        access = Access(self._plant.find, self._plant.own, self._guard, context.clock)
        self._fallbacks = Fallbacks(
            self._points, access, self._guard, self._plant.condition, context.clock, context.events
        )
        self._guard.newest = self._plant.newest
        self._foreign.stations, self._foreign.on_write = self._plant.stations, self._points.disturbed
        directory = self._settings.state_dir / TRACES_DIRECTORY
        self._traces = Traces(directory, bus, context.clock, context.events, self._plant.links)
        self._plant.on_link = self._traces.listen
        self._keeper.on_verdict = self._plant.note
        self._keeper.on_full = self._told_full
        await self._read_known()
        await self._memory.load()
        await self._points.load()
        tasks = [group.create_task(work, name=f"collector: {name}") for name, work in self._works().items()]
        await self._apply_kept()
        tasks.append(group.create_task(self._apply_offered(), name="collector: revisions"))
        holding = Holding(access, self._points, context.clock)
        writer = Writer(access, holding, self._plant.stations, self._keeper.put, context.clock, self._plant.own)
        await bus.watch(CONFIGURATION, self._offered.put)
        await bus.serve(READ, writer.read)
        await bus.serve(WRITE, writer.write)
        await bus.serve(PARAMETERS, writer.parameters)
        detections = self._detections(open_link)
        tasks.append(group.create_task(detections.run(), name="collector: detection's progress"))
        await bus.serve(DETECT, detections.start)
        await bus.serve(DETECTION, detections.state)
        await bus.serve(STOP_DETECTION, detections.stop)
        await bus.serve(TRACE, self._traces.answer)
        await context.stopping.wait()
        if await asyncio.to_thread(is_reset_ordered, self._settings.state_dir):
            await self._fallbacks.give_up("the gateway is reset", RESET_SECONDS)
        await detections.close()
        await self._traces.end()
        await self._plant.stop()
        await self._points.flush()
        self._foreign.sum_up(context.clock.monotonic())
        await self._keeper.drain(DRAIN_SECONDS)
        await self._memory.flush()
        for task in tasks:
            task.cancel()

    def _detections(self, open_link: OpenLink) -> Detections:
        context, ports = self._context, self._settings.ports
        site = Site(
            uid=lambda: self._uid,
            daq=lambda: self._daq,
            ports=ports,
            line=lambda interface: self._plant.line(link_name(interface)),
            open_link=lambda interface, line: open_link(
                LinkSpec(tcp=interface)
                if isinstance(interface, TcpInterface)
                else LinkSpec(serial=line, port=ports[line.number])
            ),
        )
        return Detections(site, Catalogue(), context.bus, context.clock, context.events)

    def _sinks(self) -> Sinks:
        context = self._context
        return Sinks(
            recording=self._recording,
            alarms=self._alarms,
            live=self._live,
            repeated=self._repeated,
            memory=self._memory,
            events=context.events,
            clock=context.clock,
            changed=self._changed,
            on_answer=self._points.answers,
        )

    def _forwarding(self) -> ForwardSettings:
        settings = self._settings
        return ForwardSettings(
            host=settings.forwarded_host or LOOPBACK,
            answer_seconds=settings.forwarded_answer_seconds,
            most_clients=settings.forwarded_clients,
        )

    def _equipment(self) -> Equipment:
        """Read what the environment names; what means nothing is said, and is as if it were not there."""
        settings = self._settings
        terminals, faults = read_terminals(settings.terminals)
        for fault in faults:
            self._context.events.error(fault)
        return Equipment(terminals, settings.state_dir, settings.relay1_start == "keep")

    def _works(self) -> dict[str, Coroutine[Any, Any, None]]:
        context = self._context
        bus, clock, events = context.bus, context.clock, context.events
        return {
            "keeper": self._keeper.run(),
            "records": Publisher("records", self.outbox, bus, clock, events).run(),
            "alarms": Publisher("alarms", self.outbox, bus, clock, events).run(),
            "changes": Publisher("changes", self.outbox, bus, clock, events).run(),
            "other masters": self._foreign.run(),
            "set points": self._points.run(),
            "fallbacks": self._fallbacks.run(),
            "joined alarms": self._alarms.run(),
            "recording": self._recording.run(),
            "live": self._live.run(),
            "repeated": self._repeated.run(),
            "clock": self._clock_watch.run(),
            "memory": self._memory.run(),
            "traces": self._traces.run(),
            "closed traces": self._traces.publish(),
            "state": context.report(self._state, self._changed),
        }

    async def _apply_offered(self) -> None:
        while True:
            revision = await self._offered.get()
            if revision != self._seen and await self._apply(revision):
                await self._keep(revision)

    async def _apply(self, revision: Revision) -> bool:
        """Apply a revision whole or not at all, tell it at once, and return whether it was."""
        self._seen = revision
        try:
            plan = await asyncio.to_thread(
                read_plan, revision, self._settings.ports,
                meter=self._settings.tic1_device, terminals=self._plant.own.terminals,
            )  # fmt: skip
            await self._plant.apply(plan)
        except RevisionRejected as rejected:
            self._reject(revision.number, str(rejected))
            return False
        except Exception as error:  # noqa: BLE001  # whatever it was, the old plan runs on whole
            _log.exception("revision %d cannot be taken", revision.number)
            self._reject(
                revision.number, f"a fault of the collector ({repr(error)[:FAULT_LENGTH]}); its log tells more"
            )
            return False
        self._revision, self._rejected, self._rejected_revision = revision.number, "", None
        self._daq, self._uid = plan.daq, revision.uid
        self._fallbacks.renew(plan)
        self._changed.set()
        self._context.events.info(
            f"revision {revision.number} is applied: {len(plan.stations) + len(plan.own)} devices are polled"
        )
        return True

    def _reject(self, number: int, cause: str) -> None:
        self._rejected, self._rejected_revision = cause, number
        self._changed.set()
        self._context.events.error(f"revision {number} is refused, {self._in_force()}: {cause}")

    def _in_force(self) -> str:
        return "nothing is polled" if self._revision is None else f"revision {self._revision} goes on"

    async def _apply_kept(self) -> None:
        """Begin with the last revision, so that polling does not wait for the bus."""
        try:
            text = await asyncio.to_thread(self._file.read_bytes)
            await self._apply(Revision.model_validate_json(text))
        except FileNotFoundError:
            return
        except (OSError, ValidationError) as error:
            self._context.events.warning(f"the revision kept in {self._file} cannot be read: {error}")

    async def _keep(self, revision: Revision) -> None:
        try:
            await asyncio.to_thread(write_atomically, self._file, revision.model_dump_json().encode())
        except OSError as error:
            self._context.events.warning(f"the revision cannot be kept in {self._file}: {error}")

    async def _read_known(self) -> None:
        try:
            self._alarms.known = await self.outbox.known()
        except OutboxUnavailable as error:
            self._context.events.error(f"the last known values cannot be read: {error}")

    def _state(self) -> CollectorState:
        context = self._context
        return CollectorState(
            time=context.now(),
            started=context.started,
            revision=self._revision,
            rejected=self._rejected,
            rejected_revision=self._rejected_revision,
            devices=self._plant.devices(),
            lines=self._plant.lines(),
            outbox_records=self.outbox.waiting + self._keeper.waiting,
            traces=self._traces.states(),
            set_points=self._points.states(),
        )

    def _stepped(self, seconds: float) -> None:
        self._context.events.warning(f"the clock was set by {seconds:+.0f} s")
        self._alarms.say(f"CLOCK STEP {seconds:.0f}")

    def _told_full(self, full: bool) -> None:
        if full:
            self._context.events.error("the collector's outbox is full: new records are not stored until there is room")
        self._alarms.say("STORAGE FULL" if full else "STORAGE FREE")

    def _moved_aside(self, aside: Path) -> None:
        self._context.events.error(
            f"the outbox was damaged: it lies in {aside} and a new one was begun; what waited in it is not sent"
        )
