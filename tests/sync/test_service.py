"""Sync as it is wired, against a real broker: what comes in is on the servers, and what is asked is answered."""

import asyncio
import json
import shutil
import sqlite3
import threading
from contextlib import closing
from typing import Any

import pytest

from heliograph.contract import (
    CommandResults,
    CommandText,
    ConnectRequest,
    EditRequest,
    Event,
    Level,
    PageRequest,
    Revision,
    Service,
    Trigger,
    Way,
)
from heliograph.contract.channels import (
    ALARM_HISTORY,
    COMMAND_TEXTS,
    CONFIGURATION,
    CONNECT,
    CONNECTION_HISTORY,
    EDIT,
    EVENTS,
    RECORDS,
    RESULTS,
    STATE,
)
from heliograph.runtime import BusError, Outgoing
from heliograph.sync import app
from heliograph.sync.configuration import Configuration
from heliograph.sync.mailbox import RESULTS_SECONDS
from heliograph.sync.spool import Spool
from support.ports import free_port
from support.samples import record
from support.syncing import Running, plant_set, until

LIMIT = 60


def outgoing(number: int, device: str = "1") -> Outgoing:
    payload = record(number, device)
    return Outgoing(RECORDS, {"device": device}, payload.model_dump_json().encode(), payload.identity)


@pytest.fixture
def running(broker, tmp_path) -> Running:
    return Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))


