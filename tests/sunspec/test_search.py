"""Searching simulated devices on TCP and on a serial line: all bases, long chains, and everything that can be wrong."""

import asyncio

import pytest

from heliograph.collector.decode import decode_value
from heliograph.demo.simulator import HOLDING_REGISTER, Bank, ModbusFault, Registers, RtuSimulator, TcpSimulator
from heliograph.formats import engineering_values, parse_definition
from support.collecting import until
from support.ports import free_port
from support.searching import make_search, search
from support.sunspec import Image, device, image, inverter, unknown

LONG = [
    *inverter(),
    *(image(number, (2,), seed=number) for number in (111, 112, 113, 121, 122, 124, 160, 201, 202, 203, 204)),
    *(image(number, (2, 3), seed=number) for number in range(701, 715)),
    *(image(number, (3,), seed=number) for number in (401, 402, 403, 802)),
    unknown(64901, 7),
    image(160, (1,), seed=99),
]


class Limited(Registers):
    """A device that refuses to give more than so many registers at once, and is busy now and then."""

    def __init__(self, bank: Registers, most: int = 125, busy_each: int = 0) -> None:
        super().__init__(bank.tables)
        self.most, self.busy_each, self.asked = most, busy_each, 0

    def read(self, table: int, address: int, count: int) -> list[int]:
        self.asked += 1
        if self.busy_each and self.asked % self.busy_each == 0:
            raise ModbusFault(6)
        if count > self.most:
            raise ModbusFault(3)
        return super().read(table, address, count)


class Endless:
    """A device that answers every register with the same model again and again."""

    def read(self, table: int, address: int, count: int) -> list[int]:
        del table
        if address == 40000:
            return [0x5375, 0x6E53][:count]
        return [(64999, 1, 0)[(cell - 40002) % 3] for cell in range(address, address + count)]

    def write(self, table: int, address: int, values: list[int]) -> None:
        raise ModbusFault(1)


async def found_at(bank: Bank, **more):
    async with TcpSimulator({1: bank}) as plant:
        return await search(f"127.0.0.1:{plant.port}", **more)


@pytest.mark.parametrize("base", [40000, 0, 50000])
async def test_a_device_is_found_at_each_base_and_its_lines_are_those_of_the_specification(base):
    async with TcpSimulator({1: device(inverter(), base), 2: Registers({HOLDING_REGISTER: {7: 7}})}) as plant:
        heard = await search(f"127.0.0.1:{plant.port}", units="1-3")
    where = f"127.0.0.1:{plant.port}"
    at, expected = base + 2, []
    for model in inverter():
        expected.append(f"Found table {model.number}:{model.length} at {at}@1 {where}")
        at += model.length + 2
    assert heard.lines == [
        f"SunSpec device found at @1 {where}",
        *expected,
        f"NON SUNSPEC device found at @2 {where}",
        f"End of SunSpec detection on {where}. 1 devices found.",
    ]
    (found,) = heard.found
    assert (found.chain.base, found.chain.notes, heard.problems) == (base, (), [])
    identity = found.chain.identity
    assert (identity.manufacturer, identity.model, identity.options) == ("Helio Works", "HW 5000/TL", "DC+AC")
    assert (identity.version, identity.serial_number) == ("1.2.3", "HW-0815")
    assert found.made.definition.file == "WPM00C44F_SunSpec_inverter_Helio_Works_HW_5000TL_DCAC_modbusTCP.csv"


@pytest.mark.parametrize("base", [40000, 0, 50000])
async def test_a_serial_line_is_searched_unit_by_unit(base):
    banks = {3: device(inverter(), base), 4: Registers({HOLDING_REGISTER: {7: 7}})}
    async with RtuSimulator(banks, 115200, paced=False) as line:
        heard = await search("SERIAL1", units="3-4", device=line.device)
    assert heard.tables(3) == [1, 103, 120, 123]
    assert heard.found[0].chain.base == base
    assert [text for text in heard.lines if "table" not in text] == [
        "SunSpec device found at @3 SERIAL1",
        "NON SUNSPEC device found at @4 SERIAL1",
        "End of SunSpec detection on SERIAL1. 1 devices found.",
    ]
    assert heard.found[0].made.definition.written_protocol == "modbusRTU"
    assert heard.found[0].made.definition.file.endswith("_modbusRTU.csv")


