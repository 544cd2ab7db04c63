"""An MQTT server under the other number takes along what waits for it: records, results, discovery (decision 0011)."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from heliograph.contract import CommandResults, ConnectRequest, EditRequest, Service, Way
from heliograph.contract.channels import CONNECT, EDIT, RECORDS
from heliograph.formats.config import MqttServer
from heliograph.runtime import BusError, Outgoing
from support.mosquitto import Operator, operator
from support.sets import UID, write_set
from support.syncing import Running
from support.syncing import until as until_within
from support.telemetry import DEFINITION, Telemetry, mqtt_applied, mqtt_server, record, states

M = "strategy_wsun1_compliant"


async def until(holds) -> None:
    """Wait long: a machine may be ten times slower than it should be."""
    await until_within(holds, 60)


def client(number: int, name: str, port: int, *, permanent: bool) -> MqttServer:
    """A server that is told by its client id; its topics begin with it."""
    topics = {"topic_alarm": f"{name}/alarm", "topic_command": f"{name}/command", "topic_result": f"{name}/result"}
    server = mqtt_server(port, client_id=name, topic_data=f"{name}/data", topic_status=f"{name}/status")
    return replace(server, number=number, home_assistant=name == "a", **(topics if permanent else {}))


def both(port: int, one: str, two: str, number: int, *, permanent: bool):
    found = [client(n, name, port, permanent=permanent) for n, name in enumerate((one, two), 1)]
    return mqtt_applied(found, number=number)


def take(telemetry: Telemetry, *numbers: int) -> None:
    telemetry.bench.spool.take_records([record(number) for number in numbers])


async def everything(telemetry: Telemetry, listening: Operator, last: int) -> None:
    """Have both visited until each has every record once, in order."""
    for task in telemetry.tasks.values():
        task.request()
    for name in "ab":
        await until(lambda name=name: len(states(listening, f"{name}/data")) >= last)
        await until(lambda number=1 if name == "a" else 2: telemetry.bench.ledger.received(RECORD, number) == last)
    assert states(listening, "a/data") == states(listening, "b/data") == list(range(1, last + 1))


RECORD = "records"


@pytest.mark.parametrize("restart", [False, True], ids=["while it runs", "after a kill"])
@pytest.mark.parametrize("permanent", [False, True], ids=["scheduled", "permanent"])
async def test_two_brokers_exchange_places(telemetry, mosquitto_broker, listening, permanent, restart):
    port = mosquitto_broker.port
    async with telemetry.run(both(port, "a", "b", 1, permanent=permanent)):
        take(telemetry, 1, 2, 3)
        telemetry.one.request()
        await until(lambda: telemetry.bench.ledger.received(RECORD, 1) == 3)
        take(telemetry, 4, 5)
        if not restart:
            telemetry.configure(both(port, "b", "a", 2, permanent=permanent))
            await everything(telemetry, listening, 5)
            take(telemetry, 6)
            await everything(telemetry, listening, 6)
    if restart:
        telemetry.bench.serving.begin(both(port, "b", "a", 2, permanent=permanent))
        telemetry.bench.again()
        async with telemetry.run(both(port, "b", "a", 2, permanent=permanent)):
            await everything(telemetry, listening, 5)
    assert all(h.payload for h in listening.heard if h.topic.startswith("homeassistant/")), "no device was taken away"


async def test_results_go_to_the_server_that_asked_whatever_its_number_is_by_then(
    telemetry, mosquitto_broker, listening
):
    port, mailbox, asked = mosquitto_broker.port, telemetry.bench.mailbox, []

    class InMemoryBus:
        async def store(self, _channel, text, _identity, *, way) -> None:
            asked.append(text)

    async with telemetry.run(both(port, "a", "b", 1, permanent=True)):
        for task in telemetry.tasks.values():
            task.start(0)
        await until(lambda: all(task.state().connected for task in telemetry.tasks.values()))
        for name in "ab":
            listening.publish(f"{name}/command", f'["{name}"]')
        await until(lambda: len(mailbox_texts(telemetry)) == 2)
        await mailbox.forward(InMemoryBus())
        telemetry.configure(both(port, "b", "a", 2, permanent=True))
        mailbox.arrived([CommandResults(identity=text.identity, way=Way.MQTT, text=text.text) for text in asked])
        for name in "ab":
            await until(lambda name=name: listening.payloads(f"{name}/result"))
            assert listening.payloads(f"{name}/result") == [f'["{name}"]'.encode()]


def mailbox_texts(telemetry: Telemetry) -> list[str]:
    with telemetry.bench.database.read() as session:
        return [row[0] for row in session.connection().exec_driver_sql("SELECT text FROM inbox WHERE NOT published")]


def config(port: int, mqtt: str, files: str) -> dict[str, object]:
    """`mqtt` and `files` are the infixes of the two servers' variables."""
    topics = {name: f"{UID}/{name.lower()}" for name in ("Data", "Alarm", "Status")}
    return {
        f"SERVER{mqtt}_Type": "mqtt", f"MQTT{mqtt}_Address": "127.0.0.1", f"MQTT{mqtt}_Port": port,
        **{f"MQTT{mqtt}_Topic{name}": topic for name, topic in topics.items()},
        f"SERVER{files}_Type": "sftp", f"SERVER{files}_Mode": M, f"FTP{files}_Address": "server2",
        f"FTP{files}_Login": "plant",
    }  # fmt: skip


