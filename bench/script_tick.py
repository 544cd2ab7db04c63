"""Figure 3 of commands: what a script's tick costs, and what 50 scripts cost that tick once a second.

The commands service runs as on a gateway; the collector and sync are played by this process, so that a write costs its
way over the bus and nothing on a line. A tick reads one variable and refreshes one set point. Memory is proportional
(PSS): what the scripts' processes share is counted once.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from bench import Row
from heliograph.contract import CommandsState, CommandText, ExecuteRequest, ReadRequest, ScriptCondition, Service, Way
from heliograph.contract.channels import EXECUTE, LIVE, READ, STATE
from heliograph.runtime import Bus

FIGURE = "3. What a script's tick costs, and 50 scripts at 1 Hz"

SCRIPTS = 50
CALLS = 500
SECONDS = 20.0
SETTLE_SECONDS = 8.0
MEGABYTE = 1_000_000
TICK = """
wd.every(1, function()
  wd.get('roof_1', 'AC power')
  wd.set('roof_1', 'State', 4, 10, 0)
end)
"""
MEASURE = """
local function timed(n, f)
  local from = wd.now()
  for _ = 1, n do f() end
  return (wd.now() - from) / n
end
function lua(p) return timed(p.n, function() return math.abs(-1) end) end
function get(p) return timed(p.n, function() wd.get('roof_1', 'AC power') end) end
function set(p) return timed(p.n, function() wd.set('roof_1', 'State', 4, 10, 0) end) end
"""


def run() -> Iterator[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    base = Path(tempfile.mkdtemp(prefix="heliograph-bench-"))
    try:
        yield from asyncio.run(_measured(base))
    finally:
        shutil.rmtree(base)


async def _measured(base: Path) -> list[Row]:
    async with _serving(base / "calls", [MEASURE]) as (_, api, commands):
        bus = await _bare_requests(commands)
        lua, get, put = [await _told(api, name, n) for name, n in (("lua", 100_000), ("get", CALLS), ("set", CALLS))]
    cpu, memory = {}, {}
    for number in (0, 1, SCRIPTS):
        async with _serving(base / str(number), [TICK] * number) as (pid, _, _):
            await asyncio.sleep(SETTLE_SECONDS)
            before = _cpu_seconds(pid)
            await asyncio.sleep(SECONDS)
            cpu[number] = (_cpu_seconds(pid) - before) / SECONDS
            memory[number] = _pss(pid)
    each = (memory[SCRIPTS] - memory[1]) / (SCRIPTS - 1)
    return [
        Row("a bare call in Lua", f"{lua * 1e6:.2f} µs"),
        Row("a bare request over the bus", f"{bus * 1e6:.0f} µs"),
        Row("wd.get", f"{get * 1e6:.0f} µs, {get / bus:.2f} bare requests", "≤ 1 bare request", get <= bus),
        Row("wd.set", f"{put * 1e6:.0f} µs, {put / bus:.2f} bare requests", "≤ 4 bare requests", put <= 4 * bus),
        Row("processor: no script, 1, 50 at 1 Hz", ", ".join(f"{cpu[n]:.1%}" for n in cpu)),
        Row("  of one core, for 50", f"{cpu[SCRIPTS] - cpu[0]:.1%}", "≤ 25 %", cpu[SCRIPTS] - cpu[0] <= 0.25),
        Row("memory (PSS): no script, 1, 50", ", ".join(f"{memory[n] / MEGABYTE:.1f} MB" for n in memory)),
        Row("  each further script", f"{each / MEGABYTE:.2f} MB", "≤ 3 MB", each <= 3 * MEGABYTE),
    ]


@asynccontextmanager
async def _serving(base: Path, scripts: list[str]) -> AsyncIterator[tuple[int, Bus, Bus]]:
    """Run the commands service with these scripts; give its process and two places on the bus."""
    from support.nats import Broker
    from support.plausible import Peers, reading
    from support.plausible_services import service_process
    from support.plausible_set import FILES, UID

    (base / "broker").mkdir(parents=True)
    broker = Broker(base / "broker")
    broker.start()
    listed = "".join(f"SCRIPT_File[{n}]=s{n}.lua\n" for n in range(len(scripts)))
    files = {f"SCRIPT/s{n}.lua": text for n, text in enumerate(scripts)}
    buses = [Bus(broker.settings(service), service) for service in (Service.SYNC, Service.COLLECTOR, Service.API)]
    asker = Bus(broker.settings(Service.COMMANDS), Service.COMMANDS)
    try:
        async with buses[0] as sync, buses[1] as collector, buses[2] as api, asker as commands:
            for bus in (sync, collector, api, commands):
                await bus.wait_connected()
            peers = Peers(sync, collector)
            peers.registers["1", "6"] = 4
            await peers.configure(4, {**FILES, **files, f"CONFIG/{UID}_scl.ini": listed})
            await peers.serve()
            with service_process(broker, Service.COMMANDS, base / "commands") as process:
                await _all_run(api, len(scripts))
                living = asyncio.create_task(_live(collector, reading))
                yield process.pid, api, commands
                living.cancel()
    finally:
        broker.stop()


async def _all_run(bus: Bus, number: int) -> None:
    running = asyncio.Event()

    async def take(state) -> None:
        if isinstance(state, CommandsState) and state.revision:
            conditions = [script.condition for script in state.scripts]
            if conditions == [ScriptCondition.RUNNING] * number:
                running.set()

    await bus.watch(STATE, take)
    await asyncio.wait_for(running.wait(), 120)


async def _live(collector: Bus, reading) -> None:
    while True:
        await collector.publish(LIVE, reading("1"), device="1")
        await asyncio.sleep(1)


async def _bare_requests(bus: Bus) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        await bus.request(READ, ReadRequest(device="1", variable="6"), timeout=30)
    return (time.perf_counter() - began) / CALLS


async def _told(api: Bus, function: str, n: int) -> float:
    command = json.dumps({"rpcName": f"s0.{function}", "parameters": {"n": n}})
    text = CommandText(
        identity=uuid.uuid4().hex, way=Way.LOCAL, time=int(time.time() * 1000), origin="bench", text=command
    )
    answer = await api.request(EXECUTE, ExecuteRequest(text=text, wait_seconds=60), timeout=70)
    (result,) = json.loads(answer.text)
    return float(result["result"])


def _family(pid: int) -> list[psutil.Process]:
    service = psutil.Process(pid)
    return [service, *service.children(recursive=True)]


def _cpu_seconds(pid: int) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _family(pid))


def _pss(pid: int) -> int:
    return sum(process.memory_full_info().pss for process in _family(pid))
