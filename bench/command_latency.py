"""Figure 1 of commands: from a command at an MQTT broker to its result there, against the bare Modbus round trip.

The baseline is pymodbus alone, in the same run, with the same device: one read, and a write with the read that checks
it. Ours goes through mosquitto, sync and its disk, the bus and its disk, the journal, the collector between two polls,
and all the way back: every step is on a disk before the one before lets go.
"""

import asyncio
import time
from collections.abc import Iterator
from statistics import median, quantiles

from pymodbus.client import AsyncModbusTcpClient

from bench import Row
from bench._commanding import ADDRESS, READ, WRITTEN, Caller, caller, commanded

FIGURE = "Commands over MQTT: from command to result, against pymodbus alone"
CALLS = 300
WARM_UP = 20
KINDS = {
    "readVariable, read now": ("readVariable", {"variable": str(READ)}, "read"),
    "readVariable, the last reading": ("readVariable", {"variable": str(READ), "maxAge": 60}, "read"),
    "writeVariable, read back": ("writeVariable", {"variable": str(WRITTEN)}, "write and read"),
}
"""By what is measured: the command, its parameters, its baseline."""


def run() -> Iterator[Row]:
    bare, ours = asyncio.run(_measure())
    for name, seconds in bare.items():
        yield Row(f"baseline: pymodbus, {name}", _told(seconds))
    for name, (*_, baseline) in KINDS.items():
        middle, slow = (f(ours[name]) / f(bare[baseline]) for f in (median, _slow))
        yield Row(name, _told(ours[name]))
        yield Row("  ratio to pymodbus alone", f"median {middle:.0f}, 99th percentile {slow:.0f}")


async def _measure() -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    async with commanded() as running:
        bare = await _bare(running.port)
        with caller(running.broker.port) as calling:
            return bare, {
                name: await asyncio.to_thread(_calls, calling, function, parameters)
                for name, (function, parameters, _) in KINDS.items()
            }


def _calls(calling: Caller, function: str, parameters: dict[str, object]) -> list[float]:
    seconds = []
    for number in range(WARM_UP + CALLS):
        value = {"value": number} if function == "writeVariable" else {}
        seconds.append(calling.call(function, **parameters, **value))
    return seconds[WARM_UP:]


async def _bare(port: int) -> dict[str, list[float]]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    seconds: dict[str, list[float]] = {"read": [], "write and read": []}
    for number in range(WARM_UP + CALLS):
        began = time.perf_counter()
        await client.read_holding_registers(ADDRESS, count=1, device_id=1)
        seconds["read"].append(time.perf_counter() - began)
        began = time.perf_counter()
        await client.write_register(ADDRESS, number, device_id=1)
        answer = await client.read_holding_registers(ADDRESS, count=1, device_id=1)
        seconds["write and read"].append(time.perf_counter() - began)
        assert answer.registers == [number]
    client.close()
    return {name: each[WARM_UP:] for name, each in seconds.items()}


def _slow(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98]


def _told(seconds: list[float]) -> str:
    return f"median {1000 * median(seconds):.2f} ms, 99th percentile {1000 * _slow(seconds):.2f} ms"
