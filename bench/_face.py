"""The api as a process over a gateway that is played: so many devices, told once a second, as a collector tells them.

Beside it the baseline: a bare FastAPI app in the same server, which answers so many bytes (`bench._bare`).
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench._collecting import broker, bus, free_port, revision
from bench._plants import VARIABLES, definition
from heliograph.contract import CommandsState, DeviceCondition, DeviceState, Reading, Service
from heliograph.contract.channels import CONFIGURATION, LIVE, SERIES, STATE

START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Face:
    """The api and where it answers."""

    url: str
    process: psutil.Process
    devices: int


@asynccontextmanager
async def face(devices: int) -> AsyncIterator[Face]:
    """Run an api that sees so many devices, all answering, until the block ends."""
    _add_tests()
    from support.plausible import Peers
    from support.plausible_commands import Commands
    from support.plausible_series import waves

    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory:
        root = Path(directory)
        with broker(root) as (url, _):
            async with AsyncExitStack() as stack:
                services = (Service.SYNC, Service.COLLECTOR, Service.COMMANDS)
                sync, collector, commands = [
                    await stack.enter_async_context(bus(url, root, service)) for service in services
                ]
                peers, played = Peers(sync, collector), Commands(commands)
                await sync.ensure_streams()
                await sync.store(CONFIGURATION, _revision(devices))
                await peers.serve()
                await peers.sync.serve(SERIES, waves)
                await played.serve()
                api = stack.enter_context(_api(url, root))
                telling = asyncio.create_task(_tell(peers, played, devices))
                try:
                    await _until_seen(api.url, devices)
                    yield Face(api.url, api.process, devices)
                finally:
                    telling.cancel()
                    await asyncio.gather(telling, return_exceptions=True)


@contextmanager
def bare() -> Iterator[str]:
    """Run the baseline; give its address: `/bytes/{n}` is a page of n bytes, `/json/{n}` a document of n."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench._bare", str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        _until_answers(f"{url}/bytes/1")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def size_of(url: str) -> int:
    """How many bytes an address answers with."""
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
        return len(answer.read())


def _add_tests() -> None:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)


def _revision(devices: int):
    """Inverters: the Overview sums up what they tell of power and energy."""
    lines = [
        f"{n};192.168.{n // 250}.{n % 250 + 1};device {n};1;600;1000;;1;inverter;;bench.csv" for n in range(devices)
    ]
    text = definition()
    for plain, told in (
        ("Variable 1;;1;0;;", "AC power;RealPower;0.01;0;kW;"),
        ("Variable 3;;1;0;;", "Energy total;;0.1;0;kWh;"),
    ):
        text = text.replace(plain, told)
    return revision(lines, text)


@dataclass(frozen=True, slots=True)
class _Api:
    url: str
    process: psutil.Process


@contextmanager
def _api(url: str, root: Path) -> Iterator[_Api]:
    port = free_port()
    environment = {
        **os.environ,
        "BUS_URL": url,
        "BUS_PASSWORD_FILE": str(root / "api" / "bus-password"),
        "STATE_DIR": str(root / "api-state"),
        "LOG_LEVEL": "warning",
        "API_PORT": str(port),
    }
    (root / "api-state").mkdir()
    process = subprocess.Popen([sys.executable, "-m", "heliograph.api"], env=environment)
    try:
        yield _Api(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)


async def _tell(peers, played, devices: int) -> None:
    """Once a second a reading of every device and the state of every service, for ever."""
    from support.plausible import collector_state, sync_state

    while True:
        now = int(time.time() * 1000)
        states = tuple(_device(n, now) for n in range(devices))
        await peers.collector.store(STATE, collector_state(devices=states, revision=1), service="collector")
        await peers.sync.store(STATE, sync_state(revision=1), service="sync")
        told = CommandsState(time=now, started=now - 7_200_000, revision=1, executed=12, scripts=played.scripts)
        await played.bus.store(STATE, told, service="commands")
        for number in range(devices):
            values = {str(v): (now // 1000 + v) % 60_000 for v in range(VARIABLES)}
            reading = Reading(device=str(number), name=f"device {number}", time=now, values=values)
            await peers.collector.publish(LIVE, reading, device=str(number))
        await asyncio.sleep(max(0.0, now / 1000 + 1 - time.time()))


def _device(number: int, now: int) -> DeviceState:
    return DeviceState(
        device=str(number),
        name=f"device {number}",
        condition=DeviceCondition.ANSWERING,
        since=now - 7_200_000,
        last_reading=now - 700,
        last_record=now - 240_000,
        requests=36_000,
        readings=7_200,
        records=12,
        errors={"timeout": 2},
    )


async def _until_seen(url: str, devices: int) -> None:
    """Wait until the last device has a value."""
    await asyncio.to_thread(_until_answers, f"{url}/health/live")
    last = f"{url}/api/v1/devices/{devices - 1}"
    async with asyncio.timeout(START_SECONDS):
        while b'"age_seconds":null' in await asyncio.to_thread(_got, last):
            await asyncio.sleep(0.2)


def _got(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
            return answer.read()
    except OSError:
        return b'"age_seconds":null'


def _until_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
