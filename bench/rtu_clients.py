"""Figure 2: RTU through bare pymodbus and minimalmodbus, and ours, on the same paced line with the same plan.

The line notes every request that began before 3.5 characters of silence. Who does not keep it is faster and spoils
frames on a real bus, so ours has to be at least as fast as the best of those that keep it, and keep it itself.
"""

import asyncio
from collections.abc import Callable, Iterator

from bench import Row
from bench.bus_time import (
    CLUSTER_DISTANCE,
    CLUSTER_REGISTERS,
    CLUSTERS,
    UNITS,
    Requests,
    heliograph,
    least_seconds,
    measured,
    pymodbus,
    timed,
    variables,
)
from heliograph.collector.blocks import plan
from heliograph.demo.simulator import LineTiming

FIGURE = "2. RTU clients on one paced line, same plan: least time of a cycle / real time"

BAUDRATES = (9600, 19200, 115200)
ROUNDS = 3
SECONDS = 3.0
"""Of each client in a round."""
OURS = "ours"
KEPT = 0.001
"""So many requests may begin early before a client counts as one that does not keep the silence."""

Client = Callable[[str, int, Requests, int], list[float]]
"""Polls a device at a speed, so many cycles; returns what each took, in seconds."""


def minimalmodbus(device: str, baudrate: int, requests: Requests, cycles: int) -> list[float]:
    """A bare loop with minimalmodbus."""
    from minimalmodbus import Instrument  # type: ignore[import-untyped]

    instruments = {unit: Instrument(device, unit) for unit in range(1, UNITS + 1)}
    for instrument in instruments.values():
        instrument.serial.baudrate = baudrate
        instrument.serial.timeout = 1

    def ask(unit: int, address: int, count: int) -> None:
        instruments[unit].read_registers(address, count)

    seconds = timed(ask, requests, cycles)
    instruments[1].serial.close()
    return seconds


def pymodbus_asyncio(device: str, baudrate: int, requests: Requests, cycles: int) -> list[float]:
    """A bare loop with pymodbus's asynchronous client."""
    from pymodbus.client import AsyncModbusSerialClient

    loop = asyncio.new_event_loop()

    async def connected() -> AsyncModbusSerialClient:
        client = AsyncModbusSerialClient(device, baudrate=baudrate, timeout=1)
        await client.connect()
        return client

    client = loop.run_until_complete(connected())

    def ask(unit: int, address: int, count: int) -> None:
        loop.run_until_complete(client.read_holding_registers(address, count=count, device_id=unit))

    seconds = timed(ask, requests, cycles)
    client.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    return seconds


CLIENTS: dict[str, Client] = {
    "bare pymodbus": pymodbus,
    "bare pymodbus, asyncio": pymodbus_asyncio,
    "minimalmodbus": minimalmodbus,
    OURS: lambda device, baudrate, _, cycles: heliograph(device, baudrate, plan(variables()), cycles),
}


def compared(baudrate: int) -> Iterator[Row]:
    """Measure every client at one speed, in rounds, so that what else the machine does strikes all alike."""
    requests = [
        (unit, c * CLUSTER_DISTANCE, CLUSTER_REGISTERS) for unit in range(1, UNITS + 1) for c in range(CLUSTERS)
    ]
    least = least_seconds(LineTiming(baudrate), requests)
    cycles = max(5, round(SECONDS / least))
    ratios, early = dict.fromkeys(CLIENTS, 0.0), dict.fromkeys(CLIENTS, 0.0)
    for _ in range(ROUNDS):
        for name, client in CLIENTS.items():
            ratio, share = measured(baudrate, lambda d, n, c=client: c(d, baudrate, requests, n), least, cycles)
            ratios[name], early[name] = max(ratio, ratios[name]), max(share, early[name])
    best = max((ratios[name] for name in CLIENTS if name != OURS and early[name] <= KEPT), default=0.0)
    for name in CLIENTS:
        if name != OURS:
            kept = "kept" if early[name] <= KEPT else "not kept"
            yield Row(f"{baudrate} baud, {name}", f"{ratios[name]:.3f}, {early[name]:.1%} early: silence {kept}")
    ratio = ratios[OURS]
    yield Row(f"{baudrate} baud, {OURS}", f"{ratio:.3f}", f">= {best:.3f}, the best that keeps it", ratio >= best)
    yield Row("  requests before 3.5 characters of silence", f"{early[OURS]:.1%}", "none", early[OURS] == 0)


def run() -> Iterator[Row]:
    for baudrate in BAUDRATES:
        yield from compared(baudrate)
