"""Figure 5 of acquisition: a write from its request to its read-back, while the line is never idle.

Four devices on one paced line, five requests a poll, polled as fast as they answer. A write waits for the poll that is
under way, five requests at most, and takes two: itself and its read-back.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from statistics import median, quantiles

from bench import Row
from bench._collecting import Collected, collecting, revision
from bench._plants import CLUSTERS, Plant, definition, plant
from heliograph.contract import WriteRequest
from heliograph.contract.channels import WRITE

FIGURE = "5. A write from request to read-back on a busy line, in units of one request"

UNITS = 4
WRITES = 200
SECONDS = 10.0
VARIABLE = 13
"""Of the second cluster: what the simulated devices count are reads of the first."""
BAUDRATES = (9600, 19200)
MEDIAN_TARGET, WORST_TARGET = 2 + CLUSTERS / 2 + 1, 2 + CLUSTERS + 2
"""Two requests of its own, half a poll or a whole one to wait; one or two more for the way over the bus."""


async def written(served: Plant, baudrate: int) -> tuple[float, list[float]]:
    """Return what one request takes on the busy line, and what each write took, in seconds."""
    devices = [f"{unit};SERIAL1;device {unit};{unit};60;;;poll=0;;;bench.csv" for unit in range(1, UNITS + 1)]
    made = revision(devices, definition("modbusRTU"), [f"SERIAL1;{baudrate};8;N;1;2;modbusRTU;0"])
    async with collecting(made, SERIAL1_DEVICE=served.device) as collected:
        await collected.until(lambda state: sum(device.readings > 1 for device in state.devices) == UNITS)
        served.mark()
        await asyncio.sleep(SECONDS)
        polls, _ = served.mark()
        return SECONDS / (polls * CLUSTERS), await _write(collected)


async def _write(collected: Collected) -> list[float]:
    chance = random.Random(3)
    seconds = []
    for number in range(WRITES):
        request = WriteRequest(device=str(chance.randint(1, UNITS)), variable=str(VARIABLE), raw=number)
        began = time.perf_counter()
        answer = await collected.commands.request(WRITE, request, timeout=30)
        seconds.append(time.perf_counter() - began)
        assert answer.verified, answer.error
        await asyncio.sleep(chance.uniform(0, 0.2))
    return seconds


def run() -> Iterator[Row]:
    for baudrate in BAUDRATES:
        with plant(1, UNITS, baudrate=baudrate) as served:
            request, seconds = asyncio.run(written(served, baudrate))
        middle, worst = median(seconds) / request, quantiles(seconds, n=100)[98] / request
        yield Row(f"{baudrate} baud: baseline, one request of a poll", f"{1000 * request:.1f} ms")
        yield Row("  median", f"{middle:.1f} requests", f"<= {MEDIAN_TARGET:g}", middle <= MEDIAN_TARGET)
        yield Row("  99th percentile", f"{worst:.1f} requests", f"<= {WORST_TARGET:g}", worst <= WORST_TARGET)
