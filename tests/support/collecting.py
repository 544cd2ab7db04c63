"""A collector in this process on a real broker, with what it stored read back as sync would."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from heliograph.collector.app import main
from heliograph.collector.linking import OpenLink, open_link
from heliograph.collector.settings import CollectorSettings
from heliograph.contract import (
    Alarm,
    CollectorState,
    DeviceCondition,
    DeviceState,
    Event,
    LineState,
    PlantChange,
    Record,
    Revision,
    Service,
)
from heliograph.contract.channels import ALARMS, CHANGES, CONFIGURATION, EVENTS, RECORDS, STATE
from heliograph.runtime import Bus, Context, EventLog, Unreadable
from heliograph.runtime.clock import milliseconds
from support.loops import PatientLoop
from support.nats import Broker
from support.sets import DEVICE_HEADER, SERIAL_HEADER, UID

LIMIT_SECONDS = 60.0
WALL = 1_717_236_900.0
"""2024-06-01 10:15:00 UTC, when every test begins: none meets the end of an hour or of a day by chance."""


def revision(
    devices: Sequence[str],
    definitions: Mapping[str, str],
    *,
    number: int = 1,
    serial: Sequence[str] = (),
    **fields: Any,
) -> Revision:
    """A revision with these lines of `_daq.csv` and these definitions."""
    section = [SERIAL_HEADER, *serial, ""] if serial else []
    files = {f"CONFIG/{UID}_daq.csv": "\n".join([*section, DEVICE_HEADER, *devices, ""])}
    files |= {f"DEF/{name}": text for name, text in definitions.items()}
    return Revision(number=number, time=0, origin="test", uid=UID, files=files, **fields)


async def until(holds: Callable[[], object], what: str = "", seconds: float = LIMIT_SECONDS) -> None:
    """Return when `holds()`; fail after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None


class FastClock:
    """A clock of the running loop whose seconds are shorter, and whose wall time a test may set."""

    def __init__(self, factor: float = 5.0) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PatientLoop)
        self.factor = factor
        self.offset = 0.0
        self._loop_time = loop.time
        self._before, self._since = 0.0, loop.born

    def time(self) -> float:
        return WALL + self.monotonic() + self.offset

    def monotonic(self) -> float:
        return self._before + (self._loop_time() - self._since) * self.factor

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.factor)

    def leap(self, seconds: float) -> None:
        """Let time pass at once; a sleep that has begun keeps its length."""
        self._before += seconds

    def hasten(self, factor: float) -> None:
        """Go on faster; a sleep that has begun keeps its length."""
        self._before, self._since, self.factor = self.monotonic(), self._loop_time(), factor


class Witness:
    """What reaches sync and commands: it takes records, alarms, lines of the log and changes off the bus."""

    def __init__(self, bus: Bus, commands: Bus) -> None:
        self.bus = bus
        self.commands = commands
        self.records: list[Record] = []
        self.alarms: list[Alarm] = []
        self.events: list[Event] = []
        self.changes: list[PlantChange] = []
        self.states: list[CollectorState] = []

    @property
    def log(self) -> str:
        return "\n".join(event.text for event in self.events)

    def device(self, index: str) -> DeviceState:
        """The last state of a device; before the first one, that of a device not yet asked."""
        found = [device for state in self.states[-1:] for device in state.devices if device.device == index]
        return found[0] if found else DeviceState(device=index, name="", condition=DeviceCondition.STARTING, since=0)

    def errors(self) -> set[str]:
        """The kinds of errors counted at any device; a stray answer is counted at the device in turn."""
        return {kind for state in self.states[-1:] for device in state.devices for kind in device.errors}

    def dates(self, device: str, since: int = 0) -> int:
        """How many records of a device came after the first so many of all."""
        return sum(record.device == device for record in self.records[since:])

    def line(self) -> LineState:
        """The last state of the first line."""
        found = [line for state in self.states[-1:] for line in state.lines]
        return found[0] if found else LineState(name="", open=False)

    def infos(self) -> list[str]:
        return [alarm.info for alarm in self.alarms if alarm.info]

    async def publish(self, revision: Revision) -> None:
        await self.bus.store(CONFIGURATION, revision)

    async def run(self) -> None:
        async def keep(message: Unreadable) -> None:
            raise AssertionError(message.reason)

        def into(found: list[Any]) -> Callable[[list[Any]], Any]:
            async def take(payloads: list[Any]) -> None:
                found.extend(payloads)

            return take

        async with asyncio.TaskGroup() as group:
            group.create_task(self.bus.consume(RECORDS, into(self.records), keep))
            group.create_task(self.bus.consume(ALARMS, into(self.alarms), keep))
            group.create_task(self.bus.consume(EVENTS, into(self.events), keep))
            group.create_task(self.commands.consume(CHANGES, into(self.changes), keep))


class Running:
    """A collector of this process."""

    def __init__(self, context: Context, task: "asyncio.Task[None]") -> None:
        self.context = context
        self.task = task

    async def stop(self) -> None:
        self.context.stopping.set()
        await asyncio.wait_for(self.task, LIMIT_SECONDS)


@asynccontextmanager
async def collector(
    broker: Broker, state_dir: Path, *, clock: Any = None, link: OpenLink = open_link, **settings: Any
) -> AsyncIterator[Running]:
    """Run a collector until the end of the block, then stop it orderly."""
    clock = clock or FastClock()
    await asyncio.to_thread(state_dir.mkdir, parents=True, exist_ok=True)
    made = CollectorSettings(
        bus_url=broker.url, bus_password=f"secret-{Service.COLLECTOR}", state_dir=state_dir, **settings
    )
    events = EventLog(Service.COLLECTOR, clock)
    async with Bus(made, Service.COLLECTOR) as bus:
        context = Context(Service.COLLECTOR, bus, clock, events, asyncio.Event(), milliseconds(clock))
        delivery = asyncio.create_task(events.deliver(bus))
        task = asyncio.create_task(main(made, link)(context))
        running = Running(context, task)
        try:
            yield running
        finally:
            if not task.done():
                await running.stop()
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)


@asynccontextmanager
async def witness(broker: Broker) -> AsyncIterator[Witness]:
    """What sync, api and commands see, from now on; it makes the streams."""
    async with (
        Bus(broker.settings(Service.SYNC), Service.SYNC) as bus,
        Bus(broker.settings(Service.API), Service.API) as api,
        Bus(broker.settings(Service.COMMANDS), Service.COMMANDS) as commands,
    ):
        for each in (bus, api, commands):
            await each.wait_connected()
        await bus.ensure_streams()
        made = Witness(bus, commands)

        async def take_state(state: Any) -> None:
            if isinstance(state, CollectorState):
                made.states.append(state)

        await api.watch(STATE, take_state)
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
