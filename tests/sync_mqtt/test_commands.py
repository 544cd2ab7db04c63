"""Commands over MQTT: acknowledged when they are safe, each run once, each answered (spec 4.1)."""

import json

import pytest

from heliograph.contract import CommandResults, Way
from heliograph.sync.inbox import WAITING_TEXTS
from heliograph.sync.tables import InboxRow
from heliograph.sync.telemetry import inward, session
from support.mosquitto import mosquitto, operator
from support.proxy import proxy
from support.syncing import until
from support.telemetry import COMMAND, PERMANENT, RESULT, STATUS, mqtt_applied, mqtt_server, record

WRITE = '[{"rpcName": "sunpm.status", "callerId": "one"}]'


class InMemoryBus:
    """Takes what `forward` stores."""

    def __init__(self) -> None:
        self.stored: list = []

    async def store(self, _channel, text, _identity, *, way) -> None:
        self.stored.append((way, text))


def inbox(telemetry) -> list[str]:
    """The texts that wait for the bus, in order."""
    with telemetry.bench.database.read() as session:
        return [row[0] for row in session.connection().exec_driver_sql("SELECT text FROM inbox ORDER BY rowid")]


async def connected(telemetry, listening) -> None:
    """Return when a session stands that hears what is sent from now on: it subscribes before it is online."""
    telemetry.one.start(0)
    await until(lambda: telemetry.one.state().connected)
    await until(lambda: listening.payloads(STATUS)[-1:] == [b"online"])


def errors(listening) -> list[str]:
    return [json.loads(payload)[0]["error"] for payload in listening.payloads(RESULT)]


async def test_a_command_goes_to_the_bus_and_its_results_come_back_once(telemetry, mosquitto_broker, listening):
    bus = InMemoryBus()
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        listening.publish(COMMAND, WRITE)
        listening.publish(COMMAND, "[not JSON")
        await until(lambda: len(inbox(telemetry)) == 2)
        assert await telemetry.bench.mailbox.forward(bus) == 2
        assert [(way, text.way, text.origin, text.text) for way, text in bus.stored] == [
            (Way.MQTT, Way.MQTT, COMMAND, WRITE),
            (Way.MQTT, Way.MQTT, COMMAND, "[not JSON"),
        ]
        results = [
            CommandResults(identity=text.identity, way=Way.MQTT, text=f'[{{"result": {n}, "callerId": null}}]')
            for n, (_, text) in enumerate(bus.stored)
        ]
        assert telemetry.bench.mailbox.arrived(results) is False, "no connection to a file server is needed"
        telemetry.bench.mailbox.arrived(results)
        listening.publish(COMMAND, b'["\xff"]')
        await until(lambda: len(listening.payloads(RESULT)) == 3)  # what is answered later comes later
        answers = [json.loads(payload)[0] for payload in listening.payloads(RESULT)]
        assert [answer.get("result") for answer in answers] == [0, 1, None]
        await until(lambda: not telemetry.bench.mailbox.answers.waiting(1))


async def test_commands_sent_while_the_gateway_is_away_wait_with_the_broker(telemetry, mosquitto_broker, listening):
    revision = mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])
    async with telemetry.run(revision):
        await connected(telemetry, listening)
        listening.publish(COMMAND, WRITE)
        await until(lambda: len(inbox(telemetry)) == 1)
    for number in range(2, 31):
        listening.publish(COMMAND, f"[{number}]")
    telemetry.bench.again()
    async with telemetry.run(revision):
        await connected(telemetry, listening)
        await until(lambda: len(inbox(telemetry)) == 30)
        assert inbox(telemetry)[1:] == [f"[{number}]" for number in range(2, 31)]


async def test_results_that_come_while_the_broker_is_away_are_kept(telemetry, mosquitto_broker):
    revision = mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])
    results = [CommandResults(identity=f"mqtt1-{n}", way=Way.MQTT, text=f"[{n}]") for n in range(50)]
    telemetry.bench.mailbox.arrived(results)
    telemetry.bench.again()
    with operator(mosquitto_broker.port) as listening:
        async with telemetry.run(revision):
            await connected(telemetry, listening)
            await until(lambda: len(listening.payloads(RESULT)) == 50)
            assert listening.payloads(RESULT) == [f"[{n}]".encode() for n in range(50)]


async def test_without_a_result_topic_results_are_dropped_and_told(telemetry, mosquitto_broker, listening):
    server = mqtt_server(mosquitto_broker.port, topic_command="{uid}/command")
    async with telemetry.run(mqtt_applied([server])):
        await connected(telemetry, listening)
        telemetry.bench.mailbox.arrived([CommandResults(identity="mqtt1-x", way=Way.MQTT, text="[]")])
        await until(lambda: "results of command mqtt1-x are dropped" in telemetry.said())
        assert not telemetry.bench.mailbox.answers.waiting(1)


@pytest.mark.parametrize("kill", [False, True], ids=["cut", "kill"])
async def test_a_command_whose_acknowledgement_was_lost_runs_once(telemetry, mosquitto_broker, listening, kill):
    """The broker delivers it again, with the mark of a duplicate, after the line and even the process came anew."""
    with proxy(mosquitto_broker.port) as between:
        server = mqtt_server(mosquitto_broker.port, address=between.host, topic_command="{uid}/command")
        revision = mqtt_applied([server])
        async with telemetry.run(revision):
            await connected(telemetry, listening)
            between.faults.hang_after["up"] = 0
            listening.publish(COMMAND, WRITE)
            await until(lambda: len(inbox(telemetry)) == 1)
            between.cut()
            between.faults.hang_after.clear()
            await until(telemetry.one.idle.is_set)
            if not kill:
                await until(lambda: telemetry.one.triggers.failures == 1)
                telemetry.clock.move(31)
                await until(lambda: "it is not run twice" in telemetry.said())
        if kill:
            telemetry.bench.again()
            async with telemetry.run(revision):
                await connected(telemetry, listening)
                await until(lambda: "it is not run twice" in telemetry.said())
        assert inbox(telemetry) == [WRITE]


