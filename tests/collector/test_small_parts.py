"""Repeated events are summed, live readings are throttled, memory stands in for a disk only up to its limit."""

import asyncio
from itertools import pairwise

from heliograph.collector.drafts import AlarmDraft, RecordDraft, Verdict
from heliograph.collector.keeper import MEMORY_BYTES, Keeper
from heliograph.collector.outbox import Outbox
from heliograph.collector.repeated import SUM_SECONDS, Repeated
from heliograph.contract import Level, Reading, Service
from heliograph.contract.channels import LIVE
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from heliograph.runtime import Bus, SystemClock
from support.collecting import collector, revision, until, witness


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, level: Level, text: str) -> None:
        self.lines.append(text)

    def error(self, text: str) -> None:
        self.lines.append(text)


def test_equal_events_are_said_once_then_summed_then_new_again():
    said, clock = Said(), SystemClock()
    repeated = Repeated(said, clock)
    for number in range(100):
        repeated.say(Level.WARNING, ("roof", "timeout"), f"no answer {number}")
    repeated.say(Level.WARNING, ("roof", "crc"), "wrong check sum")
    assert said.lines == ["no answer 0", "wrong check sum"]
    repeated.sum_up(clock.monotonic() + SUM_SECONDS + 1)
    assert len(said.lines) == 3
    assert said.lines[2].startswith("no answer 99 (again 99 times since ")
    repeated.sum_up(clock.monotonic() + 3 * SUM_SECONDS)
    repeated.say(Level.WARNING, ("roof", "crc"), "wrong check sum")
    repeated.say(Level.WARNING, ("roof", "timeout"), "no answer")
    assert said.lines[3:] == ["wrong check sum", "no answer"]


async def test_live_readings_come_at_most_once_a_second_and_leave_out_what_is_missing(broker, tmp_path):
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [5, 0x7FC0, 0])
    text = "modbusTCP;a;b;c\n1;3;0;U16;;A;;1;0;;4\n2;3;1;F32;;B;;1;0;;4\n"
    heard: list[Reading] = []

    async def hear(reading: Reading) -> None:
        heard.append(reading)

    async with (
        TcpSimulator({1: cells}) as plant,
        witness(broker) as sync,
        Bus(broker.settings(Service.API), Service.API) as api,
        collector(broker, tmp_path / "c"),
    ):
        await api.wait_connected()
        await api.subscribe(LIVE, hear)
        await sync.publish(revision([f"1;127.0.0.1:{plant.port};roof;1;9;5000;;poll=20;;;m.csv"], {"m.csv": text}))
        await until(lambda: len(heard) >= 3)
    # A second of the collector's clock lies between two publications; a reading may be some time old by then.
    assert all(after.time - before.time > 500 for before, after in pairwise(heard))
    assert heard[0].values == {"1": 5}


async def test_while_the_disk_refuses_memory_takes_records_up_to_its_limit_and_alarms_beyond(tmp_path):
    outbox = Outbox(tmp_path / "missing", 10**9)
    keeper = Keeper(outbox, None, SystemClock(), Said())
    refused: list[RecordDraft] = []
    keeper.on_verdict = lambda draft, verdict: refused.append(draft) if verdict is Verdict.REFUSED else None
    body = b'"device":"1","text":"' + b"x" * 100_000 + b'"}'
    portions = MEMORY_BYTES // len(body) + 20
    for number in range(1, portions + 1):
        keeper.put([RecordDraft("1", body, number * 1000, (number - 1) * 1000)])
    keeper.put([AlarmDraft("a", b"{}")])
    assert len(refused) == 20
    assert keeper.waiting == portions - 20 + 1
    (tmp_path / "missing").mkdir()
    task = asyncio.create_task(keeper.run())
    await keeper.drain(60)
    task.cancel()
    assert outbox.waiting == portions - 20 + 1
    assert keeper.waiting == 0
    await outbox.close()
