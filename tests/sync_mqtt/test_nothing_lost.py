"""Every record and alarm arrives, in order, whatever is cut, killed or away; what repeats is a window at most."""

import asyncio
import json
import random
import signal
from itertools import pairwise

import pytest

from heliograph.contract import ConnectRequest, Service
from heliograph.contract.channels import CONNECT, RECORDS
from heliograph.runtime import BusError, Outgoing
from heliograph.sync.ledger import ALARMS
from heliograph.sync.telemetry.outflow import WINDOW_MESSAGES
from support.mosquitto import mosquitto, operator
from support.proxy import proxy
from support.sets import write_set
from support.syncing import until
from support.syncprocess import start
from support.telemetry import (
    ALARM,
    DATA,
    DEFINITION,
    PERMANENT,
    STATUS,
    alarm,
    mqtt_applied,
    mqtt_server,
    record,
    states,
)

SEED = 20240601
KILLS = 4


def repeats(found: list[int]) -> list[int]:
    """How far each step back goes in what came: 0 steps where nothing came twice."""
    return [before - after + 1 for before, after in pairwise(found) if after <= before]


def check(found: list[int], last: int, window_records: int) -> None:
    """All came, the first coming of each in order, and no cut brought more than a window again."""
    assert list(dict.fromkeys(found)) == list(range(1, last + 1))
    assert max(repeats(found), default=0) <= window_records


def everything_is_out(telemetry, last: int) -> bool:
    return telemetry.position() == last and telemetry.position(ALARMS) == telemetry.bench.ledger.end(ALARMS)


async def test_a_backlog_survives_brokers_that_restart_in_its_middle(telemetry, mosquitto_broker, listening):
    """2,000 records wait; the broker is killed again and again while they are delivered, and keeps its own store."""
    server = mqtt_server(mosquitto_broker.port, max_message_bytes=1024)
    telemetry.bench.configure(mqtt_applied([server]))
    telemetry.bench.spool.take_records([record(n) for n in range(1, 2001)])
    async with telemetry.run(mqtt_applied([server])):
        telemetry.one.request()
        for part in range(1, 5):
            await until(lambda part=part: telemetry.position() >= 350 * part)
            mosquitto_broker.stop()
            await until(lambda: telemetry.one.triggers.failures and telemetry.one.idle.is_set())
            mosquitto_broker.start()
            telemetry.clock.move(901)
        await until(lambda: telemetry.position() == 2000)
        await until(lambda: set(states(listening)) == set(range(1, 2001)))
    # A broker that comes again repeats to its subscribers what it cannot know that they have.
    assert list(dict.fromkeys(states(listening))) == list(range(1, 2001))


@pytest.mark.parametrize(("direction", "qos"), [("up", 1), ("down", 1), ("down", 2)])
async def test_a_line_cut_after_any_number_of_bytes_loses_nothing(
    telemetry, mosquitto_broker, listening, direction, qos
):
    steps = [*range(1, 120, 13), *range(150, 16_000, 1500)] if direction == "up" else range(1, 110, 7)
    sent = 0
    with proxy(mosquitto_broker.port) as between:
        server = mqtt_server(mosquitto_broker.port, address=between.host, max_message_bytes=1024, qos=qos, **PERMANENT)
        async with telemetry.run(mqtt_applied([server])):
            for step in steps:
                between.faults.cut_after[direction] = step
                telemetry.bench.spool.take_records([record(n) for n in range(sent + 1, sent + 71)])
                telemetry.bench.spool.take_alarms([alarm(sent + 1)])
                sent += 70
                telemetry.one.request()
                last = sent
                await until(lambda last=last: telemetry.position() == last or not between.faults.cut_after)
                telemetry.clock.move(31)
                between.faults.cut_after.clear()
                async with asyncio.timeout(60):
                    while not everything_is_out(telemetry, sent):
                        telemetry.clock.move(31)
                        await asyncio.sleep(0.05)
            assert between.faults.cuts > len(steps) / 2
            await until(lambda: set(states(listening)) == set(range(1, sent + 1)))
    check(states(listening), sent, 8 * WINDOW_MESSAGES)
    values = [a["value"] for text in listening.payloads(ALARM) for a in json.loads(text)["alarms"]]
    assert list(dict.fromkeys(values)) == [str(n) for n in range(1, sent, 70)]


