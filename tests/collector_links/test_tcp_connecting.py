"""A TCP link that is closed, or whose caller is gone, while it connects: no socket stays open, wherever it was."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from heliograph.collector.links.calls import ReadCall
from heliograph.collector.links.errors import LinkDown, LinkFailure
from heliograph.collector.links.tcp import TcpLink
from heliograph.collector.links.tcp_dial import connected_socket
from heliograph.formats.definition import Table

MOMENTS = 40
"""Turns of the event loop; connecting on the loopback and sending takes fewer."""
CALL = ReadCall(1, Table.HOLDING_REGISTER, 0, 1)
WAYS = ("the link is closed", "the caller is gone", "both")


class Peer:
    """Accepts, answers nothing, and knows which connections are still open."""

    def __init__(self) -> None:
        self.open = 0
        self.accepted = 0
        self.last = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.accepted += 1
        with suppress(OSError):
            while data := await reader.read(1000):
                self.last = self.last or data == b"last"
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self.open -= 1


@asynccontextmanager
async def peer_on(host: str = "127.0.0.1") -> AsyncIterator[tuple[Peer, int]]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, host, 0)
    async with server:
        yield peer, server.sockets[0].getsockname()[1]
        await until(lambda: not peer.open)


async def until(holds) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("way", WAYS)
async def test_closed_at_any_turn_of_its_connecting_it_leaves_no_socket(way):
    async with peer_on() as (peer, port):
        for moment in range(MOMENTS):
            link = TcpLink("127.0.0.1", port)
            reading = asyncio.create_task(link.read(CALL, 30))
            for _ in range(moment):
                await asyncio.sleep(0)
            if way != "the caller is gone":
                await link.close()
            if way != "the link is closed":
                reading.cancel()
            with suppress(asyncio.CancelledError, LinkFailure):
                await reading
            await link.close()
        last = await connected_socket("127.0.0.1", port)  # accepted after all those before
        last.send(b"last")
        await until(lambda: peer.last and peer.open == 1)
        assert peer.accepted > 1, "some of them had connected"
        last.close()


async def test_a_link_that_was_closed_while_it_connected_stays_closed():
    async with peer_on() as (peer, port):
        link = TcpLink("127.0.0.1", port)
        reading = asyncio.create_task(link.read(CALL, 30))
        await asyncio.sleep(0)
        await link.close()
        with pytest.raises(LinkDown, match="closed"):
            await reading
        with pytest.raises(LinkDown, match="closed"):
            await link.read(CALL, 30)
        await until(lambda: peer.open == 0)


async def test_the_next_address_is_tried_when_the_first_one_refuses(monkeypatch):
    async with peer_on() as (_, port):
        with socket.create_server(("127.0.0.2", 0)) as taken:
            closed = taken.getsockname()[1]

        async def two(*_: object, **__: object):
            return [(socket.AF_INET, 0, 0, "", place) for place in (("127.0.0.2", closed), ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        made = await connected_socket("device.example", port)
        assert made.getpeername() == ("127.0.0.1", port)
        made.close()


async def test_where_every_address_refuses_the_first_ones_cause_is_told(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]

    async def two(*_: object, **__: object):
        return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", closed)), (socket.AF_INET, 0, 0, "", ("127.0.0.2", closed))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
    with pytest.raises(ConnectionRefusedError):
        await connected_socket("device.example", closed)


async def test_a_connection_sends_small_requests_at_once():
    async with peer_on() as (peer, port):
        link = TcpLink("127.0.0.1", port)
        reading = asyncio.create_task(link.read(CALL, 30))
        await until(lambda: peer.open == 1 and link._socket is not None)
        raw = link._socket.transport.get_extra_info("socket")
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        reading.cancel()
        await link.close()
