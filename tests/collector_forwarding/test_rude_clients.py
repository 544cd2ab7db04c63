"""Clients of a forwarded port that send nonsense, or too much, or never listen: they harm nobody but themselves."""

import asyncio
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.forwarding import client as client_module
from heliograph.collector.forwarding import port as port_module
from heliograph.collector.forwarding.client import Client
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator
from support.collecting import until
from support.forwarding import forwarded, master

READ = bytes.fromhex("0300000001")
RIGHT = bytes.fromhex("030203e8")
SMALL_BYTES = 4096
"""Of the system's buffers, which else hold some hundred thousand answers before a client is known not to read."""


@pytest.fixture
async def line():
    bank = Registers({HOLDING_REGISTER: {n: 1000 + n for n in range(200)}})
    async with RtuSimulator({1: bank}, 115200, paced=False) as simulator:
        yield simulator


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: plant\r\n\r\n",
        struct.pack(">HHHB", 1, 0, 1, 1),
        struct.pack(">HHHB", 1, 0, 255, 1) + bytes(254),
        struct.pack(">HHHB", 1, 0, 60000, 1),
        struct.pack(">HHHB", 1, 7, 6, 1) + READ,
        bytes(8),
    ],
    ids=["http", "no length", "too long", "much too long", "other protocol", "zeros"],
)
async def test_what_is_no_modbus_tcp_ends_the_connection_and_is_told(line, sent):
    async with forwarded(line.device) as served, master(served.port.port) as good, master(served.port.port) as rude:
        assert await good.ask(1, READ) == RIGHT
        rude.writer.write(sent)
        assert await rude.until_cut() == b""
        assert await good.ask(1, READ) == RIGHT
    assert any("is cut off: it does not speak Modbus TCP" in text for text in served.said.lines)


async def test_garbage_of_many_clients_is_one_line_in_the_log(line):
    async with forwarded(line.device) as served:
        for _ in range(5):
            async with master(served.port.port) as rude:
                rude.writer.write(b"garbage garbage")
                await rude.until_cut()
    assert sum("is cut off" in text for text in served.said.lines) == 1


async def test_half_a_request_ends_the_connection_after_a_while(line, monkeypatch):
    monkeypatch.setattr(client_module, "HALF_FRAME_SECONDS", 0.1)
    async with forwarded(line.device) as served, master(served.port.port) as rude:
        rude.writer.write(struct.pack(">HHHB", 1, 0, 6, 1) + READ[:3])
        assert await rude.until_cut() == b""
    assert any("half a request" in text for text in served.said.lines)


async def test_a_request_that_comes_byte_by_byte_is_a_request(line):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        for byte in struct.pack(">HHHB", 9, 0, 6, 1) + READ:
            client.writer.write(bytes((byte,)))
            await client.writer.drain()
            await asyncio.sleep(0)
        assert await client.receive() == (9, 1, RIGHT)


async def test_a_client_that_never_reads_is_cut_off_and_the_others_go_on(line, monkeypatch):
    monkeypatch.setattr(client_module, "STUCK_SECONDS", 0.2)
    async with forwarded(line.device) as served, master(served.port.port) as good, master(served.port.port) as rude:
        rude.reader._transport.pause_reading()
        await until(lambda: len(served.port._clients) == 2, "both are there")
        for end in (rude.writer, *(client._transport for client in served.port._clients)):
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
        rude.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
        cut = asyncio.create_task(poured(rude))
        while not cut.done():
            assert await good.ask(1, READ) == RIGHT
        await until(lambda: len(served.port._clients) == 1, "it is gone")
    assert any("does not take its answers" in text for text in served.said.lines)


async def poured(client):
    """Send requests that are answered at once with as much as it goes, until the connection is cut."""
    refused = struct.pack(">HHHB", 1, 0, 2, 1) + b"\x80"
    try:
        while True:
            client.writer.write(refused * 2000)
            await client.writer.drain()
    except ConnectionError:
        return


async def test_a_client_that_asks_without_end_costs_the_line_its_share_and_no_memory(line):
    async with forwarded(line.device) as served, master(served.port.port) as good, master(served.port.port) as rude:
        request = struct.pack(">HHHB", 1, 0, 6, 1) + READ
        asked = asyncio.create_task(asking(rude, request))
        reading = asyncio.create_task(swallowed(rude))
        for _ in range(30):
            assert await good.ask(1, READ) == RIGHT
            assert len(served.port._queue) <= 9
        asked.cancel()
        reading.cancel()
        await asyncio.gather(asked, reading, return_exceptions=True)


