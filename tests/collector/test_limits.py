"""What may be written to a limited variable, whoever writes: commands, other masters, through whatever register."""

import asyncio
import struct

import pytest

from heliograph.contract import JournalWay, VariableLimit
from heliograph.demo.simulator import RtuSimulator
from support.collecting import collector, revision, until, witness
from support.forwarding import master
from support.ports import free_port
from support.setting import DEFINITION, LIMIT, SCALED, Inverter, put

HEADER = "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms);forwardedTcpPort"
LIMITS = tuple(
    VariableLimit(device="1", variable=variable, least=least, most=most)
    for variable, least, most in ((LIMIT, 0, 60), (SCALED, None, 50), ("6", 1, None), ("7", 0, 0), ("9", 0, 100_000))
)
REFUSED = 3
WITHIN = "from 0 to 60 %"


def plan(port: int, number: int = 1, limits=LIMITS, text: str = DEFINITION):
    made = revision(
        [f"{unit};SERIAL1;roof {unit};{unit};600;20000;;poll=50;;;r.csv" for unit in (1, 2)],
        {"r.csv": text.replace("modbusTCP", "modbusRTU")}, number=number, limits=limits,
    )  # fmt: skip
    path = next(path for path in made.files if path.endswith("_daq.csv"))
    serial = f"{HEADER}\nSERIAL1;115200;8;N;1;2;modbusRTU;0;{port}\n\n"
    return made.model_copy(update={"files": {**made.files, path: serial + made.files[path]}})


@pytest.fixture
async def running(broker, tmp_path):
    line, port = RtuSimulator({1: Inverter(), 2: Inverter()}, 115200, paced=False), free_port()
    settings = {"serial1_device": line.device, "forwarded_answer_seconds": 60}
    async with line, witness(broker) as sync, collector(broker, tmp_path / "c", **settings):
        await sync.publish(plan(port))
        await until(lambda: sync.device("2").readings > 1)
        async with master(port) as client:
            yield line, sync, client, port


def written(line: RtuSimulator, unit: int = 1) -> list[tuple[int, int, tuple[int, ...]]]:
    return line.units.banks[unit].writes


async def test_a_command_outside_is_refused_and_told_what_is_allowed_and_where_it_stands(running):
    line, sync, _, _ = running
    answer = await put(sync, 61)
    assert answer.error == "'Power limit' of roof 1 may be from 0 to 60 %, not 61 % (LIMIT_Params of _config.ini)"
    for variable, raw, words in (
        (SCALED, 501, "at most 50 %, not 50.1 %"),
        ("6", 0, "at least 1, not 0"),
        ("9", 100_001, "not 100001 W"),
        ("10", 61 << 16, WITHIN),
        ("7", 1, "from 0 to 0"),
        ("5", 0, "is the scale factor of 'Scaled limit', which has limits"),
    ):
        assert words in (await put(sync, raw, variable=variable)).error, variable
    assert written(line) == []
    for variable, raw in ((LIMIT, 60), (SCALED, 500), ("6", 1), ("8", 1), ("9", 100_000), ("10", 60 << 16)):
        assert (await put(sync, raw, variable=variable)).verified, variable
    assert (await put(sync, 100, device="2")).verified


async def test_a_bit_beside_one_that_is_outside_already_can_still_be_written(running):
    line, sync, _, _ = running
    line.units.banks[1].tables[3][5] = 1
    assert (await put(sync, 1, variable="8")).verified
    assert line.units.banks[1].register(5) == 3


async def test_a_scale_factor_that_cannot_be_had_lets_nothing_be_written(running):
    line, sync, _, _ = running
    del line.units.banks[1].tables[3][4]
    assert (await put(sync, 1, variable=SCALED)).error
    assert written(line) == []


REQUESTS = {
    "one register": (struct.pack(">BHH", 6, 0, 61), WITHIN),
    "many registers": (struct.pack(">BHHB2H", 16, 0, 2, 4, 61, 1), WITHIN),
    "a part of a long variable": (struct.pack(">BHH", 6, 7, 1), "a write of a part of it cannot be judged"),
    "a coil": (struct.pack(">BHH", 5, 0, 0), "at least 1"),
    "coils": (struct.pack(">BHHBB", 15, 0, 1, 1, 0), "at least 1"),
    "some bits": (struct.pack(">BHHH", 22, 0, 0xFFFF, 0), "cannot be judged"),
    "a write and a read": (struct.pack(">BHHHHBH", 23, 0, 1, 0, 1, 2, 61), WITHIN),
    "a scale factor": (struct.pack(">BHH", 6, 4, 0), "scale factor"),
    "scaled": (struct.pack(">BHH", 6, 3, 501), "at most 50 %"),
    "a maker's own function": (bytes((65, 0, 0)), "cannot be told"),
    "half a message": (struct.pack(">BH", 16, 0), "cannot be told"),
}


