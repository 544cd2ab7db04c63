"""MQTT as server 1 beside a file main as server 2, in sync as it is wired (spec 1.1)."""

import asyncio
import json
import sqlite3
from contextlib import closing

from heliograph.contract import Alarm, AlarmSource, CommandResults, ConnectRequest, Service, Way
from heliograph.contract.channels import ALARMS, COMMAND_TEXTS, CONNECT, RECORDS, RESULTS, STATE
from heliograph.runtime import BusError, Outgoing
from support.mosquitto import mosquitto, operator
from support.sets import write_set
from support.syncing import Running, until
from support.telemetry import ALARM, COMMAND, DATA, DEFINITION, RESULT, STATUS, record, states


def plant(directory, port: int):
    config = {
        "SERVER_Type": "mqtt", "MQTT_Address": "127.0.0.1", "MQTT_Port": port, "MQTT_TopicData": "{uid}/data",
        "MQTT_TopicAlarm": "{uid}/alarm", "MQTT_TopicCommand": "{uid}/command", "MQTT_TopicResult": "{uid}/result",
        "MQTT_TopicStatus": "{uid}/status", "MQTT_HomeAssistant": 1,
        "SERVER2_Type": "sftp", "SERVER2_Mode": "strategy_wsun1_compliant", "FTP2_Address": "server2",
        "FTP2_Login": "plant",
    }  # fmt: skip
    devices = [f"{index};127.0.0.1:1502;roof_{index};{index};600;1000;;;;;inv.csv" for index in (1, 2)]
    far = ["SCHEDULE_Params[0]=1|first|00:00:00|1|1", "SCHEDULE2_Params[0]=1|first|00:00:00|1|1"]
    return write_set(directory, config, devices, {"inv.csv": DEFINITION.decode()}, schedules=far)


async def persist(store, *given: object, **named: object):
    while True:
        try:
            return await store(*given, **named)
        except BusError:
            continue


def count(running: Running, what: str) -> int:
    with closing(sqlite3.connect(running.settings.state_dir / "sync.db")) as database:
        return database.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


async def test_both_get_everything_that_is_theirs(broker, connect, tmp_path, mosquitto_broker):
    given = {"gateway_set": plant(tmp_path / "set", mosquitto_broker.port), "start_share_seconds": 0}
    running = Running(broker, tmp_path, **given)
    with operator(mosquitto_broker.port) as listening:
        async with running.run():
            collector, commands = await connect(Service.COLLECTOR), await connect(Service.COMMANDS)
            api = await connect(Service.API)
            seen: list = []

            async def watch(state) -> None:
                seen.append(state)

            await api.watch(STATE, watch)
            await until(lambda: listening.payloads(STATUS) == [b"online"])
            await until(lambda: any(s.service == "sync" and s.servers and s.servers[0].connected for s in seen))
            made = [record(n) for n in (1, 2, 3)]
            await persist(
                collector.store_batch,
                [Outgoing(RECORDS, {"device": "1"}, m.model_dump_json().encode(), m.identity) for m in made],
            )
            alarm = Alarm(identity="p", source=AlarmSource.GATEWAY, time=made[0].time, info="DEVICE LOST roof_2")
            await persist(collector.store, ALARMS, alarm, "p", service=Service.COLLECTOR)
            await until(lambda: any("DEVICE LOST roof_2" in text for text in running.texts(2, "ALARM")))
            await until(lambda: b"DEVICE LOST roof_2" in b"".join(listening.payloads(ALARM)))
            await until(lambda: count(running, "record") == 3)
            assert (await persist(api.request, CONNECT, ConnectRequest(), timeout=30)).error == ""
            await until(lambda: states(listening, DATA) == [1, 2, 3])
            await until(lambda: running.texts(2))
            await until(lambda: count(running, "record") == 0), "both have it"

            async def execute(texts: list) -> None:
                for text in texts:
                    assert text.way is Way.MQTT
                    answer = CommandResults(identity=text.identity, way=Way.MQTT, text='[{"result": "OK"}]')
                    await persist(commands.store, RESULTS, answer, way=Way.MQTT)

            work = asyncio.create_task(commands.consume(COMMAND_TEXTS, execute, _never, key=Way.MQTT))
            listening.publish(COMMAND, '[{"rpcName": "sunpm.status"}]')
            await until(lambda: listening.payloads(RESULT) == [b'[{"result": "OK"}]'])
            work.cancel()
            assert not [name for name in running.names(2, "CMD") if "_ACK_" in name], "answers go where they were asked"
            newest = [s for s in seen if s.service == "sync"][-1]
            assert [server.server.number for server in newest.servers] == [1, 2]
        await until(lambda: listening.payloads(STATUS) == [b"online", b"offline"])
        config = [heard for heard in listening.heard if heard.topic.startswith("homeassistant/device/")]
        assert len(config) == 2
        assert json.loads(config[0].payload)["availability_topic"] == STATUS


async def test_a_broker_that_is_away_keeps_its_backlog_and_holds_up_no_file_server(broker, connect, tmp_path):

    with mosquitto() as peer:
        given = {"gateway_set": plant(tmp_path / "set", peer.port), "start_share_seconds": 0}
        running = Running(broker, tmp_path, **given)
        peer.stop()
        async with running.run():
            collector, api = await connect(Service.COLLECTOR), await connect(Service.API)
            made = [record(n) for n in (1, 2, 3)]
            await persist(
                collector.store_batch,
                [Outgoing(RECORDS, {"device": "1"}, m.model_dump_json().encode(), m.identity) for m in made],
            )
            await until(lambda: count(running, "record") == 3)
            await persist(api.request, CONNECT, ConnectRequest(server=2), timeout=30)
            await until(lambda: running.texts(2))
            async with asyncio.timeout(90):
                while not any("nothing listens there" in text for text in running.texts(2, "LOG")):
                    await persist(api.request, CONNECT, ConnectRequest(server=2), timeout=30)
                    await asyncio.sleep(0.5)
            assert count(running, "record") == 3
        peer.start()
        with operator(peer.port) as listening:
            async with running.run():
                await until(lambda: states(listening, DATA) == [1, 2, 3])
                await until(lambda: count(running, "record") == 0)


async def _never(_: object) -> None:
    raise AssertionError("unreadable")