async def asking(client, request):
    while True:
        client.writer.write(request * 500)
        await client.writer.drain()


async def swallowed(client):
    while await client.reader.read(65536):
        pass


async def test_a_thousand_connections_leave_those_that_work_in_peace(line):
    async with forwarded(line.device) as served, master(served.port.port) as good:
        assert await good.ask(1, READ) == RIGHT
        for _ in range(10):
            opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", served.port.port) for _ in range(100)))
            assert await good.ask(1, READ) == RIGHT
            assert len(served.port._clients) <= 16
            for _, writer in opened:
                writer.transport.abort()
        await until(lambda: len(served.port._clients) == 1, "they are gone")
        assert await good.ask(1, READ) == RIGHT
    assert sum("is refused: 16 clients are connected" in text for text in served.said.lines) == 1


async def test_a_client_that_was_silent_for_long_makes_room(line, monkeypatch):
    async with (
        forwarded(line.device, most_clients=2) as served,
        master(served.port.port) as idle,
        master(served.port.port) as busy,
    ):
        for client in (idle, busy):
            assert await client.ask(1, READ) == RIGHT
        monkeypatch.setattr(port_module, "EVICTABLE_SECONDS", -1.0)
        async with master(served.port.port) as new:
            assert await idle.until_cut() == b""
            for client in (new, busy):
                assert await client.ask(1, READ) == RIGHT


async def test_who_cuts_the_connection_takes_what_waits_along(line):
    """A write that is not sent yet is not sent any more."""
    async with forwarded(line.device) as served:
        started = asyncio.Event()
        held = asyncio.create_task(served.line.ask(lambda _: started.wait()))
        async with master(served.port.port) as client:
            client.send(1, bytes.fromhex("0600000001"))
            await until(lambda: len(served.port._queue) == 1, "it waits")
            reset = struct.pack("ii", 1, 0)
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        await until(lambda: not served.port._clients, "it left")
        assert not served.port.waits
        started.set()
        await held
    assert line.units.banks[1].tables[HOLDING_REGISTER][0] == 1000


async def test_who_only_ends_its_own_direction_gets_its_answers_first(line):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        for _ in range(3):
            client.send(1, READ)
        client.writer.write_eof()
        assert [(await client.receive())[2] for _ in range(3)] == [RIGHT] * 3
        assert await client.until_cut() == b""
        await until(lambda: not served.port._clients, "it left")


class Server:
    """A port that takes every other request, and notes all."""

    def __init__(self) -> None:
        self.asked = 0
        self.messages = []
        self.thrown_out = False

    def enter(self, client):
        return True

    def leave(self, client): ...

    def rude(self, client, what):
        self.thrown_out = True

    def take(self, client, transaction, unit, message):
        self.messages.append((transaction, unit, message))
        self.asked += 1
        return self.asked % 2 == 0


class Transport:
    """Takes what is asked of it."""

    def get_extra_info(self, name):
        return ("::1", 5020, 0, 0)

    def __getattr__(self, name) -> object:
        return lambda *_, **__: None


frames = st.builds(
    lambda transaction, unit, message: (transaction, unit, message),
    st.integers(0, 0xFFFF),
    st.integers(0, 255),
    st.binary(min_size=1, max_size=253),
)


@given(st.lists(frames, max_size=12), st.binary(max_size=20), st.lists(st.integers(1, 400), min_size=1))
def test_whole_requests_come_through_however_the_bytes_are_cut(requests, tail, sizes):
    wire = b"".join(struct.pack(">HHHB", t, 0, len(m) + 1, u) + m for t, u, m in requests)
    server = asyncio.run(fed(wire + tail, sizes))
    assert server.messages[: len(requests)] == requests


async def fed(wire, sizes):
    server = Server()
    client = Client(server)
    client.connection_made(Transport())
    place = 0
    while wire:
        view = client.get_buffer(-1)
        size = min(sizes[place % len(sizes)], len(view), len(wire))
        view[:size] = wire[:size]
        wire, place = wire[size:], place + 1
        client.buffer_updated(size)
        while "room" in client._held:
            client.make_room()
        if server.thrown_out:
            break
    client.connection_lost(None)
    return server
