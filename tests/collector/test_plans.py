"""How a device is read follows what it gives: nothing that it gives is missed, and what was learnt is remembered."""

import asyncio
import json

import pytest

from heliograph.contract import DeviceCondition, Outcome, ParametersRequest, RecordKind
from heliograph.contract.channels import PARAMETERS
from heliograph.demo.simulator import (
    HOLDING_REGISTER,
    ILLEGAL_ADDRESS,
    ModbusFault,
    Registers,
    RtuSimulator,
    TcpSimulator,
)
from support.collecting import collector, revision, until, witness

COUNT = 40
BAD = 17


class Choosy(Registers):
    """A device that refuses some reads, and notes which."""

    def __init__(self, bad=(), most=125, codes=()) -> None:
        super().__init__()
        self.put(HOLDING_REGISTER, 0, range(200))
        self.bad = set(bad)
        self.most = most
        self.codes = list(codes)
        """Exceptions that it answers with before anything else, one a read; the last one for ever where it is 0."""
        self.always = 0
        self.refused: list[tuple[int, int]] = []
        self.reads = 0

    def read(self, table, address, count):
        self.reads += 1
        if self.always:
            raise ModbusFault(self.always)
        if self.codes:
            raise ModbusFault(self.codes.pop(0))
        if count > self.most or not self.bad.isdisjoint(range(address, address + count)):
            self.refused.append((address, count))
            raise ModbusFault(ILLEGAL_ADDRESS)
        return super().read(table, address, count)

    @property
    def joined(self) -> int:
        """Refused reads of more than one register."""
        return sum(count > 1 for _, count in self.refused)


def definition(addresses, more: str = "") -> str:
    lines = [f"{n};3;{address};U16;;Value {address};;1;0;;4" for n, address in enumerate(addresses, 1)]
    return "\n".join(["modbusTCP;Meter;Test;One", *lines, more]).rstrip() + "\n"


def set_of(plant, text: str, parameters: str = "", number: int = 1):
    line = f"1;127.0.0.1:{plant.port};meter;1;1;500;;poll=50{parameters};;;m.csv"
    return revision([line], {"m.csv": text}, number=number)


async def test_one_bad_variable_is_missing_from_the_first_record_on_and_said_once(broker, tmp_path):
    bank = Choosy(bad=[BAD])
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, definition(range(COUNT))))
        await until(lambda: len(sync.records) >= 3, "it records")
        await until(lambda: sync.device("1").plan and sync.device("1").plan.refused, "it is shown")
        plan = sync.device("1").plan
    whole = tuple(None if address == BAD else address for address in range(COUNT))
    assert {record.values for record in sync.records} == {whole}
    assert (plan.requests, plan.registers, plan.values, plan.refused_count) == (2, COUNT - 1, COUNT - 1, 1)
    (refused,) = plan.refused
    assert (refused.variable, refused.name, refused.code) == (str(BAD + 1), f"Value {BAD}", 2)
    assert sync.log.count(f"refuses 'Value {BAD}' (m.csv:{BAD + 2}) with exception 2 (illegal data address)") == 1
    assert bank.joined < COUNT


async def test_on_a_serial_line_a_refusal_is_read_in_parts_as_well(broker, tmp_path):
    bank = Choosy(bad=[BAD], most=20)
    text = definition(range(COUNT)).replace("modbusTCP", "modbusRTU")
    line = ["SERIAL1;115200;8;N;1;2;modbusRTU;0"]
    plant = RtuSimulator({1: bank}, 115200)
    async with plant, witness(broker) as sync, collector(broker, tmp_path / "c", serial1_device=plant.device):
        device = "1;SERIAL1;meter;1;1;500;;poll=50;;;m.csv"
        await sync.publish(revision([device], {"m.csv": text}, serial=line))
        await until(lambda: len(sync.records) >= 3, "it records")
        await until(lambda: sync.device("1").plan and sync.device("1").plan.lessons, "it is shown")
        assert sync.device("1").plan.lessons == ("It gives at most 20 holding registers at once.",)
        await until(lambda: sync.device("1").plan.turnaround_seconds is not None, "its turnaround is measured")
    whole = tuple(None if address == BAD else address for address in range(COUNT))
    assert {record.values for record in sync.records} == {whole}


async def test_a_variable_that_is_given_again_is_recorded_again(broker, tmp_path):
    bank = Choosy(bad=[BAD])
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, definition(range(COUNT))))
        await until(lambda: "refuses" in sync.log, "it is refused")
        bank.bad.clear()
        await until(lambda: f"'Value {BAD}' (m.csv:{BAD + 2}) is given again" in sync.log, "it is asked again")
        await until(lambda: sync.records[-1].values == tuple(range(COUNT)), "it is recorded")
        await until(lambda: sync.device("1").plan.refused_count == 0)
        assert sync.device("1").plan.requests == 1


async def test_a_device_that_refuses_everything_for_a_while_is_neither_lost_nor_forgotten(broker, tmp_path):
    bank = Choosy(bad=range(200))
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, definition(range(4))))
        await until(lambda: sync.device("1").plan and sync.device("1").plan.refused_count == 4, "all are refused")
        await until(lambda: "refuses every variable" in sync.device("1").cause, "it says so")
        assert sync.device("1").condition is DeviceCondition.ANSWERING
        bank.bad.clear()
        await until(lambda: sync.records and sync.records[-1].values == (0, 1, 2, 3), "it records whole")
    assert not sync.alarms


