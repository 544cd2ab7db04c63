"""What a script costs a slow line that sets twenty inverters once a second: how much less they are polled meanwhile.

A value that changes takes two exchanges, itself and its read-back. One that is only refreshed takes none while polls
show that the device holds it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator

from bench import Row
from bench._collecting import Collected, collecting, revision
from bench._plants import Plant, definition, plant
from heliograph.contract import WriteRequest
from heliograph.contract.channels import WRITE

FIGURE = "Set points of twenty inverters, once a second on one line of 9600 baud"

UNITS = 20
SECONDS = 20.0
BAUDRATE = 9600
VARIABLE = 13
"""Of the second cluster: what the simulated devices count are reads of the first."""
LEAST_SHARE = 0.9


async def polled(served: Plant) -> tuple[float, float, float]:
    """Return polls a second: alone, beside values that are refreshed, beside values that change."""
    devices = [f"{unit};SERIAL1;device {unit};{unit};60;;;poll=0;;;bench.csv" for unit in range(1, UNITS + 1)]
    made = revision(devices, definition("modbusRTU"), [f"SERIAL1;{BAUDRATE};8;N;1;2;modbusRTU;0"])
    async with collecting(made, SERIAL1_DEVICE=served.device) as collected:
        await collected.until(lambda state: sum(device.readings > 1 for device in state.devices) == UNITS)
        alone = await _polls(served, asyncio.sleep(SECONDS))
        await _set_all(collected, 7)
        return (
            alone,
            await _polls(served, _script(collected, lambda _: 7)),
            await _polls(served, _script(collected, lambda second: 100 + second)),
        )


async def _polls(served: Plant, meanwhile: Coroutine[None, None, None]) -> float:
    served.mark()
    began = time.monotonic()
    await meanwhile
    polls, _ = served.mark()
    return polls / (time.monotonic() - began)


async def _script(collected: Collected, value: Callable[[int], int]) -> None:
    began = time.monotonic()
    second = 0
    while time.monotonic() - began < SECONDS:
        second += 1
        await _set_all(collected, value(second))
        await asyncio.sleep(max(0.0, began + second - time.monotonic()))


async def _set_all(collected: Collected, raw: int) -> None:
    requests = [
        WriteRequest(device=str(unit), variable=str(VARIABLE), raw=raw, lifetime_seconds=60, fallback=0)
        for unit in range(1, UNITS + 1)
    ]
    answers = await asyncio.gather(*(collected.commands.request(WRITE, each, timeout=60) for each in requests))
    assert not any(answer.error for answer in answers), answers


def run() -> Iterator[Row]:
    with plant(1, UNITS, baudrate=BAUDRATE) as served:
        alone, refreshed, changed = asyncio.run(polled(served))
    yield Row("baseline, polls a second while nobody writes", f"{alone:.1f}")
    share = refreshed / alone
    yield Row("  while every value is refreshed", f"{share:.0%} of them", f">= {LEAST_SHARE:.0%}", share >= LEAST_SHARE)
    yield Row("  while every value changes", f"{changed / alone:.0%} of them")
