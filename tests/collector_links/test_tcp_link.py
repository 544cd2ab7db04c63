"""Modbus TCP over real sockets: one exchange at a time, faults of devices, connections that break in every way."""

import asyncio
import socket

import pytest

from heliograph.collector.links import BadFrame, LinkDown, ModbusException, ReadCall, Silence, TcpLink, WriteCall
from heliograph.demo.simulator import COIL, HOLDING_REGISTER, Registers, TcpSimulator
from heliograph.formats.definition import Table
from support.modbus import holding, registers, tcp_link
from support.ports import free_port

LIMIT = 60


def bank():
    return Registers({HOLDING_REGISTER: {n: 1000 + n for n in range(200)}, COIL: {n: n % 2 for n in range(40)}})


@pytest.fixture
async def device():
    async with TcpSimulator({unit: bank() for unit in (1, 2, 3)}) as simulator:
        yield simulator


@pytest.fixture
async def link(device):
    async with tcp_link(device.port) as link:
        yield link


async def answers(link, unit=1, seconds=LIMIT):
    """Wait until a unit answers again, which it must within the limit."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await link.read(holding(unit, 0, 2), 0.3)
            except LinkDown as down:
                await asyncio.sleep(down.retry_in)
            except Silence:
                pass


async def asked(device, unit, times=1):
    """Return when a unit was asked so often."""
    async with asyncio.timeout(LIMIT):
        while device.units.requests[unit] < times:
            await asyncio.sleep(0.005)


async def test_reads_and_writes(device, link):
    assert registers(await link.read(holding(1, 10, 3), 1)) == [1010, 1011, 1012]
    assert await link.read(ReadCall(1, Table.COIL, 1, 10), 1) == bytes([0b01010101, 0b01])
    await link.write(WriteCall(1, 16, 10, (7, 8)), 1)
    await link.write(WriteCall(1, 6, 12, (9,)), 1)
    await link.write(WriteCall(1, 5, 0, (1,)), 1)
    await link.write(WriteCall(1, 15, 2, (1, 1, 0)), 1)
    assert registers(await link.read(holding(1, 10, 3), 1)) == [7, 8, 9]
    assert await link.read(ReadCall(1, Table.COIL, 0, 5), 1) == bytes([0b01111])
    assert link.name == f"127.0.0.1:{device.port}"
    assert (link.counters.requests, link.counters.answers, link.counters.connections) == (8, 8, 1)
    assert not link.counters.drops


async def test_one_socket_for_many_callers(device, link):
    """However many tasks ask for however many units, one connection carries one request at a time."""
    device.answer_delay = 0.01
    loop = asyncio.get_running_loop()
    began = loop.time()
    got = await asyncio.gather(*(link.read(holding(1 + n % 3, n, 2), 1) for n in range(30)))
    assert [registers(data) for data in got] == [[1000 + n, 1001 + n] for n in range(30)]
    assert loop.time() - began > 0.29
    assert device.accepted == 1


async def test_the_time_limit_begins_with_the_exchange(device, link):
    """Who waits for its turn does not use up its own time."""
    device.answer_delay = 0.1
    await asyncio.gather(*(link.read(holding(1, n, 1), 0.6) for n in range(8)))


async def test_exceptions_are_answers(device, link):
    with pytest.raises(ModbusException) as refused:
        await link.read(holding(1, 199, 2), 1)
    assert refused.value.code == 2
    device.faults[1].exception = 6
    with pytest.raises(ModbusException, match="device busy"):
        await link.read(holding(1, 0, 1), 1)
    assert link.counters.answers == 2


@pytest.mark.parametrize(
    ("fault", "value", "kind"),
    [
        ("wrong_unit", 1, "unit"),
        ("wrong_function", True, "function"),
        ("bad_crc", True, "late"),
        ("half_frame", True, "short"),
    ],
)
async def test_a_wrong_answer_is_never_data(device, link, fault, value, kind):
    """It is dropped, counted, and told with the unit in turn; the device is asked again afterwards as if new."""
    told = []
    link.on_drop = lambda unit, what: told.append((unit, what))
    setattr(device.faults[2], fault, value)
    with pytest.raises(BadFrame, match="only") as failed:
        await link.read(holding(2, 0, 4), 0.2)
    assert failed.value.kind == kind
    assert told == [(2, kind)]
    assert link.counters.drops == {kind: 1}
    device.faults[2].clear()
    assert registers(await link.read(holding(2, 0, 2), 1)) == [1000, 1001]


@pytest.mark.parametrize("noise", [b"\xff", b"\x00\x00\x00", b"noise without end", b"\x00\x01\x00\x00\xff\xff\x01"])
async def test_noise_before_an_answer_costs_only_the_noise(device, link, noise):
    device.faults[1].noise = noise
    for _ in range(3):
        assert registers(await link.read(holding(1, 5, 2), 1)) == [1005, 1006]
    assert set(link.counters.drops) == {"noise"}


async def test_silence_of_one_unit_is_its_own(device, link):
    device.faults[3].dead = True
    with pytest.raises(Silence, match=r"no answer within 0\.1 s"):
        await link.read(holding(3, 0, 1), 0.1)
    assert registers(await link.read(holding(1, 0, 1), 1)) == [1000]
    assert device.accepted == 1


async def test_a_late_answer_is_dropped(device, link):
    """The answer to a request that was given up belongs to nobody, even if it looks like the next one's."""
    told = []
    link.on_drop = lambda unit, what: told.append((unit, what))
    device.faults[1].late = 0.15
    with pytest.raises(Silence):
        await link.read(holding(1, 0, 2), 0.1)
    device.faults[1].clear()
    device.faults[2].late = 0.2
    assert registers(await link.read(holding(2, 50, 2), 1)) == [1050, 1051]
    assert link.counters.drops == {"late": 1}
    assert told == [(1, "late")]


