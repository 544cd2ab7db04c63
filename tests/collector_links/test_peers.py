"""Devices that others wrote: the links against libmodbus and pymodbus servers, over TCP and over a serial line."""

import asyncio
import sys
import textwrap

import pytest

from heliograph.collector.links import ModbusException, ReadCall, Silence, WriteCall
from heliograph.formats.definition import Table
from support.modbus import cable, holding, registers, rtu_link, running, tcp_link
from support.ports import free_port

LIMIT = 60
"""Seconds that no answer needs, also on a busy machine."""
PYMODBUS_DEVICE = textwrap.dedent("""
    import asyncio, sys
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    kind, where = sys.argv[1:]
    registers = [SimData(n, values=1000 + n, datatype=DataType.REGISTERS) for n in range(500)]
    device = SimDevice(7, simdata=registers)

    async def main():
        if kind == "tcp":
            server = ModbusTcpServer(device, address=("127.0.0.1", int(where)))
        else:
            server = ModbusSerialServer(device, port=where, baudrate=19200)
        await server.serve_forever(background=True)
        print("ready", flush=True)
        await server.serving

    asyncio.run(main())
""")


async def exercise(link, unit):
    """What every device must be able to do with us."""
    assert registers(await link.read(holding(unit, 10, 3), LIMIT)) == [1010, 1011, 1012]
    assert registers(await link.read(holding(unit, 0, 125), LIMIT)) == [1000 + n for n in range(125)]
    await link.write(WriteCall(unit, 6, 20, (77,)), LIMIT)
    await link.write(WriteCall(unit, 16, 21, (78, 79)), LIMIT)
    assert registers(await link.read(holding(unit, 20, 4), LIMIT)) == [77, 78, 79, 1023]
    with pytest.raises(ModbusException) as refused:
        await link.read(holding(unit, 495, 20), LIMIT)
    assert refused.value.code == 2


async def exercise_bits(link, unit):
    """The bit tables of the libmodbus device."""
    expected = sum(1 << n for n in range(21) if n % 3 == 0)
    assert int.from_bytes(await link.read(ReadCall(unit, Table.COIL, 0, 21), LIMIT), "little") == expected
    expected = sum(1 << n for n in range(9) if n % 5 == 0)
    assert int.from_bytes(await link.read(ReadCall(unit, Table.DISCRETE_INPUT, 0, 9), LIMIT), "little") == expected
    assert registers(await link.read(ReadCall(unit, Table.INPUT_REGISTER, 5, 2), LIMIT)) == [2005, 2006]
    await link.write(WriteCall(unit, 5, 1, (1,)), LIMIT)
    await link.write(WriteCall(unit, 15, 2, (1, 0, 1)), LIMIT)
    assert (await link.read(ReadCall(unit, Table.COIL, 0, 8), LIMIT))[0] == 0b01010111


async def test_libmodbus_over_tcp(libmodbus_device):
    port = free_port()
    async with running(libmodbus_device, "tcp", str(port)), tcp_link(port) as link:
        await exercise(link, 1)
        await exercise_bits(link, 1)
        assert not link.counters.drops


async def test_libmodbus_over_tcp_restarted(libmodbus_device):
    """The device reboots between two reads; on the new process the link reads on by itself."""
    port = free_port()
    async with tcp_link(port) as link:
        for _ in range(2):
            async with running(libmodbus_device, "tcp", str(port)):
                async with asyncio.timeout(LIMIT):
                    assert registers(await link.read(holding(1, 1, 1), LIMIT)) == [1001]


async def test_libmodbus_over_a_line(libmodbus_device):
    async with (
        cable() as (ours, theirs),
        running(libmodbus_device, "rtu", theirs, "19200"),
        rtu_link(ours, 19200) as link,
    ):
        await exercise(link, 7)
        await exercise_bits(link, 7)
        assert not link.counters.drops
        with pytest.raises(Silence):
            await link.read(holding(8, 0, 1), 0.2)


async def test_pymodbus_over_tcp():
    port = free_port()
    async with running(sys.executable, "-c", PYMODBUS_DEVICE, "tcp", str(port)), tcp_link(port) as link:
        await exercise(link, 7)
        assert not link.counters.drops


async def test_pymodbus_over_a_line():
    async with (
        cable() as (ours, theirs),
        running(sys.executable, "-c", PYMODBUS_DEVICE, "rtu", theirs),
        rtu_link(ours, 19200) as link,
    ):
        await exercise(link, 7)
        assert not link.counters.drops