async def test_what_was_learnt_is_remembered_over_a_restart_until_the_definition_changes(broker, tmp_path):
    bank = Choosy(bad=[BAD, 60], most=20)
    text = definition([*range(COUNT), 58, 62])
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync:
        await sync.publish(set_of(plant, text, ",gap=5"))
        async with collector(broker, tmp_path / "c"):
            await until(lambda: "refuses" in sync.log and "no longer cross" in sync.log, "it is learnt")
            await until(lambda: "gives at most 20 registers at once" in sync.log, "the largest count is learnt")
            await until(lambda: len(sync.records) >= 2)
        learnt, seen = bank.joined, len(sync.records)
        assert learnt
        async with collector(broker, tmp_path / "c"):
            await until(lambda: len(sync.records) >= seen + 2, "it records after the restart")
            assert bank.joined == learnt
            await sync.publish(set_of(plant, text.replace("Value 0", "First"), ",gap=5", number=2))
            await until(lambda: bank.joined > learnt, "all is learnt anew")
    whole = tuple(None if address == BAD else address for address in [*range(COUNT), 58, 62])
    assert {record.values for record in sync.records} == {whole}


async def test_another_firmware_forgets_what_was_learnt(broker, tmp_path):
    bank = Choosy(bad=[2])
    bank.put(HOLDING_REGISTER, 150, [7])
    text = definition([0, 4], "9;3;150;U16;;Firmware;DisplayVersion;1;0;;0")
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, text, ",gap=5"))
        file = tmp_path / "c" / "learnt.json"
        await until(lambda: file.exists() and json.loads(file.read_text())[0]["version"] == "7", "it is remembered")
        assert json.loads(file.read_text())[0]["closed"] == [{"table": 3, "address": 1, "count": 3}]
        bank.put(HOLDING_REGISTER, 150, [8])
        bank.bad.clear()
        bank.always = 4
        await until(lambda: sync.device("1").condition is DeviceCondition.RESTING, "it restarts")
        bank.always = 0
        await until(lambda: "the firmware is '8' and no longer '7'" in sync.log, "it is noticed")
        await until(lambda: sync.device("1").plan.requests == 1, "one request reads all")


async def test_a_device_that_is_busy_is_asked_again_and_nothing_is_missing(broker, tmp_path):
    bank = Choosy(codes=[6, 5, 6])
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, definition(range(4))))
        await until(lambda: sync.device("1").readings, "it reads")
        await until(lambda: sync.device("1").errors == {"exception 5": 1, "exception 6": 2})
    assert "exception" not in sync.log


async def test_a_device_that_stays_busy_is_no_lost_device_and_no_bad_variable(broker, tmp_path):
    bank = Choosy()
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, definition(range(4))))
        await until(lambda: sync.records, "it records")
        bank.always = 6
        await until(lambda: sync.device("1").errors.get("exception 6", 0) > 20, "it is busy")
        assert sync.device("1").condition is DeviceCondition.ANSWERING
        assert sync.device("1").plan.refused_count == 0
        bank.always = 0
        seen = len(sync.records)
        await until(lambda: len(sync.records) > seen + 1, "it records again")
    assert not sync.alarms


@pytest.mark.parametrize("code", [4, 10, 11])
async def test_exceptions_of_a_device_out_of_order_count_against_it(broker, tmp_path, code):
    bank = Choosy()
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, definition(range(4))))
        await until(lambda: sync.records, "it records")
        bank.always = code
        await until(lambda: sync.infos() == ["DEVICE LOST meter"], "it is lost")
        await until(lambda: f"exception {code}" in sync.device("1").errors, "it is counted")
        bank.always = 0
        await until(lambda: sync.infos() == ["DEVICE LOST meter", "DEVICE BACK meter"], "it is back")
        seen = len(sync.records)
        await until(lambda: len(sync.records) > seen, "it records")
        assert sync.device("1").plan.refused_count == 0


async def test_a_damaged_memory_is_begun_anew_with_a_word(broker, tmp_path):
    state = tmp_path / "c"
    await asyncio.to_thread(state.mkdir)
    await asyncio.to_thread((state / "learnt.json").write_bytes, b'[{"device": "1", "finger')
    bank = Choosy(bad=[BAD])
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, state):
        await sync.publish(set_of(plant, definition(range(COUNT))))
        await until(lambda: "what was learnt of the devices cannot be read and is learnt anew" in sync.log)
        await until(lambda: "refuses" in sync.log, "it is learnt")
        await until(lambda: b'"refused"' in (state / "learnt.json").read_bytes(), "it is written")


async def test_parameters_are_recorded_without_the_one_that_is_refused(broker, tmp_path):
    bank = Choosy(bad=[2])
    text = definition(range(1), "\n".join(f"{n};3;{n};U16;;Parameter {n};;1;0;;1" for n in range(2, 5)))
    async with TcpSimulator({1: bank}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(set_of(plant, text))
        await until(lambda: sync.records, "it is polled")
        outcome: Outcome = await sync.commands.request(PARAMETERS, ParametersRequest(device="1"), timeout=20)
        assert "exception 2" in outcome.error
        await until(lambda: any(record.kind is RecordKind.PARAMETERS for record in sync.records))
    (found,) = [record for record in sync.records if record.kind is RecordKind.PARAMETERS]
    assert found.values == (None, 3, 4)
