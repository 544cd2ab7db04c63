"""Serial lines behind the network: `socket://` and `rfc2217://` to a serial server that stands before a paced line."""

import asyncio
import contextlib
import socket
import threading

import pytest
import serial
import serial.rfc2217

from heliograph.collector.links import LinkDown, NoAnswer, Silence, WriteCall
from heliograph.collector.links.port import SerialPort
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator
from heliograph.formats.daq import SerialLine
from support.collecting import until
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
        self.refuses_speed = False
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
        if manager and self.refuses_speed:
            manager.rfc2217_send_subnegotiation = lambda option, value: Refusing.send(manager, option, value)
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


class Refusing:
    """Answers the wish for a speed with another one."""

    @staticmethod
    def send(manager, option, value) -> None:
        if option == serial.rfc2217.SERVER_SET_BAUDRATE:
            value = (1200).to_bytes(4)
        serial.rfc2217.PortManager.rfc2217_send_subnegotiation(manager, option, value)


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


async def test_the_silence_is_kept_on_the_line_behind_the_server(server, line):
    """By the stamps of the line itself: requests, an answer that never comes, and the other unit."""
    async with rtu_link(server.url, BAUD) as link:
        for unit in (1, 2, 1, 1):
            with contextlib.suppress(NoAnswer):
                await link.read(holding(unit, 0, 3), 0.3)
        await link.write(WriteCall(1, 6, 0, (5,)), LIMIT)
        await link.write(WriteCall(0, 6, 0, (6,)), LIMIT)
        assert registers(await link.read(holding(1, 0, 1), LIMIT)) == [6]
    assert line.silences.requests >= 7
    assert line.silences.early == 0


def test_all_that_a_socket_holds_is_taken_at_once():
    """A socket tells only that there is something, not how much: a late answer shall not be taken byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = SerialPort(SerialLine(1), f"socket://127.0.0.1:{listener.getsockname()[1]}")
        with listener.accept()[0] as theirs:
            assert port.pending() == b""
            theirs.sendall(bytes(range(45)))
            assert port.pending() == bytes(range(45))
            theirs.sendall(bytes(10_000))
            assert len(port.pending()) < 10_000
        port.close()


async def test_a_late_answer_through_the_network_is_dropped_for_its_unit_and_no_data(server, line):
    """The network may hand it over in any number of pieces."""
    told = []
    async with rtu_link(server.url, BAUD) as link:
        await link.read(holding(1, 0, 1), LIMIT)
        link.on_drop = lambda unit, what: told.append((unit, what))
        line.faults[1].late = 0.3
        with pytest.raises(Silence):
            await link.read(holding(1, 0, 20), 0.1)
        line.faults[1].clear()
        await until(lambda: not line._wire.late, "it is on its way")
        assert registers(await link.read(holding(1, 50, 20), LIMIT)) == [1050 + n for n in range(20)]
    assert {unit for unit, _ in told} == {1}


async def serving(answers):
    """A TCP server that answers whatever comes with these bytes; its port."""

    async def talk(reader, writer):
        with contextlib.suppress(ConnectionError):
            while await reader.read(512):
                writer.write(answers)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


REFUSING = b"".join(bytes((255, what, option)) for option in (0, 3, 44) for what in (254, 252))


async def test_a_server_that_refuses_the_options_of_rfc_2217_is_told_with_what_to_do():
    """DONT and WONT to each option, as a server does that only hands bytes through."""
    server, port = await serving(REFUSING)
    async with server, rtu_link(f"rfc2217://127.0.0.1:{port}?timeout=0.5") as link:
        with pytest.raises(LinkDown, match=r"refuses what RFC 2217 asks .* use socket://"):
            await link.read(holding(1, 0, 1), 0.3)


async def test_a_server_that_refuses_the_speed_of_the_line_is_told(line):
    """It speaks RFC 2217 but sets another speed than was asked."""
    server = SerialServer(line.device, rfc2217=True)
    server.refuses_speed = True
    try:
        async with rtu_link(f"rfc2217://{server.address}", 4800) as link:
            with pytest.raises(LinkDown, match=r"refuses what RFC 2217 asks .*baudrate"):
                await link.read(holding(1, 0, 1), 0.3)
    finally:
        await asyncio.to_thread(server.close)


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
