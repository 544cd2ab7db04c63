"""The state of the gateway as this service sees it: watched channels, kept as they came, and questions to sync.

Nothing here is kept beyond a restart; every answer is made from the last states, the revision in force and the last
reading of each device.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from heliograph.api.bounds import bounds_of
from heliograph.api.commanded import SetPoint
from heliograph.api.detecting import DetectionView
from heliograph.api.errors import NotThere, Oversized, Refused, Silent
from heliograph.api.feed import Feed, Kind, ReadingNews
from heliograph.api.journalling import JournalView
from heliograph.api.logged import LogView
from heliograph.api.models import Device, DeviceVariables, VariableNow
from heliograph.api.plantfigures import Seen
from heliograph.api.plantpoints import KnownPoints
from heliograph.api.setpoints import set_points
from heliograph.api.tested import ServerTestView
from heliograph.contract import (
    AlarmPage,
    AlarmRequest,
    CollectorState,
    CommandsState,
    ConnectionPage,
    ConnectRequest,
    DeviceState,
    NumberedEvent,
    Outcome,
    PageRequest,
    Reading,
    Revision,
    ScriptState,
    ServiceState,
    StatusDocument,
    StopConnection,
    SyncState,
    TraceInterface,
    TraceRequest,
)
from heliograph.contract.channels import (
    ALARM_HISTORY,
    CONFIGURATION,
    CONNECT,
    CONNECTION_HISTORY,
    DETECTION_PROGRESS,
    JOURNAL_ENTRY,
    LIVE,
    LOG_LINE,
    SERVER_TEST_PROGRESS,
    STATE,
    STOP_CONNECTION,
    TRACE,
    Channel,
)
from heliograph.contract.records import Value
from heliograph.contract.states import SILENCE_SECONDS
from heliograph.contract.status import status_document
from heliograph.formats import Definition, Plant, PlantDevice, Variable, engineering_value, scale_factor_of
from heliograph.runtime import Bus, Clock, EventLog, NoAnswer, PlantInForce, TooLarge
from heliograph.runtime.clock import milliseconds

ASK_SECONDS: Final = 5.0


class View:
    """What is known of the gateway now."""

    def __init__(self, bus: Bus, clock: Clock, events: EventLog) -> None:
        self._bus = bus
        self._clock = clock
        self.in_force = PlantInForce(events)
        self._states: dict[str, ServiceState] = {}
        self._readings: dict[str, Reading] = {}
        self.detection = DetectionView()
        self.journal = JournalView()
        self.log = LogView()
        self.server_test = ServerTestView()
        self._points = KnownPoints()
        self.feed = Feed(clock)
        self._heard = 0

    async def watch(self) -> None:
        """Follow the configuration, the states and the live readings, from now on."""
        await self._bus.watch(CONFIGURATION, self._take_revision)
        await self._bus.watch(STATE, self._take_state)
        await self._bus.subscribe(LIVE, self._take_reading)
        await self._bus.subscribe(DETECTION_PROGRESS, self.detection.take)
        await self._bus.subscribe(JOURNAL_ENTRY, self.journal.take)
        await self._bus.subscribe(SERVER_TEST_PROGRESS, self.server_test.take)
        await self._bus.subscribe(LOG_LINE, self._take_line)

    @property
    def revision(self) -> Revision | None:
        """The revision in force here."""
        return self.in_force.revision

    @property
    def _plant(self) -> Plant:
        return self.in_force.plant

    @property
    def connected(self) -> bool:
        """Whether the bus is there."""
        return self._bus.connected

    @property
    def tag(self) -> str:
        """An `ETag` of what is known of devices: another one with each thing heard of them."""
        return f'W/"{self.feed.era}-{self._heard}-{self.collector() is not None:d}"'

    def now(self) -> int:
        """Milliseconds since 1970."""
        return milliseconds(self._clock)

    @property
    def time_zone(self) -> str:
        """The plant's, by its name."""
        return self.revision.time_zone if self.revision else "UTC"

    def seen(self) -> tuple[Seen, ...]:
        """All devices as the figures of the plant need them, in the order of the configuration."""
        collector = self.collector()
        states = {state.device: state for state in collector.devices} if collector else {}
        return tuple(self._seen(entry, states.get(entry.device.index)) for entry in self._plant.devices)

    def status(self) -> StatusDocument:
        """The status of the whole gateway."""
        return status_document(self._states, self.now())

    def states(self) -> tuple[ServiceState, ...]:
        """The last state of each service, by name."""
        return tuple(state for _, state in sorted(self._states.items()))

    def sync(self) -> SyncState | None:
        """The last state of sync."""
        state = self._states.get("sync")
        return state if isinstance(state, SyncState) else None

    def commands(self) -> CommandsState | None:
        """The last state of commands."""
        state = self._states.get("commands")
        return state if isinstance(state, CommandsState) else None

    def collector(self) -> CollectorState | None:
        """The last state of the collector, unless it is too old to be true."""
        state = self._states.get("collector")
        return state if isinstance(state, CollectorState) and self._is_true(state) else None

    def scripts(self) -> tuple[ScriptState, ...] | None:
        """The scripts in the order of `_scl.ini`; None while the service commands does not report."""
        state = self.commands()
        return state.scripts if state and self._is_true(state) else None

    def set_points(self) -> tuple[SetPoint, ...]:
        """The set points that the collector keeps; none while it does not report."""
        collector = self.collector()
        return set_points(collector.set_points if collector else (), self._plant, self._readings, self.now())

    def devices(self) -> tuple[Device, ...]:
        """All devices, in the order of the configuration."""
        return tuple(self._device(entry) for entry in self._plant.devices)

    def device(self, index: str) -> Device:
        """One device; raises `NotThere`."""
        return self._device(self._entry(index))

    def variables(self, index: str) -> DeviceVariables:
        """The variables of one device as of its last reading; raises `NotThere`."""
        entry = self._entry(index)
        return self._now(entry, entry.definition.variables)

    def headline(self, index: str) -> VariableNow | None:
        """The variable a person looks for first, as of the last reading; raises `NotThere`.

        It is the power, else a recorded one, with a unit if there is one; None without variables.
        """
        entry = self._entry(index)
        points = self._points.of(entry.definition, entry.device.category)
        kept = entry.definition.recorded or entry.definition.variables
        power = points.produced or points.grid
        first = power if power in kept else next((one for one in kept if one.unit), next(iter(kept), None))
        return self._now(entry, [first]).variables[0] if first else None

    async def connections(self, page: PageRequest) -> ConnectionPage:
        """A page of the history of connections; raises `Silent`, `Refused`."""
        answer: ConnectionPage = await self._ask(CONNECTION_HISTORY, page)
        return answer

    async def alarms(self, page: AlarmRequest) -> AlarmPage:
        """A page of the alarms; raises `Silent`, `Refused`."""
        answer: AlarmPage = await self._ask(ALARM_HISTORY, page)
        return answer

    async def connect(self, server: Literal[1, 2] | None) -> None:
        """Ask for a connection; raises `Silent`, `Refused`."""
        await self._ask(CONNECT, ConnectRequest(server=server))

    async def stop_connection(self, server: Literal[1, 2], origin: str) -> None:
        """End the connection that runs; raises `Silent`, `Refused`."""
        await self._ask(STOP_CONNECTION, StopConnection(server=server, origin=origin))

    async def trace(self, interface: TraceInterface, minutes: int, origin: str) -> None:
        """Have what goes over an interface written down; raises `Silent`, `Refused`."""
        await self._ask(TRACE, TraceRequest(interface=interface, minutes=minutes, origin=origin))

    async def ask(self, channel: Channel, request: Any, seconds: float = ASK_SECONDS) -> Any:
        """Ask the one reader of a channel; its answer may be a refusal. Raises `Silent`, `Oversized`."""
        reader = channel.readers[0]
        try:
            return await self._bus.request(channel, request, timeout=seconds)
        except TooLarge as error:
            raise Oversized(f"This does not fit into one message to the service {reader}: {error}.") from error
        except NoAnswer as error:
            raise Silent(f"The service {reader} does not answer now; try again in a moment ({error}).") from error

    async def _ask(self, channel: Channel, request: Any, seconds: float = ASK_SECONDS) -> Any:
        answer: Outcome = await self.ask(channel, request, seconds)
        if answer.error:
            raise Refused(answer.error)
        return answer

    def _is_true(self, state: ServiceState) -> bool:
        """Whether a state is new enough to be believed."""
        return self.now() - state.time <= SILENCE_SECONDS * 1000

    def _entry(self, index: str) -> PlantDevice:
        entry = self._plant.by_index(index)
        if entry is None:
            raise NotThere(f"There is no device with the index {index[:20]!r}; /api/v1/devices lists them.")
        return entry

    def _seen(self, entry: PlantDevice, state: DeviceState | None) -> Seen:
        reading = self._readings.get(entry.device.index)
        return Seen(
            entry=entry,
            points=self._points.of(entry.definition, entry.device.category),
            condition=state.condition if state else None,
            since=state.since if state else None,
            time=reading.time if reading else None,
            raws=reading.values if reading else None,
        )

    def _now(self, entry: PlantDevice, variables: Iterable[Variable]) -> DeviceVariables:
        reading = self._readings.get(entry.device.index)
        time, raws = (reading.time, reading.values) if reading else (None, {})
        return DeviceVariables(
            index=entry.device.index,
            name=entry.device.name,
            time=time,
            age_seconds=self._age(time),
            variables=tuple(self._variable(entry, variable, raws) for variable in variables),
        )

    def _variable(self, entry: PlantDevice, variable: Variable, raws: Mapping[str, Value]) -> VariableNow:
        now = _variable_now(entry.definition, variable, raws)
        if not now.writable:
            return now
        limits = self.revision.limits if self.revision else ()
        least, most = bounds_of(entry.device.index, variable, limits)
        return now.model_copy(update={"least": least, "most": most})

    def _device(self, entry: PlantDevice) -> Device:
        device = entry.device
        state = self._device_state(device.index)
        reading = self._readings.get(device.index)
        times = [time for time in (reading and reading.time, state and state.last_reading) if time]
        last = max(times, default=None)
        counted = state.model_dump(exclude={"device", "name", "last_reading"}) if state else {}
        return Device(
            index=device.index,
            name=device.name,
            interface="" if device.interface is None else str(device.interface),
            address=device.address,
            period_seconds=device.period_seconds,
            timeout_ms=device.timeout_ms,
            category=device.category or entry.definition.category,
            model=device.model or entry.definition.model,
            definition=device.definition,
            last_reading=last,
            age_seconds=self._age(last),
            **counted,
        )

    def _device_state(self, index: str) -> DeviceState | None:
        collector = self.collector()
        return next((d for d in collector.devices if d.device == index), None) if collector else None

    def _age(self, time: int | None) -> float | None:
        return None if time is None else max(0, self.now() - time) / 1000

    async def _take_revision(self, revision: Revision) -> None:
        before = self._plant.devices
        if await self.in_force.take(revision):
            self._heard += 1
            kept = {entry.device.index for entry in self._plant.devices if entry in before}
            self._readings = {index: reading for index, reading in self._readings.items() if index in kept}

    async def _take_state(self, state: ServiceState) -> None:
        self._states[state.service] = state
        self._heard += 1
        self.feed.tell(Kind.STATE, lambda: state)

    async def _take_reading(self, reading: Reading) -> None:
        entry = self._plant.by_index(reading.device)
        if entry is not None and entry.device.name == reading.name:
            self._readings[reading.device] = reading
            self._heard += 1
            self.feed.tell(Kind.READING, lambda: _news(entry, reading), reading.device)

    async def _take_line(self, line: NumberedEvent) -> None:
        await self.log.take(line)
        self.feed.tell(Kind.LOG, lambda: line)


def _news(entry: PlantDevice, reading: Reading) -> ReadingNews:
    """What is told of a reading to those who follow: engineering values."""
    variables = entry.definition.variables
    values = {v.index: _variable_now(entry.definition, v, reading.values).value for v in variables}
    return ReadingNews(device=reading.device, name=reading.name, time=reading.time, values=values)


def _variable_now(definition: Definition, variable: Variable, raws: Mapping[str, Value]) -> VariableNow:
    raw = raws.get(variable.index)
    scale = scale_factor_of(definition, variable) if variable.scale_factor else None
    return VariableNow(
        index=variable.index,
        name=variable.name,
        tag=variable.tag,
        unit=variable.unit,
        action=variable.action,
        writable=definition.can_write(variable),
        raw=raw,
        value=engineering_value(variable, raw, raws.get(scale.index) if scale else None),
    )