async def test_another_master_is_refused_with_exception_3_whatever_function_it_uses(running):
    line, sync, client, port = running
    for message, _ in REQUESTS.values():
        assert await client.ask(1, message) == bytes((message[0] | 0x80, REFUSED))
    client.send(0, REQUESTS["one register"][0])  # to all: nobody answers, but it is refused to the one who asks
    _, unit, answer = await client.receive()
    assert (unit, answer) == (0, bytes((0x86, REFUSED)))
    assert written(line) == written(line, 2) == []
    await until(lambda: len(sync.changes) == len(REQUESTS) + 1)
    for change, (_, words) in zip(sync.changes, REQUESTS.values(), strict=False):
        assert (change.way, change.device) == (JournalWay.FORWARDED, "1")
        assert words in change.error
    assert f"wrote through port {port}: unit 1, function 6, address 0: refused: 'Power limit' of roof 1" in sync.log


async def test_another_master_writes_what_is_allowed_and_it_is_told_as_a_change(running):
    _, sync, client, _ = running
    for message in (
        struct.pack(">BHH", 6, 0, 60), struct.pack(">BHH", 6, 3, 500), struct.pack(">BHH", 6, 1, 7),
        struct.pack(">BHH", 5, 0, 0xFF00), struct.pack(">BHHH", 22, 1, 0xFFFF, 0),
    ):  # fmt: skip
        assert await client.ask(1, message) == message
    assert await client.ask(2, struct.pack(">BHH", 6, 0, 99)) == struct.pack(">BHH", 6, 0, 99)
    await until(lambda: len(sync.changes) == 6)
    told = [(change.device_name, change.variable_name, change.raw, change.error) for change in sync.changes]
    assert told[:3] == [
        ("roof 1", "Power limit", 60, ""),
        ("roof 1", "Scaled limit", 500, ""),
        ("roof 1", "Power", 7, ""),
    ]
    assert told[3:] == [("roof 1", "Run", 1, ""), ("roof 1", "", None, ""), ("roof 2", "Power limit", 99, "")]
    assert sync.changes[0].text == "unit 1, function 6, address 0: 60"
    assert sync.changes[0].origin.endswith("forwarded port of SERIAL1")


async def test_a_revision_with_other_limits_is_kept_to_at_once(running):
    _, sync, client, port = running
    allowed = struct.pack(">BHH", 6, 0, 61)
    assert await client.ask(1, allowed) == bytes((0x86, REFUSED))
    await sync.publish(plan(port, 2, limits=()))
    await until(lambda: sync.states[-1].revision == 2)
    assert await client.ask(1, allowed) == allowed
    assert (await put(sync, 100)).verified
    await sync.publish(plan(port, 3, limits=LIMITS[:1]))
    await until(lambda: sync.states[-1].revision == 3)
    assert WITHIN in (await put(sync, 100)).error


async def test_bits_of_one_register_written_by_everybody_at_once_are_all_there(running):
    """Reading, changing and writing back is one turn: what others write falls before or after it, never between."""
    line, sync, client, port = running
    await sync.publish(plan(port, 2, limits=(), text=DEFINITION + BITS))
    await until(lambda: sync.states[-1].revision == 2)
    commands = [put(sync, 1, variable=f"{20 + bit}") for bit in range(12)]
    async with master(port) as second:

        async def mask(who, bit: int) -> None:
            message = struct.pack(">BHHH", 22, 5, 0xFFFF & ~(1 << bit), 1 << bit)
            assert await who.ask(1, message) == message

        answers = await asyncio.gather(*commands, mask(client, 13), mask(second, 14))
    assert all(answer is None or answer.verified for answer in answers)
    assert line.units.banks[1].register(5) == 0x6FFF


BITS = "".join(f"{20 + bit};3;5_{bit}_1;Bits;;bit {bit};;1;0;;1\n" for bit in range(12))
