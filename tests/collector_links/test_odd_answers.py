"""Devices that answer oddly, as found in the field and in diagslave's options: never wrong data, never a stuck line."""

import contextlib
from contextlib import asynccontextmanager

import pytest

from heliograph.collector.links import BadFrame, LinkDown, NoAnswer, RawCall, ReadCall, WriteCall
from heliograph.demo.simulator import COIL, HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator
from heliograph.formats.definition import Table
from support.modbus import holding, registers, rtu_link, tcp_link

BAUD = 115200
SHORT_SECONDS = 0.15
LIMIT = 30
READ = holding(1, 10, 3)
COILS = ReadCall(1, Table.COIL, 1, 10)
WRITES = [
    WriteCall(1, function, address, values)
    for function, address, values in ((6, 20, (7,)), (16, 20, (7, 8)), (5, 0, (1,)), (15, 2, (1, 0)))
]
MASK = RawCall(1, bytes.fromhex("16 0014 00f2 0025"))
IDENTITY = RawCall(1, bytes.fromhex("2b 0e 01 00"))


def bank():
    return Registers({HOLDING_REGISTER: {n: 1000 + n for n in range(200)}, COIL: {n: n % 2 for n in range(40)}})


@asynccontextmanager
async def on_a_line():
    async with RtuSimulator({1: bank(), 2: bank()}, BAUD, paced=False) as line, rtu_link(line.device, BAUD) as link:
        yield line, link


@asynccontextmanager
async def over_tcp():
    async with TcpSimulator({1: bank(), 2: bank()}) as device, tcp_link(device.port) as link:
        yield device, link


@pytest.fixture(params=[on_a_line, over_tcp], ids=["rtu", "tcp"])
async def place(request):
    async with request.param() as both:
        yield both


async def is_well(link):
    """Whatever came before, a healthy device's answers are right again, at the second try at the latest."""
    with contextlib.suppress(NoAnswer, LinkDown):
        await link.read(holding(2, 0, 1), LIMIT)
    for unit in (2, 1):
        assert registers(await link.read(holding(unit, 50, 2), LIMIT)) == [1050, 1051]


@pytest.mark.parametrize(
    ("fault", "value"),
    [("wrong_count", 2), ("wrong_count", -2), ("other_exception", True), ("empty", True)],
    ids=["count too large", "count too small", "exception to another function", "no length"],
)
@pytest.mark.parametrize("call", [READ, COILS], ids=["registers", "bits"])
async def test_an_answer_of_another_shape_is_no_data(place, fault, value, call):
    device, link = place
    setattr(device.faults[1], fault, value)
    with pytest.raises(NoAnswer):
        await link.read(call, SHORT_SECONDS)
    device.faults[1].clear()
    await is_well(link)


@pytest.mark.parametrize("fault", ["other_exception", "empty"])
@pytest.mark.parametrize("call", WRITES, ids=lambda call: f"function {call.function}")
async def test_an_answer_of_another_shape_confirms_no_write(place, fault, call):
    device, link = place
    await link.read(READ, LIMIT)
    setattr(device.faults[1], fault, True)
    with pytest.raises(NoAnswer):
        await link.write(call, SHORT_SECONDS)
    device.faults[1].clear()
    await is_well(link)


async def test_an_answer_that_comes_twice_is_taken_once_and_is_not_the_one_to_the_next_request(place):
    device, link = place
    device.faults[1].twice = True
    for start in (0, 20, 40, 60):
        assert registers(await link.read(holding(1, start, 2), LIMIT)) == [1000 + start, 1001 + start]
        await link.write(WriteCall(1, 6, 100, (start,)), LIMIT)
        assert registers(await link.read(holding(1, 100, 1), LIMIT)) == [start]
    device.faults[1].clear()
    await is_well(link)
    assert set(link.counters.drops) == {"late"}


