"""Commands over MQTT when the broker misbehaves, floods or goes away: each is run once, in order, and answered once."""

import json

from heliograph.formats import COMMAND_FILE_LIMIT
from heliograph.sync.telemetry.session import HELD_MESSAGES
from support.answering import Answering
from support.mosquitto import mosquitto, operator
from support.proxy import proxy
from support.syncing import until
from support.telemetry import COMMAND, PERMANENT, RESULT, STATUS, UID, mqtt_applied, mqtt_server

FLOOD = HELD_MESSAGES + 44
"""More than a session holds, and than the broker has under way."""


def texts(listening) -> list[str]:
    """What was executed, as the answers that came tell it."""
    return [json.loads(payload)[0]["result"] for payload in listening.payloads(RESULT)]


async def connected(task, listening) -> None:
    task.start(0)
    await until(lambda: task.state().connected)
    await until(lambda: listening.payloads(STATUS)[-1:] == [b"online"])


async def answered(telemetry, service: Answering, listening, count: int) -> None:
    """Execute what comes until so many answers were heard."""

    def holds() -> bool:
        service.exchange(telemetry.bench.mailbox)
        return len(listening.payloads(RESULT)) >= count

    await until(holds, 300)


async def test_a_flood_of_commands_is_answered_whole_in_order_and_once(telemetry, mosquitto_broker, listening):
    service = Answering()
    telemetry.timeout_seconds = 600  # however slow this machine is, nothing hangs
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry.one, listening)
        sent = [f"[{number}]" for number in range(FLOOD)]
        listening.flood(COMMAND, sent)
        await answered(telemetry, service, listening, FLOOD)
        assert service.executed == sent
        assert texts(listening) == sent


async def test_a_command_sent_with_qos_2_runs_once(telemetry, mosquitto_broker, listening):
    service = Answering()
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry.one, listening)
        listening.publish(COMMAND, "[1]", qos=2)
        await answered(telemetry, service, listening, 1)
        listening.publish(COMMAND, "[2]")
        await answered(telemetry, service, listening, 2)
        assert texts(listening) == ["[1]", "[2]"]


async def test_a_broker_that_dies_before_it_has_the_acknowledgement_delivers_again_and_it_runs_once(
    telemetry, mosquitto_broker, listening
):
    service = Answering()
    with proxy(mosquitto_broker.port) as between:
        server = mqtt_server(mosquitto_broker.port, address=between.host, **PERMANENT)
        async with telemetry.run(mqtt_applied([server])):
            await connected(telemetry.one, listening)
            between.faults.hang_after["up"] = 0
            listening.publish(COMMAND, "[1]")
            await until(lambda: "command taken in" in telemetry.said())
            await until(lambda: mosquitto_broker.saved(b"[1]"))
            mosquitto_broker.kill()
            between.cut()
            between.faults.hang_after.clear()
            await until(telemetry.one.idle.is_set)
            mosquitto_broker.start()
            telemetry.clock.move(31)
            await until(lambda: "it is not run twice" in telemetry.said())
            await answered(telemetry, service, listening, 1)
            listening.publish(COMMAND, "[2]")
            await answered(telemetry, service, listening, 2)
            assert texts(listening) == ["[1]", "[2]"]


async def test_a_result_whose_broker_went_away_meanwhile_comes_when_it_is_back_once(
    telemetry, mosquitto_broker, listening
):
    service = Answering()
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry.one, listening)
        listening.publish(COMMAND, "[1]")
        await until(lambda: "command taken in" in telemetry.said())
        mosquitto_broker.stop()
        await until(telemetry.one.idle.is_set)
        service.exchange(telemetry.bench.mailbox)
        mosquitto_broker.start()
        telemetry.clock.move(31)
        await answered(telemetry, service, listening, 1)
        listening.publish(COMMAND, "[2]")
        await answered(telemetry, service, listening, 2)
        assert texts(listening) == ["[1]", "[2]"]


async def test_each_of_two_brokers_gets_the_results_of_its_own_commands(telemetry, mosquitto_broker, listening):
    """Both say the same under the same packet identifier: they are two commands."""
    service = Answering()
    with mosquitto() as second, operator(second.port) as other:
        servers = [
            mqtt_server(broker.port, number=n, **PERMANENT) for n, broker in ((1, mosquitto_broker), (2, second))
        ]
        async with telemetry.run(mqtt_applied(servers)):
            await connected(telemetry.tasks[1], listening)
            await connected(telemetry.tasks[2], other)
            for number in range(3):
                listening.publish(COMMAND, "[0]")
                other.publish(COMMAND, "[0]")
                other.publish(COMMAND, f"[{number}]")
            await answered(telemetry, service, listening, 3)
            await answered(telemetry, service, other, 6)
            assert texts(listening) == ["[0]"] * 3
            assert texts(other) == ["[0]", "[0]", "[0]", "[1]", "[0]", "[2]"]


async def test_what_comes_on_other_levels_of_the_topic_is_no_command(telemetry, mosquitto_broker, listening):
    service = Answering()
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry.one, listening)
        for topic in (f"{COMMAND}/", f"{COMMAND}/more", f"/{COMMAND}", UID, COMMAND.upper(), f"other/{COMMAND}"):
            listening.publish(topic, "[1]")
        listening.publish(COMMAND, "[2]")
        await answered(telemetry, service, listening, 1)
        assert service.executed == ["[2]"]


async def test_a_whole_mebibyte_is_a_command(telemetry, mosquitto_broker, listening):
    service = Answering()
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        await connected(telemetry.one, listening)
        listening.publish(COMMAND, "[" + " " * (COMMAND_FILE_LIMIT - 2) + "]")
        await answered(telemetry, service, listening, 1)
        assert [len(text) for text in service.executed] == [COMMAND_FILE_LIMIT]
