"""The port of a serial line: it goes and comes back, belongs to somebody else, or is none at all."""

import asyncio
import os

import pytest

from heliograph.collector.links import LinkDown
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator
from heliograph.runtime.retry import Backoff
from support.modbus import holding, registers, rtu_link

LIMIT = 60
"""Seconds that no answer needs, also on a busy machine."""
BAUD = 115200


@pytest.fixture
async def line():
    async with RtuSimulator({1: Registers({HOLDING_REGISTER: {0: 1000}})}, BAUD) as simulator:
        yield simulator


@pytest.fixture
async def link(line):
    async with rtu_link(line.device, BAUD) as link:
        yield link


async def test_an_unplugged_port_is_not_tried_again_before_its_time(line):
    """Meanwhile calls fail at once and say so."""
    async with rtu_link(line.device, BAUD, backoff=Backoff(600, 600)) as link:
        await link.read(holding(1, 0, 1), LIMIT)
        await asyncio.to_thread(line.unplug)
        with pytest.raises(LinkDown):
            await link.read(holding(1, 0, 1), LIMIT)
        with pytest.raises(LinkDown, match="the port is away, next try in") as down:
            await link.read(holding(1, 0, 1), LIMIT)
        assert 0 < down.value.retry_in <= 600


async def test_port_unplugged_and_back(line, link):
    """The pseudo terminal goes: calls say so; it comes back: the link finds it again."""
    await link.read(holding(1, 0, 1), LIMIT)
    await asyncio.to_thread(line.unplug)
    async with asyncio.timeout(LIMIT):
        said = ""
        while "there is no such port" not in said:
            with pytest.raises(LinkDown) as down:
                await link.read(holding(1, 0, 1), LIMIT)
            said = str(down.value)
            await asyncio.sleep(down.value.retry_in)
    line.plug()
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                assert registers(await link.read(holding(1, 0, 1), LIMIT)) == [1000]
                break
            except LinkDown as away:
                await asyncio.sleep(away.retry_in)
    assert link.counters.connections == 2


async def test_the_port_is_exclusive(line, link):
    """Two masters on one line would spoil each other's frames."""
    await link.read(holding(1, 0, 1), LIMIT)
    async with rtu_link(line.device, BAUD) as second:
        with pytest.raises(LinkDown, match="another program holds the port"):
            await second.read(holding(1, 0, 1), LIMIT)


@pytest.mark.skipif(os.geteuid() == 0, reason="root is refused no port")
async def test_a_port_without_right(tmp_path):
    path = tmp_path / "tty"
    path.touch(mode=0)
    async with rtu_link(str(path)) as link:
        with pytest.raises(LinkDown, match="no right"):
            await link.read(holding(1, 0, 1), LIMIT)


@pytest.mark.parametrize("device", ["/dev/null", "nonsense://port", "socket://127.0.0.1:1", ""])
async def test_what_is_no_serial_port(device):
    async with rtu_link(device) as link:
        with pytest.raises(LinkDown, match="SERIAL1"):
            await link.read(holding(1, 0, 1), 0.2)
