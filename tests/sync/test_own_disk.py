"""The gateway's own disk is full or refuses: sync goes on, tells a person, and loses nothing (spec 3.6)."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from heliograph.contract import ConnectRequest, Service
from heliograph.contract.channels import CONFIGURATION, CONNECT, RECORDS, STATE
from heliograph.runtime import Outgoing
from heliograph.sync.owndisk import OwnDisk
from support.disks import fill, small_disk
from support.samples import record
from support.syncing import Running, plant_set, until


def batch(*numbers: int) -> list[Outgoing]:
    records = [record(number) for number in numbers]
    return [Outgoing(RECORDS, {"device": "1"}, r.model_dump_json().encode(), r.identity) for r in records]


@pytest.mark.long
async def test_a_full_disk_is_outlived_and_told(broker, connect, tmp_path):
    definition = plant_set(tmp_path / "set") / "DEF" / "inv.csv"
    states, revisions = [], []

    async def see(state) -> None:
        states.append(state)

    async def take(revision) -> None:
        revisions.append(revision.number)

    with small_disk("4m") as disk:
        running = Running(broker, disk, gateway_set=tmp_path / "set")
        async with running.run():
            collector, api = await connect(Service.COLLECTOR), await connect(Service.API)
            await api.watch(STATE, see)
            await collector.watch(CONFIGURATION, take)
            await until(lambda: revisions)
            await collector.store_batch(batch(1, 2))
            await until(lambda: states and states[-1].storage.records == 2)
            filler = await asyncio.to_thread(fill, disk)
            await collector.store_batch(batch(*range(3, 1000)))
            definition.write_text(definition.read_text().replace("Power", "Energy"))
            await until(lambda: any("own disk refuses a new revision" in line for line in states[-1].findings))
            await until(lambda: any("own disk refuses the records" in line for line in states[-1].findings))
            await asyncio.to_thread(filler.unlink)
            await until(lambda: revisions[-1] == 2)
            await until(lambda: states[-1].storage.records == 999)
            assert (await api.request(CONNECT, ConnectRequest(), timeout=30)).error == ""
            await until(lambda: running.texts(1) and running.texts(2))
            assert running.texts(1)[0].count("24/06/01-") == 999
            await until(lambda: states[-1].findings == ())


def test_a_refusal_is_told_once_and_forgotten_when_it_is_over(bench, caplog):
    disk = OwnDisk(bench.diary)
    for _ in range(3):
        with disk.step("the mark"):
            raise OSError(28, "No space left on device")
    with pytest.raises(OperationalError), disk.noting("the records"):
        raise OperationalError("INSERT", None, Exception("disk I/O error"))
    assert len(disk.complaints) == 2
    assert len(caplog.records) == 2
    with disk.step("the mark"):
        pass
    assert [line for line in disk.complaints if "I/O" in line] == list(disk.complaints)


def test_lines_wait_while_the_disk_refuses_them(bench, monkeypatch):
    def refuse(_: object) -> None:
        raise OperationalError("INSERT", None, Exception("database or disk is full"))

    bench.diary.info("one")
    with monkeypatch.context() as patch:
        patch.setattr(bench.spool, "take_lines", refuse)
        bench.diary.flush()
    bench.diary.info("two")
    bench.diary.flush()
    with bench.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT text FROM log ORDER BY id").scalars().all()
    assert rows == ["one", "two"]
