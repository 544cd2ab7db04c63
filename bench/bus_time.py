"""Figure 1: how much of a serial line's time is used, and whether the silences between frames are kept.

A line in a process of its own paces every byte and notes each request that begins before 3.5 characters of silence.
The least time of a cycle is what its bytes take, and the two silences that each exchange needs.
"""

import asyncio
import ctypes
import ctypes.util
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from statistics import median

from bench import Row
from bench._line import line
from heliograph.collector.blocks import Block, plan
from heliograph.collector.decode import compile_block
from heliograph.collector.links import LinkFailure, RtuLink
from heliograph.demo.simulator import LineTiming
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import Kind, ModbusPoint, Table, Variable

FIGURE = "1. Bus time on a paced serial line: least time of a cycle / real time"

TARGETS = {9600: 0.97, 19200: 0.97, 115200: 0.85}
UNITS, CLUSTERS, CLUSTER_REGISTERS, CLUSTER_DISTANCE = 4, 5, 12, 40
SECONDS = 8.0
REQUEST_BYTES, ANSWER_EXTRA_BYTES = 8, 5

Requests = list[tuple[int, int, int]]
"""Unit, address, count."""


def variables() -> list[Variable]:
    """60 variables of a device in 5 clusters of contiguous registers."""
    places = [c * CLUSTER_DISTANCE + n for c in range(CLUSTERS) for n in range(CLUSTER_REGISTERS)]
    points = [ModbusPoint(Table.HOLDING_REGISTER, place, 1, Kind.U16) for place in places]
    return [Variable(n, str(n), ("", "", "", ""), f"v{n}", "", 1, 0, "", 4, p) for n, p in enumerate(points, 2)]


def least_seconds(timing: LineTiming, requests: Requests) -> float:
    return sum(
        (REQUEST_BYTES + ANSWER_EXTRA_BYTES + 2 * count) * timing.character + 2 * timing.silence
        for _, _, count in requests
    )


def heliograph(device: str, baudrate: int, blocks: tuple[Block, ...], cycles: int) -> list[float]:
    """Poll as the collector does, decoding included."""
    calls = [
        (call, compile_block(block)) for unit in range(1, UNITS + 1) for block in blocks for call in block.calls(unit)
    ]

    async def poll() -> list[float]:
        link = RtuLink(SerialLine(1, baudrate=baudrate), device)
        await link.read(calls[0][0], 1)
        seconds = []
        for _ in range(cycles):
            began = time.perf_counter()
            for call, decode in calls:
                with suppress(LinkFailure):
                    decode(await link.read(call, 1))
            seconds.append(time.perf_counter() - began)
        await link.close()
        return seconds

    return asyncio.run(poll())


def pymodbus(device: str, baudrate: int, requests: Requests, cycles: int) -> list[float]:
    """A bare loop with pymodbus's synchronous client."""
    from pymodbus.client import ModbusSerialClient
    from pymodbus.exceptions import ModbusException

    client = ModbusSerialClient(device, baudrate=baudrate, timeout=1)
    client.connect()

    def ask(unit: int, address: int, count: int) -> None:
        with suppress(ModbusException):
            client.read_holding_registers(address, count=count, device_id=unit)

    seconds = timed(ask, requests, cycles)
    client.close()
    return seconds


def libmodbus(device: str, baudrate: int, requests: Requests, cycles: int) -> list[float]:
    """A bare loop with libmodbus; raises `OSError` where the library is not installed."""
    library = ctypes.CDLL(ctypes.util.find_library("modbus") or "libmodbus.so.5")
    library.modbus_new_rtu.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.modbus_new_rtu(device.encode(), baudrate, ctypes.c_char(b"N"), 8, 1))
    library.modbus_connect(context)
    library.modbus_set_response_timeout(context, 1, 0)
    registers = (ctypes.c_uint16 * 125)()

    def ask(unit: int, address: int, count: int) -> None:
        library.modbus_set_slave(context, unit)
        library.modbus_read_registers(context, address, count, registers)

    seconds = timed(ask, requests, cycles)
    library.modbus_close(context)
    return seconds


def timed(ask: Callable[[int, int, int], None], requests: Requests, cycles: int) -> list[float]:
    seconds = []
    for _ in range(cycles):
        began = time.perf_counter()
        for request in requests:
            ask(*request)
        seconds.append(time.perf_counter() - began)
    return seconds


def measured(baudrate: int, poll: Callable[[str, int], list[float]], least: float, cycles: int) -> tuple[float, float]:
    """Return least time / real time of the middle cycle, and the share of early requests."""
    with line(baudrate, UNITS, CLUSTERS * CLUSTER_DISTANCE) as served:
        seconds = poll(served.device, cycles)
    return least / median(seconds), served.early / served.requests


def run() -> Iterator[Row]:
    blocks = plan(variables())
    planned = sum(len(block.spans) for block in blocks)
    yield Row("requests a cycle of one device", f"{planned}", f"{CLUSTERS}, the least possible", planned == CLUSTERS)
    requests = [
        (unit, c * CLUSTER_DISTANCE, CLUSTER_REGISTERS) for unit in range(1, UNITS + 1) for c in range(CLUSTERS)
    ]
    for baudrate, target in TARGETS.items():
        least = least_seconds(LineTiming(baudrate), requests)
        cycles = max(5, round(SECONDS / least))
        ratio, early = measured(baudrate, lambda d, n, b=baudrate: heliograph(d, b, blocks, n), least, cycles)
        yield Row(f"{baudrate} baud", f"{ratio:.3f}", f">= {target}", ratio >= target)
        yield Row("  requests before 3.5 characters of silence", f"{early:.1%}", "none", early == 0)
        for peer in (pymodbus, libmodbus):
            try:
                ratio, early = measured(baudrate, lambda d, n, b=baudrate, p=peer: p(d, b, requests, n), least, cycles)
                yield Row(f"  baseline: bare {peer.__name__}", f"{ratio:.3f}, {early:.1%} of requests early")
            except OSError as missing:
                yield Row(f"  baseline: bare {peer.__name__}", f"not there ({missing})")
