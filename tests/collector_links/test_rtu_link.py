"""Modbus RTU on a paced line: the silences, the faults of devices and adapters, the port that goes and comes."""

import asyncio
import contextlib
import os
import time

import pytest

from heliograph.collector.links import (
    BadFrame,
    LinkDown,
    ModbusException,
    NoAnswer,
    ReadCall,
    RtuLink,
    Silence,
    WriteCall,
)
from heliograph.collector.links.timing import character_seconds, pause_seconds, silence_seconds
from heliograph.demo.simulator import COIL, HOLDING_REGISTER, Registers, RtuSimulator
from heliograph.demo.simulator.crc import crc16
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import Table
from support.modbus import HELD, cable, holding, let_go, registers, rtu_link

LIMIT = 60
"""Seconds that no answer needs, also on a busy machine."""
WRONG = 2
"""Seconds in which a wrong answer comes."""
BAUD = 115200


def bank():
    return Registers({HOLDING_REGISTER: {n: 1000 + n for n in range(200)}, COIL: {n: n % 2 for n in range(40)}})


@pytest.fixture
async def line():
    async with RtuSimulator({unit: bank() for unit in (1, 2, 3)}, BAUD) as simulator:
        yield simulator


@pytest.fixture
async def link(line):
    async with rtu_link(line.device, BAUD) as link:
        yield link


async def test_reads_and_writes(link):
    assert registers(await link.read(holding(1, 10, 3), LIMIT)) == [1010, 1011, 1012]
    assert len(await link.read(holding(1, 0, 125), LIMIT)) == 250
    assert await link.read(ReadCall(2, Table.COIL, 1, 10), LIMIT) == bytes([0b01010101, 0b01])
    await link.write(WriteCall(1, 16, 10, (7, 8)), LIMIT)
    await link.write(WriteCall(1, 6, 12, (9,)), LIMIT)
    await link.write(WriteCall(1, 5, 0, (1,)), LIMIT)
    await link.write(WriteCall(1, 15, 2, (1, 1, 0)), LIMIT)
    assert registers(await link.read(holding(1, 10, 3), LIMIT)) == [7, 8, 9]
    assert await link.read(ReadCall(1, Table.COIL, 0, 5), LIMIT) == bytes([0b01111])
    assert link.name == "SERIAL1"
    assert (link.counters.requests, link.counters.answers, link.counters.connections) == (9, 9, 1)
    assert not link.counters.drops


@pytest.mark.parametrize("baudrate", [9600, 19200, 115200])
async def test_every_request_keeps_the_silence(baudrate):
    """Whatever came before – an answer, an exception, noise, a wrong unit, nothing – 3.5 characters stay silent."""
    async with RtuSimulator({1: bank(), 2: bank()}, baudrate) as line, rtu_link(line.device, baudrate) as link:
        for fault, value in [("", 0), ("exception", 2), ("noise", b"\xff\x00"), ("dead", True), ("wrong_unit", 1)]:
            if fault:
                setattr(line.faults[2], fault, value)
            for unit in (1, 2, 1):
                with contextlib.suppress(NoAnswer, ModbusException):
                    await link.read(holding(unit, 0, 3), 1)
            line.faults[2].clear()
        assert line.silences.requests >= 15
        assert line.silences.early == 0


async def test_interframe_time_is_kept():
    """The line's own extra silence stands between the last byte and the next request, also to another device."""
    async with (
        RtuSimulator({1: bank(), 2: bank()}, BAUD) as line,
        rtu_link(line.device, BAUD, interframe_ms=30) as link,
    ):
        for unit in (1, 2, 1):
            await link.read(holding(unit, 0, 1), LIMIT)
        assert min(line.silences.seconds[1:]) >= 0.03 + line.timing.silence


def test_arithmetic_of_the_line():
    """Characters are 10 to 12 bits; above 19200 baud the silence is fixed."""
    assert character_seconds(SerialLine(1, 9600)) == pytest.approx(10 / 9600)
    assert character_seconds(SerialLine(1, 9600, parity="E", stop_bits=2)) == pytest.approx(12 / 9600)
    assert character_seconds(SerialLine(1, 9600, data_bits=7, parity="O")) == pytest.approx(10 / 9600)
    assert silence_seconds(SerialLine(1, 19200)) == pytest.approx(35 / 19200)
    assert silence_seconds(SerialLine(1, 38400)) == 0.00175
    assert pause_seconds(SerialLine(1, 38400, interframe_ms=20)) == pytest.approx(0.02175)


@pytest.mark.parametrize(
    ("fault", "value", "kind"),
    [
        ("wrong_unit", 1, "unit"),
        ("wrong_function", True, "function"),
        ("bad_crc", True, "crc"),
        ("half_frame", True, "short"),
    ],
)
async def test_a_wrong_answer_is_never_data(line, link, fault, value, kind):
    """It is dropped, counted, and told with the unit in turn."""
    told = []
    link.on_drop = lambda unit, what: told.append((unit, what))
    setattr(line.faults[2], fault, value)
    with pytest.raises(BadFrame) as failed:
        await link.read(holding(2, 0, 4), WRONG)
    assert failed.value.kind == kind
    assert told == [(2, kind)]
    assert link.counters.drops == {kind: 1}
    line.faults[2].clear()
    assert registers(await link.read(holding(2, 0, 2), LIMIT)) == [1000, 1001]


