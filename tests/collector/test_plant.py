"""The running plant can be asked at any moment, also while a revision is being taken or everything ends."""

import asyncio
from collections.abc import Callable

from heliograph.collector.app import Collector
from heliograph.collector.plant import LinkSpec, Plant, open_link
from heliograph.collector.revision import read_plan
from heliograph.collector.settings import CollectorSettings
from heliograph.contract import Service
from heliograph.runtime import Bus, Context, EventLog, ServiceSettings, SystemClock
from support.collecting import revision

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;Count;;1;0;;4\n"


def line(index: int, keep_alive: int = 1) -> str:
    return f"{index};127.0.0.1:9;d{index};{index};2;500;;poll=50,{keep_alive};;;m.csv"


async def asked_all_along(work: asyncio.Task[None], ask: Callable[[], object]) -> int:
    turns = 0
    while not work.done():
        ask()
        turns += 1
        await asyncio.sleep(0)
    await work
    return turns


async def test_the_state_can_be_told_at_every_moment_of_a_revision_and_of_the_stop(tmp_path):
    clock = SystemClock()
    bus = Bus(ServiceSettings(), Service.COLLECTOR)
    context = Context(Service.COLLECTOR, bus, clock, EventLog(Service.COLLECTOR, clock), asyncio.Event(), 0)
    collector = Collector(context, CollectorSettings(state_dir=tmp_path))
    opened: list[LinkSpec] = []

    def opening(spec: LinkSpec):
        opened.append(spec)
        return open_link(spec)

    first = read_plan(revision([line(1), line(2)], {"m.csv": TEXT}), {})
    second = read_plan(revision([line(2, 0), line(3, 0)], {"m.csv": TEXT}, number=2), {})
    async with asyncio.TaskGroup() as group:
        plant = Plant(collector._sinks(), group, opening)
        await plant.apply(first)
        await asyncio.sleep(0.05)  # its line runs
        applying = asyncio.create_task(plant.apply(second))
        assert await asked_all_along(applying, lambda: (plant.devices(), plant.lines())) > 1
        assert [device.device for device in plant.devices()] == ["2", "3"]
        assert [spec.keep_alive for spec in opened] == [True, False], "the line was made anew"
        stopping = asyncio.create_task(plant.stop())
        assert await asked_all_along(stopping, lambda: (plant.devices(), plant.lines())) > 1
        assert plant.devices() == ()
    await collector.outbox.close()


async def test_a_stop_in_the_middle_of_a_revision_is_the_end(tmp_path):
    """Whatever was about to begin does not: else its line would outlive the service."""
    clock = SystemClock()
    bus = Bus(ServiceSettings(), Service.COLLECTOR)
    context = Context(Service.COLLECTOR, bus, clock, EventLog(Service.COLLECTOR, clock), asyncio.Event(), 0)
    collector = Collector(context, CollectorSettings(state_dir=tmp_path))
    for yields in range(4):
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            plant = Plant(collector._sinks(), group)
            await plant.apply(read_plan(revision([line(1), line(2)], {"m.csv": TEXT}), {}))
            second = read_plan(revision([line(2, 0), line(3, 0)], {"m.csv": TEXT}, number=2), {})
            applying = asyncio.create_task(plant.apply(second))
            for _ in range(yields):
                await asyncio.sleep(0)
            await plant.stop()
            await applying
            assert (plant.lines(), plant.devices(), plant.stations()) == ((), (), [])
    await collector.outbox.close()
