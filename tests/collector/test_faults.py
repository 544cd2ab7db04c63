"""Whatever devices and lines do: nothing wrong is recorded, nothing else slows down, and people are told."""

import asyncio
from functools import partial

import pytest

from heliograph.contract import DeviceCondition
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator
from support.collecting import collector, revision, until, witness

DEFINITION = """\
{protocol};Meter;Test;One
1;3;0;U16;;Value;;1;0;;4
2;3;50;U16;;Far value;;1;0;;4
"""
VALUES = (4711, 815)
LATE_SECONDS = 0.9
FAULTY_MS = 300
"""The time limit of devices with a fault; whoever answers has one that no busy machine overruns."""
FAULTS = {
    1: ("dead", True, "timeout"),
    2: ("late", LATE_SECONDS, "timeout"),
    3: ("noise", b"\x00\xff\x17" * 20, ""),
    4: ("wrong_unit", 100, "unit"),
    5: ("wrong_function", True, "function"),
    6: ("half_frame", True, "short"),
    7: ("exception", 4, "exception 4"),
}
"""By unit: what goes wrong with it, and under which kind it is counted.

Unit 4 answers as one that nobody asks: an answer in the name of unit 5, which owes one, is a late answer and rightly
counted as such.
"""
HEALTHY = 20
UNITS = (*FAULTS, HEALTHY)


def bank() -> Registers:
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [VALUES[0], 0, 0, 0])
    cells.put(HOLDING_REGISTER, 50, [VALUES[1], 0, 0, 0])
    return cells


def tcp(port: int, *units: int, timeout: int = 5000) -> list[str]:
    return [f"{unit};127.0.0.1:{port};unit {unit};{unit};1;{timeout};;poll=50;;;t.csv" for unit in units]


def serial(*units: int, timeout: int = 5000) -> list[str]:
    return [f"{unit};SERIAL1;unit {unit};{unit};1;{timeout};;poll=50;;;r.csv" for unit in units]


TEXTS = {"t.csv": DEFINITION.format(protocol="modbusTCP"), "r.csv": DEFINITION.format(protocol="modbusRTU")}
LINE = ["SERIAL1;115200;8;N;1;2;modbusRTU;0"]


@pytest.mark.parametrize("way", ["tcp", "serial"])
async def test_faults_of_devices_never_become_data_and_the_healthy_one_goes_on(broker, tmp_path, way):
    """Seven devices on one line, each with a fault of its own; all are healthy before and after."""
    units = {unit: bank() for unit in UNITS}
    plant = TcpSimulator(units) if way == "tcp" else RtuSimulator(units, 115200)
    async with plant, witness(broker) as sync:
        rows = partial(tcp, plant.port) if way == "tcp" else serial
        devices = [*rows(*FAULTS, timeout=FAULTY_MS), *rows(HEALTHY)]
        ports = {} if way == "tcp" else {"serial1_device": plant.device}
        async with collector(broker, tmp_path / "c", **ports):
            await sync.publish(revision(devices, TEXTS, serial=[] if way == "tcp" else LINE))
            everyone = {str(unit) for unit in UNITS}
            await until(lambda: {r.device for r in sync.records} == everyone, "every device records")
            for unit, (name, value, _) in FAULTS.items():
                setattr(plant.faults[unit], name, value)
            seen = len(sync.records)
            for _, _, kind in FAULTS.values():
                await until(lambda kind=kind: not kind or kind in sync.errors(), f"{kind} is counted")
            await until(lambda: sync.dates(str(HEALTHY), seen) >= 10, "the healthy one records")
            for unit in FAULTS:
                plant.faults[unit].clear()
            seen = len(sync.records)
            await until(lambda: {r.device for r in sync.records[seen:]} == everyone, "everyone is back")
            await until(lambda: {d.condition for d in sync.states[-1].devices} == {DeviceCondition.ANSWERING})
    for record in sync.records:
        assert all(value in (None, right) for value, right in zip(record.values, VALUES, strict=True)), record
    assert all(record.values == VALUES for record in sync.records if record.device == str(HEALTHY))


