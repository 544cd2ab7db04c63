"""Requests of other masters through a forwarded port: answered in time, in turn with the polls, told where needed."""

import asyncio
import struct

import pytest

from heliograph.collector.links import WriteCall
from heliograph.demo.simulator import COIL, DISCRETE_INPUT, HOLDING_REGISTER, INPUT_REGISTER, Registers, RtuSimulator
from support.collecting import until
from support.forwarding import Polls, forwarded, master
from support.modbus import holding

SILENT = 0x0B
AWAY = 0x0A
BUSY = 0x06


def bank():
    words = {n: 1000 + n for n in range(200)}
    bits = {n: n % 2 for n in range(40)}
    return Registers({HOLDING_REGISTER: dict(words), INPUT_REGISTER: words, COIL: dict(bits), DISCRETE_INPUT: bits})


@pytest.fixture
async def line():
    async with RtuSimulator({unit: bank() for unit in (1, 2, 3, 255)}, 115200, paced=False) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("request_hex", "answer_hex"),
    [
        ("01 0001 0009", "01 02 5501"),
        ("02 0001 0003", "02 01 05"),
        ("03 000a 0002", "03 04 03f2 03f3"),
        ("04 000a 0001", "04 02 03f2"),
        ("05 0002 ff00", "05 0002 ff00"),
        ("05 0003 0000", "05 0003 0000"),
        ("06 0014 0007", "06 0014 0007"),
        ("0f 0004 000a 02 ff03", "0f 0004 000a"),
        ("0f 0004 0003 01 ff", "0f 0004 0003"),
        ("10 0015 0002 04 0008 0009", "10 0015 0002"),
        ("16 0014 00f2 0025", "16 0014 00f2 0025"),
        ("17 0014 0002 0016 0001 02 000a", "17 04 03fc 03fd"),
        ("2b 0e 01 00", "2b 0e 01 01 00 00 03 00 0a 48656c696f6772617068 01 09 73696d756c61746f72 02 01 31"),
        ("03 00ff 0002", "83 02"),
        ("03 0000 0000", "83 03"),
        ("03 0000 00fa", "83 03"),
        ("05 0002 1234", "85 03"),
        ("10 0000 0002 04 0008", "90 03"),
        ("64 0102 0304", "e4 01"),
        ("07", "87 01"),
    ],
)
async def test_every_function_passes_and_its_answer_comes_back_word_for_word(line, request_hex, answer_hex):
    """The functions of the specification, malformed requests, and one that nobody knows."""
    async with forwarded(line.device) as served, master(served.port.port) as client:
        assert await client.ask(3, bytes.fromhex(request_hex)) == bytes.fromhex(answer_hex)
    assert not served.line.link.counters.drops


async def test_a_function_of_the_makers_own_passes_with_an_answer_of_any_length(line):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        line.units = Custom(line.units)
        for size in (0, 1, 3, 60, 251):
            assert await client.ask(1, bytes((65, size))) == bytes((65, *range(size)))
        assert await client.ask(1, bytes((66,))) == bytes((0xC2, 4))


class Custom:
    """Units with functions of their own: 65 gives so many bytes, 66 fails."""

    def __init__(self, units) -> None:
        self.units = units
        self.faults = units.faults

    def answer(self, unit, request):
        if request[0] == 65:
            return bytes((65, *range(request[1])))
        return bytes((0xC2, 4)) if request[0] == 66 else self.units.answer(unit, request)


@pytest.mark.parametrize("unit", [1, 255])
async def test_any_unit_is_reached(line, unit):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        assert await client.ask(unit, bytes.fromhex("0300000001")) == bytes.fromhex("030203e8")


@pytest.mark.parametrize("function", [0, 0x80, 0x83, 0xFF])
async def test_what_is_no_function_is_refused_at_once(line, function):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        assert await client.ask(1, bytes((function, 0, 0))) == bytes((function | 0x80, 1))
    assert not line.silences.requests


async def test_a_silent_device_is_answered_with_exception_11_and_the_others_go_on(line):
    line.faults[2].dead = True
    async with (
        forwarded(line.device, Polls(1), limits={2: 0.3}) as served,
        master(served.port.port) as client,
    ):
        for _ in range(3):
            assert await client.ask(2, bytes.fromhex("0300000001")) == bytes((0x83, SILENT))
        assert await client.ask(1, bytes.fromhex("0300000001")) == bytes.fromhex("030203e8")


async def test_what_the_line_does_not_get_to_in_time_is_answered_with_exception_11(line):
    """The line is held by something else for longer than a request may take; it is not asked afterwards."""
    async with forwarded(line.device, answer_seconds=0.2) as served, master(served.port.port) as client:
        released = asyncio.Event()
        held = asyncio.create_task(served.line.ask(lambda _: released.wait()))
        assert await client.ask(1, bytes.fromhex("0600000001")) == bytes((0x86, SILENT))
        released.set()
        await held
        await served.line.ask(lambda link: link.read(holding(1, 0, 1), 20))
        assert line.silences.requests == 1


