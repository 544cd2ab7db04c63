"""Reads, writes and parameters on demand."""

import asyncio

import pytest

from heliograph.collector.line import Line
from heliograph.contract import (
    Outcome,
    ParametersRequest,
    ReadRequest,
    RecordKind,
    Service,
    VariableValue,
    WriteRequest,
)
from heliograph.contract.channels import PARAMETERS, READ, WRITE
from heliograph.demo.simulator import (
    COIL,
    DISCRETE_INPUT,
    HOLDING_REGISTER,
    INPUT_REGISTER,
    ModbusFault,
    Registers,
    RtuSimulator,
    TcpSimulator,
)
from heliograph.demo.simulator.faults import Units
from support.collecting import Witness, collector, revision, until, witness

TEXT = """\
modbusTCP;a;b;c{forced}
1;3;0;U16;;Power;cmd;1;0;%;4
2;3;1;I32_W;;Energy;;1;0;;1
3;3;3;F32;;Ratio;;1;0;;9
4;3;5_8;String;;Serial number;;1;0;;1
5;3;9_4_3;Bits;;Mode;;1;0;;1
6;3;10_1;I8;;Low byte;;1;0;;1
7;1;0;;;Relay;;1;0;;1
8;2;0;;;Contact;;1;0;;1
9;4;0;U16;;Input;;1;0;;1
10;3;900;U16;;Not there;;1;0;;0
11;3;11;MAC;;Address;;1;0;;1
"""


def bank() -> Registers:
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [50, 0, 0, 0, 0, 0, 0, 0, 0, 0xABCD, 0xEE00, 0, 0, 0])
    cells.put(COIL, 0, [0])
    cells.put(DISCRETE_INPUT, 0, [1])
    cells.put(INPUT_REGISTER, 0, [77])
    return cells


def plan(port: int, forced: str = ""):
    devices = [f"{n};127.0.0.1:{port};roof {n};{n};600;400;;poll=50;;;m.csv" for n in (1, 2)]
    return revision(devices, {"m.csv": TEXT.format(forced=forced)})


async def write(sync: Witness, variable: str, raw, device: str = "1", **options) -> VariableValue:
    request = WriteRequest(device=device, variable=variable, raw=raw, **options)
    return await sync.commands.request(WRITE, request, timeout=60)


async def read(sync: Witness, variable: str, device: str = "1") -> VariableValue:
    return await sync.commands.request(READ, ReadRequest(device=device, variable=variable), timeout=60)


async def parameters(sync: Witness, device: str | None = None) -> Outcome:
    return await sync.commands.request(PARAMETERS, ParametersRequest(device=device), timeout=60)