async def persist(store, *given: object, **named: object) -> Any:
    """Store or ask as every service does: again while the bus or who answers is away."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                return await store(*given, **named)
            except BusError:
                await asyncio.sleep(0.1)


class Watched:
    """The last values of a channel as a service sees them."""

    def __init__(self) -> None:
        self.values: list = []

    async def take(self, value) -> None:
        self.values.append(value)


async def watched(bus, channel) -> Watched:
    found = Watched()
    await bus.watch(channel, found.take)
    return found


async def test_records_from_the_bus_reach_both_servers_on_request(running, connect):
    async with running.run():
        collector, api = await connect(Service.COLLECTOR), await connect(Service.API)
        revisions = await watched(collector, CONFIGURATION)
        await until(lambda: revisions.values)
        await persist(collector.store_batch, [outgoing(1), outgoing(2, "2")])
        await until(lambda: _records(running) == 2)
        assert (await api.request(CONNECT, ConnectRequest(server=1), timeout=30)).error == ""
        await until(lambda: running.texts(1))
        assert (await api.request(CONNECT, ConnectRequest(), timeout=30)).error == ""
        await until(lambda: running.texts(2))
        assert running.texts(1) == [
            (
                "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:00:00;106;110;108;12\n"
                "DEVICEINDEX;2\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:00:00;106;110;108;12\n"
            )
        ]
        assert running.texts(2) == [running.texts(1)[0].replace("24/06/01", "01/06/24")]
        await until(lambda: _records(running) == 0)
        page = await api.request(CONNECTION_HISTORY, PageRequest(server=2), timeout=30)
        assert [c.trigger for c in page.connections] == [Trigger.REQUEST]


async def test_the_revision_on_the_bus_holds_no_secret(running, connect, tmp_path):
    plant_set(tmp_path / "set", FTP_Password="very-secret")
    async with running.run():
        revisions = await watched(await connect(Service.COLLECTOR), CONFIGURATION)
        await until(lambda: revisions.values)
    (revision, *_) = revisions.values
    assert isinstance(revision, Revision)
    assert set(revision.files) == {"CONFIG/WPM00C44F_daq.csv", "DEF/inv.csv"}
    assert "very-secret" not in revision.model_dump_json()
    assert [(s.number, s.mode) for s in revision.servers] == [
        (1, "strategy_wsun1_compliant"), (2, "strategy_wsun1_compliant_backup"),
    ]  # fmt: skip


async def test_a_wrong_edit_changes_nothing_and_a_right_one_is_applied(running, connect, tmp_path):
    path = tmp_path / "set" / "CONFIG" / "WPM00C44F_daq.csv"
    good = path.read_text()
    async with running.run():
        api = await connect(Service.API)
        revisions, states = await watched(api, CONFIGURATION), await watched(api, STATE)
        await until(lambda: [r.number for r in revisions.values] == [1])
        path.write_text(good.replace("roof_2", "roof_1"))
        await until(lambda: states.values and states.values[-1].rejected)
        assert any("roof_1" in line and ": error: " in line for line in states.values[-1].findings)
        assert states.values[-1].revision == 1
        await until(lambda: running.texts(1, "ALARM"))
        assert "GATEWAY;CONFIGURATION REJECTED" in running.texts(1, "ALARM")[0]
        path.write_text(good.replace("roof_2", "roof_3"))
        await until(lambda: revisions.values[-1].number == 2)
        assert "roof_3" in revisions.values[-1].files["CONFIG/WPM00C44F_daq.csv"]
        await until(lambda: not states.values[-1].rejected)


async def test_a_restart_keeps_the_revision_and_works_without_the_set(running, connect, tmp_path):
    async with running.run():
        revisions = await watched(await connect(Service.API), CONFIGURATION)
        await until(lambda: revisions.values)
    (tmp_path / "set").rename(tmp_path / "gone")
    async with running.run():
        states = await watched(await connect(Service.API), STATE)
        await until(lambda: any(s.revision == 1 and len(s.servers) == 2 for s in states.values))


async def test_a_command_file_is_executed_once_and_answered_in_the_same_connection(running, connect, monkeypatch):
    monkeypatch.setattr(app, "FORWARD_SECONDS", 2 * RESULTS_SECONDS)  # it goes to the bus as soon as it was taken in
    running.servers[1].files["/CMD/WPM00C44F_cmd.json"] = b'[{"rpcName": "sunpm.status"}]'
    async with running.run():
        commands, api = await connect(Service.COMMANDS), await connect(Service.API)
        taken: list[CommandText] = []

        async def execute(texts: list[CommandText]) -> None:
            taken.extend(texts)
            for text in texts:
                result = CommandResults(identity=text.identity, way=Way.FILE, text='[{"result": "OK"}]\n')
                await persist(commands.store, RESULTS, result, way=Way.FILE)

        work = asyncio.create_task(commands.consume(COMMAND_TEXTS, execute, _never, key=Way.FILE))
        revisions = await watched(api, CONFIGURATION)
        await until(lambda: revisions.values)
        await api.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(
            lambda: any(n.startswith("WPM00C44F_ACK_") and n.endswith(".json") for n in running.names(1, "CMD"))
        )
        work.cancel()
        assert [text.text for text in taken] == ['[{"rpcName": "sunpm.status"}]']
        await until(lambda: len(running.names(1, "CMD")) == 1)
        await until(lambda: running.texts(1, "LOG"))
        page = await api.request(CONNECTION_HISTORY, PageRequest(server=1), timeout=30)
        assert len(page.connections) == 1
        await api.request(CONNECT, ConnectRequest(server=2), timeout=30)
        await until(lambda: [n for n in running.names(2, "CMD") if n.endswith(".json")])
        (name,) = running.names(2, "CMD")
        assert running.servers[2].files[f"/CMD/{name}"] == b'[{"result": "OK"}]\n'


async def test_late_results_make_a_connection_of_their_own(running, connect):
    async with running.run():
        commands, api = await connect(Service.COMMANDS), await connect(Service.API)
        revisions = await watched(api, CONFIGURATION)
        await until(lambda: revisions.values)
        await persist(commands.store, RESULTS, CommandResults(identity="x", way=Way.FILE, text="[]\n"), way=Way.FILE)
        await persist(commands.store, RESULTS, CommandResults(identity="y", way=Way.LOCAL, text="[]\n"), way=Way.LOCAL)
        await until(lambda: [n for n in running.names(1, "CMD") if n.endswith(".json")])
        await until(lambda: running.texts(1, "LOG"))
        page = await api.request(CONNECTION_HISTORY, PageRequest(), timeout=30)
        assert [(c.server, c.trigger) for c in page.connections] == [(1, Trigger.RESULTS)]


async def test_lines_of_all_services_go_to_the_log(running, connect):
    async with running.run():
        api = await connect(Service.API)
        revisions = await watched(api, CONFIGURATION)
        await until(lambda: revisions.values)
        line = Event(time=1_717_236_000_123, level=Level.WARNING, service="api", text="a person came by")
        await persist(api.store, EVENTS, line, service=Service.API)
        debug = line.model_copy(update={"level": Level.DEBUG, "text": "only for a search"})
        await persist(api.store, EVENTS, debug, service=Service.API)
        await until(lambda: _has_line(running))
        await api.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: running.texts(1, "LOG"))
        (told,) = running.texts(1, "LOG")
        assert "2024-06-01 10:00:00.123;warning;api;a person came by\n" in told
        assert "only for a search" not in told


async def test_a_connection_that_cannot_be_is_answered_with_words(broker, tmp_path, connect):
    running = Running(broker, tmp_path)
    async with running.run():
        api = await connect(Service.API)
        answer = await persist(api.request, CONNECT, ConnectRequest(server=2), timeout=30)
        assert answer.error == "there is no server 2 in the configuration in force"
        assert (await persist(api.request, ALARM_HISTORY, PageRequest(), timeout=30)).alarms == ()
        states = await watched(api, STATE)
        await until(lambda: states.values)
        assert "GATEWAY_SET" in states.values[-1].findings[0]


async def test_an_mqtt_server_that_cannot_be_reached_is_shown_with_its_problem_and_keeps_what_it_waits_for(
    broker, tmp_path, connect
):
    mqtt = {"SERVER2_Type": "mqtt", "MQTT2_Address": "127.0.0.1", "MQTT2_TopicData": "x", "MQTT2_Port": free_port()}
    given = {"gateway_set": plant_set(tmp_path / "set", **mqtt), "start_share_seconds": 0}
    running = Running(broker, tmp_path, **given)
    async with running.run():
        api, collector = await connect(Service.API), await connect(Service.COLLECTOR)
        states = await watched(api, STATE)
        await until(lambda: states.values and len(states.values[-1].servers) == 2)
        await until(lambda: "nothing listens there" in str(states.values[-1].servers[1].problems))
        await persist(collector.store_batch, [outgoing(1)])
        await until(lambda: _records(running) == 1)
        await api.request(CONNECT, ConnectRequest(), timeout=30)
        await until(lambda: len(running.names(1)) == 1)
        await until(lambda: states.values[-1].servers[1].waiting_records == 1)
        assert _records(running) == 1


async def test_unreadable_messages_are_kept_aside(running, connect, tmp_path):
    async with running.run():
        collector = await connect(Service.COLLECTOR)
        revisions = await watched(collector, CONFIGURATION)
        await until(lambda: revisions.values)
        await persist(collector.store, RECORDS, b'{"no": "record"}', device="1")
        await until(lambda: list((tmp_path / "state" / "unreadable").glob("*")))


async def until_marked(running: Running) -> None:
    """Return when sync has met the broker that runs now."""
    mark = running.settings.state_dir / "power.json"
    await until(lambda: mark.exists() and '"running"' in mark.read_text())


async def gateway_alarms(running: Running, connect) -> list[str]:
    await until_marked(running)
    api = await connect(Service.API)
    page = await persist(api.request, ALARM_HISTORY, PageRequest(), timeout=30)
    return [numbered.alarm.info for numbered in reversed(page.alarms)]


async def test_power_alarms_tell_the_whole_stack_from_sync_alone(running, broker, connect):
    async with running.run():
        assert await gateway_alarms(running, connect) == [], "never at the very first start"
    async with running.run():
        assert await gateway_alarms(running, connect) == [], "never for a single service"
    stopped = json.loads((running.settings.state_dir / "power.json").read_text())
    broker.stop()
    broker.start()
    async with running.run():
        assert await gateway_alarms(running, connect) == ["POWER OFF"]
        mark = running.settings.state_dir / "power.json"
        before = mark.read_text()
        broker.kill()
        broker.start()
        await until(lambda: mark.read_text() != before)
        unclean = mark.read_text()
    assert stopped["state"] == "stopped"
    async with running.run():
        assert await gateway_alarms(running, connect) == ["POWER OFF"], "a broker that was killed alone"
    mark.write_text(unclean)
    broker.kill()
    broker.start()
    async with running.run():
        await until(lambda: mark.read_text() != unclean)
        assert await gateway_alarms(running, connect) == ["POWER OFF", "POWER ON"]


async def test_a_broker_that_lost_its_store_gets_streams_and_revision_again(running, broker, connect):
    async with running.run():
        revisions = await watched(await connect(Service.API), CONFIGURATION)
        await until(lambda: revisions.values)
        broker.stop()
        shutil.rmtree(broker.directory / "store")
        broker.start()
        collector = await connect(Service.COLLECTOR)
        again = await watched(collector, CONFIGURATION)
        await until(lambda: again.values)
        await persist(collector.store_batch, [outgoing(1)])
        await until(lambda: _records(running) == 1)


async def _never(_: object) -> None:
    raise AssertionError("unreadable")


def _has_line(running: Running) -> bool:
    return _count(running, "log WHERE service = 'api'") == 2


def _records(running: Running) -> int:
    return _count(running, "record")


def _count(running: Running, what: str) -> int:
    with closing(sqlite3.connect(running.settings.state_dir / "sync.db")) as database:
        return database.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


async def test_the_loop_never_deletes_records_nor_waits_for_a_set_that_is_validated(
    running, connect, tmp_path, monkeypatch
):
    """Each may take seconds, in which nothing would be taken from the bus."""
    called: dict[str, set[int]] = {}

    def note(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def noted(*given: object) -> object:
            called.setdefault(name, set()).add(threading.get_ident())
            return real(*given)

        monkeypatch.setattr(owner, name, noted)

    note(Spool, "drop_records")
    note(Configuration, "missed")
    nobody = f"SERVER_Type=mqtt\nMQTT_Address=127.0.0.1\nMQTT_Port={free_port()}\nMQTT_TopicData=d\n"
    async with running.run():
        api = await connect(Service.API)
        revisions = await watched(api, CONFIGURATION)
        await until(lambda: revisions.values)
        await api.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: running.texts(1, "LOG"))
        edit = EditRequest(files={"CONFIG/WPM00C44F_config.ini": nobody}, origin="REST")
        assert (await api.request(EDIT, edit, timeout=60)).provisional
        await until(lambda: len(called) == 2)
    assert threading.get_ident() not in called["drop_records"] | called["missed"]