def count(running: Running, what: str) -> int:
    with closing(sqlite3.connect(running.settings.state_dir / "sync.db")) as database:
        return database.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


def rows(running: Running) -> int:
    return sum(line[2:3] == "/" for text in running.texts(2) for line in text.splitlines())


async def persist(ask, *given: object, **named: object):
    while True:
        try:
            return await ask(*given, **named)
        except BusError:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("wait", ["files wait", "the broker is ahead"])
@pytest.mark.parametrize(
    ("before", "after"), [(("", "2"), ("2", "")), (("2", ""), ("", "2"))], ids=["2 to 1", "1 to 2"]
)
async def test_a_file_server_and_a_broker_exchange_places(
    broker, connect, tmp_path, mosquitto_broker, before, after, wait
):
    port = mosquitto_broker.port
    devices = [f"{index};127.0.0.1:1502;roof_{index};{index};600;1000;;;;;inv.csv" for index in (1, 2)]
    far = ["SCHEDULE_Params[0]=1|first|00:00:00|1|1", "SCHEDULE2_Params[0]=1|first|00:00:00|1|1"]
    plant = write_set(tmp_path / "set", config(port, *before), devices, {"inv.csv": DEFINITION.decode()}, schedules=far)
    running = Running(broker, tmp_path, gateway_set=plant, start_share_seconds=0)
    data, files = f"{UID}/data", 1 if before[1] == "" else 2
    with operator(port) as listening:
        async with running.run():
            collector, api = await connect(Service.COLLECTOR), await connect(Service.API)
            await until(lambda: running.texts(2, "LOG"))
            await until(lambda: listening.payloads(f"{UID}/status") == [b"online"])
            await send(collector, 1, 2, 3)
            await until(lambda: count(running, "record") == 3)
            if wait == "the broker is ahead":
                await persist(api.request, CONNECT, ConnectRequest(server=3 - files), timeout=5)
                await until(lambda: count(running, "cursor WHERE stream = 'records' AND position = 3") == 1)
            else:
                running.servers[2].space = 0
                await persist(api.request, CONNECT, ConnectRequest(server=files), timeout=5)
                await until(lambda: count(running, "connection WHERE trigger = 'request' AND result = 'partial'") == 1)
                assert count(running, "ledger WHERE stream = 'records'") == 1
                running.servers[2].space = None
            text = "".join(f"{name}={value}\n" for name, value in config(port, *after).items())
            edit = EditRequest(files={f"CONFIG/{UID}_config.ini": text}, origin="REST")
            assert (await persist(api.request, EDIT, edit, timeout=10)).provisional
            await until(lambda: rows(running) == 3)
            await until(lambda: states(listening, data) == [1, 2, 3])
            await send(collector, 4)
            await until(lambda: count(running, "record") == 1)
            await persist(api.request, CONNECT, ConnectRequest(), timeout=5)
            await until(lambda: rows(running) == 4)
            await until(lambda: states(listening, data) == [1, 2, 3, 4])
            await until(lambda: count(running, "record") == 0)


async def send(collector, *numbers: int) -> None:
    made = [record(number) for number in numbers]
    outgoing = [Outgoing(RECORDS, {"device": "1"}, m.model_dump_json().encode(), m.identity) for m in made]
    await persist(collector.store_batch, outgoing)