async def test_half_open_connection_is_replaced(link, device):
    """A peer that vanished without a word: after some silences a new socket is made."""
    device.faults[1].dead = True
    for _ in range(3):
        with pytest.raises(Silence):
            await link.read(holding(1, 0, 1), 0.05)
    device.faults[1].clear()
    await link.read(holding(1, 0, 1), 1)
    assert device.accepted == 2


async def test_a_connection_closed_between_requests_is_made_anew(device, link):
    """Devices close idle sockets: the next read notices nothing."""
    for n in range(3):
        assert registers(await link.read(holding(1, n, 1), 1)) == [1000 + n]
        device.reset_connections()
    assert device.accepted == 3


async def test_a_device_that_drops_idle_connections_costs_a_read_nothing_and_a_write_no_second_try(device, link):
    """Closed orderly this time: the end of the connection is known before the next request is sent."""
    await link.read(holding(1, 0, 1), 5)
    for number in range(3):
        for connection in list(device.connections):
            connection.transport.close()
        async with asyncio.timeout(LIMIT):
            while not link._socket.lost:
                await asyncio.sleep(0.01)
        before = device.units.requests[1]
        await link.write(WriteCall(1, 6, 0, (number,)), 5)
        assert device.units.requests[1] == before + 1
        assert registers(await link.read(holding(1, 0, 1), 5)) == [number]
    assert device.accepted == 4
    assert not link.counters.drops


async def test_a_drop_that_is_found_out_by_a_write_fails_it_and_it_is_not_sent_again(device, link):
    """The device took the write and cut the connection before its answer: whether it wrote nobody knows."""
    await link.read(holding(1, 0, 1), 5)
    device.units = Cutting(device)
    with pytest.raises(LinkDown):
        await link.write(WriteCall(1, 6, 0, (5,)), 5)
    assert device.accepted == 1


class Cutting:
    """Units that cut the connection instead of an answer."""

    def __init__(self, device) -> None:
        self.device = device

    def answer(self, unit, request, *, gateway=False):
        self.device.reset_connections()


@pytest.mark.parametrize("units", [(1,), (1, 2, 3)])
async def test_a_device_for_one_client_only_serves_all_units_and_callers_on_the_one_connection(device, link, units):
    device.most_connections = 1
    for _ in range(2):
        got = await asyncio.gather(*(link.read(holding(unit, n, 1), 5) for n in range(5) for unit in units))
        assert [registers(data) for data in got] == [[1000 + n] for n in range(5) for _ in units]
    assert device.accepted == 1


async def test_a_device_for_one_client_only_is_reached_again_after_it_kept_a_dead_connection(device, link):
    """Another client holds the only place; when it goes, the next try finds it free."""
    device.most_connections = 1
    _, writer = await asyncio.open_connection("127.0.0.1", device.port)
    async with asyncio.timeout(LIMIT):
        while not device.connections:
            await asyncio.sleep(0.01)
    with pytest.raises(LinkDown):
        await link.read(holding(1, 0, 1), 5)
    writer.close()
    await writer.wait_closed()
    assert registers(await answers(link)) == [1000, 1001]