async def test_qos_0_and_2_deliver_as_well(telemetry, mosquitto_broker, listening):
    async with telemetry.run():
        for number, qos in enumerate((0, 2), 1):
            server = mqtt_server(mosquitto_broker.port, qos=qos, max_message_bytes=1024)
            telemetry.configure(mqtt_applied([server], number=number))
            telemetry.bench.spool.take_records([record(n) for n in range(100 * number - 99, 100 * number + 1)])
            telemetry.one.request()
            await until(lambda number=number: telemetry.position() == 100 * number)
        await until(lambda: states(listening) == list(range(1, 201)))


async def feed(bus, count: int, pause: float = 0.0) -> None:
    """Store record after record on the bus, through every kill."""
    for first in range(1, count + 1, 20):
        made = [record(n) for n in range(first, min(first + 20, count + 1))]
        messages = [Outgoing(RECORDS, {"device": "1"}, m.model_dump_json().encode(), m.identity) for m in made]
        while True:
            try:
                await bus.store_batch(messages)
                break
            except BusError:
                await asyncio.sleep(0.1)
        await asyncio.sleep(pause)


@pytest.mark.timeout(900)
@pytest.mark.long
async def test_sync_killed_at_any_moment_sends_everything_and_its_will_speaks(broker, connect, tmp_path):
    """The whole service, SIGKILL after SIGKILL, with a record leaving at once when it comes."""
    total = 1500
    with mosquitto() as peer, operator(peer.port) as listening:
        config = {
            "SERVER_Type": "mqtt", "MQTT_Address": "127.0.0.1", "MQTT_Port": peer.port, "MQTT_Immediate": 1,
            "MQTT_TopicData": DATA, "MQTT_TopicStatus": STATUS, "MQTT_MaxMessageBytes": 1024,
        }  # fmt: skip
        devices = ["1;127.0.0.1:1502;roof_1;1;600;1000;;;;;inv.csv"]
        write_set(tmp_path / "set", config, devices, {"inv.csv": DEFINITION.decode()})
        process = start(broker, tmp_path)
        feeding = asyncio.create_task(feed(await connect(Service.COLLECTOR), total, 0.2))
        noise = random.Random(SEED)
        try:
            for _ in range(KILLS):
                await until(lambda: listening.payloads(STATUS)[-1:] == [b"online"])
                await asyncio.sleep(noise.random())
                process.send_signal(signal.SIGKILL)
                process.wait(60)
                await until(lambda: listening.payloads(STATUS)[-1:] == [b"offline"])
                process = start(broker, tmp_path)
            await until(lambda: listening.payloads(STATUS)[-1:] == [b"online"])
            await feeding
            await until(lambda: set(states(listening)) == set(range(1, total + 1)), 120)
        except TimeoutError:
            pytest.fail((tmp_path / "sync.log").read_text()[-4000:])
        finally:
            feeding.cancel()
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0
        check(states(listening), total, 8 * WINDOW_MESSAGES)
        await until(lambda: listening.payloads(STATUS)[-1] == b"offline")


async def test_a_request_over_the_bus_makes_a_scheduled_visit(broker, connect, tmp_path):
    with mosquitto() as peer, operator(peer.port) as listening:
        config = {
            "SERVER_Type": "mqtt", "MQTT_Address": "127.0.0.1", "MQTT_Port": peer.port, "MQTT_TopicData": "{uid}/data",
        }  # fmt: skip
        devices = ["1;127.0.0.1:1502;roof_1;1;600;1000;;;;;inv.csv"]
        write_set(tmp_path / "set", config, devices, {"inv.csv": DEFINITION.decode()})
        process = start(broker, tmp_path)
        try:
            await feed(await connect(Service.COLLECTOR), 20)
            api = await connect(Service.API)
            async with asyncio.timeout(90):
                while states(listening) != list(range(1, 21)):
                    await _request(api)
                    await asyncio.sleep(0.2)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0


async def _request(api) -> None:
    try:
        await api.request(CONNECT, ConnectRequest(server=1), timeout=30)
    except BusError:
        await asyncio.sleep(0.2)