@pytest.mark.parametrize("noise", [b"\x00", b"\xff\xff\xff", b"\x01\x03\x04", b"\x01\x83", b"\x01\x03\x04" * 50])
async def test_noise_before_an_answer_costs_only_the_noise(line, link, noise):
    """Also noise that begins like the answer."""
    line.faults[1].noise = noise
    for n in range(3):
        assert registers(await link.read(holding(1, n, 2), LIMIT)) == [1000 + n, 1001 + n]
    assert sum(link.counters.drops.values()) == 3


async def test_refusals(line, link):
    with pytest.raises(ModbusException, match="illegal data address"):
        await link.read(holding(1, 199, 2), LIMIT)
    line.faults[1].exception = 6
    async with asyncio.timeout(LIMIT):  # an exception is complete long before the answer would be
        with pytest.raises(ModbusException, match="device busy"):
            await link.read(holding(1, 0, 100), 10 * LIMIT)


async def test_echo_is_no_answer(line, link):
    """An adapter that hears itself: the echo is dropped, also where it looks like the confirmation."""
    for unit in (1, 2):
        line.faults[unit].echo = True
    assert registers(await link.read(holding(1, 4, 1), LIMIT)) == [1004]
    for function, values in ((6, (5,)), (16, (5, 6)), (5, (1,)), (15, (1, 0))):
        await link.write(WriteCall(1, function, 4, values), LIMIT)
    assert registers(await link.read(holding(1, 4, 2), LIMIT)) == [5, 6]
    assert link.counters.drops == {"echo": 6}
    line.faults[2].dead = True
    with pytest.raises(BadFrame, match="echo"):
        await link.write(WriteCall(2, 6, 4, (5,)), 1)
    with pytest.raises(BadFrame, match="echo"):
        await link.read(holding(2, 4, 2), 1)
    for fault in line.faults.values():
        fault.clear()
    await link.read(holding(1, 4, 2), LIMIT)
    await link.write(WriteCall(1, 6, 4, (6,)), LIMIT)


@pytest.mark.parametrize("function", [5, 6, 15, 16])
async def test_the_first_write_on_a_line_that_echoes_is_not_confirmed_by_its_echo(line, link, function):
    """Nothing has been read yet when it is sent; the device is dead, or refuses."""
    call = WriteCall(1, function, 4, (1,))
    line.faults[1].echo = line.faults[1].dead = True
    with pytest.raises(BadFrame, match="echo"):
        await link.write(call, 1)
    line.faults[1].dead = False
    await link.write(call, LIMIT)
    line.faults[1].exception = 4
    with pytest.raises(ModbusException):
        await link.write(call, LIMIT)


@pytest.mark.parametrize("function", [5, 6, 15, 16])
async def test_the_first_write_on_a_line_without_echo_is_confirmed_and_sent_once(line, link, function):
    written = []
    line.units.banks[1].write = lambda *given: written.append(given)
    await link.write(WriteCall(1, function, 4, (1,)), LIMIT)
    assert len(written) == 1
    line.faults[2].dead = True
    with pytest.raises(Silence):
        await link.write(WriteCall(2, function, 4, (1,)), 0.3)


async def test_a_port_that_came_back_is_looked_at_for_an_echo_again(line, link):
    """An adapter may have been exchanged."""
    await link.write(WriteCall(1, 6, 4, (1,)), LIMIT)
    await asyncio.to_thread(line.unplug)
    with pytest.raises(LinkDown):
        await link.read(holding(1, 4, 1), 0.3)
    line.plug()
    line.faults[1].echo = line.faults[1].dead = True
    with pytest.raises(BadFrame, match="echo"):
        await when_open(lambda: link.write(WriteCall(1, 6, 4, (2,)), 1))


async def asked(line, unit, times=1):
    """Return when a unit was asked so often."""
    async with asyncio.timeout(LIMIT):
        while line.units.requests[unit] < times:
            await asyncio.sleep(0.005)