async def test_the_same_command_sent_twice_by_a_person_runs_twice(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        listening.publish(COMMAND, WRITE)
        listening.publish(COMMAND, WRITE, qos=0)
        await until(lambda: inbox(telemetry) == [WRITE, WRITE])


async def test_a_command_that_the_disk_refuses_stays_with_the_broker(
    telemetry, mosquitto_broker, listening, monkeypatch
):
    mailbox = telemetry.bench.mailbox
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        monkeypatch.setattr(mailbox, "has_room", lambda: False)
        listening.publish(COMMAND, WRITE)
        await until(lambda: telemetry.one.state().problems == (inward.FULL,))
        assert inbox(telemetry) == []
        monkeypatch.undo()
        await until(lambda: inbox(telemetry) == [WRITE])
        await until(lambda: telemetry.one.state().problems == ())


async def test_more_than_can_be_held_is_left_with_the_broker(telemetry, mosquitto_broker, listening, monkeypatch):
    monkeypatch.setattr(session, "HELD_MESSAGES", 5)
    mailbox = telemetry.bench.mailbox
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        monkeypatch.setattr(mailbox, "has_room", lambda: False)
        for number in range(10):
            listening.publish(COMMAND, f"[{number}]")
        await until(lambda: telemetry.one.triggers.failures == 1 and telemetry.one.idle.is_set())
        assert "sends more commands than can be taken in now" in telemetry.one.state().problems[0]
        monkeypatch.undo()
        telemetry.clock.move(31)
        await until(lambda: inbox(telemetry) == [f"[{number}]" for number in range(10)])


async def test_an_inbox_that_the_bus_does_not_empty_has_a_limit(telemetry):
    mailbox, database = telemetry.bench.mailbox, telemetry.bench.database
    assert mailbox.has_room()
    with database.write() as session:
        session.add_all(
            InboxRow(identity=f"mqtt1-{n}", name="x", size=1, modified=None, digest="", text="[]", taken=n)
            for n in range(WAITING_TEXTS)
        )
    assert not mailbox.has_room()


async def test_a_retained_command_is_refused_once(telemetry, mosquitto_broker, listening):
    listening.publish(COMMAND, WRITE, retain=True)
    revision = mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])
    for _ in range(2):
        async with telemetry.run(revision):
            await connected(telemetry, listening)
            before = len(errors(listening))
            listening.publish(COMMAND, b'["\xff"]')
            await until(lambda before=before: "not UTF-8" in "".join(errors(listening)[before:]))
    told = [error for error in errors(listening) if "not UTF-8" not in error]
    assert len(told) == 1
    assert "publish it without retain" in told[0]
    assert inbox(telemetry) == []
    listening.publish(COMMAND, "", retain=True)


async def test_what_can_be_no_command_is_answered_at_once(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        listening.publish(COMMAND, b"x" * (1024 * 1024 + 1))
        listening.publish(COMMAND, b"y" * (3 * 1024 * 1024))
        listening.publish(COMMAND, b'["\xff"]')
        listening.publish(COMMAND, "")
        listening.publish(COMMAND, WRITE)
        await until(lambda: len(errors(listening)) == 3)
        assert [error.split(";")[0] for error in errors(listening)[:2]] == ["the message is larger than 1 MiB"] * 2
        assert "not UTF-8" in errors(listening)[2]
        await until(lambda: inbox(telemetry) == [WRITE])
        assert telemetry.one.state().connected


async def test_a_command_topic_that_is_gone_is_left(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        other = {**PERMANENT, "topic_command": "elsewhere"}
        telemetry.configure(mqtt_applied([mqtt_server(mosquitto_broker.port, **other)], number=2))
        await until(lambda: len(telemetry.outcomes) == 2)
        await until(lambda: telemetry.one.state().connected)
        await until(lambda: listening.payloads(STATUS) == [b"online", b"offline", b"online"])
        listening.publish("elsewhere", "[1]")
        await until(lambda: inbox(telemetry) == ["[1]"])
        listening.publish(COMMAND, WRITE)
        listening.publish("elsewhere", "[2]")
        await until(lambda: inbox(telemetry) == ["[1]", "[2]"])


async def test_a_new_broker_without_a_session_delivers_no_duplicates(telemetry, listening, mosquitto_broker):
    """A packet identifier means nothing to a broker that lost its store: the same number there is another command."""
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry, listening)
        listening.publish(COMMAND, WRITE)
        await until(lambda: inbox(telemetry) == [WRITE])
    telemetry.bench.spool.take_records([record(1)])
    with mosquitto() as fresh, operator(fresh.port) as other:
        async with telemetry.run(mqtt_applied([mqtt_server(fresh.port, **PERMANENT)], number=2)):
            await connected(telemetry, other)
            other.publish(COMMAND, WRITE)
            await until(lambda: inbox(telemetry) == [WRITE, WRITE])