@pytest.mark.parametrize("trailing", [b"\x00", b"\xff\xff\xff\xff", b"\x01\x03\x02\x00"], ids=["zero", "ones", "head"])
async def test_bytes_right_behind_an_answer_cost_only_themselves(place, trailing):
    """A header over TCP tells where an answer ends; on a line the answer's size does."""
    device, link = place
    device.faults[1].trailing = trailing
    with contextlib.suppress(NoAnswer):
        await link.read(READ, LIMIT)
    device.faults[1].clear()
    await is_well(link)
    device.faults[1].noise = device.faults[1].trailing = b"\xff\xff\xff"
    assert registers(await link.read(READ, LIMIT)) == [1010, 1011, 1012]


@pytest.mark.parametrize("pause", [0.001, 0.005])
async def test_an_answer_in_single_bytes_with_pauses_is_whole_at_its_last_byte(place, pause):
    """Longer pauses than 3.5 characters as well: adapters and gateways make them, and the check sum tells the truth."""
    device, link = place
    device.faults[1].drip = pause
    assert registers(await link.read(READ, LIMIT)) == [1010, 1011, 1012]
    for call in WRITES:
        await link.write(call, LIMIT)
    device.faults[1].clear()
    await is_well(link)
    assert not link.counters.drops


async def test_another_transaction_is_another_answer():
    async with over_tcp() as (device, link):
        device.faults[1].bad_crc = True
        with pytest.raises(NoAnswer):
            await link.read(READ, SHORT_SECONDS)
        device.faults[1].clear()
        await is_well(link)


async def test_messages_that_are_passed_on_are_answered_word_for_word(place):
    _, link = place
    assert await link.forward(MASK, LIMIT) == MASK.message
    assert (await link.forward(IDENTITY, LIMIT))[:7] == bytes.fromhex("2b0e0101000003")


@pytest.mark.parametrize("fault", ["dead", "wrong_unit", "bad_crc", "half_frame", "other_exception", "empty"])
@pytest.mark.parametrize("call", [MASK, IDENTITY], ids=lambda call: f"function {call.function}")
async def test_messages_that_are_passed_on_take_no_wrong_answer(place, fault, call):
    device, link = place
    setattr(device.faults[1], fault, True)
    with pytest.raises(NoAnswer):
        await link.forward(call, SHORT_SECONDS)
    device.faults[1].clear()
    await is_well(link)


async def test_an_echo_is_no_answer_to_a_message_that_is_passed_on():
    """The right answer to function 22 is its request: the first message on a line that echoes already has to know."""
    async with on_a_line() as (line, link):
        line.faults[1].echo = line.faults[1].dead = True
        with pytest.raises(BadFrame, match="echo"):
            await link.forward(MASK, 0.3)
        line.faults[1].dead = False
        assert await link.forward(MASK, LIMIT) == MASK.message


async def test_noise_before_the_answer_to_a_message_that_is_passed_on_costs_only_the_noise():
    async with on_a_line() as (line, link):
        line.faults[1].noise = b"\x01\x16\xff"
        assert await link.forward(MASK, LIMIT) == MASK.message
        assert (await link.forward(IDENTITY, LIMIT))[:2] == bytes.fromhex("2b0e")


async def test_a_late_answer_to_a_message_that_was_passed_on_is_not_the_answer_to_the_next():
    """Both answers begin alike, and of neither the length is known."""
    async with on_a_line() as (line, link):
        line.units = Numbered(line.units)
        line.faults[1].late = 0.2
        for number in range(1, LIMIT):
            with contextlib.suppress(NoAnswer):
                assert await link.forward(RawCall(1, bytes((65, number))), 0.1) == bytes((65, number))
            with contextlib.suppress(NoAnswer):
                assert registers(await link.read(holding(1, number, 1), 0.1)) == [1000 + number]
        line.faults[1].late = 0.0
        await is_well(link)
        assert await link.forward(RawCall(1, bytes((65, 9))), LIMIT) == bytes((65, 9))


class Numbered:
    """Units with a function 65 that gives back its request."""

    def __init__(self, units) -> None:
        self.units = units
        self.faults = units.faults

    def answer(self, unit, request):
        return request if request[0] == 65 else self.units.answer(unit, request)