async def test_a_device_slower_than_the_answer_may_take_is_answered_with_exception_11_and_its_answer_dropped(line):
    line.faults[1].late = 0.6
    async with forwarded(line.device, answer_seconds=0.3) as served, master(served.port.port) as client:
        assert await client.ask(1, bytes.fromhex("0300050001")) == bytes((0x83, SILENT))
        line.faults[1].clear()
        await until(lambda: not line._wire.late, "the late answer is on the line")
        answer = await client.ask(1, bytes.fromhex("0300060001"))
        assert answer in (bytes.fromhex("030203ee"), bytes((0x83, SILENT)))  # and never that of register 5


async def test_an_unplugged_bus_is_answered_with_exception_10_until_it_is_back(line):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        assert await client.ask(1, bytes.fromhex("0300000001")) == bytes.fromhex("030203e8")
        await asyncio.to_thread(line.unplug)
        assert await client.ask(1, bytes.fromhex("0300000001")) == bytes((0x83, AWAY))
        assert not served.line.state().open
        line.plug()
        async with asyncio.timeout(30):
            while await client.ask(1, bytes.fromhex("0300000001")) != bytes.fromhex("030203e8"):
                await asyncio.sleep(0.05)
        assert served.line.state().open


async def test_what_is_said_to_all_units_is_sent_without_waiting_and_answered_by_nobody(line):
    async with forwarded(line.device, Polls(1)) as served, master(served.port.port) as client:
        client.send(0, bytes.fromhex("0600140007"))
        client.send(0, bytes.fromhex("1000150001020009"))
        assert await client.ask(0, bytes.fromhex("0300140001")) == bytes((0x83, SILENT))  # nobody could answer
        for unit in (1, 2, 255):
            assert await client.ask(unit, bytes.fromhex("0300140002")) == bytes.fromhex("030400070009")
        assert not served.line.link.counters.drops
        assert line.silences.early == 0
    assert sum("unit 0, function" in text and "sent to all" in text for text in served.said.lines) == 2


async def test_each_change_is_told_with_who_unit_function_and_address_and_what_came_of_it(line):
    line.faults[3].dead = True
    async with forwarded(line.device, limits={3: 0.3}) as served, master(served.port.port) as client:
        who = "{}:{}".format(*client.writer.get_extra_info("sockname"))
        await client.ask(1, bytes.fromhex("0300000001"))
        await client.ask(2, bytes.fromhex("0600140007"))
        await client.ask(2, bytes.fromhex("1000150002 0400080009"))
        await client.ask(2, bytes.fromhex("1600140000 0001"))
        await client.ask(2, bytes.fromhex("0607d00001"))
        await client.ask(3, bytes.fromhex("0600140007"))
        await client.ask(1, bytes.fromhex("640102"))
        await client.ask(1, bytes.fromhex("2b0e0100"))
        told = [text for text in served.said.lines if "wrote" in text]
    begin = f"SERIAL1: {who} wrote through port {served.port.port}: "
    assert told[0] == begin + "unit 2, function 6, address 20: confirmed"
    assert told[1] == begin + "unit 2, function 16, addresses 21 to 22: confirmed"
    assert told[2] == begin + "unit 2, function 22, address 20: confirmed"
    assert told[3] == begin + "unit 2, function 6, address 2000: refused with exception 2"
    assert told[4].startswith(begin + "unit 3, function 6, address 20: not confirmed: SERIAL1: no answer")
    assert told[5] == begin + "unit 1, function 100: refused with exception 1"
    assert len(told) == 6


async def test_the_silence_is_kept_before_every_forwarded_request():
    """By the stamps of a paced line, between polls, writes, messages of any function, and to all units."""
    async with (
        RtuSimulator({1: bank(), 2: bank()}, 19200) as line,
        forwarded(line.device, Polls(1), Polls(2), baudrate=19200) as served,
        master(served.port.port) as client,
    ):
        for message in ("0300000003", "0600140007", "1600140000 0001", "640102", "2b0e0100"):
            for unit in (1, 2):
                await client.ask(unit, bytes.fromhex(message))
            client.send(0, bytes.fromhex("0600140007"))
        assert line.silences.requests > 10
        assert line.silences.early == 0


