"""The running plant can be asked at any moment, also while a revision is being taken or everything ends."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest

from heliograph.collector.app import Collector
from heliograph.collector.linking import LinkSpec, open_link
from heliograph.collector.plant import Plant
from heliograph.collector.revision import read_plan
from heliograph.collector.settings import CollectorSettings
from heliograph.contract import Service
from heliograph.runtime import Bus, Context, EventLog, ServiceSettings, SystemClock
from support.collecting import revision, until

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;Count;;1;0;;4\n"


def line(index: int, keep_alive: int = 1) -> str:
    return f"{index};127.0.0.1:9;d{index};{index};2;500;;poll=50,{keep_alive};;;m.csv"


@pytest.fixture
async def parts(tmp_path) -> AsyncIterator[Collector]:
    """The parts of a collector without a bus."""
    clock = SystemClock()
    bus = Bus(ServiceSettings(), Service.COLLECTOR)
    context = Context(Service.COLLECTOR, bus, clock, EventLog(Service.COLLECTOR, clock), asyncio.Event(), 0)
    collector = Collector(context, CollectorSettings(state_dir=tmp_path))
    yield collector
    await collector.outbox.close()


async def asked_all_along(work: asyncio.Task[None], ask: Callable[[], object]) -> int:
    turns = 0
    while not work.done():
        ask()
        turns += 1
        await asyncio.sleep(0)
    await work
    return turns


async def test_the_state_can_be_told_at_every_moment_of_a_revision_and_of_the_stop(parts):
    opened: list[LinkSpec] = []

    def opening(spec: LinkSpec):
        opened.append(spec)
        return open_link(spec)

    first = read_plan(revision([line(1), line(2)], {"m.csv": TEXT}), {})
    second = read_plan(revision([line(2, 0), line(3, 0)], {"m.csv": TEXT}, number=2), {})
    async with asyncio.TaskGroup() as group:
        plant = Plant(parts._sinks(), group, opening)
        await plant.apply(first)
        await until(lambda: any(line.cause for line in plant.lines()), "its line runs")
        applying = asyncio.create_task(plant.apply(second))
        assert await asked_all_along(applying, lambda: (plant.devices(), plant.lines())) > 1
        assert [device.device for device in plant.devices()] == ["2", "3"]
        assert [spec.keep_alive for spec in opened] == [True, False], "the line was made anew"
        stopping = asyncio.create_task(plant.stop())
        assert await asked_all_along(stopping, lambda: (plant.devices(), plant.lines())) > 1
        assert plant.devices() == ()


async def test_a_stop_in_the_middle_of_a_revision_is_the_end(parts):
    """Whatever was about to begin does not: else its line would outlive the service."""
    for yields in range(4):
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            plant = Plant(parts._sinks(), group)
            await plant.apply(read_plan(revision([line(1), line(2)], {"m.csv": TEXT}), {}))
            second = read_plan(revision([line(2, 0), line(3, 0)], {"m.csv": TEXT}, number=2), {})
            applying = asyncio.create_task(plant.apply(second))
            for _ in range(yields):
                await asyncio.sleep(0)
            await plant.stop()
            await applying
            assert (plant.lines(), plant.devices(), plant.stations()) == ((), (), [])


async def test_whatever_the_order_of_revisions_and_faults_exactly_one_plan_runs_whole(parts):
    """Plans drawn at random over TCP and a serial line; now and then a link cannot be made."""
    draw = random.Random(7)
    faulty = False

    def opening(spec: LinkSpec):
        if faulty and draw.random() < 0.5:
            raise OSError("no link can be made")
        return open_link(spec)

    def plan(number: int):
        indices = draw.sample(range(1, 9), draw.randint(0, 8))
        serial = [f"SERIAL1;{draw.choice([9600, 19200])};8;N;1;2;modbusRTU;0"]
        rows = [
            f"{n};SERIAL1;d{n};{n};2;500;;poll=50;;;r.csv"
            if n > 5
            else f"{n};127.0.0.1:{draw.choice([9, 10])};d{n};{n};2;500;;poll=50,{draw.randint(0, 1)};;;m.csv"
            for n in indices
        ]
        texts = {"m.csv": TEXT + "\n" * draw.randint(0, 2), "r.csv": TEXT.replace("TCP", "RTU")}
        return read_plan(revision(rows, texts, number=number, serial=serial), {1: "/dev/nothing"})

    runs, failures = plan(0), 0
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        plant = Plant(parts._sinks(), group, opening)
        await plant.apply(runs)
        for number in range(1, 120):
            wanted, faulty = plan(number), draw.random() < 0.3
            try:
                await plant.apply(wanted)
                runs = wanted
            except OSError:
                failures += 1
            await asyncio.sleep(draw.choice([0, 0, 0.002]))
            assert [device.device for device in plant.devices()] == list(runs.order)
            assert sorted(plant.stations(), key=str) == sorted(runs.stations, key=str)
            assert {line.name for line in plant.lines()} == {station.link for station in runs.stations}
            members = [turn for running in plant._lines.values() for turn in running.line._members]
            assert sorted(map(id, members)) == sorted(map(id, plant._pollers.values()))
            assert len(parts._recording._recorders) == len(parts._live._feeds) == len(runs.stations)
        await plant.stop()
    assert failures > 5
    assert not parts._recording._recorders
