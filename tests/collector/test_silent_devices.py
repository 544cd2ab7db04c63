"""A command for a device that is silent costs its line one time limit and nobody else a turn (spec 2.3)."""

import asyncio
from types import SimpleNamespace

import pytest

from heliograph.collector.condition import FIRST_PROBE_SECONDS
from heliograph.collector.errors import NotNow
from heliograph.collector.line import Line
from heliograph.collector.links.link import Counters
from heliograph.collector.silence import Silences
from heliograph.contract import DeviceCondition, ReadRequest, Service
from heliograph.contract.channels import READ
from heliograph.demo.simulator import RtuSimulator
from heliograph.runtime import EventLog, SystemClock
from support.collecting import FastClock, collector, revision, until, witness
from support.setting import DEFINITION, LIMIT, Inverter, inverters, plan, put
from support.syncing import HandClock

UNITS = (1, 2, 3, 4)


async def ask(sync, device: str):
    return await sync.commands.request(READ, ReadRequest(device=device, variable=LIMIT), timeout=60)


async def test_a_dead_device_beside_healthy_ones_holds_up_neither_polls_nor_other_commands(broker, tmp_path):
    """Time stands still once it rests: of all that is asked of it, one request reaches the line."""
    line = RtuSimulator({unit: Inverter() for unit in UNITS}, 115200, paced=False)
    devices = [f"{n};SERIAL1;roof {n};{n};600;400;;poll=50;;;r.csv" for n in UNITS]
    made = revision(
        devices,
        {"r.csv": DEFINITION.replace("modbusTCP", "modbusRTU")},
        serial=["SERIAL1;115200;8;N;1;2;modbusRTU;0"],
    )
    clock = FastClock()
    settings = {"serial1_device": line.device, "clock": clock}
    async with line, witness(broker) as sync, collector(broker, tmp_path / "c", **settings):
        await sync.publish(made)
        await until(lambda: sync.device("4").readings > 1)
        line.faults[1].dead = True
        await until(lambda: sync.device("1").condition is DeviceCondition.RESTING)
        clock.hasten(0.05)
        asked = line.units.requests[1]
        first = await put(sync, 10, device="1")
        assert "may have been written" in first.error
        polled = {unit: line.units.requests[unit] for unit in UNITS[1:]}
        answers = await asyncio.gather(
            *(put(sync, 10, device="1") for _ in range(10)),
            *(ask(sync, "1") for _ in range(10)),
            *(put(sync, 20 + n, device=str(unit)) for n in range(3) for unit in UNITS[1:]),
        )
        assert all("roof 1 is silent since 2024-06-01 10:" in answer.error for answer in answers[:20])
        assert all("was not asked" in answer.error for answer in answers[:20])
        assert all(answer.verified for answer in answers[20:])
        clock.hasten(5)
        await until(
            lambda: all(line.units.requests[unit] > polled[unit] + 10 for unit in polled), "the others are polled on"
        )
        assert asked < line.units.requests[1]
        line.faults[1].dead = False
        await until(lambda: sync.device("1").condition is DeviceCondition.ANSWERING)
        assert (await put(sync, 30, device="1")).verified


async def test_a_device_that_falls_silent_costs_one_time_limit_and_not_one_a_command(broker, tmp_path):
    async with inverters(1) as plant, witness(broker) as sync, collector(broker, tmp_path / "c", clock=FastClock(1)):
        await sync.publish(plan(plant, 1, poll_ms=3_600_000))
        await until(lambda: sync.device("1").readings)
        plant.faults[1].dead = True
        asked = plant.units.requests[1]
        answers = await asyncio.gather(*(put(sync, n, device="1") for n in range(20)))
        assert all(answer.error for answer in answers)
        assert plant.units.requests[1] == asked + 1


class Slow:
    """A link that is only held."""

    name = "SERIAL1"
    on_drop = None

    def __init__(self) -> None:
        self.counters = Counters()

    async def close(self) -> None: ...


async def test_who_waits_for_another_device_goes_before_a_silent_one():
    clock = SystemClock()
    line = Line(Slow(), clock, EventLog(Service.COLLECTOR, clock))
    done: list[str] = []

    def work(name: str):
        async def run(_link) -> None:
            done.append(name)

        return run

    waiting = [
        asyncio.ensure_future(line.ask(work("silent"), last=True)),
        asyncio.ensure_future(line.ask(work("first"))),
        asyncio.ensure_future(line.ask(work("second"))),
    ]
    await asyncio.sleep(0)
    task = asyncio.create_task(line.run())
    await asyncio.gather(*waiting)
    assert done == ["first", "second", "silent"]
    line.end()
    await task


def account(*, polled: bool = True, heard_at: float = 0.0):
    return SimpleNamespace(condition=SimpleNamespace(is_polled=polled, since=0), heard_at=heard_at)


def test_waits_between_tries_grow_as_those_of_the_probes_and_end_with_any_answer():
    clock = HandClock()
    silences, who = Silences(clock), account()
    for wait in (FIRST_PROBE_SECONDS, 10, 20, 40, 60, 60):
        silences.note("1", who, "nothing came")
        clock.move(wait - 1)
        with pytest.raises(NotNow, match=r"silent since .*: nothing came; it was not asked, and is again in 1 s"):
            silences.check("roof", "1", who)
        clock.move(1)
        silences.check("roof", "1", who)
    silences.note("1", who, "nothing came")
    who.heard_at = clock.monotonic() + 1
    silences.check("roof", "1", who)
    assert not silences.holds("1", who)
    assert silences.holds("1", account(polled=False))
