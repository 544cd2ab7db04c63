"""Serial lines behind the network: `socket://` and `rfc2217://` to a serial server that stands before a paced line."""

import asyncio
import contextlib
import socket
import threading

import pytest
import serial
import serial.rfc2217

from heliograph.collector.links import LinkDown, NoAnswer, Silence, WriteCall
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator
from support.modbus import holding, registers, rtu_link

BAUD = 19200
LIMIT = 60

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's rfc2217 client


class Port(serial.Serial):
    """A pseudo terminal has no modem lines; a serial server asks for them and sets them."""

    cts = dsr = ri = cd = True

    def _update_dtr_state(self):
        pass

    def _update_rts_state(self):
        pass

    def _update_break_state(self):
        pass


class SerialServer:
    """Hands the bytes of one client through to a serial port, with or without the protocol of RFC 2217."""

    def __init__(self, device, rfc2217) -> None:
        self.port = Port(device, BAUD, timeout=0.02)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.1)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.rfc2217 = rfc2217
        self.ended = threading.Event()
        self.cut = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self.listener.accept()
                with client, contextlib.suppress(OSError):
                    self.talk(client)

    def talk(self, client):
        self.cut.clear()
        client.settimeout(0.005)
        manager = serial.rfc2217.PortManager(self.port, Connection(client)) if self.rfc2217 else None
        while not (self.ended.is_set() or self.cut.is_set()):
            with contextlib.suppress(TimeoutError):
                data = client.recv(512)
                if not data:
                    return
                self.port.write(b"".join(manager.filter(data)) if manager else data)
            data = self.port.read(self.port.in_waiting)
            client.sendall(b"".join(manager.escape(data)) if manager else data)

    def close(self):
        self.ended.set()
        self.thread.join()
        self.listener.close()
        self.port.close()


class Connection:
    """What pyserial's port manager writes its own answers to."""

    def __init__(self, client) -> None:
        self.client = client

    def write(self, data):
        self.client.sendall(data)


@pytest.fixture
async def line():
    bank = Registers({HOLDING_REGISTER: {n: 1000 + n for n in range(300)}})
    async with RtuSimulator({1: bank}, BAUD) as simulator:
        yield simulator


@pytest.fixture(params=["socket", "rfc2217"])
async def server(request, line):
    server = SerialServer(line.device, request.param == "rfc2217")
    server.url = f"{request.param}://{server.address}"
    yield server
    await asyncio.to_thread(server.close)


async def test_reads_and_writes(server):
    """Byte 255 among the data, which RFC 2217 has to escape, comes through as well."""
    async with rtu_link(server.url, BAUD) as link:
        assert registers(await link.read(holding(1, 10, 3), LIMIT)) == [1010, 1011, 1012]
        await link.write(WriteCall(1, 16, 10, (0xFFFF, 0x00FF)), LIMIT)
        assert registers(await link.read(holding(1, 9, 4), LIMIT)) == [1009, 0xFFFF, 0x00FF, 1012]
        with pytest.raises(Silence):
            await link.read(holding(2, 0, 1), 0.2)


async def until_down(link):
    async with asyncio.timeout(LIMIT):
        while True:
            with contextlib.suppress(NoAnswer):
                await link.read(holding(1, 0, 1), 0.5)


async def test_a_cut_and_the_way_back(server):
    """The serial server drops the connection; the link opens it again."""
    async with rtu_link(server.url, BAUD) as link:
        await link.read(holding(1, 0, 1), LIMIT)
        server.cut.set()
        with pytest.raises(LinkDown):
            await until_down(link)
        async with asyncio.timeout(LIMIT):
            while True:
                try:
                    assert registers(await link.read(holding(1, 0, 1), LIMIT)) == [1000]
                    break
                except LinkDown as down:
                    await asyncio.sleep(down.retry_in)