async def test_polls_and_requests_alternate_however_many_requests_wait(line):
    polls = Polls(1)
    async with forwarded(line.device, polls) as served, master(served.port.port) as client:
        passed = []
        pass_one = served.port.pass_one

        async def noted(link, *, shared):
            passed.append(polls.count)
            await pass_one(link, shared=shared)

        served.port.pass_one = noted
        for _ in range(8):
            client.send(2, bytes.fromhex("0300000001"))
        for _ in range(8):
            await client.receive()
    assert len(set(passed)) == len(passed) == 8  # at least one poll between any two


async def test_clients_are_served_in_turn_however_much_one_of_them_asks(line):
    async with forwarded(line.device) as served, master(served.port.port) as greedy, master(served.port.port) as modest:
        started = asyncio.Event()
        held = asyncio.create_task(served.line.ask(lambda _: started.wait()))
        for _ in range(6):
            greedy.send(1, bytes.fromhex("0300000001"))
        await until(lambda: len(served.port._queue) == 6, "all wait")
        modest.send(2, bytes.fromhex("0300050001"))
        await until(lambda: len(served.port._queue) == 7, "all wait")
        order = []
        take = served.port._queue.take
        served.port._queue.take = lambda: order.append(request := take()) or request
        started.set()
        await held
        await modest.receive()
        for _ in range(6):
            await greedy.receive()
    assert [request.call.unit for request in order if request] == [1, 2, 1, 1, 1, 1, 1]


async def test_our_own_writes_go_ahead_of_what_waits(line):
    async with forwarded(line.device) as served, master(served.port.port) as client:
        started = asyncio.Event()
        held = asyncio.create_task(served.line.ask(lambda _: started.wait()))
        for _ in range(3):
            client.send(1, bytes.fromhex("0300140001"))
        await until(lambda: len(served.port._queue) == 3, "all wait")
        ours = asyncio.create_task(served.line.ask(lambda link: link.write(WriteCall(1, 6, 20, (7,)), 1)))
        await asyncio.sleep(0)
        started.set()
        await asyncio.gather(held, ours)
        for _ in range(3):
            assert (await client.receive())[2] == bytes.fromhex("03020007")


async def test_a_full_queue_answers_exception_6_and_the_client_is_read_from_again_when_there_is_room(line):
    async with forwarded(line.device, most_waiting_of_one=2) as served, master(served.port.port) as client:
        started = asyncio.Event()
        held = asyncio.create_task(served.line.ask(lambda _: started.wait()))
        asked = {client.send(1, struct.pack(">BHH", 3, n, 1)): n for n in range(50)}
        transaction, _, message = await client.receive()
        assert (asked.pop(transaction), message) == (2, bytes((0x83, BUSY)))
        assert len(served.port._queue) == 2
        started.set()
        await held
        while asked:
            transaction, _, message = await client.receive()
            number = asked.pop(transaction)
            assert message in (struct.pack(">BBH", 3, 2, 1000 + number), bytes((0x83, BUSY)))


async def test_a_full_queue_of_others_answers_exception_6_as_well(line):
    async with (
        forwarded(line.device, most_waiting=3) as served,
        master(served.port.port) as first,
        master(served.port.port) as second,
    ):
        started = asyncio.Event()
        held = asyncio.create_task(served.line.ask(lambda _: started.wait()))
        for _ in range(3):
            first.send(1, bytes.fromhex("0300000001"))
        await until(lambda: len(served.port._queue) == 3, "all wait")
        assert await second.ask(1, bytes.fromhex("0300000001")) == bytes((0x83, BUSY))
        started.set()
        await held
        for _ in range(3):
            await first.receive()
        assert await second.ask(1, bytes.fromhex("0300000001")) == bytes.fromhex("030203e8")


async def test_the_state_tells_clients_and_requests(line):
    async with forwarded(line.device) as served, master(served.port.port) as one, master(served.port.port) as other:
        for client in (one, other, one):
            await client.ask(1, bytes.fromhex("0300000001"))
        told = served.line.state().forwarding
        assert (told.port, told.clients, told.requests, told.cause) == (served.port.port, 2, 3, "")
        other.writer.close()
        await until(lambda: served.line.state().forwarding.clients == 1, "it left")


async def test_a_port_that_is_taken_is_told_and_tried_again(line):
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    number = taken.sockets[0].getsockname()[1]
    async with forwarded(line.device, number=number) as served:
        await until(lambda: "taken by another program" in served.port.state().cause, "it is told")
        taken.close()
        await taken.wait_closed()
        await until(lambda: not served.port.state().cause, "it is served")
        async with master(number) as client:
            assert await client.ask(1, bytes.fromhex("0300000001")) == bytes.fromhex("030203e8")
    assert sum("is not served" in text for text in served.said.lines) == 1


async def test_an_address_that_is_not_of_this_machine_is_told(line):
    async with forwarded(line.device, host="203.0.113.7") as served:
        await until(lambda: "FORWARDED_HOST" in served.port.state().cause, "it is told")
