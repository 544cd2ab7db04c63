"""A collector as a process on a real broker, and what reaches sync of it, for the figures."""

import asyncio
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from heliograph.contract import CollectorState, Revision, Service
from heliograph.contract.channels import ALARMS, CONFIGURATION, RECORDS, STATE
from heliograph.runtime import Bus, ServiceSettings
from heliograph.runtime.broker import broker_conf, make_keys

UID = "WPM000001"
DEVICE_HEADER = "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile"
SERIAL_HEADER = "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms)"
SERVER = Path(sysconfig.get_path("scripts")) / "nats-server"


@dataclass
class Collected:
    """The running collector and what came of it."""

    process: psutil.Process
    broker: psutil.Process
    publish: Callable[[Revision], Awaitable[None]]
    """Puts a revision in force, as sync does."""
    commands: Bus
    """Asks the collector as the service commands does."""
    records: list[tuple[float, str, int]] = field(default_factory=list)
    """When each record was taken off the bus, its device, its date."""
    states: list[CollectorState] = field(default_factory=list)

    async def state(self) -> CollectorState:
        """Return the next state that the collector tells."""
        seen = len(self.states)
        while len(self.states) <= seen:  # a bench looks, it does not react
            await asyncio.sleep(0.02)
        return self.states[-1]

    async def until(self, holds: Callable[[CollectorState], bool], seconds: float = 60) -> CollectorState:
        """Return the first state for which `holds`."""
        async with asyncio.timeout(seconds):
            while not holds(state := await self.state()):
                pass
        return state


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time that a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def revision(devices: Sequence[str], definition: str, serial: Sequence[str] = ()) -> Revision:
    """A plant in which every device has the same definition, `bench.csv`."""
    section = [SERIAL_HEADER, *serial, ""] if serial else []
    text = "\n".join([*section, DEVICE_HEADER, *devices, ""])
    files = {f"CONFIG/{UID}_daq.csv": text, "DEF/bench.csv": definition}
    return Revision(number=1, time=0, origin="bench", uid=UID, files=files)


@asynccontextmanager
async def collecting(revision: Revision, **environment: str) -> AsyncIterator[Collected]:
    """Run a broker and a collector with this revision; records are taken off the bus as sync would."""
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory:
        root = Path(directory)
        with broker(root) as (url, server):
            async with (
                bus(url, root, Service.SYNC) as sync,
                bus(url, root, Service.API) as api,
                bus(url, root, Service.COMMANDS) as commands,
            ):
                await sync.ensure_streams()
                await sync.store(CONFIGURATION, revision)
                with _collector(url, root, environment) as process:
                    collected = Collected(
                        psutil.Process(process.pid),
                        psutil.Process(server.pid),
                        partial(sync.store, CONFIGURATION),
                        commands,
                    )
                    tasks = [asyncio.create_task(work) for work in _readers(sync, collected)]
                    await api.watch(STATE, _into(collected.states))
                    yield collected
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)


def _readers(sync: Bus, collected: Collected):
    async def take(records):
        now = time.time()
        collected.records += [(now, record.device, record.time) for record in records]

    async def leave(_):
        pass

    return sync.consume(RECORDS, take, leave), sync.consume(ALARMS, leave, leave)


def _into(states: list[CollectorState]):
    async def take(state):
        if isinstance(state, CollectorState):
            states.append(state)

    return take


@contextmanager
def broker(root: Path):
    port = free_port()
    make_keys(root)
    conf = root / "nats.conf"
    conf.write_text(broker_conf(listen=f"127.0.0.1:{port}", store=str(root / "store"), users="broker/users.conf"))
    with (root / "nats.log").open("wb") as log:
        process = subprocess.Popen([SERVER, "-c", conf], stdout=log, stderr=log, cwd=root)
    try:
        yield f"nats://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _collector(url: str, root: Path, environment: dict[str, str]):
    environment = {
        **os.environ,
        "BUS_URL": url,
        "BUS_PASSWORD_FILE": str(root / "collector" / "bus-password"),
        "STATE_DIR": str(root / "collector-state"),
        "LOG_LEVEL": "warning",
        **environment,
    }
    process = subprocess.Popen([sys.executable, "-m", "heliograph.collector"], env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def bus(url: str, root: Path, service: Service) -> AsyncIterator[Bus]:
    settings = ServiceSettings(bus_url=url, bus_password_file=root / service / "bus-password")
    async with Bus(settings, service) as bus:
        await bus.wait_connected()
        yield bus


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
