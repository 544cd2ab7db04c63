"""Modbus peers that are not ours: devices by libmodbus (C) and by pymodbus, the client mbpoll; links under test."""

import asyncio
import os
import re
import shutil
import subprocess
import tty
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from heliograph.collector.links import ReadCall, RtuLink, TcpLink
from heliograph.demo.simulator import RtuSimulator
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import Table
from heliograph.runtime.retry import Backoff

SOURCE = Path(__file__).with_name("libmodbus_device.c")
LIMIT_SECONDS = 60.0


def holding(unit: int, address: int, count: int) -> ReadCall:
    """Read holding registers."""
    return ReadCall(unit, Table.HOLDING_REGISTER, address, count)


def registers(data: bytes) -> list[int]:
    """The registers of an answer."""
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


@asynccontextmanager
async def tcp_link(port: int, **more) -> AsyncIterator[TcpLink]:
    """A link to a port of the loopback with short waits after failures."""
    link = TcpLink("127.0.0.1", port, **{"backoff": Backoff(0.05, 0.2), **more})
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def rtu_link(
    device: str, baudrate: int = 115200, backoff: Backoff | None = None, **more
) -> AsyncIterator[RtuLink]:
    """A link to a serial device with short waits after failures."""
    link = RtuLink(SerialLine(1, baudrate=baudrate, **more), device, backoff=backoff or Backoff(0.05, 0.2))
    try:
        yield link
    finally:
        await link.close()


HELD = 1e6
"""For `faults[unit].late` on a line: the answer waits until `let_go`."""


def let_go(line: RtuSimulator) -> None:
    """Let the devices on a line give the answers that they hold back."""
    assert line._wire is not None
    held = line._wire.late
    held[:] = [(0.0, frame) for _, frame in held]


@pytest.fixture(scope="session")
def libmodbus_device(tmp_path_factory) -> Path:
    """A device made with libmodbus: `tcp PORT` or `rtu DEVICE BAUD`; holding register n holds 1000 + n."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not Path("/usr/include/modbus/modbus.h").exists():
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("gcc or libmodbus not installed: apt-get install gcc libmodbus-dev")
    program = tmp_path_factory.mktemp("libmodbus") / "device"
    subprocess.run([str(compiler), "-O1", "-o", program, SOURCE, "-lmodbus"], check=True, timeout=200)
    return program


@asynccontextmanager
async def running(*command: str | Path) -> AsyncIterator[Process]:
    """A program that says `ready` on a line of its own once it serves."""
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=PIPE, stderr=STDOUT)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while (line := await process.stdout.readline()) != b"ready\n":
                assert line, f"{command[0]} ended at once"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process._transport.close()  # Python 3.11 leaves the pipe to the collector of garbage


@asynccontextmanager
async def cable(*devices: str) -> AsyncIterator[tuple[str, str]]:
    """Two serial devices, each of which receives what the other sends.

    Further devices hang on the same cable: they hear the first one, and both hear them, as libmodbus expects of a bus.
    """
    loop = asyncio.get_running_loop()
    pairs = [os.openpty(), os.openpty()]
    (ours, _), (theirs, _) = pairs
    for _, slave in pairs:
        tty.setraw(slave)
    further = [os.open(device, os.O_RDWR | os.O_NOCTTY) for device in devices]
    loop.add_reader(ours, _hand_on, ours, [theirs, *further])
    loop.add_reader(theirs, _hand_on, theirs, [ours])
    for device in further:
        loop.add_reader(device, _hand_on, device, [ours, theirs])
    try:
        yield os.ttyname(pairs[0][1]), os.ttyname(pairs[1][1])
    finally:
        for end in (ours, theirs, *further):
            loop.remove_reader(end)
            os.close(end)
        for _, slave in pairs:
            os.close(slave)


def _hand_on(source: int, sinks: list[int]) -> None:
    data = os.read(source, 512)
    for sink in sinks:
        os.write(sink, data)


async def mbpoll(*arguments: str | int) -> list[int]:
    """Run the client mbpoll once; the values that it printed."""
    process = await asyncio.create_subprocess_exec(
        "mbpoll", "-1", "-0", *map(str, arguments), stdout=PIPE, stderr=STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    text = output.decode(errors="replace")
    assert process.returncode == 0, text
    return [int(value) for value in re.findall(r"^\[\d+\]:\s+(-?\d+)", text, re.MULTILINE)]
