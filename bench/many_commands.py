"""Figure 2 of commands: 10,000 commands in one file, how many run a second, and whether memory stays flat.

Every command is a write that is read back from a device over TCP, between its polls, and is in the journal before and
after. Flat means: what `commands` and `sync` hold of memory at the end is what they held before, and the second half
goes as fast as the first.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator

import psutil
from pymodbus.client import AsyncModbusTcpClient

from bench import Row
from bench._commanding import ADDRESS, DEVICE, WRITTEN, Commanded, commanded, put_file

FIGURE = "Ten thousand commands in one file: commands a second, memory"
COMMANDS = int(os.environ.get("HELIOGRAPH_BENCH_COMMANDS", "10000"))
WARM_UP = 20
LIMIT_SECONDS = 900
MEGABYTE = 1_000_000
SERVICES = ("commands", "sync")
FLAT, STEADY = 1.25, 0.8
"""Memory at the end against before; the second half's pace against the first's."""


def run() -> Iterator[Row]:
    before, most, after, halves, seconds = asyncio.run(_measure())
    yield Row("commands a second", f"{COMMANDS / seconds:.0f}")
    pace = halves[0] / halves[1]
    yield Row("pace of the second half against the first", f"{pace:.2f}", f">= {STEADY}", pace >= STEADY)
    for name in SERVICES:
        ratio = after[name] / before[name]
        told = f"{before[name]:.0f} → {after[name]:.0f} MB, at most {most[name]:.0f}"
        yield Row(f"memory of {name} (PSS)", told)
        yield Row("  after against before", f"{ratio:.2f}", f"<= {FLAT}", ratio <= FLAT)


async def _measure() -> tuple[dict[str, float], dict[str, float], dict[str, float], tuple[float, float], float]:
    async with commanded() as running:
        await put_file(running, [_write(number) for number in range(WARM_UP)])  # what is used first is loaded then
        await _answered(running, 1)
        before = _memory(running)
        await put_file(running, [_write(number) for number in range(COMMANDS)])
        client = AsyncModbusTcpClient("127.0.0.1", port=running.port)
        await client.connect()
        while await _last(client) == WARM_UP - 1:
            await asyncio.sleep(0.01)
        began, half, most = time.monotonic(), 0.0, dict(before)
        while (done := await _last(client)) < COMMANDS - 1:
            most = {name: max(most[name], now) for name, now in _memory(running).items()}
            if not half and done >= COMMANDS // 2:
                half = (time.monotonic() - began) * COMMANDS / 2 / done
            assert time.monotonic() - began < LIMIT_SECONDS, running.gateway.logs()
            await asyncio.sleep(0.2)
        seconds = time.monotonic() - began
        client.close()
        results = await _answered(running, 2)
        assert [result.get("result") for result in results] == [{"value": n, "raw": n} for n in range(COMMANDS)]
        return before, most, _memory(running), (half, seconds - half), seconds


async def _last(client: AsyncModbusTcpClient) -> int:
    """The value that the device holds: each command writes its number."""
    return (await client.read_holding_registers(ADDRESS, count=1, device_id=1)).registers[0]


async def _answered(running: Commanded, count: int) -> list[dict]:
    """Wait until so many answers are there; return the results of the last."""
    directory = running.server.tree.root / "CMD"
    deadline = time.monotonic() + 120
    while len(files := sorted(directory.glob("*_ACK_*.json"))) < count:
        assert time.monotonic() < deadline, running.gateway.logs()
        await asyncio.sleep(0.1)
    return json.loads(files[-1].read_text())


def _write(number: int) -> dict:
    return {
        "rpcName": "sunpm.writeVariable",
        "parameters": {"device": DEVICE, "variable": str(WRITTEN), "value": number},
    }


def _memory(running: Commanded) -> dict[str, float]:
    processes = running.gateway.processes()
    return {name: psutil.Process(processes[name]).memory_full_info().pss / MEGABYTE for name in SERVICES}
