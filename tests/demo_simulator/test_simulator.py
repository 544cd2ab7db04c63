"""The simulator, proven by mbpoll (libmodbus): a client that shares no code with it or with the gateway."""

import time

import pytest

from heliograph.demo.simulator import (
    COIL,
    DEVICE_FAILURE,
    DISCRETE_INPUT,
    HOLDING_REGISTER,
    INPUT_REGISTER,
    LineTiming,
    ModbusFault,
    Registers,
    RtuSimulator,
    TcpSimulator,
)
from support.modbus import mbpoll
from support.servers import need


@pytest.fixture(autouse=True)
def _client():
    need("mbpoll")


def bank():
    return Registers(
        {
            COIL: {n: n % 2 for n in range(30)},
            DISCRETE_INPUT: {n: n % 3 == 0 for n in range(30)},
            HOLDING_REGISTER: {n: 1000 + n for n in range(200)},
            INPUT_REGISTER: {n: 2000 + n for n in range(200)},
        }
    )


PATIENT = ("-o", 10)
"""Seconds that no answer needs, also on a busy machine; the client allows no more."""


async def exercise(*where: str | int):
    """Read all four tables and write both that can be written, through mbpoll's types 0, 1, 3 and 4."""
    *options, target = where
    assert await mbpoll(*options, *PATIENT, "-t", 4, "-r", 10, "-c", 125, target) == [1010 + n for n in range(125)]
    assert await mbpoll(*options, *PATIENT, "-t", 3, "-r", 5, "-c", 2, target) == [2005, 2006]
    assert await mbpoll(*options, *PATIENT, "-t", 0, "-r", 1, "-c", 11, target) == [1, 0] * 5 + [1]
    assert await mbpoll(*options, *PATIENT, "-t", 1, "-r", 0, "-c", 4, target) == [1, 0, 0, 1]
    await mbpoll(*options, *PATIENT, "-t", 4, "-r", 10, target, 7)
    await mbpoll(*options, *PATIENT, "-t", 4, "-r", 11, target, 8, 9)
    await mbpoll(*options, *PATIENT, "-t", 0, "-r", 0, target, 1)
    await mbpoll(*options, *PATIENT, "-t", 0, "-r", 2, target, 1, 0, 1)
    assert await mbpoll(*options, *PATIENT, "-t", 4, "-r", 10, "-c", 4, target) == [7, 8, 9, 1013]
    assert await mbpoll(*options, *PATIENT, "-t", 0, "-r", 0, "-c", 6, target) == [1, 1, 1, 0, 1, 1]


async def test_tcp():
    async with TcpSimulator({5: bank()}) as simulator:
        await exercise("-m", "tcp", "-a", 5, "-p", simulator.port, "127.0.0.1")
        assert simulator.units.requests[5] == 10


@pytest.mark.parametrize(("baudrate", "parity"), [(19200, "N"), (115200, "N")])
async def test_rtu(baudrate, parity):
    async with RtuSimulator({5: bank()}, baudrate, parity) as simulator:
        await exercise("-m", "rtu", "-a", 5, "-b", baudrate, "-P", "none", simulator.device)
        assert simulator.units.requests[5] == 10


async def failure(*arguments: str | int):
    """What mbpoll says when it gets no values."""
    with pytest.raises(AssertionError) as failed:
        await mbpoll(*arguments)
    return str(failed.value)


async def test_refusals_and_faults_as_a_client_sees_them():
    async with TcpSimulator({1: bank()}) as simulator:
        where = ("-m", "tcp", "-p", simulator.port, "-t", 4)
        assert "Illegal data address" in await failure(*where, "-r", 199, "-c", 2, "127.0.0.1")
        assert "Target device failed" in await failure(*where, "-a", 9, "127.0.0.1")
        simulator.faults[1].exception = DEVICE_FAILURE
        assert "Slave device or server failure" in await failure(*where, "127.0.0.1")
        simulator.faults[1].clear()
        simulator.faults[1].dead = True
        assert "timed out" in await failure(*where, "-o", 0.2, "127.0.0.1")
        simulator.faults[1].clear()
        assert await mbpoll(*where, *PATIENT, "-r", 0, "127.0.0.1") == [1000]


@pytest.mark.parametrize("fault", ["bad_crc", "wrong_unit", "half_frame", "dead"])
async def test_faults_of_a_line_as_a_client_sees_them(fault):
    async with RtuSimulator({1: bank()}, 115200) as simulator:
        where = ("-m", "rtu", "-b", 115200, "-P", "none", "-t", 4, simulator.device)
        setattr(simulator.faults[1], fault, True)
        await failure("-o", 1, *where)
        simulator.faults[1].clear()
        assert await mbpoll(*PATIENT, "-r", 0, *where) == [1000]


async def test_bytes_are_paced():
    """At 4800 baud 125 registers take 263 characters of 10 bits and two silences: more than half a second."""
    timing = LineTiming(4800)
    async with RtuSimulator({1: bank()}, 4800) as simulator:
        began = time.monotonic()
        await mbpoll("-m", "rtu", "-b", 4800, "-P", "none", "-o", 10, "-t", 4, "-r", 0, "-c", 125, simulator.device)
        assert time.monotonic() - began >= (8 + 255) * timing.character + timing.silence


async def test_a_bank_of_ones_own_may_refuse():
    class Broken:
        def read(self, table, address, count):
            raise ModbusFault(DEVICE_FAILURE)

        def write(self, table, address, values):
            raise ModbusFault(DEVICE_FAILURE)

    async with TcpSimulator({1: Broken()}) as simulator:
        assert "failure" in await failure("-m", "tcp", "-p", simulator.port, "127.0.0.1")