async def test_reset_in_the_middle(device, link):
    """A cut that strikes an exchange fails it at once, and the link recovers."""
    device.faults[1].dead = True
    waiting = asyncio.create_task(link.read(holding(1, 0, 1), 10 * LIMIT))
    await asked(device, 1)
    device.reset_connections()
    async with asyncio.timeout(LIMIT):
        with pytest.raises(LinkDown, match="cut"):
            await waiting
    device.faults[1].clear()
    await answers(link)


async def test_a_write_is_never_sent_twice(device, link):
    """Also where a read would be repeated on a new socket."""
    await link.read(holding(1, 0, 1), 1)
    device.faults[1].dead = True
    before = device.units.requests[1]
    waiting = asyncio.create_task(link.write(WriteCall(1, 6, 0, (5,)), LIMIT))
    await asked(device, 1, before + 1)
    device.reset_connections()
    with pytest.raises(LinkDown):
        await waiting
    assert device.units.requests[1] == before + 1


async def test_refused_fails_fast_and_comes_back(device, link):
    """While the next try is some time away each call fails at once and says when."""
    await link.read(holding(1, 0, 1), 1)
    await device.stop()
    with pytest.raises(LinkDown, match="refused") as down:
        await link.read(holding(1, 0, 1), 1)
    assert 0 < down.value.retry_in <= 0.05
    with pytest.raises(LinkDown, match="not connected, next try in"):
        await link.read(holding(1, 0, 1), 1)
    await device.start()
    await answers(link)


async def test_waits_grow_while_a_device_only_accepts():
    """A peer that accepts and closes without an answer is not knocked at in a loop."""
    accepted = 0

    async def slam(reader, writer):
        nonlocal accepted
        accepted += 1
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(slam, "127.0.0.1", 0)
    async with server, tcp_link(server.sockets[0].getsockname()[1]) as link:
        waits = []
        while len(waits) < 4:
            with pytest.raises(LinkDown) as down:
                await link.read(holding(1, 0, 1), 1)
            waits.append(down.value.retry_in)
            await asyncio.sleep(down.value.retry_in)
        assert waits[0] < waits[2]
        assert accepted <= 4


async def test_connecting_is_time_limited():
    """A host that swallows the connection request: its backlog is full, nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        async with tcp_link(port, connect_timeout=0.2) as link:
            with pytest.raises(LinkDown, match=r"no connection within 0\.2 s"):
                await link.read(holding(1, 0, 1), 5)
        for filler in fillers:
            filler.close()


async def test_unknown_names_are_told():
    link = TcpLink("no-such-host.invalid", 502, connect_timeout=LIMIT)
    with pytest.raises(LinkDown, match="not known"):
        await link.read(holding(1, 0, 1), 1)
    await link.close()


async def test_cancelled_callers_leave_no_trace(device, link):
    """A caller that gives up frees the line; its answer is dropped as late."""
    device.answer_delay = 0.5
    task = asyncio.create_task(link.read(holding(1, 0, 1), LIMIT))
    async with asyncio.timeout(LIMIT):
        while not device.units.requests[1]:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert registers(await link.read(holding(1, 7, 1), LIMIT)) == [1007]
    assert link.counters.drops == {"late": 1}


async def test_closed_link_fails_its_callers(device):
    async with tcp_link(device.port) as link:
        device.faults[1].dead = True
        waiting = asyncio.create_task(link.read(holding(1, 0, 1), LIMIT))
        queued = asyncio.create_task(link.read(holding(1, 1, 1), LIMIT))
        await asked(device, 1)
        await link.close()
        for task in (waiting, queued):
            with pytest.raises(LinkDown):
                await task
    assert link.counters.connections == 1


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_keep_alive_is_an_option(device, keep_alive):
    async with tcp_link(device.port, keep_alive=keep_alive) as link:
        await link.read(holding(1, 0, 1), 1)
        raw = link._socket.transport.get_extra_info("socket")
        assert bool(raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) is keep_alive
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_nothing_listens():
    async with tcp_link(free_port()) as link:
        with pytest.raises(LinkDown, match="connection refused"):
            await link.read(holding(1, 0, 1), 1)


async def test_garbage_for_ever_is_bounded():
    """A peer that talks without end and sense: a bad frame at the time limit, and nothing piles up."""
    over = asyncio.Event()

    async def babble(reader, writer):
        while not writer.is_closing():
            writer.write(b"\x00\x00\x00\x01" * 1000)
            await asyncio.sleep(0.001)
        over.set()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, tcp_link(server.sockets[0].getsockname()[1]) as link:
        with pytest.raises(BadFrame):
            await link.read(holding(1, 0, 1), 0.3)
        assert link._socket is None or link._socket.filled < 300
        await link.close()
        await asyncio.wait_for(over.wait(), LIMIT)
