"""A forwarded port before a serial line, without a bus: the port, the line behind it, and masters that use it."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from heliograph.collector.forwarding import ForwardedPort, ForwardSettings
from heliograph.collector.line import Line
from heliograph.collector.links import Link, ModbusException, NoAnswer, RtuLink
from heliograph.collector.repeated import Repeated
from heliograph.contract import Level, Service
from heliograph.formats.daq import SerialLine
from heliograph.runtime import EventLog, SystemClock
from heliograph.runtime.retry import Backoff
from support.modbus import holding
from support.ports import free_port

LIMIT_SECONDS = 60.0
_HEADER = struct.Struct(">HHHB")


class Said(EventLog):
    """Keeps what was said."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(Service.COLLECTOR, clock)
        self.lines: list[str] = []

    def say(self, level: Level, text: str) -> None:
        self.lines.append(text)
        super().say(level, text)


@dataclass
class Forwarded:
    """What runs."""

    port: ForwardedPort
    line: Line
    said: Said


class Polls:
    """Polls a unit for a register again and again, as a device's poller does."""

    def __init__(self, unit: int, seconds: float = LIMIT_SECONDS / 2) -> None:
        self.unit = unit
        self.seconds = seconds
        self.due = 0.0
        self.count = 0

    async def turn(self, link: Link, *, shared: bool) -> None:
        self.count += 1
        self.due += 1e-6
        with contextlib.suppress(NoAnswer, ModbusException):
            await link.read(holding(self.unit, 0, 1), self.seconds)

    def link_lost(self, cause: str) -> None: ...

    def link_found(self) -> None: ...

    def count_drop(self, unit: int, kind: str) -> None: ...


@asynccontextmanager
async def forwarded(
    device: str,
    *turns: Polls,
    baudrate: int = 115200,
    number: int = 0,
    limits: Mapping[int, float] | None = None,
    **settings: Any,
) -> AsyncIterator[Forwarded]:
    """A port in front of a serial device that is polled by these turns as well.

    Time limits are long, for a machine that does much else, but for the units that are given one.
    """
    clock = SystemClock()
    said = Said(clock)
    chosen = ForwardSettings(**{"answer_seconds": LIMIT_SECONDS, **settings})
    port = ForwardedPort("SERIAL1", number or free_port(), chosen, clock, said, Repeated(said, clock))
    port.limit_units({**dict.fromkeys(range(256), LIMIT_SECONDS / 2), **(limits or {})})
    link = RtuLink(SerialLine(1, baudrate=baudrate), device, backoff=Backoff(0.05, 0.2))
    line = Line(link, clock, said)
    line.invite(port)
    for turn in turns:
        line.add(turn)
    tasks = [asyncio.create_task(port.run()), asyncio.create_task(line.run())]
    try:
        yield Forwarded(port, line, said)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Master:
    """A Modbus TCP client that sends what a test wants, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.transaction = 0

    def send(self, unit: int, message: bytes) -> int:
        """Send a request; return its transaction."""
        self.transaction += 1
        self.writer.write(_HEADER.pack(self.transaction, 0, len(message) + 1, unit) + message)
        return self.transaction

    async def receive(self) -> tuple[int, int, bytes]:
        """Return transaction, unit and message of the next answer."""
        async with asyncio.timeout(LIMIT_SECONDS):
            head = await self.reader.readexactly(_HEADER.size)
            transaction, protocol, length, unit = _HEADER.unpack(head)
            assert protocol == 0
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, unit: int, message: bytes) -> bytes:
        """Send a request and return the message that answers it."""
        expected = self.send(unit, message)
        transaction, answered, answer = await self.receive()
        assert (transaction, answered) == (expected, unit)
        return answer

    async def until_cut(self) -> bytes:
        """Return what comes until the port ends the connection."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await self.reader.read()
        except ConnectionError:
            return b""


@asynccontextmanager
async def master(port: int) -> AsyncIterator[Master]:
    """A client of a port, as soon as that listens."""
    reader, writer = await _connected(port)
    try:
        yield Master(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
