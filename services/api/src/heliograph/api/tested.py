"""Tests of servers and planned connections, as REST takes and tells them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from heliograph.api.models import Answer, FindingRow
from heliograph.api.sets import KeyName, Keys, Pem
from heliograph.contract.servertests import PlannedConnection, ServerTestState

MOST_TEXT = 256 * 1024
MOST_KEY = 8 * 1024


class ServerTestBody(BaseModel):
    """What is tried instead of what is in force."""

    model_config = ConfigDict(extra="forbid")

    config: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    """Text of an edited `_config.ini`; a password that reads `***` is the one in force."""
    certificates: Annotated[dict[KeyName, Pem], Field(max_length=4)] = {}
    """Certificates (PEM) by their names in `CERT/`, where they are not in force yet."""
    keys: Keys = {}
    """Private keys (PEM) by the file name that a `KeyFile` has, where they are not kept yet."""


class ServerTestBegun(Answer):
    """A test runs."""

    test: int
    """Its number, for `GET /api/v1/servers/tests/{test}`."""
    detail: str


class HostKeyBody(BaseModel):
    """A server's public key as its administrator gives it."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_KEY, examples=["ssh-ed25519 AAAAC3Nza… root@data"])]
    """A line of `known_hosts`, of `ssh-keyscan` or of a `.pub` file, or a fingerprint."""


class HostKey(Answer):
    """What `HostKey` in `_config.ini` has to say for it."""

    fingerprint: str
    type: str = ""
    """E.g. `ssh-ed25519`; empty where only the fingerprint was given."""


class SchedulesBody(BaseModel):
    """Schedules that are being edited."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_TEXT)]
    """Of a `_var.ini`."""
    count: Annotated[int, Field(ge=1, le=100)] = 10


class PlannedList(Answer):
    """The next connections that schedules make, soonest first."""

    time_zone: str
    """In which the schedules are written."""
    connections: tuple[PlannedConnection, ...]
    findings: tuple[FindingRow, ...] = ()
    """About edited schedules; with errors they cannot come in force."""


class ServerTestView:
    """The newest test of a server that told anything."""

    def __init__(self) -> None:
        self.state: ServerTestState | None = None
        self.heard = 0
        """How often something was told."""

    async def take(self, state: ServerTestState) -> None:
        """Take what was told."""
        self.state = state
        self.heard += 1
