"""Figure 4 of the configuration: what a revision that changes one of 200 devices costs the other 199.

All are polled once a second. The same time is measured without and with revisions, in the same run: turns that a device
should have had and had not, counted by the simulated devices; and the time from a revision's publication to the
collector's word that it is applied, against the period of the polls.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator

from bench import Row
from bench._collecting import Collected, collecting, revision
from bench._plants import Plant, definition, plant
from heliograph.contract import Revision

FIGURE = "4. A revision that changes one of 200 devices"

DEVICES = 200
POLL_SECONDS = 1.0
SETTLE_SECONDS = 5.0
SECONDS = 15.0
REVISIONS = 5
CHANGED = 77
"""Which of the devices is changed."""


def lines(ports: list[int], timeout_ms: int) -> list[str]:
    """One device a port; only the time limit of one of them differs from revision to revision."""
    limits = {CHANGED: timeout_ms}
    return [
        f"{n};127.0.0.1:{port};device {n};1;10;{limits.get(n, 1000)};;poll={POLL_SECONDS * 1000:.0f};;;bench.csv"
        for n, port in enumerate(ports)
    ]


def edited(ports: list[int], number: int) -> Revision:
    """The revision of that number: one device with another time limit."""
    return revision(lines(ports, 1000 + number), definition()).model_copy(update={"number": number})


async def changed_one(
    collected: Collected, number: int, publish: Callable[[], Awaitable[None]], seconds: float = 30
) -> float:
    """Return the seconds from `publish`, whatever that does to bring revision `number` about, to its application."""
    began = time.perf_counter()
    await publish()
    async with asyncio.timeout(seconds):
        while not collected.states or collected.states[-1].revision != number:  # a bench looks
            await asyncio.sleep(0.002)
    assert not collected.states[-1].rejected
    return time.perf_counter() - began


async def measured(served: Plant) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[float]]:
    """Return polls and missed turns of each device without and with revisions, and the times to their application."""
    async with collecting(edited(served.ports, 1)) as collected:
        await collected.until(lambda state: sum(device.readings > 0 for device in state.devices) == DEVICES)
        await asyncio.sleep(SETTLE_SECONDS)
        served.mark()
        await asyncio.sleep(SECONDS)
        before = served.missed(POLL_SECONDS)
        times = []
        for number in range(2, 2 + REVISIONS):
            wanted = edited(served.ports, number)
            times.append(await changed_one(collected, number, lambda wanted=wanted: collected.publish(wanted)))
            await asyncio.sleep(max(0.0, SECONDS / REVISIONS - times[-1]))
        after = served.missed(POLL_SECONDS)
    return before, after, times


def run() -> Iterator[Row]:
    with plant(DEVICES) as served:
        before, after, times = asyncio.run(measured(served))
    others = [count for n, count in enumerate(after) if n != CHANGED]
    polls, missed = (sum(column) for column in zip(*others, strict=True))
    usual = sum(count for _, count in before)
    yield Row(f"baseline, {SECONDS:.0f} s without a revision: turns missed by all", f"{usual}")
    what = f"{REVISIONS} revisions in as long: turns missed by the other {len(others)}, of {polls + missed}"
    yield Row(what, f"{missed}", "0", missed == 0)
    yield Row("  by the changed one", f"{after[CHANGED][1]}")
    middle, longest = statistics.median(times), max(times)
    yield Row("published to applied, in polls (baseline: one poll a second): median", f"{middle / POLL_SECONDS:.2f}")
    yield Row("  longest", f"{longest / POLL_SECONDS:.2f}", "<= 1", longest <= POLL_SECONDS)


if __name__ == "__main__":
    for row in run():
        print(row.what, row.value, row.target, row.met)
