"""What a record and an alarm outlive: the bus, its store, the collector's disk and file, a kill, a set clock."""

import asyncio
import os
import shutil
import signal

import pytest

from heliograph.contract import Service
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from support.collecting import FastClock, collector, revision, until, witness
from support.disks import fill, set_read_only, small_disk
from support.services import start

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;Counter;;1;0;;4\n2;3;1;U16;;State;;1;0;;8\n"


def bank() -> Registers:
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [1, 0])
    return cells


def plan(plant: TcpSimulator, period: int = 1):
    return revision([f"1;127.0.0.1:{plant.port};roof;1;{period};500;;poll=50;;;m.csv"], {"m.csv": TEXT})


async def polled(plant: TcpSimulator, records: int) -> None:
    """Return when the device was polled all through so many of its records."""
    seen = plant.units.requests[1]
    await until(lambda: plant.units.requests[1] > seen + 20 * records, "it polls")


def assert_whole(records) -> None:
    """Every record once, in the order of one source, one a second without a hole."""
    assert [r.sequence for r in records] == sorted({r.sequence for r in records})
    times = [record.time for record in records]
    assert times == list(range(times[0], times[0] + 1000 * len(times), 1000))


async def test_a_bus_that_is_away_loses_nothing(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(plan(plant))
        await until(lambda: len(sync.records) >= 3, "records before")
        broker.stop()
        cells = plant.units.banks[1]
        cells.put(HOLDING_REGISTER, 1, [5])
        await polled(plant, 15)
        broker.start()
        await until(lambda: len(sync.records) >= 25, "records of the time without the bus, and after")
        await until(lambda: sync.alarms, "the alarm")
    unique = {record.sequence: record for record in sync.records}
    assert_whole([unique[sequence] for sequence in sorted(unique)])
    assert [alarm.value for alarm in sync.alarms] == ["5"]


async def test_a_broker_that_lost_its_store_gets_what_comes_next(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(plan(plant))
        await until(lambda: len(sync.records) >= 3, "records before")
        broker.stop()
        await asyncio.to_thread(shutil.rmtree, broker.directory / "store")
        await polled(plant, 5)
        broker.start()
        await sync.bus.wait_connected()
        await until(lambda: sync.bus.connected)
        await sync.bus.ensure_streams()
        await until(lambda: len(sync.records) >= 20, "records after")
    unique = {record.sequence: record for record in sync.records}
    assert_whole([unique[sequence] for sequence in sorted(unique)])


async def test_a_full_disk_is_said_polling_and_alarms_go_on_and_records_follow(broker, tmp_path):
    with small_disk("2m") as disk:
        async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, disk):
            await sync.publish(plan(plant))
            await until(lambda: len(sync.records) >= 3, "records before")
            filler = await asyncio.to_thread(fill, disk)
            # The journal's room is used again, so it takes some records before the disk is asked for more.
            await until(lambda: "STORAGE FULL" in sync.infos(), "it is said as an alarm")
            await until(lambda: "cannot be written" in sync.log, "it is said in the log")
            readings = sync.device("1").readings
            plant.units.banks[1].put(HOLDING_REGISTER, 1, [7])
            await until(lambda: any(alarm.value == "7" for alarm in sync.alarms), "alarms go on")
            await until(lambda: sync.device("1").readings > readings + 10, "polling goes on")
            await asyncio.to_thread(filler.unlink)
            await until(lambda: "STORAGE FREE" in sync.infos(), "it is over")
            seen = len(sync.records)
            await until(lambda: len(sync.records) > seen + 2, "records follow")
    assert_whole(sync.records)
    assert len([alarm for alarm in sync.alarms if alarm.value == "7"]) == 1


async def test_a_read_only_disk_is_outlived_from_the_start(broker, tmp_path):
    with small_disk("2m") as disk:
        set_read_only(disk, True)
        async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, disk):
            await sync.publish(plan(plant))
            await until(lambda: sync.device("1").readings > 10, "it polls")
            await until(lambda: "STORAGE FULL" in sync.infos(), "it is said")
            await until(lambda: "cannot be written" in sync.log, "it is said in the log")
            await asyncio.to_thread(set_read_only, disk, False)
            await until(lambda: len(sync.records) >= 3, "it records")
    assert_whole(sync.records)


