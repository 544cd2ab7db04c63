"""Figure 4: what dead devices cost the healthy ones on their serial line or behind their TCP gateway.

Default settings (time limit 1 s), polled as fast as they answer. The healthy are measured alone first, then beside the
dead, from the first poll on: that minute holds the tries before the rests and the probes after. The best that is
possible is what the healthy have alone, less the time that the waits of the policy itself hold the line.
"""

import asyncio
from collections.abc import Iterator

from bench import Row
from bench._collecting import collecting, revision
from bench._plants import CLUSTER_SIZE, VARIABLES, Plant, definition, plant
from heliograph.collector.condition import Condition
from heliograph.collector.links.timing import character_seconds, pause_seconds
from heliograph.collector.patience import Patience
from heliograph.contract import Revision
from heliograph.formats.daq import SerialLine

FIGURE = "4. Dead devices among ten, time limit 1 s: what the healthy ones keep"

DEVICES, HEALTHY, DEAD = 10, 9, 10
SECONDS = 60.0
ALONE_SECONDS = 20.0
TIMEOUT_SECONDS = 1.0
BAUDRATE = 115200
SLOW_BAUDRATE = 19200
"""Slow enough that the line, not the machine, is what devices wait for."""
TARGET = 0.97
COUNTS = (1, 3, 5)
REQUEST_BYTES, ANSWER_BYTES = 8, 5 + 2 * CLUSTER_SIZE


async def polled(served: Plant, units: int, seconds: float = SECONDS, baudrate: int = BAUDRATE) -> tuple[float, float]:
    """Poll units 1 to `units`; return polls a second of the healthy ones and the longest gap of one of them."""
    served.mark()
    async with collecting(behind(served, units, baudrate), SERIAL1_DEVICE=served.device):
        while not served.mark()[0]:  # asks another process
            await asyncio.sleep(0.005)
        await asyncio.sleep(seconds)
        polls, gap = served.mark()
    return polls / seconds, gap


def behind(served: Plant, units: int, baudrate: int = BAUDRATE) -> Revision:
    """A plant of units 1 to `units` behind the one line or gateway, polled without a pause."""
    interface = "SERIAL1" if served.device else f"127.0.0.1:{served.ports[0]}"
    lines = [f"{unit};{interface};device {unit};{unit};10;;;poll=0;;;bench.csv" for unit in range(1, units + 1)]
    protocol, serial = (
        ("modbusRTU", [f"SERIAL1;{baudrate};8;N;1;2;modbusRTU;0"]) if served.device else ("modbusTCP", [])
    )
    return revision(lines, definition(protocol), serial)


def held_seconds(seconds: float, baudrate: int) -> float:
    """Return how long one device that never answers holds its line within so many seconds, by the policy alone."""
    patience, condition = Patience(TIMEOUT_SECONDS), Condition(0)
    now = held = 0.0
    while now < seconds:
        ask = patience.of_poll if condition.is_polled else patience.of_probe
        wait = ask(condition.failures, shared=True)
        held += wait + frames_seconds(baudrate)
        condition.failed("", 0, may_sleep=False)
        now += max(wait, TIMEOUT_SECONDS) if condition.is_polled else wait + condition.probe_seconds
    return held


def frames_seconds(baudrate: int) -> float:
    """Return what an exchange that stays silent takes beside its wait: silences, the request, room for the answer."""
    if not baudrate:
        return 0.0
    line = SerialLine(1, baudrate=baudrate)
    return 2 * pause_seconds(line) + (REQUEST_BYTES + ANSWER_BYTES) * character_seconds(line)


def compared(what: str, baudrate: int, dead: int) -> Iterator[Row]:
    """Measure so many dead ones."""
    healthy = DEVICES - dead
    with plant(1, DEVICES, dead=dead, baudrate=baudrate) as served:
        before, usual = asyncio.run(polled(served, healthy, ALONE_SECONDS, baudrate))
        beside, gap = asyncio.run(polled(served, DEVICES, SECONDS, baudrate))
        after, _ = asyncio.run(polled(served, healthy, ALONE_SECONDS, baudrate))
    alone = VARIABLES * (before + after) / 2
    best = alone * (1 - dead * held_seconds(SECONDS, baudrate) / SECONDS)
    real = VARIABLES * beside
    yield Row(
        f"{what}: baseline, values/s of {healthy} alone, before and after",
        f"{VARIABLES * before:,.0f}, {VARIABLES * after:,.0f}",
    )
    yield Row(f"  {dead} dead: best possible with these limits and rests, values/s", f"{best:,.0f}")
    ratio = real / best
    met = ratio >= TARGET
    yield Row("  what they have in the first minute, of the best", f"{real:,.0f}, {ratio:.3f}", f">= {TARGET}", met)
    beyond, allowed = gap - usual, dead * TIMEOUT_SECONDS
    longest = f"{gap:.3f} s, {beyond:.3f} s more"
    yield Row("  longest gap of a healthy one", longest, f"<= {allowed:g} s more than alone", beyond <= allowed)
    if dead == 1:
        share = real / alone
        yield Row("  of what they have alone", f"{share:.3f}", f">= {TARGET}", share >= TARGET)


def run() -> Iterator[Row]:
    yield from compared("one TCP gateway", 0, 1)
    for dead in COUNTS:
        yield from compared(f"one serial line at {SLOW_BAUDRATE} baud", SLOW_BAUDRATE, dead)
