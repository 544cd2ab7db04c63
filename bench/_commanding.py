"""The whole gateway with one simulated TCP device and commands over MQTT and files, for the figures of commands."""

import asyncio
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench._plants import definition, plant

DEVICE, READ, WRITTEN = "device", 12, 13
"""The device's name, and two of its variables, which stand side by side in its second cluster."""
ADDRESS = 101
"""Where the written variable stands."""
POLL_MS = 1000

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


@dataclass
class Commanded:
    """The gateway, the port of its device, and its servers."""

    gateway: Any
    """`support.stack.Stack`"""
    port: int
    broker: Any
    """`support.mosquitto.Mosquitto`"""
    server: Any
    """`support.sftp.Sshd`"""


@asynccontextmanager
async def commanded() -> AsyncIterator[Commanded]:
    """Run it until every device answers and the broker is connected."""
    from support.mosquitto import mosquitto
    from support.servers import need
    from support.sets import DIRECTORIES
    from support.sftp import sshd
    from support.stack import stack

    need("sshd", "mosquitto")
    # Without it the broker's own small packets wait 40 ms for each other (Nagle), and hide what is measured.
    options = "allow_anonymous true", "set_tcp_nodelay true"
    with sshd() as server, mosquitto(*options) as broker, plant(1) as served, _directory() as base:
        for name in DIRECTORIES:
            server.tree.directory(name)
        set_dir = _set(base / "set", server, broker.port, served.ports[0])
        with stack(set_dir, base / "state", forked=False, MAIN_KEY=server.client_key.read_text()) as gateway:
            gateway.start()
            await gateway.until(
                "the device answers and the broker is connected",
                "/api/v1/status",
                lambda s: (
                    s["devices"]
                    and s["devices"][0]["condition"] == "answering"
                    and any(each["connected"] for each in s["servers"])
                ),
            )
            yield Commanded(gateway, served.ports[0], broker, server)
            gateway.stop()


class Caller:
    """A client of the broker that sends a command and waits for its result."""

    def __init__(self, port: int) -> None:
        self._came = threading.Event()
        self._payload = b""
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "caller")
        self._client.on_message = self._take
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.subscribe(topic("result"), 1)
        self._client.loop_start()
        assert subscribed.wait(30)

    def call(self, function: str, **parameters: object) -> float:
        """Return how many seconds the result took; it must be one."""
        self._came.clear()
        command = {"rpcName": f"sunpm.{function}", "parameters": {"device": DEVICE, **parameters}}
        began = time.perf_counter()
        self._client.publish(topic("command"), json.dumps(command), 1)
        assert self._came.wait(60), "no result"
        seconds = time.perf_counter() - began
        (result,) = json.loads(self._payload)
        assert "result" in result, result
        return seconds

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self._payload = message.payload
        self._came.set()


@contextmanager
def caller(port: int) -> Iterator[Caller]:
    calling = Caller(port)
    try:
        yield calling
    finally:
        calling.close()


def topic(name: str) -> str:
    from support.sets import UID

    return f"{UID}/{name}"


@contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as directory:
        yield Path(directory)


def _set(directory: Path, server: Any, broker: int, port: int) -> Path:
    from support.sets import UID, write_set

    config = {
        "GATEWAY_Uid": UID,
        "SERVER_Type": "sftp", "FTP_Address": "127.0.0.1", "FTP_Port": server.port, "FTP_Login": server.login,
        "FTP_KeyFile": "env:MAIN_KEY", "FTP_DirRoot": server.tree.root,
        "SERVER2_Type": "mqtt", "MQTT2_Address": "127.0.0.1", "MQTT2_Port": broker,
        "MQTT2_TopicData": "{uid}/data", "MQTT2_TopicCommand": "{uid}/command", "MQTT2_TopicResult": "{uid}/result",
    }  # fmt: skip
    devices = [f"0;127.0.0.1:{port};{DEVICE};1;60;1000;;poll={POLL_MS};;;bench.csv"]
    schedules = [f"SCHEDULE{infix}_Params[0]=1|everyday|00:00:00|1|1440" for infix in ("", "2")]
    return write_set(directory, config, devices, {"bench.csv": definition()}, schedules=schedules)


async def put_file(commanded: Commanded, commands: list[dict[str, Any]]) -> None:
    """Put a command file on the main server, as one, and have the gateway connect."""
    from support.sets import UID

    part = commanded.server.tree.root / "CMD" / "part"
    part.write_text(json.dumps(commands, separators=(",", ":")))
    part.rename(part.with_name(f"{UID}_cmd.json"))
    while await commanded.gateway.post("/api/v1/connections", {"server": 1}) is None:
        await asyncio.sleep(0.1)
