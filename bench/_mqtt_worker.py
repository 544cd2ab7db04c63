"""One side of the figure of MQTT in a process of its own: our delivery, or a bare paho loop with the same payloads."""

import asyncio
import json
import logging
import sys
import threading
import time
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

TESTS = str(Path(__file__).parents[1] / "tests")
WINDOW = 64


def definition_text(variables: int = 20) -> bytes:
    lines = [f"{n};3;{n};U16;;Value {n};;0.1;0;W;4" for n in range(1, variables + 1)]
    return ("modbusTCP;Inverter;Witness;One\n" + "\n".join(lines) + "\n").encode()


class Side:
    """Sync's parts with one MQTT server, and the payloads that it would send."""

    def __init__(self, directory: Path, given: dict) -> None:
        sys.path.insert(0, TESTS)
        import hashlib

        from heliograph.contract import Column, Layout
        from heliograph.formats.config import ServerType
        from support.telemetry import DATA, Telemetry, mqtt_applied, mqtt_server

        logging.disable(logging.CRITICAL)
        self.given, self.topic = given, DATA
        self.text = definition_text()
        self.layout = Layout(
            protocol="modbusTCP", definition="inv.csv", digest=hashlib.sha256(self.text).hexdigest(),
            columns=tuple(Column(index=str(n)) for n in range(1, 21)),
        )  # fmt: skip
        self.telemetry = Telemetry(directory)
        self.server = mqtt_server(
            given["port"], type=ServerType.MQTTS, ca_file="ca.pem", topic_status="",
            max_message_bytes=given["limit"], immediate=given.get("immediate", False),
        )  # fmt: skip
        files = {"ca.pem": Path(given["ca"]).read_bytes()}
        self.applied = mqtt_applied([self.server], definition=self.text, certificates=files)

    def record(self, number: int):
        from support.telemetry import record

        device = str(1 + number % 2)
        values = tuple((number * 7 + n * 13) % 10_000 for n in range(20))
        return record(number, device, layout=self.layout, values=values)

    def fill(self) -> None:
        count = self.given["records"]
        for first in range(1, count + 1, 500):
            batch = [self.record(n) for n in range(first, min(first + 500, count + 1))]
            self.telemetry.bench.spool.take_records(batch)


def deliver(directory: Path, given: dict) -> dict:
    side = Side(directory, _single(given))

    async def work() -> dict:
        telemetry = side.telemetry
        async with telemetry.run(side.applied):
            side.fill()
            telemetry.one.request()
            while not telemetry.one.state().connecting and not telemetry.outcomes:
                await asyncio.sleep(0.001)
            while not telemetry.outcomes:
                await asyncio.sleep(0.001)
            begun = time.perf_counter()
            while telemetry.position() < given["records"]:
                await asyncio.sleep(0.01)
            return {"seconds": time.perf_counter() - begun}

    return asyncio.run(work())


def bare(directory: Path, given: dict) -> dict:
    payloads = _payloads(Side(directory.with_name(directory.name + "-bare"), _single(given)))
    slots, done = threading.Semaphore(WINDOW), threading.Semaphore(0)
    client = _client("bare", given)

    def acknowledged(*_: object) -> None:
        slots.release()
        done.release()

    client.on_publish = acknowledged
    begun = time.perf_counter()
    for payload in payloads:
        slots.acquire()
        client.publish("bare/data", payload, 1)
    for _ in payloads:
        done.acquire()
    seconds = time.perf_counter() - begun
    client.loop_stop()
    return {"seconds": seconds}


def latency(directory: Path, given: dict) -> dict:
    side = Side(directory, {**given, "immediate": True})
    came: dict[int, float] = {}
    listener = _client("listener", given)
    listener.on_message = lambda _c, _d, m: came.setdefault(_last(m.payload), time.perf_counter())
    listener.subscribe([(side.topic, 1), ("bare/data", 1)])
    time.sleep(0.5)

    async def work() -> list[float]:
        telemetry, times = side.telemetry, []
        async with telemetry.run(side.applied):
            telemetry.one.start(0)
            while not telemetry.one.state().connected:
                await asyncio.sleep(0.01)
            for number in range(1, given["records"] + 1):
                made = side.record(number)
                telemetry.bench.spool.take_records([made])
                committed = time.perf_counter()
                while made.time not in came:
                    await asyncio.sleep(0.001)
                times.append(came[made.time] - committed)
                await asyncio.sleep(0.01)
        return times

    ours = asyncio.run(work())
    publisher, theirs = _client("publisher", given), []
    for number in range(given["records"]):
        payload = json.dumps({"roof_1": [{"Value": 1.5, "timestamp": -number - 1}]})
        begun = time.perf_counter()
        publisher.publish("bare/data", payload, 1)
        while -number - 1 not in came:
            time.sleep(0.0005)
        theirs.append(came[-number - 1] - begun)
        time.sleep(0.01)
    publisher.loop_stop()
    listener.loop_stop()
    return {"ours": ours, "bare": theirs}


def _payloads(side: Side) -> list[bytes]:
    """The very messages that the other side sends."""
    from heliograph.sync.revisions import Revisions
    from heliograph.sync.telemetry.definitions import Definitions
    from heliograph.sync.telemetry.stock import Stock

    bench = side.telemetry.bench
    side.fill()
    stock = Stock(bench.database, Definitions(Revisions(bench.database)), bench.diary, "bench")
    stock.take(side.applied, side.server.max_message_bytes)
    return [message.payload for message in stock.records(0, side.given["records"])]


def _single(given: dict) -> dict:
    """With the smallest limit each record is a message of its own."""
    return {**given, "limit": 400 if given["limit"] == 1024 else given["limit"]}


def _client(name: str, given: dict) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, name)
    client.tls_set(given["ca"])
    client.max_inflight_messages_set(WINDOW)
    client.connect("127.0.0.1", given["port"])
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.01)
    return client


def _last(payload: bytes) -> int:
    return max(r["timestamp"] for records in json.loads(payload).values() for r in records)


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](Path(sys.argv[2]), json.loads(sys.argv[3]))))