@pytest.fixture
async def running(broker, tmp_path):
    async with (
        TcpSimulator({1: bank(), 2: bank()}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
    ):
        await sync.publish(plan(plant.port))
        await until(lambda: sync.device("2").readings > 1)
        yield plant, sync


async def test_what_is_written_is_read_back_in_every_type(running):
    plant, sync = running
    values = {"1": 65535, "2": -2_000_000_000, "3": 0.1, "4": "SN 1", "5": 5, "6": -128, "7": 1}
    values["11"] = "00:8D:00:00:BD:E4"
    for variable, raw in values.items():
        answer = await write(sync, variable, raw)
        assert (answer.error, answer.raw, answer.verified) == ("", raw, True)
        again = await read(sync, variable)
        assert (again.error, again.raw) == ("", raw)
        assert again.time is not None
    cells = plant.units.banks[1].tables[HOLDING_REGISTER]
    assert cells[9] == 0xABCD & ~0x70 | 5 << 4
    assert cells[10] == 0xEE80
    assert (cells[1], cells[2]) == (-2_000_000_000 & 0xFFFF, -2_000_000_000 >> 16 & 0xFFFF)
    assert plant.units.banks[2].tables[HOLDING_REGISTER][0] == 50


async def test_what_cannot_be_done_is_refused_with_names_and_reasons(running):
    plant, sync = running
    refused = {
        ("1", 65536): ("Power", "roof 1", "0 to 65535"),
        ("1", 1.5): ("Power", "whole number"),
        ("6", -129): ("Low byte", "-128 to 127"),
        ("4", "much too long"): ("Serial number", "holds 8"),
        ("8", 1): ("Contact", "only reads"),
        ("9", 1): ("Input", "only reads"),
        ("99", 1): ("roof 1", "99", "m.csv"),
        ("10", 1): ("illegal data address",),
    }
    before = dict(plant.units.banks[1].tables[HOLDING_REGISTER])
    for (variable, raw), words in refused.items():
        answer = await write(sync, variable, raw)
        assert all(word in answer.error for word in words), answer.error
        assert not answer.verified
    assert "no device '7'" in (await write(sync, "1", 1, device="7")).error
    assert "illegal data address" in (await read(sync, "10")).error
    assert plant.units.banks[1].tables[HOLDING_REGISTER] == before


async def test_a_value_that_the_device_did_not_take_is_told(running):
    plant, sync = running
    plant.units.banks[1].write = lambda *_: None
    answer = await write(sync, "1", 70)
    assert "written as 70 but reads back as 50" in answer.error
    assert (answer.raw, answer.verified) == (50, False)
    assert (await write(sync, "1", 70, verify=False)).error == ""


async def test_a_device_that_does_not_confirm_may_have_been_written(running):
    plant, sync = running
    plant.faults[1].dead = True
    answer = await write(sync, "1", 70)
    assert "may have been written" in answer.error
    assert (await write(sync, "1", 70, device="2")).verified


async def test_a_forced_write_code_is_used(broker, tmp_path):
    seen = []
    plant = TcpSimulator({1: bank(), 2: bank()})

    class Listening:
        faults = plant.faults

        def answer(self, unit: int, request: bytes, *, gateway: bool = False):
            seen.append(request[0])
            return units.answer(unit, request, gateway=gateway)

    units, plant.units = plant.units, Listening()
    async with plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        for number, (forced, expected) in enumerate({"": 16, ";6": 6, ";16": 16}.items(), 1):
            await sync.publish(plan(plant.port, forced).model_copy(update={"number": number}))
            await until(lambda number=number: sync.states and sync.states[-1].revision == number)
            assert (await write(sync, "1", number)).verified
            assert expected in seen
            assert {6, 16} - {expected} - set(seen) == {6, 16} - {expected}
            seen.clear()


async def test_writes_go_between_two_polls_of_a_busy_line(broker, tmp_path, monkeypatch):
    """The line is saturated by eight devices; a write waits for one turn and not for the whole cycle."""
    asked: list[int] = []
    waiting: list[int] = []
    ask = Line.ask

    def noted(line, work, **options):
        waiting.append(len(asked))
        return ask(line, work, **options)

    class Ordered(Units):
        def answer(self, unit: int, request: bytes, *, gateway: bool = False) -> bytes | None:
            asked.append(unit)
            return super().answer(unit, request, gateway=gateway)

    monkeypatch.setattr(Line, "ask", noted)
    text = TEXT.format(forced="").replace("modbusTCP", "modbusRTU")
    units = {unit: bank() for unit in range(1, 9)}
    devices = [f"{u};SERIAL1;roof {u};{u};600;500;;poll=0;;;m.csv" for u in units]
    line = RtuSimulator(units, 115200)
    line.units = Ordered(units)
    async with line, witness(broker) as sync, collector(broker, tmp_path / "c", serial1_device=line.device):
        await sync.publish(revision(devices, {"m.csv": text}, serial=["SERIAL1;115200;8;N;1;2;modbusRTU;0"]))
        await until(lambda: sync.device("8").readings > 1)
        for unit in (5, 2, 7):
            answer = await write(sync, "1", 3, device=str(unit))
            assert answer.verified
            before = asked[waiting[-1] :]
            assert len(set(before[: before.index(unit)])) <= 1, "only the turn under way is finished"


async def test_two_clients_at_once_lose_no_bit_of_a_register_and_read_back_what_they_wrote(running, connect):
    """What reads, changes, writes and reads back is one turn: nobody else's falls between."""
    plant, sync = running
    text = TEXT.format(forced="") + "".join(f"{20 + bit};3;12_{bit}_1;Bits;;b{bit};;1;0;;1\n" for bit in range(12))
    made = plan(plant.port)
    await sync.publish(made.model_copy(update={"number": 2, "files": {**made.files, "DEF/m.csv": text}}))
    await until(lambda: sync.states[-1].revision == 2)
    second = await connect(Service.COMMANDS)
    requests = [WriteRequest(device="1", variable=f"{20 + bit}", raw=1) for bit in range(12)]
    requests += [WriteRequest(device="1", variable="1", raw=raw) for raw in range(1, 9)]
    buses = [sync.commands, second] * len(requests)
    answers = await asyncio.gather(
        *(bus.request(WRITE, request, timeout=60) for bus, request in zip(buses, requests, strict=False))
    )
    assert [answer.error for answer in answers if not answer.verified] == []
    assert plant.units.banks[1].tables[HOLDING_REGISTER][12] == 0xFFF


async def test_parameters_are_recorded_at_the_moment_of_the_read(running):
    plant, sync = running
    assert (await parameters(sync, "1")).error == ""
    await until(lambda: sync.records)
    (record,) = sync.records
    assert (record.kind, record.device) == (RecordKind.PARAMETERS, "1")
    assert [(c.index, c.fields) for c in record.layout.columns] == [
        (index, 1) for index in ("2", "3", "4", "5", "6", "7", "8", "9", "11")
    ]
    assert record.values == (0, 0.0, "", 4, 0, 0, 1, 77, "00:00:00:00:00:00")
    plant.faults[2].dead = True
    outcome = await parameters(sync)
    assert "roof 2" in outcome.error
    assert "roof 1" not in outcome.error
    await until(lambda: len(sync.records) == 2, "the other device's are recorded")
    assert "no device '9'" in (await parameters(sync, "9")).error


async def test_requests_while_the_line_is_away_are_answered_at_once(running):
    plant, sync = running
    await plant.stop()
    answers = await asyncio.gather(write(sync, "1", 5), read(sync, "1", "2"), parameters(sync, "1"))
    assert all(answer.error for answer in answers)


@pytest.mark.parametrize("code", [5, 6])
async def test_a_device_that_is_busy_is_written_to_again_and_read_back(running, code):
    """One that refuses is written to again; one that has accepted the write is not."""
    plant, sync = running
    bank = plant.units.banks[1]
    writes: list[int] = []
    write_now = bank.write

    def busy_once(table: int, address: int, values: list[int]) -> None:
        writes.append(code)
        if code == 5 or len(writes) > 1:
            write_now(table, address, values)
        if len(writes) == 1:
            raise ModbusFault(code)

    bank.write = busy_once
    assert (await write(sync, "1", 42)).verified
    assert len(writes) == (1 if code == 5 else 2)
