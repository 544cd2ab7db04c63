"""Figure 3: what a dead device costs the nine healthy ones on its serial line or behind its TCP gateway.

Default settings (time limit 1 s), polled as fast as they answer. The nine are measured alone first, then beside the
dead device, from the first poll on: that minute holds the tries before it rests and the probes after.
"""

import asyncio
from collections.abc import Iterator

from bench import Row
from bench._collecting import collecting, revision
from bench._plants import Plant, definition, plant
from heliograph.contract import Revision

FIGURE = "3. A dead device among ten, time limit 1 s: what the healthy nine keep"

HEALTHY, DEAD = 9, 10
SECONDS = 60.0
TIMEOUT_SECONDS = 1.0
BAUDRATE = 115200
TARGET = 0.97


async def polled(served: Plant, units: int, seconds: float = SECONDS) -> tuple[float, float]:
    """Poll units 1 to `units`; return polls a second of the healthy ones and the longest gap of one of them."""
    served.mark()
    async with collecting(behind(served, units), SERIAL1_DEVICE=served.device):
        while not served.mark()[0]:  # asks another process
            await asyncio.sleep(0.005)
        await asyncio.sleep(seconds)
        polls, gap = served.mark()
    return polls / seconds, gap


def behind(served: Plant, units: int) -> Revision:
    """A plant of units 1 to `units` behind the one line or gateway, polled without a pause."""
    interface = "SERIAL1" if served.device else f"127.0.0.1:{served.ports[0]}"
    lines = [f"{unit};{interface};device {unit};{unit};10;;;poll=0;;;bench.csv" for unit in range(1, units + 1)]
    protocol, serial = (
        ("modbusRTU", [f"SERIAL1;{BAUDRATE};8;N;1;2;modbusRTU;0"]) if served.device else ("modbusTCP", [])
    )
    return revision(lines, definition(protocol), serial)


def compared(what: str, baudrate: int) -> Iterator[Row]:
    with plant(1, DEAD, dead=DEAD, baudrate=baudrate) as served:
        before, usual = asyncio.run(polled(served, HEALTHY))
        beside, gap = asyncio.run(polled(served, DEAD))
        after, _ = asyncio.run(polled(served, HEALTHY))
    alone = (before + after) / 2
    ratio = beside / alone
    yield Row(f"{what}: baseline, polls/s of nine alone, before and after", f"{before:.1f}, {after:.1f}")
    yield Row("  beside a dead one, first minute", f"{beside:.1f}, {ratio:.3f}", f">= {TARGET}", ratio >= TARGET)
    beyond = gap - usual
    yield Row("  longest gap of a healthy one alone", f"{usual:.3f} s")
    longest = f"{gap:.3f} s, {beyond:.3f} s more"
    yield Row("  beside a dead one", longest, f"<= {TIMEOUT_SECONDS} s more", beyond <= TIMEOUT_SECONDS)


def run() -> Iterator[Row]:
    yield from compared("one TCP gateway", 0)
    yield from compared("one serial line at 115200 baud", BAUDRATE)
