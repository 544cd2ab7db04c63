"""What an action may ask of the other services: the plant, the collector, sync, and how all are doing.

Every question has a time limit, and a limit that passes is an error with its own text.
"""

import asyncio
import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Self

from heliograph.commands.errors import CommandFailed, NothingSaid
from heliograph.commands.patience import Patience
from heliograph.commands.targets import Target
from heliograph.contract import (
    Alarm,
    CollectorState,
    ConnectRequest,
    DeviceState,
    Outcome,
    ParametersRequest,
    Reading,
    ReadRequest,
    RestartNotice,
    Revision,
    Service,
    ServiceState,
    StatusDocument,
    TraceInterface,
    TraceRequest,
    VariableValue,
    WriteRequest,
)
from heliograph.contract.channels import (
    ALARMS,
    CONFIGURATION,
    CONNECT,
    LIVE,
    PARAMETERS,
    READ,
    RESTART,
    STATE,
    TRACE,
    WRITE,
    Channel,
)
from heliograph.contract.records import Value
from heliograph.contract.status import status_document
from heliograph.formats import Plant, read_plant
from heliograph.runtime import Bus, BusError, Clock, EventLog, NoAnswer, PlantInForce
from heliograph.runtime.clock import milliseconds

CONFIGURATION_SECONDS: Final = 10.0
DEVICE_SECONDS: Final = 10.0
"""A read or a write waits so long for its turn on the line, and besides for the device itself."""
PARAMETERS_SECONDS: Final = 120.0
CONNECT_SECONDS: Final = 10.0
TRACE_SECONDS: Final = 10.0
FRESH_SECONDS: Final = 10.0
"""A live reading younger than this is as good as one made now."""
TRIES: Final = 4
"""How often an exchange with a device may be tried before the collector gives up."""