async def test_a_long_chain_with_nested_groups_is_read_back_with_the_values_of_the_device():
    bank = device(LONG)
    heard = await found_at(bank)
    (found,) = heard.found
    assert heard.tables(1) == [model.number for model in LONG]
    definition, findings = parse_definition(found.made.content, found.made.definition.file)
    assert findings == []
    raw = {v.index: decode_value(v.point, _bytes(bank, v.point)) for v in definition.variables}
    scaled = engineering_values(definition, raw)
    values = {v.name: scaled.get(v.index) for v in definition.variables}
    assert values["103_W"] == 12340
    assert values["103_PhVphA"] == 230.1
    assert values["1_SN"] == "HW-0815"
    assert values["123_WMaxLimPct"] == 75
    assert found.made.notes == ("model 64901 is not known: of its 7 registers none gets a variable",)
    names = {v.name for v in definition.variables}
    assert {"64901_tableId", "64901_tableSize", "160_1_DCW", "160-2_0_DCW", "707_1_MustTrip_2_V", "704_PFWInj_PF",
            "712_0_2_W", "714_1_DCA"} <= names  # fmt: skip
    assert not {name for name in names if name.startswith("64901_") and "table" not in name}


def _bytes(bank: Registers, point) -> bytes:
    return b"".join(word.to_bytes(2, "big") for word in bank.read(HOLDING_REGISTER, point.address, point.count))


async def test_what_is_not_there_is_not_told():
    async with TcpSimulator({2: Registers(), 3: Registers()}) as plant:
        plant.faults[2].dead = True
        plant.faults[3].exception = 11
        heard = await search(f"127.0.0.1:{plant.port}", units="2-4", seconds=0.1)
    assert heard.lines == [f"End of SunSpec detection on 127.0.0.1:{plant.port}. 0 devices found."]


async def test_hosts_that_are_not_there_are_problems_and_hold_nobody_up():
    nobody = free_port()
    async with TcpSimulator({1: device(inverter())}) as plant:
        heard = await search(f"127.0.0.1:{nobody}", f"127.0.0.1:{plant.port}", units="1-240")
    assert heard.problems == [f"127.0.0.1:{nobody}: connection refused"]
    assert len(heard.found) == 1
    assert f"End of SunSpec detection on 127.0.0.1:{nobody}. 0 devices found." in heard.lines


async def test_a_range_of_hosts_is_one_target_with_one_end():
    async with TcpSimulator({1: device(inverter())}, host="127.0.0.3") as plant:
        heard = await search(f"127.0.0.2-4:{plant.port}")
    assert [str(found.interface) for found in heard.found] == [f"127.0.0.3:{plant.port}"]
    assert heard.lines[-1] == f"End of SunSpec detection on 127.0.0.2-4:{plant.port}. 1 devices found."


async def test_a_port_that_is_not_there_is_a_problem():
    heard = await search("SERIAL1", units="1-3", device="/dev/no-such-port")
    (problem,) = heard.problems
    assert "SERIAL1" in problem
    assert "there is no such port" in problem


async def test_a_chain_without_an_end_is_used_as_far_as_it_goes():
    heard = await found_at(device(inverter(), end=()))
    assert heard.tables(1) == [1, 103, 120, 123]
    assert "its chain has no end: at register" in heard.notes()
    assert "exception 2" in heard.notes()


async def test_an_endless_chain_is_bounded():
    heard = await found_at(Endless())
    assert "more than 128 models" in heard.notes()
    assert "it has no model 1" in heard.notes()
    assert len(heard.tables(1)) == 128


async def test_a_length_beyond_the_last_register_ends_the_chain():
    heard = await found_at(device([*inverter(), Image(120, [120, 30000])], end=()))
    assert heard.tables(1) == [1, 103, 120, 123]
    assert "with length 30000 reaches beyond register 65535" in heard.notes()


async def test_odd_lengths_are_taken_as_the_device_says_and_told():
    common, three_phase, *rest = inverter()
    heard = await found_at(device([common.cut(65), three_phase.cut(40), rest[0].cut(30), rest[1]]))
    assert heard.tables(1) == [1, 103, 120, 123]
    assert "model 1:" not in heard.notes()  # the old form without its last padding
    assert "model 103: its length is 40, less than its points take" in heard.notes()
    assert "model 120: its length is 30, 4 more than its known points take" in heard.notes()
    assert heard.found[0].chain.identity.serial_number == "HW-0815"


