"""Values with a lifetime: who keeps them alive, and what happens when nobody does (spec 4.3)."""

import asyncio
import os
import signal

import pytest

from heliograph.contract import DeviceCondition, JournalWay, Service, VariableLimit
from support.collecting import FastClock, collector, until, witness
from support.services import start
from support.setting import LIMIT, SEEN, inverters, plan, put, set_points

HOUR = 3600.0


@pytest.fixture
async def clock():
    return FastClock()


@pytest.fixture
async def running(broker, tmp_path, clock):
    async with (
        inverters(1, 2) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=clock),
    ):
        await sync.publish(plan(plant, 1, 2))
        await until(lambda: sync.device("2").readings > 1)
        yield plant, sync


async def test_a_value_that_nobody_refreshes_gives_way_to_its_fallback_and_all_is_told_once(running, clock):
    plant, sync = running
    inverter = plant.units.banks[1]
    assert (await put(sync, 40, lifetime_seconds=HOUR, fallback=10)).verified
    clock.leap(0.7 * HOUR)
    assert (await put(sync, 40, lifetime_seconds=HOUR, fallback=10)).verified
    clock.leap(0.7 * HOUR)
    await until(lambda: set_points(sync) and not set_points(sync)[0].lapsed)
    assert inverter.register(0) == 40
    clock.leap(0.4 * HOUR)
    await until(lambda: inverter.register(0) == 10, "the fallback is written")
    await until(lambda: sync.changes and sync.alarms, "it is told")
    (change,) = sync.changes
    assert (change.way, change.device_name, change.variable, change.raw) == (JournalWay.FALLBACK, "roof 1", LIMIT, 10)
    assert (change.origin, change.error) == ("script zero_export", "")
    assert sync.infos() == ["FALLBACK IN FORCE roof 1 Power limit"]
    await until(lambda: [(point.lapsed, point.cause) for point in set_points(sync)] == [(True, "")])
    assert (await put(sync, 80)).verified
    await until(lambda: not set_points(sync), "a value for good ends it")
    clock.leap(2 * HOUR)
    assert (await put(sync, 70, device="2")).verified
    assert (inverter.register(0), len(sync.changes)) == (80, 1)
    assert "no newer value came within 3600 s" in sync.log


async def test_an_unchanged_value_is_written_once_as_long_as_the_device_holds_it(running, clock):
    """A polled one costs the line nothing; another is read once in ten seconds."""
    plant, sync = running
    inverter = plant.units.banks[1]
    for variable, address in ((SEEN, 2), (LIMIT, 0)):
        for _ in range(4):
            assert (await put(sync, 40, variable=variable, lifetime_seconds=HOUR, fallback=10)).verified
            clock.leap(6)
        assert inverter.written_to(address) == [40]
        seen = sync.device("1").readings
        inverter.tables[3][address] = 77  # somebody turned it at the device
        await until(lambda seen=seen: sync.device("1").readings > seen + 2, "it is polled")
        clock.leap(11)
        assert (await put(sync, 40, variable=variable, lifetime_seconds=HOUR, fallback=10)).raw == 40
        assert inverter.written_to(address) == [40, 40]


async def test_a_device_that_was_away_gets_what_is_in_force_again(running, clock):
    plant, sync = running
    inverter, fault = plant.units.banks[1], plant.faults[1]
    await put(sync, 40, lifetime_seconds=10 * HOUR, fallback=10)
    fault.dead = True
    await until(lambda: sync.device("1").condition is DeviceCondition.RESTING)
    inverter.tables[3][0] = 100
    fault.dead = False
    await until(lambda: inverter.register(0) == 40, "it forgot, and is told again")
    clock.leap(11 * HOUR)
    await until(lambda: inverter.register(0) == 10)
    fault.dead = True
    await until(lambda: sync.device("1").condition is DeviceCondition.RESTING)
    inverter.tables[3][0] = 100
    fault.dead = False
    await until(lambda: inverter.register(0) == 10, "a fallback stays in force as well")
    await until(lambda: sync.changes)
    assert len(sync.changes) == 1


async def test_a_fallback_for_a_dead_device_is_tried_until_it_is_there_and_told_meanwhile(running, clock):
    plant, sync = running
    inverter, fault = plant.units.banks[1], plant.faults[1]
    await put(sync, 40, lifetime_seconds=HOUR, fallback=10)
    fault.dead = True
    clock.leap(HOUR)
    await until(lambda: any(point.lapsed and point.cause for point in set_points(sync)), "it failed")
    clock.leap(61)
    await until(lambda: "FALLBACK NOT WRITTEN roof 1 Power limit" in sync.infos(), "it is an alarm")
    await until(lambda: sync.changes)
    assert sync.changes[0].error
    fault.dead = False
    await until(lambda: inverter.register(0) == 10, "it is written when the device is back")
    await until(lambda: "FALLBACK IN FORCE roof 1 Power limit" in sync.infos())
    await until(lambda: [bool(change.error) for change in sync.changes] == [True, False])


