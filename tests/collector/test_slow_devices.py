"""A device that falls silent among others holds their line for one time limit; a slow one is not lost by that."""

import itertools

import pytest

from heliograph.contract import DeviceCondition
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator
from heliograph.demo.simulator.faults import Units
from support.collecting import FastClock, collector, revision, until, witness

DEFINITION = "{protocol};Meter;Test;One\n1;3;0;U16;;Value;;1;0;;4\n"
TEXTS = {"t.csv": DEFINITION.format(protocol="modbusTCP"), "r.csv": DEFINITION.format(protocol="modbusRTU")}
LINE = ["SERIAL1;115200;8;N;1;2;modbusRTU;0"]
LIMIT_MS = 1500
SLOW_SECONDS = 0.3
QUICK, VICTIM = 1, 2


def bank(value: int) -> Registers:
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [value, 0, 0, 0])
    return cells


class Ordered(Units):
    """Units that note who was asked, in order."""

    def __init__(self, banks) -> None:
        super().__init__(banks)
        self.asked: list[int] = []

    def answer(self, unit: int, request: bytes, *, gateway: bool = False) -> bytes | None:
        self.asked.append(unit)
        return super().answer(unit, request, gateway=gateway)


@pytest.fixture(params=["tcp", "serial"])
def plant(request):
    banks = {QUICK: bank(1), VICTIM: bank(2)}
    simulator = TcpSimulator(banks) if request.param == "tcp" else RtuSimulator(banks, 115200)
    simulator.units = Ordered(banks)
    return simulator


def set_of(plant, poll_ms: dict[int, int]):
    """Each unit with its own least time between two polls."""
    interface, file = ("SERIAL1", "r.csv") if isinstance(plant, RtuSimulator) else (f"127.0.0.1:{plant.port}", "t.csv")
    devices = [
        f"{unit};{interface};unit {unit};{unit};1;{LIMIT_MS};;poll={poll};;;{file}" for unit, poll in poll_ms.items()
    ]
    return revision(devices, TEXTS, serial=LINE if file == "r.csv" else [])


def ports(plant) -> dict[str, str]:
    return {"serial1_device": plant.device} if isinstance(plant, RtuSimulator) else {}


async def test_a_quick_device_that_turns_slow_within_its_limit_is_never_lost(broker, tmp_path, plant):
    """It is silent once, then takes a part of its time limit: longer than others wait for it by now."""
    victim = plant.faults[VICTIM]
    async with (
        plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=FastClock(1), **ports(plant)),
    ):
        await sync.publish(set_of(plant, {QUICK: 100, VICTIM: 100}))
        await until(lambda: {r.device for r in sync.records} == {"1", "2"}, "both record")
        asked = plant.units.requests[VICTIM]
        victim.dead = True
        await until(lambda: plant.units.requests[VICTIM] > asked, "it is silent")
        victim.dead, victim.late = False, SLOW_SECONDS
        seen = len(sync.records)
        await until(lambda: sync.dates("2", seen) >= 3, "it records, slowly")
        await until(lambda: sync.device("2").condition is DeviceCondition.ANSWERING)
        victim.clear()
    assert "is lost" not in sync.log
    assert {r.values for r in sync.records if r.device == "2"} <= {(2,)}


async def test_between_two_tries_of_a_silent_device_all_others_get_their_turns(broker, tmp_path, plant):
    """The silent one would be asked all the time, the healthy one falls due while the line waits."""
    order = plant.units.asked
    async with (
        plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=FastClock(1), **ports(plant)),
    ):
        await sync.publish(set_of(plant, {QUICK: 700, VICTIM: 0}))
        await until(lambda: {r.device for r in sync.records} == {"1", "2"}, "both record")
        plant.faults[VICTIM].dead = True
        died = len(order)
        await until(lambda: sync.device("2").condition is DeviceCondition.RESTING, "it rests")
        tries = order[died:].count(VICTIM)
        await until(lambda: order[died:].count(VICTIM) > tries, "it is probed")
    assert (VICTIM, VICTIM) not in list(itertools.pairwise(order[died:])), order[died:]
