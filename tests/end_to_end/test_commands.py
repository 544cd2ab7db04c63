"""A command's way, end to end: from a file on the main server to the device and back, each once."""

import asyncio
import json
from pathlib import Path

import pytest

from heliograph.formats import parse_definition, read_data_file
from support.sets import UID
from support.stack import Stack, stack
from support.whole import Plant, make_set

LIMIT = 120


def put(server, commands: object) -> Path:
    """What an operator does: upload beside, then rename."""
    text = commands if isinstance(commands, str) else json.dumps(commands)
    server.tree.file(f"CMD/{UID}_cmd.part", text.encode())
    part = server.tree.root / "CMD" / f"{UID}_cmd.part"
    return part.rename(part.with_name(f"{UID}_cmd.json"))


def call(name: str, caller: str, **parameters: object) -> dict:
    return {"rpcName": f"sunpm.{name}", "parameters": parameters, "callerId": caller}


async def answers(gateway: Stack, server, count: int) -> list[dict]:
    """The results that lie on the server, in the order of their files; at least so many."""
    async with asyncio.timeout(LIMIT):
        while True:
            files = sorted((server.tree.root / "CMD").glob(f"{UID}_ACK_*.json"))
            results = [result for file in files for result in json.loads(file.read_text())]
            if len(results) >= count:
                return results
            await asyncio.sleep(0.2)


async def connect(gateway: Stack, number: int = 1) -> None:
    async with asyncio.timeout(LIMIT):
        while await gateway.post("/api/v1/connections", {"server": number}) is None:
            await asyncio.sleep(0.2)


@pytest.fixture
async def plant():
    plant = Plant()
    async with plant.near, plant.far, plant.line:
        yield plant


@pytest.fixture
async def gateway(tmp_path, plant, main_server, backup_server):
    set_dir = make_set(tmp_path / "set", plant, main_server, backup_server)
    with stack(
        set_dir, tmp_path / "state", SERIAL1_DEVICE=plant.line.device, MAIN_KEY=main_server.client_key.read_text()
    ) as gateway:
        gateway.start()
        await gateway.until(
            "all devices answer",
            "/api/v1/status",
            lambda s: len(s["devices"]) == 4 and all(d["condition"] == "answering" for d in s["devices"]),
        )
        yield gateway
        gateway.stop()


@pytest.mark.timeout(900)
async def test_commands_of_a_file_reach_the_plant_and_their_results_the_server(gateway, plant, main_server):
    file = put(
        main_server,
        [
            call("writeVariable", "a", device="near 1", variable="cmdPwrPercent", value=60),
            call("readVariable", "b", device="on the line", variable="Set point"),
            call("writeVariable", "c", device="near 1", variable="Reads", value=1),
            call("writeVariable", "d", device="far", variable="cmdPwrPercent", value=70000),
            call("getParameters", "e"),
            call("reed", "f"),
            call("status", "g"),
        ],
    )
    await connect(gateway)
    results = await answers(gateway, main_server, 7)
    by_caller = {result["callerId"]: result for result in results}
    assert [result["callerId"] for result in results] == list("abcdefg")
    assert by_caller["a"]["result"] == {"value": 60, "raw": 60}
    assert plant.witnesses["0"].set_point == 60
    assert by_caller["b"]["result"]["value"] == 100
    assert by_caller["b"]["result"]["unit"] == "%"
    assert "error" in by_caller["c"]
    assert "70000" in by_caller["d"]["error"]
    assert plant.witnesses["2"].set_point == 100
    assert by_caller["e"]["result"] == "OK"
    assert "error" in by_caller["f"]
    assert by_caller["g"]["result"]["uid"] == UID
    assert not file.exists()
    await parameters_arrive(gateway, main_server)


async def parameters_arrive(gateway: Stack, server) -> None:
    """`getParameters` ends in a file of its own, one row a device, at the next connection."""
    await connect(gateway)
    async with asyncio.timeout(LIMIT):
        while not (files := sorted((server.tree.root / "DATA").glob(f"{UID}_MODBUS_P_*.csv.gz"))):
            await asyncio.sleep(0.2)
    definitions = {}
    for name in ("tcp.csv", "rtu.csv"):
        content = (gateway.gateway.set_dir / "DEF" / name).read_bytes()
        definitions[name] = parse_definition(content, name)[0]
    data, findings = read_data_file(files[0].read_bytes(), files[0].name, definitions)
    assert not findings
    assert {(row.device, row.index, row.raw) for row in data.rows()} == {
        ("0", "5", 60), ("1", "5", 100), ("2", "5", 100), ("3", "5", 100),
    }  # fmt: skip


@pytest.mark.timeout(900)
async def test_a_file_that_is_no_json_is_answered_and_deleted(gateway, main_server):
    file = put(main_server, '[{"rpcName": "sunpm.status",\n  "parameters": {]')
    await connect(gateway)
    (result,) = await answers(gateway, main_server, 1)
    assert result["callerId"] is None
    assert "line 2" in result["error"]
    assert not file.exists()


@pytest.mark.timeout(900)
@pytest.mark.long
async def test_killed_while_commands_run_each_is_answered_once_and_never_run_twice(gateway, plant, main_server):
    writes = []
    witness = plant.witnesses["0"]
    write = witness.write

    def noted(table: int, address: int, values: list[int]) -> None:
        writes.append(values[0])
        write(table, address, values)

    witness.write = noted
    plant.near.answer_delay = 0.05  # so that the kills come in the middle of them
    count = 40
    put(
        main_server,
        [
            call("writeVariable", str(n), device="near 1", variable="cmdPwrPercent", value=n)
            for n in range(1, count + 1)
        ],
    )
    await connect(gateway)
    for victim in ("commands", "sync", "broker"):
        async with asyncio.timeout(LIMIT):
            begun = len(writes)
            while len(writes) == begun and len(writes) < count:
                await asyncio.sleep(0.005)
        gateway.kill(victim)
        gateway.start(victim)
        await connect(gateway)
    results = await answers(gateway, main_server, count)
    assert [result["callerId"] for result in results] == [str(n) for n in range(1, count + 1)]
    assert len(writes) == len(set(writes)), "a command ran twice"
    done = [int(result["callerId"]) for result in results if "result" in result]
    assert set(done) <= set(writes)
    assert all("may have" in r["error"] or r["error"] for r in results if "error" in r)
    assert len(done) > count // 2