async def test_what_runs_out_while_the_collector_is_away_is_written_when_it_is_back(broker, tmp_path, clock):
    async with inverters(1, 2) as plant, witness(broker) as sync:
        await sync.publish(plan(plant, 1, 2))
        async with collector(broker, tmp_path / "c", clock=clock) as running:
            await until(lambda: sync.device("2").readings > 1)
            await put(sync, 40, lifetime_seconds=HOUR, fallback=10)
            await put(sync, 50, device="2", lifetime_seconds=10 * HOUR, fallback=20)
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)
        clock.leap(2 * HOUR)
        clock.offset -= 30.0  # a clock that is a little wrong changes nothing
        plant.units.banks[2].tables[3][0] = 100
        async with collector(broker, tmp_path / "c", clock=clock):
            await until(lambda: plant.units.banks[1].register(0) == 10, "its time was over")
            await until(lambda: plant.units.banks[2].register(0) == 50, "the other one's is not, and is in force")
            await until(lambda: sync.changes)
            assert [(change.device, change.raw) for change in sync.changes] == [("1", 10)]
            clock.leap(9 * HOUR)
            await until(lambda: plant.units.banks[2].register(0) == 20)


async def test_kills_before_and_while_a_lifetime_ends_cost_no_fallback_and_it_is_told_once(broker, tmp_path):
    environment = os.environ | {
        "BUS_URL": broker.url,
        "BUS_PASSWORD": "secret-collector",
        "STATE_DIR": str(tmp_path / "c"),
        "LOG_LEVEL": "warning",
    }
    async with inverters(1) as plant, witness(broker) as sync:
        inverter = plant.units.banks[1]
        await sync.publish(plan(plant, 1))
        for life in range(3):
            seen = len(sync.states)
            with (tmp_path / "collector.log").open("ab") as log:
                process = start(Service.COLLECTOR, environment, log, log)
            await until(lambda seen=seen: sync.states[seen:] and sync.device("1").readings, "it polls")
            if life == 0:
                assert (await put(sync, 40, lifetime_seconds=1, fallback=10)).verified
            elif life == 1:
                await until(lambda: inverter.register(0) == 10, "the fallback is written")
            else:
                await until(lambda: sync.changes and sync.alarms, "it is told")
            process.send_signal(signal.SIGKILL if life < 2 else signal.SIGTERM)
            await asyncio.to_thread(process.wait, 60)
    assert inverter.register(0) == 10
    assert {change.identity.partition(".")[2] for change in sync.changes} == {"fallback"}
    assert len({change.identity for change in sync.changes}) == len({alarm.identity for alarm in sync.alarms}) == 1


async def test_a_clock_that_is_set_changes_no_lifetime(running, clock):
    plant, sync = running
    await put(sync, 40, lifetime_seconds=HOUR, fallback=10)
    clock.offset += 100 * HOUR
    await until(lambda: any(info.startswith("CLOCK STEP") for info in sync.infos()))
    assert plant.units.banks[1].register(0) == 40
    clock.offset -= 200 * HOUR
    clock.leap(HOUR)
    await until(lambda: plant.units.banks[1].register(0) == 10)


async def test_a_revision_ends_what_has_no_variable_any_more_and_keeps_to_its_limits_at_once(running):
    plant, sync = running
    for variable, raw in ((LIMIT, 80), (SEEN, 30)):
        await put(sync, raw, variable=variable, lifetime_seconds=HOUR, fallback=70)
    await put(sync, 80, device="2", lifetime_seconds=HOUR, fallback=70)
    limits = [VariableLimit(device="1", variable=variable, least=0, most=60) for variable in (LIMIT, SEEN)]
    await sync.publish(plan(plant, 1, number=2, limits=tuple(limits)))
    await until(lambda: plant.units.banks[1].register(0) == 60, "the fallback, as far as the limits allow it")
    assert plant.units.banks[1].register(2) == 30
    await until(lambda: len(set_points(sync)) == 2, "the other device's is kept no more")
    await until(lambda: "kept no more" in sync.log)
    assert plant.units.banks[2].register(0) == 80
    refused = await put(sync, 50, lifetime_seconds=HOUR, fallback=70)
    assert "may be from 0 to 60 %, not 70 % (LIMIT_Params of _config.ini)" in refused.error


async def test_a_value_is_refused_with_what_it_lacks_and_changes_nothing(running):
    plant, sync = running
    await put(sync, 40, lifetime_seconds=HOUR, fallback=10)
    for more, words in (
        ({"lifetime_seconds": 5}, "needs a fallback"),
        ({"fallback": 5}, "needs a lifetime"),
        ({"lifetime_seconds": 5, "fallback": 70_000}, "0 to 65535"),
        ({"lifetime_seconds": 5, "fallback": "x"}, "not a whole number"),
    ):
        assert words in (await put(sync, 50, **more)).error
    assert "no variable '77'" in (await put(sync, 1, variable="77", lifetime_seconds=5, fallback=1)).error
    plant.units.banks[1].tables[3].pop(0)
    assert "illegal data address" in (await put(sync, 50, lifetime_seconds=5, fallback=1)).error
    await until(lambda: [(p.raw, p.fallback, p.lapsed) for p in set_points(sync)] == [(40, 10, False)])
