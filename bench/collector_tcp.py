"""Figure 3: what polling over Modbus TCP costs and how much of it goes, against a bare pymodbus loop.

The loop reads the same registers in the same run and throws them away; the collector decodes them, keeps statistics,
publishes live readings, and has every record confirmed by the broker. Devices live in a process of their own.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator

from bench import Row
from bench._collecting import Collected, collecting, cpu_seconds, revision
from bench._plants import CLUSTERS, VARIABLES, Plant, definition, plant

FIGURE = "3. Modbus TCP, against a bare pymodbus loop that reads the same and throws it away"

DEVICES = 50
SECONDS = 20.0
SETTLE_SECONDS = 6.0
SLOW_DELAY = 0.030
SLOW_TARGETS = {10: 0.17, 50: 0.17, 200: 0.25}
FLEET = (10, 50, 100, 200)
GROWTH = 0.10
MEGABYTE = 1_000_000


def lines(ports: list[int], period: int, poll: int) -> list[str]:
    """One device a port."""
    return [f"{n};127.0.0.1:{port};device {n};1;{period};1000;;poll={poll};;;bench.csv" for n, port in enumerate(ports)]


def bare_loop(ports: list[int], pause: float) -> dict[str, float]:
    """Run the baseline."""
    command = [sys.executable, "-m", "bench._pymodbus_loop", str(SECONDS), str(pause), *map(str, ports)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


async def collect(ports: list[int], period: int, poll: int) -> dict[str, float]:
    """Run the collector; return values read a second and processor seconds, the broker's too."""
    async with collecting(revision(lines(ports, period, poll), definition())) as collected:
        await collected.until(lambda state: sum(device.readings > 0 for device in state.devices) == len(ports))
        await asyncio.sleep(SETTLE_SECONDS)
        before = await _snapshot(collected)
        await asyncio.sleep(SECONDS)
        after = await _snapshot(collected)
    return {key: after[key] - before[key] for key in before}


async def on_one_core(served: Plant) -> dict[str, float]:
    """Poll every device once a second with the collector on one core; return what it took and what was missed."""
    async with collecting(revision(lines(served.ports, 1, 1000), definition())) as collected:
        collected.process.cpu_affinity([collected.process.cpu_affinity()[0]])
        await collected.until(lambda state: sum(device.readings > 0 for device in state.devices) == len(served.ports))
        await asyncio.sleep(SETTLE_SECONDS)
        before = await _snapshot(collected)
        served.mark()
        await asyncio.sleep(SECONDS)
        missed = sum(turns for _, turns in served.missed(1.0))
        after = await _snapshot(collected)
        memory = collected.process.memory_info().rss / MEGABYTE
    return {key: after[key] - before[key] for key in before} | {"missed": missed, "memory": memory}


async def _snapshot(collected: Collected) -> dict[str, float]:
    state = await collected.state()
    readings = sum(device.readings for device in state.devices)
    return {
        "seconds": state.time / 1000,
        "values": VARIABLES * readings,
        "readings": readings,
        "records": sum(device.records for device in state.devices),
        "cpu": cpu_seconds(collected.process),
        "broker": cpu_seconds(collected.broker),
    }


def equal_work() -> Iterator[Row]:
    with plant(DEVICES) as served:
        bare = bare_loop(served.ports, 1.0)
        ours = asyncio.run(collect(served.ports, 1, 1000))
    per_bare, per_ours = (100_000 * run["cpu"] / run["values"] for run in (bare, ours))
    yield Row("equal work: baseline, CPU-seconds per 100,000 values", f"{per_bare:.2f}")
    yield Row("  collector, poll to confirmed record", f"{per_ours:.2f}")
    yield Row("  the broker beside it", f"{100_000 * ours['broker'] / ours['values']:.2f}")
    ratio = per_ours / per_bare
    yield Row("  collector / baseline", f"{ratio:.2f}", "<= 2", ratio <= 2)
    expected = DEVICES * round(ours["seconds"])
    whole = abs(ours["records"] - expected) <= DEVICES
    yield Row("  records of so many seconds", f"{ours['records']:.0f} of {expected}", "all, to one", whole)


def saturation() -> Iterator[Row]:
    with plant(DEVICES) as served:
        bare = bare_loop(served.ports, 0.0)
        ours = asyncio.run(collect(served.ports, 1, 0))
    rate_bare, rate_ours = (run["values"] / run["seconds"] for run in (bare, ours))
    least = 30_000 * min(1.0, rate_bare / 70_000)
    ratio = rate_ours / rate_bare
    yield Row("saturation: baseline, values/s", f"{rate_bare:,.0f}")
    yield Row("  collector, values/s", f"{rate_ours:,.0f}", f">= {least:,.0f}", rate_ours >= least)
    yield Row("  collector / baseline", f"{ratio:.2f}", ">= 0.5", ratio >= 0.5)


def fleet() -> Iterator[Row]:
    """Ten to two hundred devices of sixty variables, once a second, on one core."""
    cost: dict[int, float] = {}
    for count in FLEET:
        with plant(count) as served:
            ours = asyncio.run(on_one_core(served))
        cost[count] = ours["cpu"] / ours["seconds"]
        what = f"{count} devices of {VARIABLES} variables once a second, on one core: CPU share, memory"
        yield Row(what, f"{cost[count]:.1%}, {ours['memory']:.0f} MB")
        yield Row("  periods missed", f"{ours['missed']:.0f}", "none", ours["missed"] == 0)
    first, last = FLEET[0], FLEET[-1]
    slope = (cost[last] - cost[first]) / (last - first)
    beyond = max(abs(cost[n] / (cost[first] + slope * (n - first)) - 1) for n in FLEET[1:-1])
    yield Row(
        f"  growth from {first} to {last}: farthest from a straight line", f"{beyond:.1%}", "<= 10 %", beyond <= GROWTH
    )
    growth = cost[last] / cost[first] / (last / first)
    yield Row(f"  a device of {last} against one of {first}", f"{growth:.2f}", "<= 1.10", growth <= 1 + GROWTH)


def slow_devices() -> Iterator[Row]:
    ideal = CLUSTERS * SLOW_DELAY
    for count, target in SLOW_TARGETS.items():
        with plant(count, delay=SLOW_DELAY) as served:
            ours = asyncio.run(collect(served.ports, 10, 0))
        cycle = count * ours["seconds"] / ours["readings"]
        what = f"{count} devices at 30 ms an answer: cycle in seconds, ideal {ideal:.3f}"
        yield Row(what, f"{cycle:.3f}", f"<= {target}", cycle <= target)


def run() -> Iterator[Row]:
    yield from equal_work()
    yield from saturation()
    yield from fleet()
    yield from slow_devices()


if __name__ == "__main__":
    began = time.monotonic()
    for row in run():
        print(f"{time.monotonic() - began:6.1f} s  {row.what}: {row.value} {row.target} {row.met}")
