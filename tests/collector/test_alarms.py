"""Alarms at each change of a raw value, across restarts, joined where they are too many."""

import struct

import pytest

from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from support.collecting import FastClock, collector, revision, until, witness

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;State;;1;0;;8\n2;3;1;F32;;Limit;;2;0;;9\n3;3;3_8;String;;Mode;;1;0;;8\n"


def single(value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(">f", value)))


def text(value: str) -> list[int]:
    return list(struct.unpack(">4H", value.encode().ljust(8, b"\0")))


def bank() -> Registers:
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [0, *single(0.5), *text("auto")])
    return cells


def plan(plant: TcpSimulator, poll: int = 50):
    return revision([f"4;127.0.0.1:{plant.port};roof;1;600;500;;poll={poll};;;m.csv"], {"m.csv": TEXT})


async def test_each_change_of_the_raw_value_is_an_alarm_with_the_fields_of_its_variable(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(plan(plant))
        await until(lambda: sync.device("4").readings > 3)
        for value in (1, 0):
            seen = len(sync.alarms)
            plant.units.banks[1].put(HOLDING_REGISTER, 0, [value])
            await until(lambda seen=seen: len(sync.alarms) > seen, "the state")
        plant.units.banks[1].put(HOLDING_REGISTER, 1, single(0.1))
        await until(lambda: len(sync.alarms) == 3, "the limit")
        plant.units.banks[1].put(HOLDING_REGISTER, 3, text("hand;1"))
        await until(lambda: len(sync.alarms) == 4, "the mode")
    told = [(alarm.variable, alarm.value) for alarm in sync.alarms]
    assert told == [("1", "1"), ("1", "0"), ("2", "0.1"), ("3", "hand 1")]
    first = sync.alarms[0]
    assert (first.source, first.definition, first.device, first.device_name) == ("MODBUS", "m.csv", "4", "roof")
    assert len({alarm.identity for alarm in sync.alarms}) == 4


async def test_after_a_restart_the_first_value_is_compared_with_the_last_known(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync:
        await sync.publish(plan(plant))
        async with collector(broker, tmp_path / "c"):
            await until(lambda: sync.device("4").readings > 3)
        for value, expected in ((0, 0), (6, 1)):
            plant.units.banks[1].put(HOLDING_REGISTER, 0, [value])
            sync.states.clear()
            async with collector(broker, tmp_path / "c"):
                await until(lambda: sync.device("4").readings > 3)
                await until(lambda expected=expected: len(sync.alarms) == expected, "what changed meanwhile")
    assert [(alarm.variable, alarm.value) for alarm in sync.alarms] == [("1", "6")]


async def test_a_failed_read_is_no_change(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(plan(plant))
        await until(lambda: sync.device("4").readings > 3)
        plant.faults[1].exception = 4
        await until(lambda: sync.device("4").errors.get("exception 4"))
        plant.faults[1].clear()
        readings = sync.device("4").readings
        await until(lambda: sync.device("4").readings > readings + 5)
        assert not sync.alarms


@pytest.mark.long
async def test_a_variable_that_flutters_is_joined_and_its_last_value_told(broker, tmp_path):
    class Fluttering(Registers):
        reads = 0

        def read(self, table: int, address: int, count: int) -> list[int]:
            if self.flutters and address == 0:
                self.reads += 1
                self.put(HOLDING_REGISTER, 0, [self.reads])
            return super().read(table, address, count)

        flutters = True

    cells = Fluttering()
    cells.tables = bank().tables
    quick = collector(broker, tmp_path / "c", clock=FastClock(10))
    async with TcpSimulator({1: cells}) as plant, witness(broker) as sync, quick:
        await sync.publish(plan(plant, poll=200))
        await until(lambda: len(sync.alarms) >= 60, "the first sixty")
        await until(sync.infos, "a minute is joined")
        cells.flutters = False
        last = str(cells.reads)
        await until(lambda: [a.value for a in sync.alarms if not a.info][-1] == last, "the last value is told")
        cells.put(HOLDING_REGISTER, 3, text("hand"))
        await until(lambda: sync.alarms[-1].value == "hand", "what changes later is told later")
    told = [alarm for alarm in sync.alarms if not alarm.info and alarm.variable == "1"]
    joined = [int(info.split()[0]) for info in sync.infos()]
    assert sync.infos()[0].endswith("CHANGES JOINED roof State")
    assert len(told) == 60 + len(joined)
    assert 60 + sum(joined) == cells.reads - 1