async def when_open(ask):
    """Ask as soon as the port is there."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                return await ask()
            except LinkDown:
                await asyncio.sleep(0.02)


async def test_the_beginning_of_an_echo_that_looks_like_the_confirmation_is_none(line, link):
    """One register, to which a value is written such that the first eight bytes of the request are a right answer."""
    call = a_write_that_begins_like_its_answer()
    line.units.banks[1].put(HOLDING_REGISTER, call.address, [0])
    line.faults[1].echo = True
    await link.read(holding(1, 4, 1), LIMIT)
    line.faults[1].dead = True
    with pytest.raises(BadFrame, match="echo"):
        await link.write(call, 1)
    line.faults[1].dead = False
    await link.write(call, LIMIT)


def a_write_that_begins_like_its_answer() -> WriteCall:
    for address in range(65536):
        body = bytes((1, 16)) + address.to_bytes(2) + b"\0\1"
        low, high = crc16(body)
        if low == 2:  # the byte count of one register
            return WriteCall(1, 16, address, (high << 8,))
    raise AssertionError("there is none")


async def test_silence(line, link):
    line.faults[3].dead = True
    began = time.monotonic()
    with pytest.raises(Silence):
        await link.read(holding(3, 0, 1), 0.2)
    assert time.monotonic() - began >= 0.2
    assert registers(await link.read(holding(1, 0, 1), LIMIT)) == [1000]


@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("delay", [0.05, 0.12, 0.19, 0.3])
async def test_a_late_answer_is_never_data_of_the_next_request(line, link, delay, size):
    """A device slower than its time limit answers the request before; both answers look the same but for the values."""
    line.faults[1].late = delay
    wrong = []
    for start in (0, 20, 40, 60, 80):
        try:
            got = registers(await link.read(holding(1, start, size), 0.1))
        except NoAnswer:
            continue
        if got != [1000 + start + n for n in range(size)]:
            wrong.append((start, got))
    assert not wrong
    line.faults[1].clear()
    assert registers(await link.read(holding(1, 100, size), LIMIT)) == [1100 + n for n in range(size)]
    assert delay < 0.3 or link.counters.drops["late"] > 0


async def test_a_late_answer_does_not_disturb_another_unit(line, link):
    told = []
    link.on_drop = lambda unit, what: told.append((unit, what))
    line.faults[1].late = line.faults[2].late = HELD
    with pytest.raises(Silence):
        await link.read(holding(1, 0, 2), 0.1)
    reading = asyncio.create_task(link.read(holding(2, 50, 2), LIMIT))
    await asked(line, 2)
    let_go(line)
    assert registers(await reading) == [1050, 1051]
    assert told == [(1, "late")]


async def test_the_time_limit_does_not_count_the_line_itself():
    """At 1200 baud an answer of 255 bytes takes two seconds: the device's own time is what is limited."""
    async with RtuSimulator({1: bank()}, 1200) as line, rtu_link(line.device, 1200) as link:
        assert len(await link.read(holding(1, 0, 125), 1)) == 250


async def test_unplugged_in_the_middle_of_an_exchange(line, link):
    await link.read(holding(1, 0, 1), LIMIT)
    line.faults[1].dead = True
    waiting = asyncio.create_task(link.read(holding(1, 0, 1), 10 * LIMIT))
    await asked(line, 1, times=2)
    await asyncio.to_thread(line.unplug)
    async with asyncio.timeout(LIMIT):
        with pytest.raises(LinkDown):
            await waiting


async def test_a_call_that_modbus_does_not_know(link):
    """A wrong call is the caller's error and leaves the line alive."""
    with pytest.raises(ValueError, match="126"):
        await link.read(holding(1, 0, 126), LIMIT)
    assert registers(await link.read(holding(1, 0, 1), LIMIT)) == [1000]


async def test_callers_take_turns(line, link):
    got = await asyncio.gather(*(link.read(holding(1 + n % 3, n, 2), LIMIT) for n in range(20)))
    assert [registers(data) for data in got] == [[1000 + n, 1001 + n] for n in range(20)]
    assert line.silences.early == 0


async def test_cancelled_callers_are_skipped(line, link):
    line.faults[1].dead = True
    first = asyncio.create_task(link.read(holding(1, 0, 1), 0.3))
    await asked(line, 1)
    others = [asyncio.create_task(link.read(holding(1, 0, 1), 10 * LIMIT)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in others:
        task.cancel()
    async with asyncio.timeout(LIMIT):
        assert registers(await link.read(holding(2, 0, 1), 10 * LIMIT)) == [1000]
    assert line.units.requests[1] == 1
    with pytest.raises(Silence):
        await first


async def test_closing_ends_a_wait_at_once(line):
    link = RtuLink(SerialLine(1, baudrate=BAUD), line.device)
    line.faults[1].dead = True
    tasks = [asyncio.create_task(link.read(holding(1, 0, 1), 10 * LIMIT)) for _ in range(3)]
    await asked(line, 1)
    async with asyncio.timeout(LIMIT):
        await link.close()
        for task in tasks:
            with pytest.raises(LinkDown, match="closed"):
                await task
    with pytest.raises(LinkDown, match="closed"):
        await link.read(holding(1, 0, 1), LIMIT)


async def test_a_link_that_was_never_used_closes():
    await RtuLink(SerialLine(1), "/nowhere").close()


async def test_a_line_that_is_never_silent():
    """Something talks all the time: no request is put into it, and the call ends at its time limit."""
    async with cable() as (ours, theirs):
        talker = os.open(theirs, os.O_RDWR | os.O_NOCTTY)
        try:
            async with rtu_link(ours) as link:
                call = asyncio.create_task(link.read(holding(1, 0, 1), 1))
                async with asyncio.timeout(LIMIT):
                    while not call.done():
                        os.write(talker, b"\x55" * 4)
                        await asyncio.sleep(0.001)
                with pytest.raises(BadFrame, match=r"never silent|only"):
                    await call
        finally:
            os.close(talker)
