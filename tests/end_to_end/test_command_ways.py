"""Commands by file, MQTT and REST at once through the whole gateway: none disturbs another, nor what is polled."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.mosquitto import Mosquitto, Operator, mosquitto, operator
from support.sets import UID, write_set
from support.stack import Stack, stack
from support.whole import PERIOD, Plant
from support.witness import DEFINITION, Witness

LIMIT = 120
COMMAND, RESULT = f"{UID}/command", f"{UID}/result"
PATIENCE_MS = 4000
"""How long a device is waited for: a command for a dead one takes at least so long."""
POLLS = 5


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as broker:
        yield broker


@pytest.fixture
def listening(broker: Mosquitto) -> Iterator[Operator]:
    with operator(broker.port) as listening:
        yield listening


@pytest.fixture
async def plant() -> AsyncIterator[Plant]:
    plant = Plant()
    async with plant.near, plant.far:
        yield plant


@pytest.fixture
async def gateway(tmp_path, plant: Plant, main_server, broker: Mosquitto) -> AsyncIterator[Stack]:
    set_dir = make_set(tmp_path / "set", plant, main_server, broker)
    with stack(set_dir, tmp_path / "state", MAIN_KEY=main_server.client_key.read_text()) as gateway:
        gateway.start()
        await gateway.until(
            "all devices answer and the broker is connected",
            "/api/v1/status",
            lambda s: [d["condition"] for d in s["devices"]] == ["answering"] * 3
            and any(server["connected"] for server in s["servers"]),
        )  # fmt: skip
        yield gateway
        gateway.stop()


def make_set(directory: Path, plant: Plant, main, broker: Mosquitto) -> Path:
    config = {
        "GATEWAY_Uid": UID,
        "SERVER_Type": "sftp", "FTP_Address": "127.0.0.1", "FTP_Port": main.port, "FTP_Login": main.login,
        "FTP_KeyFile": "env:MAIN_KEY", "FTP_DirRoot": main.tree.root, "FTP_HostKey": main.host_key,
        "SERVER2_Type": "mqtt", "MQTT2_Address": "127.0.0.1", "MQTT2_Port": broker.port,
        "MQTT2_TopicData": "{uid}/data", "MQTT2_TopicCommand": "{uid}/command", "MQTT2_TopicResult": "{uid}/result",
    }  # fmt: skip
    devices = [
        f"0;127.0.0.1:{plant.near.port};near 1;1;{PERIOD};{PATIENCE_MS};;poll=100;;;tcp.csv",
        f"1;127.0.0.1:{plant.near.port};near 2;2;{PERIOD};{PATIENCE_MS};;poll=100;;;tcp.csv",
        f"2;127.0.0.1:{plant.far.port};far;1;{PERIOD};{PATIENCE_MS};;poll=100;;;tcp.csv",
    ]
    far = ["SCHEDULE_Params[0]=1|everyday|00:00:00|1|1440", "SCHEDULE2_Params[0]=1|everyday|00:00:00|1|1440"]
    definitions = {"tcp.csv": DEFINITION.format(protocol="modbusTCP")}
    return write_set(directory, config, devices, definitions, schedules=far)


def write(device: str, value: int) -> dict:
    parameters = {"device": device, "variable": "cmdPwrPercent", "value": value}
    return {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": f"{device} {value}"}


def writes_of(witness: Witness) -> list[int]:
    """Every value that is written to a witness from now on."""
    seen: list[int] = []
    write = witness.write

    def noted(table: int, address: int, values: list[int]) -> None:
        seen.append(values[0])
        write(table, address, values)

    witness.write = noted
    return seen


async def until(what: str, holds, gateway: Stack) -> None:
    try:
        async with asyncio.timeout(LIMIT):
            while not holds():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not in {LIMIT} s: {what}\n{gateway.logs()}")


class File:
    """A command file on the main server."""

    def __init__(self, gateway: Stack, main_server) -> None:
        self._gateway = gateway
        self._directory = main_server.tree.root / "CMD"
        self._before = set(self._directory.iterdir())

    async def put(self, commands: list[dict]) -> None:
        """Upload beside, rename, and have the gateway connect."""
        part = self._directory / "part"
        part.write_text(json.dumps(commands))
        part.rename(self._directory / f"{UID}_cmd.json")
        async with asyncio.timeout(LIMIT):
            while await self._gateway.post("/api/v1/connections", {"server": 1}) is None:
                await asyncio.sleep(0.2)

    def results(self) -> list[dict]:
        """What came of it; nothing before it came."""
        files = sorted(set(self._directory.glob(f"{UID}_ACK_*.json")) - self._before)
        return [result for file in files for result in json.loads(file.read_text())]


@pytest.mark.timeout(600)
async def test_ways_at_once_on_one_register_each_read_back_their_own(gateway, plant, main_server, listening: Operator):
    plant.near.answer_delay = 0.01
    by_file, by_message, by_rest = list(range(1, 21)), list(range(41, 61)), list(range(71, 81))
    seen, file = writes_of(plant.witnesses["0"]), File(gateway, main_server)
    await file.put([write("near 1", value) for value in by_file])
    await until("the file's first write", lambda: seen, gateway)
    for value in by_message:
        listening.publish(COMMAND, json.dumps(write("near 1", value)))
    answers = [await gateway.post("/api/v1/commands", write("near 1", value)) for value in by_rest]
    await until("all results", lambda: file.results() and len(listening.payloads(RESULT)) == len(by_message), gateway)
    by_messages = [json.loads(payload)[0] for payload in listening.payloads(RESULT)]
    ways = {"file": (by_file, file.results()), "message": (by_message, by_messages)}
    ways["REST"] = by_rest, [result for answer in answers for result in answer["results"]]
    for values, results in ways.values():
        assert [result["callerId"] for result in results] == [f"near 1 {value}" for value in values]
        assert [result.get("result") for result in results] == [{"value": v, "raw": v} for v in values], results
        assert [value for value in seen if value in values] == values
    assert Counter(seen) == Counter(by_file + by_message + by_rest)
    assert plant.witnesses["0"].set_point == seen[-1]


@pytest.mark.timeout(600)
async def test_a_command_for_a_dead_device_holds_up_neither_the_others_nor_the_polling(
    gateway, plant, main_server, listening: Operator
):
    writes, file = writes_of(plant.witnesses["2"]), File(gateway, main_server)
    near = plant.witnesses["0"]
    plant.far.faults[1].dead = True
    await file.put([write("far", 5), write("near 1", 7)])
    await until("the file is taken in", lambda: not (main_server.tree.root / f"CMD/{UID}_cmd.json").exists(), gateway)
    polls = len(near.served)
    listening.publish(COMMAND, json.dumps([write("near 2", 9)]))
    await until("the other way answers", lambda: listening.payloads(RESULT), gateway)
    await until("polls go on", lambda: len(near.served) >= polls + POLLS, gateway)
    await until("the file is answered", file.results, gateway)
    (message,) = json.loads(listening.payloads(RESULT)[0])
    assert message["result"] == {"value": 9, "raw": 9}
    dead, alive = file.results()
    assert "far" in dead["error"]
    assert alive["result"] == {"value": 7, "raw": 7}
    assert writes == []
    plant.far.faults[1].dead = False
    polls = len(plant.witnesses["2"].served)
    await until("the device is polled again", lambda: len(plant.witnesses["2"].served) > polls + 1, gateway)
    again = File(gateway, main_server)
    await again.put([write("far", 6)])
    await until("the device is written to", again.results, gateway)
    assert again.results()[0]["result"] == {"value": 6, "raw": 6}
    assert writes == [6], "what was answered with an error comes no more"


@pytest.mark.timeout(600)
@pytest.mark.long
async def test_a_thousand_commands_within_a_minute_are_each_answered_once_in_their_order(
    gateway, plant, listening: Operator
):
    near = plant.witnesses["0"]
    polls, callers = len(near.served), [f"c{number}" for number in range(1000)]
    parameters = {"device": "near 1", "variable": "cmdPwrPercent"}
    for caller in callers:
        command = {"rpcName": "sunpm.readVariable", "parameters": parameters, "callerId": caller}
        await asyncio.to_thread(listening.publish, COMMAND, json.dumps(command))  # the devices answer meanwhile
    await until("all are answered", lambda: len(listening.payloads(RESULT)) >= len(callers), gateway)
    answers = [json.loads(payload)[0] for payload in listening.payloads(RESULT)]
    assert [answer["callerId"] for answer in answers] == callers
    assert not [answer for answer in answers if "error" in answer]
    await until("polls go on", lambda: len(near.served) >= polls + POLLS, gateway)
