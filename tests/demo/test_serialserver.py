"""The serial server of the containers' demo: bytes of a serial line over TCP, one client at a time."""

import asyncio

from heliograph.demo import simulation
from heliograph.demo.devices import SENSOR_UNIT
from heliograph.demo.plant import Plant
from heliograph.demo.serialserver import SerialServer
from heliograph.demo.simulator.crc import crc16

LIMIT = 60


def request(count: int = 3) -> bytes:
    frame = bytes((SENSOR_UNIT, 4, 0, 0, 0, count))
    return frame + crc16(frame)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(request())
    return await asyncio.wait_for(reader.readexactly(5 + 2 * 3), LIMIT)


async def test_a_client_reads_the_device_behind_the_line():
    async with (
        simulation.serial_line(Plant(lambda: 60)) as line,
        SerialServer(line.device, "127.0.0.1", 0) as server,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        answer = await ask(reader, writer)
        writer.close()
        await writer.wait_closed()
    assert answer[:3] == bytes((SENSOR_UNIT, 4, 6))
    assert crc16(answer[:-2]) == answer[-2:]


async def test_a_new_client_takes_the_line_over():
    async with (
        simulation.serial_line(Plant(lambda: 60)) as line,
        SerialServer(line.device, "127.0.0.1", 0) as server,
    ):
        old, old_writer = await asyncio.open_connection("127.0.0.1", server.port)
        first = await ask(old, old_writer)
        new, new_writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await asyncio.wait_for(old.read(), LIMIT) == b""
        assert await ask(new, new_writer) == first
        for writer in (old_writer, new_writer):
            writer.close()
            await writer.wait_closed()