async def test_a_damaged_outbox_is_moved_aside_and_said(broker, tmp_path):
    state = tmp_path / "c"
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync:
        await sync.publish(plan(plant))
        async with collector(broker, state):
            await until(lambda: len(sync.records) >= 2)
        seen, source = len(sync.records), sync.records[0].source
        (state / "outbox.sqlite3").write_bytes(os.urandom(20_000))
        async with collector(broker, state):
            await until(lambda: len(sync.records) >= seen + 2, "it records again")
            await until(lambda: "damaged" in sync.log, "it is said")
    assert {record.source for record in sync.records[seen:]} - {source}
    assert (state / "outbox.sqlite3.damaged").exists()


async def test_it_polls_and_records_before_it_ever_saw_the_bus(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant:
        async with witness(broker) as sync, collector(broker, tmp_path / "c"):
            await sync.publish(plan(plant))
            await until(lambda: sync.records)
        broker.stop()
        async with collector(broker, tmp_path / "c"):
            await polled(plant, 5)
            broker.start()
            async with witness(broker) as sync:
                await until(lambda: len(sync.records) >= 5, "it delivers")


async def test_an_orderly_stop_drops_the_open_period(broker, tmp_path):
    clock = FastClock()
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync:
        await sync.publish(plan(plant, period=3600))
        async with collector(broker, tmp_path / "c", clock=clock):
            await until(lambda: sync.device("1").readings > 3)
        sync.states.clear()
        async with collector(broker, tmp_path / "c", clock=clock):
            await until(lambda: sync.device("1").readings > 3)
    assert not sync.records


async def test_a_clock_set_back_records_no_date_twice_and_one_set_forward_goes_on(broker, tmp_path):
    clock = FastClock()
    async with (
        TcpSimulator({1: bank()}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=clock),
    ):
        await sync.publish(plan(plant))
        await until(lambda: len(sync.records) >= 5)
        clock.offset -= 5
        await until(lambda: sync.infos() == ["CLOCK STEP -5"], "the step is told")
        await until(lambda: len(sync.records) >= 10, "it records where it was")
        clock.offset += 7200
        await until(lambda: sync.infos() == ["CLOCK STEP -5", "CLOCK STEP 7200"], "the step is told")
        seen = len(sync.records)
        await until(lambda: len(sync.records) >= seen + 5, "it records on")
        clock.offset -= 7200
        seen = len(sync.records)
        await until(lambda: len(sync.records) >= seen + 5, "a mended clock records at once")
    times = [record.time for record in sync.records]
    assert len(times) == len(set(times))
    assert max(times) - times[-1] > 7_000_000


@pytest.mark.long
async def test_kills_at_any_moment_lose_no_committed_record_and_double_none(broker, tmp_path):
    """The collector as a process, killed again and again; sync's rule (source and sequence once) gives the records."""
    environment = os.environ | {
        "BUS_URL": broker.url,
        "BUS_PASSWORD": "secret-collector",
        "STATE_DIR": str(tmp_path / "c"),
        "LOG_LEVEL": "warning",
    }
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync:
        await sync.publish(plan(plant))
        for life in range(4):
            with (tmp_path / "collector.log").open("ab") as log:
                process = start(Service.COLLECTOR, environment, log, log)
            seen = len(sync.records)
            await until(lambda seen=seen: len(sync.records) >= seen + 2, "it records")
            await asyncio.sleep(0.13 * life)
            process.send_signal(signal.SIGKILL if life < 3 else signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == (-signal.SIGKILL if life < 3 else 0)
    unique = {(record.source, record.sequence): record for record in sync.records}
    assert len({source for source, _ in unique}) == 1
    times = [record.time for record in unique.values()]
    assert len(times) == len(set(times))
    sequences = sorted(sequence for _, sequence in unique)
    assert sequences == list(range(1, len(sequences) + 1))