async def test_a_lying_length_ends_the_chain_where_no_model_begins():
    common, three_phase, *_ = inverter()
    wrong = Image(103, [103, 48, *three_phase.registers[2:50], 0, 0])
    heard = await found_at(device([common, wrong]))
    assert heard.tables(1) == [1, 103]
    assert "no model begins at register" in heard.notes()


async def test_a_device_that_gives_few_registers_at_once_tells_who_it_is_piece_by_piece():
    heard = await found_at(Limited(device(inverter()), most=16))
    assert heard.found[0].chain.identity.serial_number == "HW-0815"
    assert heard.notes() == ""


async def test_a_busy_device_is_asked_again():
    heard = await found_at(Limited(device(inverter()), busy_each=3))
    assert heard.tables(1) == [1, 103, 120, 123]
    assert heard.notes() == ""


async def test_counts_that_cannot_be_read_leave_the_blocks_out():
    bank = device([*inverter(), image(714, (2,))])
    at = 40002 + sum(len(model.registers) for model in inverter()) + 2
    for cell in range(at, at + image(714, (2,)).length):
        del bank.tables[HOLDING_REGISTER][cell]
    heard = await found_at(bank)
    assert "model 714: how often its blocks repeat cannot be read" in heard.notes()
    assert not [v for v in heard.found[0].made.definition.variables if v.name.startswith("714_0_")]


async def test_a_connection_that_is_cut_in_the_middle_costs_nothing():
    async with TcpSimulator({1: device(LONG)}) as plant:
        made, heard = make_search(f"127.0.0.1:{plant.port}")
        task = asyncio.create_task(made.run())
        await until(lambda: sum("table" in line for line in heard.lines) > 5)
        plant.reset_connections()
        await task
    assert heard.tables(1) == [model.number for model in LONG]
    assert heard.found[0].chain.notes == ()


async def test_noise_and_wrong_units_are_no_devices():
    async with RtuSimulator({3: device(inverter())}, 115200, paced=False) as line:
        line.faults[3].wrong_unit = 1
        heard = await search("SERIAL1", units="3", device=line.device, seconds=0.05)
        assert (heard.found, heard.lines) == ([], ["End of SunSpec detection on SERIAL1. 0 devices found."])


async def test_a_search_is_stopped_at_any_time_and_keeps_what_it_found():
    async with TcpSimulator({1: device(inverter()), 2: Registers()}) as plant:
        plant.faults[2].dead = True
        made, heard = make_search(f"127.0.0.1:{plant.port}", units="1-2", seconds=600)
        task = asyncio.create_task(made.run())
        await until(lambda: plant.units.requests[2])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not plant.connections, "the connection is let go")
    assert len(heard.found) == 1
    assert heard.lines[-1] == f"End of SunSpec detection on 127.0.0.1:{plant.port}. 1 devices found."


async def test_no_more_devices_are_found_than_were_asked_for():
    async with TcpSimulator({unit: device(inverter(serial=str(unit))) for unit in range(1, 6)}) as plant:
        heard = await search(f"127.0.0.1:{plant.port}", units="1-5", most=2)
    assert [found.address for found in heard.found] == [1, 2]
    assert heard.problems == [f"127.0.0.1:{plant.port}: not searched to its end: 2 devices are the most"]


async def test_several_hosts_are_searched_at_once_and_each_through_one_connection():
    async with TcpSimulator({1: Registers()}) as silent, TcpSimulator({1: device(inverter())}) as plant:
        silent.faults[1].dead = True
        made, heard = make_search(f"127.0.0.1:{silent.port}", f"127.0.0.1:{plant.port}", seconds=600)
        task = asyncio.create_task(made.run())
        await until(lambda: heard.found, "one host is found while another keeps silent")
        await until(lambda: silent.units.requests[1])
        assert (silent.accepted, plant.accepted) == (1, 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_device_is_found_behind_a_gateway_that_is_slow():
    async with TcpSimulator({1: device(inverter())}, answer_delay=0.05) as plant:
        heard = await search(f"127.0.0.1:{plant.port}")
    assert heard.tables(1) == [1, 103, 120, 123]
