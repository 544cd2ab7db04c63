"""A plant on the wire: sockets and lines for its devices, the script of faults behind them, the log of values."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from heliograph.demo.serialserver import SerialServer
from heliograph.demo.simulate.device import SimulatedDevice
from heliograph.demo.simulate.faultscript import FaultScript, ScriptedFaults, spoils
from heliograph.demo.simulate.plantfile import Line
from heliograph.demo.simulate.reading import DeviceSpec, PlantSpec
from heliograph.demo.simulate.served import LARGEST_BYTES, ServedLog, ServedValue
from heliograph.demo.simulate.signals import Signals
from heliograph.demo.simulate.timeline import Chance, Timeline
from heliograph.demo.simulator import Faults, RtuSimulator, TcpSimulator

ADVANCE_SECONDS: Final = 1.0


class PlaceTaken(Exception):
    """A port or a path is not to be had; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says besides the file; None leaves it to the file."""

    seed: int | None = None
    speed: float | None = None
    host: str | None = None
    first_port: int | None = None
    """The ports of the file become this one and those after it, in their order; 0: free ones."""
    log: Path | None = None
    log_bytes: int = LARGEST_BYTES
    now: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is to be found."""

    spec: DeviceSpec
    host: str = ""
    port: int = 0
    line: str = ""
    """`SERIALn`."""
    device: str = ""
    """What the gateway is to open for that line: a path, or `socket://host:port`."""


@dataclass(slots=True)
class SimulatedPlant:
    """A plant that is being served."""

    spec: PlantSpec
    signals: Signals
    script: FaultScript
    log: ServedLog | None
    places: list[Place] = field(default_factory=list)
    servers: dict[str, TcpSimulator | RtuSimulator] = field(default_factory=dict)
    """By the name of each device: the simulator behind which it stands."""

    def faults(self, device: str) -> Faults | None:
        """Return what is wrong with a device now, by the script."""
        return self.script.at(device, self.signals.timeline.time() - self.signals.timeline.start)


@asynccontextmanager
async def simulated(spec: PlantSpec, options: Options | None = None) -> AsyncIterator[SimulatedPlant]:
    """Serve a plant until the end of the context. Raises `PlaceTaken`, and `OSError` for the log."""
    options = options or Options()
    with ExitStack() as files:
        log = files.enter_context(ServedLog(options.log, options.log_bytes)) if options.log else None
        plant = _plant(spec, options, log)
        async with AsyncExitStack() as stack:
            server = _Server(plant, options, stack)
            await server.start()
            advancing = asyncio.create_task(_advance(plant.signals), name="simulated plant: time")
            try:
                yield plant
            finally:
                advancing.cancel()
                await asyncio.gather(advancing, return_exceptions=True)


def _plant(spec: PlantSpec, options: Options, log: ServedLog | None) -> SimulatedPlant:
    file = spec.file
    chance = Chance(file.seed if options.seed is None else options.seed)
    start = time.time() if file.start is None else file.start.timestamp()
    timeline = Timeline(float(int(start)), options.speed or file.speed, options.now)
    script = FaultScript(file.faults, chance)
    return SimulatedPlant(spec, Signals(spec, timeline, script, chance), script, log)


async def _advance(signals: Signals) -> None:
    while True:
        await asyncio.to_thread(signals.advance, signals.timeline.time())
        await asyncio.sleep(ADVANCE_SECONDS)


class _Server:
    """Opens every socket and line of a plant."""

    def __init__(self, plant: SimulatedPlant, options: Options, stack: AsyncExitStack) -> None:
        self._plant = plant
        self._stack = stack
        self._host = options.host or plant.spec.file.host
        self._first_port = options.first_port

    async def start(self) -> None:
        found: dict[str, Place] = {}
        for number, (port, devices) in enumerate(_behind_ports(self._plant.spec)):
            server = await self._listen(self._port(port, number), devices)
            found |= {spec.name: Place(spec, self._host, server.port) for spec in devices}
        for name, line in self._plant.spec.file.lines.items():
            devices = [spec for spec in self._plant.spec.devices if spec.entry.serial == name]
            opened = await self._open(name, line, devices)
            found |= {spec.name: Place(spec, line=name, device=opened) for spec in devices}
        self._plant.places = [found[spec.name] for spec in self._plant.spec.devices]

    def _port(self, port: int, number: int) -> int:
        if self._first_port is None:
            return port
        return self._first_port + number if self._first_port else 0

    async def _listen(self, port: int, devices: Sequence[DeviceSpec]) -> TcpSimulator:
        units = {spec.entry.unit: self._device(spec) for spec in devices}
        delay = max(spec.entry.turnaround for spec in devices)
        server = TcpSimulator(units, self._host, port, answer_delay=delay)
        server.units.faults = self._faults(devices)
        try:
            await self._stack.enter_async_context(server)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PlaceTaken(f"port {port} on {self._host} for {devices[0].name}: {reason}") from error
        self._plant.servers |= {spec.name: server for spec in devices}
        return server

    async def _open(self, name: str, line: Line, devices: Sequence[DeviceSpec]) -> str:
        path = await asyncio.to_thread(_free_path, line.path, name) if line.path else None
        units = {spec.entry.unit: self._device(spec) for spec in devices}
        simulator = RtuSimulator(units, line.baudrate, line.parity, line.stop_bits, paced=line.paced, path=path)
        simulator.answer_delay = line.turnaround
        simulator.units.faults = self._faults(devices)
        try:
            await self._stack.enter_async_context(simulator)
            if line.socket is None:
                device = simulator.device
            else:
                server = await self._stack.enter_async_context(SerialServer(simulator.device, self._host, line.socket))
                device = f"socket://{self._host}:{server.port}"
        except OSError as error:
            raise PlaceTaken(f"{name}: {error.strerror or error}") from error
        self._plant.servers |= {spec.name: simulator for spec in devices}
        return device

    def _device(self, spec: DeviceSpec) -> SimulatedDevice:
        plant = self._plant
        heard: Callable[[Sequence[ServedValue]], None] | None = plant.log.add if plant.log else None
        return SimulatedDevice(spec, plant.signals, heard, lambda: spoils(plant.faults(spec.name)))

    def _faults(self, devices: Sequence[DeviceSpec]) -> ScriptedFaults:
        names = {spec.entry.unit: spec.name for spec in devices}
        return ScriptedFaults(names, self._plant.faults)


def _free_path(text: str, name: str) -> Path:
    """Return the whole path, where nothing is but perhaps a link to a terminal that is gone."""
    path = Path(text).absolute()
    if path.exists():
        raise PlaceTaken(f"{path} for {name} is there already: end the plant that has it, or remove it")
    return path


def _behind_ports(spec: PlantSpec) -> list[tuple[int, list[DeviceSpec]]]:
    """Return the devices behind each port, in the order of the file; port 0 is one of its own for each device."""
    found: list[tuple[int, list[DeviceSpec]]] = []
    for device in spec.devices:
        port = device.entry.tcp
        if port is None:
            continue
        known = next((devices for other, devices in found if other == port and port != 0), None)
        if known is None:
            found.append((port, [device]))
        else:
            known.append(device)
    return found