class Gateway:
    """The rest of the gateway, as this service sees it."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        events: EventLog,
        stopping: asyncio.Event | None = None,
        read: Callable[[Mapping[str, str], str], Plant] = read_plant,
    ) -> None:
        self._bus = bus
        self.clock = clock
        self.events = events
        self.stopping = stopping or asyncio.Event()
        """Set when the gateway stops: what takes long ends in order."""
        self.in_force = PlantInForce(events, read)
        self._caller = ""
        self._configured = asyncio.Event()
        self._patience = Patience(clock, CONFIGURATION_SECONDS)
        self._readings: dict[str, Reading] = {}
        self._states: dict[str, ServiceState] = {}
        self.written: dict[tuple[str, str], Value] = {}
        """The raw value last written, by indices of device and variable; none where nobody knows."""
        self.plant_listeners: list[Callable[[], None]] = []
        """Called when another plant is in force."""
        self.reading_listeners: list[Callable[[Reading], None]] = []
        """Called with each live reading of a device of the plant."""

    async def watch(self) -> None:
        """Follow the configuration, the states and the live readings, from now on."""
        await self._bus.watch(CONFIGURATION, self._take_revision)
        await self._bus.watch(STATE, self._take_state)
        await self._bus.subscribe(LIVE, self._take_reading)

    def asked_by(self, caller: str) -> Self:
        """Return the same gateway with the words for people that say who asks it."""
        view = copy.copy(self)
        view._caller = caller  # noqa: SLF001  # of its own class
        return view

    async def configured(self) -> None:
        """Return when a configuration is in force, or when it has been waited for long enough since the first call."""
        if not self._configured.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.left()):
                    await self._configured.wait()

    async def plant(self) -> Plant:
        """Return the devices in force; raises `NothingSaid` when no configuration came yet."""
        await self.configured()
        if not self._configured.is_set():
            raise NothingSaid(self._without_configuration())
        return self.in_force.plant

    def status(self) -> StatusDocument:
        """Return the status of the whole gateway."""
        return status_document(self._states, milliseconds(self.clock))

    def device_state(self, index: str) -> DeviceState | None:
        """Return how a device is doing, as the collector told last; None where it told nothing of it."""
        state = self._states.get(Service.COLLECTOR)
        devices = state.devices if isinstance(state, CollectorState) else ()
        return next((device for device in devices if device.device == index), None)

    async def read(self, target: Target) -> VariableValue:
        """Read a variable now, between two polls. Raises `CommandFailed`."""
        request = ReadRequest(device=target.entry.device.index, variable=target.variable.index)
        what = f"{target} was not read"
        answer: VariableValue = await self.ask(READ, request, _device_limit(target), what)
        return answer

    async def recent(self, target: Target) -> Value:
        """Return a raw value, of a reading that is fresh enough or else read now. Raises `CommandFailed`."""
        latest = self.latest(target, FRESH_SECONDS)
        return (latest or await self.read(target)).raw

    def latest(self, target: Target, seconds: float) -> VariableValue | None:
        """Return what the last live reading says of a variable; None where it is older than so many seconds."""
        reading = self._readings.get(target.entry.device.index)
        if reading is None or reading.time < milliseconds(self.clock) - seconds * 1000:
            return None
        raw = reading.values.get(target.variable.index)
        return None if raw is None else VariableValue(raw=raw, time=reading.time)

    async def write(self, target: Target, raw: float | str, *, verify: bool) -> VariableValue:
        """Write a raw value between two polls, ahead of them. Raises `CommandFailed`."""
        request = WriteRequest(
            device=target.entry.device.index,
            variable=target.variable.index,
            raw=raw,
            verify=verify,
            caller=self._caller,
        )
        return await self.write_point(target, request)

    async def write_point(self, target: Target, request: WriteRequest) -> VariableValue:
        """Write as `write` does, for whom and for how long `request` says. Raises `CommandFailed`."""
        what = f"it is not known whether {target} was written"
        self.written.pop((request.device, request.variable), None)
        answer: VariableValue = await self.ask(WRITE, request, _device_limit(target), what)
        self.written[request.device, request.variable] = request.raw
        return answer

    def reading(self, device: str) -> Reading | None:
        """Return the last live reading of a device, by its index."""
        return self._readings.get(device)

    async def alarm(self, alarm: Alarm) -> None:
        """Raise an alarm. Raises `CommandFailed` where the bus does not take it."""
        try:
            await self._bus.store(ALARMS, alarm, identity=alarm.identity, service=Service.COMMANDS)
        except BusError as error:
            raise CommandFailed(f"the alarm was not raised: {error}") from error

    async def record_parameters(self, device: str | None) -> None:
        """Have the parameters of one device, or of all, recorded. Raises `CommandFailed`."""
        await self.ask(
            PARAMETERS, ParametersRequest(device=device), PARAMETERS_SECONDS, "the parameters may be incomplete"
        )

    async def connect(self, server: Any) -> None:
        """Ask for a connection to a server, or to all. Raises `CommandFailed`."""
        await self.ask(CONNECT, ConnectRequest(server=server), CONNECT_SECONDS, "no connection was asked for")

    async def trace(self, interface: TraceInterface, minutes: int) -> None:
        """Have the collector write down what goes over an interface. Raises `CommandFailed`."""
        request = TraceRequest(interface=interface, minutes=minutes, origin="command")
        await self.ask(TRACE, request, TRACE_SECONDS, "it is not known whether the trace is being written")

    async def restart(self, reason: str) -> None:
        """Have all services, this one as well, end and begin again. Raises `BusUnavailable`."""
        await self._bus.publish(RESTART, RestartNotice(time=milliseconds(self.clock), reason=reason))

    async def pause(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the gateway stops."""
        waits = {asyncio.create_task(self.clock.sleep(seconds)), asyncio.create_task(self.stopping.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def ask(self, channel: Channel, request: Any, seconds: float, otherwise: str) -> Any:
        """Ask the owner of a channel. `otherwise` says what is not known without an answer. Raises `CommandFailed`."""
        answer: Outcome = await self.request(channel, request, seconds, otherwise)
        if answer.error:
            raise CommandFailed(answer.error)
        return answer

    async def request(self, channel: Channel, request: Any, seconds: float, otherwise: str) -> Any:
        """Ask as `ask` does, and return a refusal as it is. Raises `NothingSaid`."""
        owner = channel.readers[0]
        try:
            return await self._bus.request(channel, request, timeout=seconds)
        except NoAnswer as error:
            raise NothingSaid(f"{owner} did not answer within {seconds:g} s: {otherwise} ({error})") from error

    def _without_configuration(self) -> str:
        if self.in_force.rejected:
            return f"no configuration is in force here: the only one is refused ({self.in_force.rejected})"
        return "no configuration is in force yet: sync has not published one"

    async def _take_revision(self, revision: Revision) -> None:
        before = {entry.device.index: entry for entry in self.in_force.plant.devices}
        if not await self.in_force.take(revision):
            return
        devices = self.in_force.plant.devices
        same = {entry.device.index for entry in devices if before.get(entry.device.index) == entry}
        for device in self._readings.keys() - same:
            del self._readings[device]
        for key in [key for key in self.written if key[0] not in same]:
            del self.written[key]
        self._configured.set()
        for listener in self.plant_listeners:
            listener()

    async def _take_state(self, state: ServiceState) -> None:
        self._states[state.service] = state

    async def _take_reading(self, reading: Reading) -> None:
        if self.in_force.plant.by_index(reading.device) is not None:
            self._readings[reading.device] = reading
            for listener in self.reading_listeners:
                listener(reading)


def _device_limit(target: Target) -> float:
    return DEVICE_SECONDS + TRIES * target.entry.device.timeout_ms / 1000
