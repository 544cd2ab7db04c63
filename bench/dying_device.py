"""Figure 4, later: a device that answered within milliseconds dies among ten, and comes back.

Default settings (time limit 1 s), polled as fast as they answer. The nine are measured alone first; then all ten
answer, one dies, and the minute after that holds its tries, the begin of its rest and its probes. Then it answers
again, and is watched until it is polled as before.
"""

import asyncio
import time
from collections.abc import Iterator

from bench import Row
from bench._collecting import Collected, collecting
from bench._plants import Plant, plant
from bench.dead_device import BAUDRATE, DEAD, HEALTHY, SECONDS, TARGET, TIMEOUT_SECONDS, behind, polled
from heliograph.contract import DeviceCondition

FIGURE = "4. A device among ten that dies later and comes back, time limit 1 s: what the healthy nine keep"

ALONE_SECONDS = 30.0
BEFORE_SECONDS = 5.0
BACK_SECONDS = 90.0
"""By then a probe has found it: they are a minute apart at most."""


async def dies(served: Plant) -> tuple[float, float, float, float]:
    """Return what the healthy ones had: polls a second and longest gap in the minute of its death, gap at its return.

    The last figure is how long it took to be found again.
    """
    async with collecting(behind(served, DEAD), SERIAL1_DEVICE=served.device) as collected:
        await collected.until(lambda state: _answering(state) == DEAD)
        await asyncio.sleep(BEFORE_SECONDS)
        served.mark()
        await asyncio.sleep(TIMEOUT_SECONDS)  # a gap is seen between two polls: each has had one before
        served.die(DEAD)
        await asyncio.sleep(SECONDS)
        polls, gap = served.mark()
        served.revive(DEAD)
        gap_of_return, seconds = await _returned(served, collected)
    return polls / (TIMEOUT_SECONDS + SECONDS), gap, gap_of_return, seconds


async def _returned(served: Plant, collected: Collected) -> tuple[float, float]:
    began = time.monotonic()
    await collected.until(lambda state: _answering(state) == DEAD, BACK_SECONDS)
    seconds = time.monotonic() - began
    await asyncio.sleep(TIMEOUT_SECONDS)
    return served.mark()[1], seconds


def _answering(state) -> int:
    return sum(device.condition is DeviceCondition.ANSWERING for device in state.devices)


def compared(what: str, baudrate: int) -> Iterator[Row]:
    with plant(1, DEAD, baudrate=baudrate) as served:
        before, usual = asyncio.run(polled(served, HEALTHY, ALONE_SECONDS))
        beside, gap, gap_of_return, seconds = asyncio.run(dies(served))
        after, _ = asyncio.run(polled(served, HEALTHY, ALONE_SECONDS))
    ratio = beside / ((before + after) / 2)
    yield Row(f"{what}: baseline, polls/s of nine alone, before and after", f"{before:.1f}, {after:.1f}")
    yield Row("  longest gap of a healthy one alone", f"{usual:.3f} s")
    yield Row("  the minute after the tenth died", f"{beside:.1f}, {ratio:.3f}", f">= {TARGET}", ratio >= TARGET)
    for when, longest in (("that minute", gap), (f"its return, found after {seconds:.0f} s", gap_of_return)):
        beyond = longest - usual
        shown = f"{longest:.3f} s, {beyond:.3f} s more"
        yield Row(f"  longest gap in {when}", shown, f"<= {TIMEOUT_SECONDS} s more", beyond <= TIMEOUT_SECONDS)


def run() -> Iterator[Row]:
    yield from compared("one TCP gateway", 0)
    yield from compared("one serial line at 115200 baud", BAUDRATE)
