"""What the process of a test is told: the server, what opens it, what is known of it. JSON on its standard input."""

import base64
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from heliograph.formats.config import Directory, FileServer, MqttServer, Server, ServerMode, ServerType
from heliograph.sync.remote.store import Access

STEP_SECONDS: Final = 15.0
"""Limit of each question to the server, where its own is no shorter."""


@dataclass(frozen=True, slots=True)
class Job:
    """One test of one server."""

    server: Server
    access: Access
    uid: str
    prefixes: tuple[str, ...] = ()
    """What the names of the gateway's configuration files begin with."""
    pinned: str = ""
    """The host key that is pinned for the address, by the first connection to it."""
    is_busy: bool = False
    """The gateway is connected to this server while it is tested."""


def encode(job: Job) -> bytes:
    """Return a job as it is handed over: it holds secrets, and goes through a pipe alone."""
    access = {name: _packed(value) for name, value in asdict(job.access).items()}
    kind = "mqtt" if isinstance(job.server, MqttServer) else "file"
    return json.dumps({**asdict(job), "access": access, "kind": kind}).encode()


def decode(data: bytes) -> Job:
    """Read a job, its time limits cut to those of a test."""
    found = json.loads(data)
    server = _mqtt(found["server"]) if found.pop("kind") == "mqtt" else _files(found["server"])
    access = found["access"]
    resolved = Access(
        password=access["password"], private_key=_unpacked(access["private_key"]),
        authorities=_unpacked(access["authorities"]), certificate=_unpacked(access["certificate"]),
    )  # fmt: skip
    return Job(**{**found, "server": server, "access": resolved, "prefixes": tuple(found["prefixes"])})


def _files(found: dict[str, Any]) -> FileServer:
    directories = {Directory(name): path for name, path in found["directories"].items()}
    kinds = {"type": ServerType(found["type"]), "mode": ServerMode(found["mode"])}
    server = FileServer(**{**found, **kinds, "directories": directories})
    return replace(server, timeout_seconds=min(server.timeout_seconds, STEP_SECONDS))


def _mqtt(found: dict[str, Any]) -> MqttServer:
    return MqttServer(**{**found, "type": ServerType(found["type"]), "mode": ServerMode(found["mode"])})


def _packed(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _unpacked(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