async def test_a_dead_device_is_lost_once_and_back_once_with_alarm_and_event(broker, tmp_path):
    async with (
        TcpSimulator({1: bank(), 2: bank()}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
    ):
        plant.faults[1].dead = True
        await sync.publish(revision(tcp(plant.port, 1, 2, timeout=100), TEXTS))
        await until(lambda: sync.infos() == ["DEVICE LOST unit 1"], "it is lost")
        await until(lambda: sync.device("1").condition is DeviceCondition.RESTING)
        assert "no answer within 0.1 s" in sync.device("1").cause
        plant.faults[1].clear()
        await until(lambda: sync.infos() == ["DEVICE LOST unit 1", "DEVICE BACK unit 1"], "it is back")
        await until(lambda: any(record.device == "1" for record in sync.records), "it records")
    assert sync.log.count("is lost") == 1


async def test_a_loss_is_told_once_across_restarts(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync:
        plant.faults[1].dead = True
        await sync.publish(revision(tcp(plant.port, 1, timeout=50), TEXTS))
        for _ in range(2):
            async with collector(broker, tmp_path / "c"):
                await until(lambda: sync.device("1").condition is DeviceCondition.RESTING, "it rests")
            sync.states.clear()
        plant.faults[1].clear()
        async with collector(broker, tmp_path / "c"):
            await until(lambda: len(sync.infos()) == 2, "it is back")
    assert sync.infos() == ["DEVICE LOST unit 1", "DEVICE BACK unit 1"]


async def test_a_port_that_is_unplugged_loses_its_devices_and_finds_them_again(broker, tmp_path):
    line = RtuSimulator({1: bank(), 2: bank()}, 115200)
    async with line, witness(broker) as sync, collector(broker, tmp_path / "c", serial1_device=line.device):
        await sync.publish(revision(serial(1, 2), TEXTS, serial=LINE))
        await until(lambda: {r.device for r in sync.records} == {"1", "2"}, "both record")
        await asyncio.to_thread(line.unplug)
        await until(lambda: sorted(sync.infos()) == ["DEVICE LOST unit 1", "DEVICE LOST unit 2"], "both are lost")
        await until(lambda: not sync.line().open and sync.line().cause, "the line says why")
        line.plug()
        await until(lambda: len(sync.infos()) == 4, "both are back")
        seen = len(sync.records)
        await until(lambda: {r.device for r in sync.records[seen:]} == {"1", "2"}, "both record again")
        await until(lambda: sync.line().open)
    assert "SERIAL1 is away" in sync.log
    assert "SERIAL1 is back" in sync.log


async def test_a_host_that_refuses_connections_is_found_when_it_listens(broker, tmp_path):
    plant = TcpSimulator({1: bank()})
    await plant.start()
    await plant.stop()
    async with witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision(tcp(plant.port, 1), TEXTS))
        await until(lambda: sync.infos() == ["DEVICE LOST unit 1"], "it is lost")
        await until(lambda: "refused" in sync.device("1").cause)
        await plant.start()
        await until(lambda: sync.records, "it records")
        await plant.stop()


async def test_a_request_that_alone_stays_silent_rests_by_itself(broker, tmp_path):
    plant = TcpSimulator({1: bank()})
    plant.units = Selective(plant.units)
    async with plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision(tcp(plant.port, 1, timeout=100), TEXTS))
        await until(lambda: len(sync.records) >= 3, "the other values are recorded")
        await until(lambda: sync.device("1").condition is DeviceCondition.ANSWERING)
    assert all(record.values == (None, 815) for record in sync.records)
    assert not sync.alarms


class Selective:
    """Units of which the request for register 0 is never answered."""

    def __init__(self, units) -> None:
        self._units = units
        self.faults = units.faults

    def answer(self, unit: int, request: bytes, *, gateway: bool = False):
        if request[1:3] == b"\0\0":
            return None
        return self._units.answer(unit, request, gateway=gateway)


async def test_a_joined_read_that_meets_a_hole_is_planned_anew_without_it(broker, tmp_path):
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [1])
    cells.put(HOLDING_REGISTER, 2, [0, 3])
    cells.put(HOLDING_REGISTER, 5, [6])
    del cells.tables[HOLDING_REGISTER][2]
    cells.put(HOLDING_REGISTER, 4, [0])
    text = "modbusTCP;a;b;c\n1;3;0;U16;;A;;1;0;;4\n2;3;3;U16;;B;;1;0;;4\n3;3;5;U16;;C;;1;0;;4\n"
    async with TcpSimulator({1: cells}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision([f"1;127.0.0.1:{plant.port};x;1;1;500;;poll=50,gap=4;;;m.csv"], {"m.csv": text}))
        await until(lambda: len(sync.records) >= 2, "two records")
        await until(lambda: "no longer cross the registers 1 to 2" in sync.log, "it is said")
        before, refusals = sync.device("1"), sync.device("1").errors["exception 2"]
        await until(lambda: sync.device("1").readings > before.readings + 20)
        now = sync.device("1")
        assert now.requests - before.requests <= 3 * (now.readings - before.readings) + 3
    assert sync.records[-1].values == (1, 3, 6)
    assert sync.device("1").errors["exception 2"] == refusals


async def test_a_device_that_may_sleep_is_asleep_without_alarm(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        device = f"1;127.0.0.1:{plant.port};inverter;1;1;50;;poll=50,sleeps=1;;;t.csv"
        await sync.publish(revision([device], TEXTS))
        await until(lambda: sync.records, "it records")
        plant.faults[1].dead = True
        await until(lambda: sync.device("1").condition is DeviceCondition.ASLEEP, "it is asleep")
        plant.faults[1].clear()
        await until(lambda: sync.device("1").condition is DeviceCondition.ANSWERING, "it is awake")
    assert not sync.alarms
    assert sync.log.count("is asleep") == 1
