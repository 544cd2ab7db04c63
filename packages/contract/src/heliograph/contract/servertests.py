"""A server tried out step by step without touching what is in force, and the connections that schedules will make."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import Milliseconds, Payload
from heliograph.contract.requests import Outcome


class ServerTestRequest(Payload):
    """Try every step of a connection to a server: its settings in force, or those of an edited `_config.ini`."""

    server: Literal[1, 2]
    config: Annotated[str, Field(max_length=256 * 1024)] | None = None
    """Text of a `_config.ini`; a password that reads `***` is the one in force. None: what is in force."""
    certificates: Annotated[dict[str, str], Field(max_length=4)] = {}
    """Texts by file name: of `CERT`, where they are not in force yet."""
    keys: Annotated[dict[str, str], Field(max_length=4, repr=False)] = {}
    """As in `EditRequest`."""


class ServerTestAnswer(Outcome):
    """A test began: `error` is empty, and it has a number."""

    test: int | None = None


class StopServerTest(Payload):
    """End a test."""

    test: int


class StepState(StrEnum):
    """How one step of a test is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not tried, because a step before it failed or the test was ended."""


class TestStep(Payload):
    """One step of a connection: its name looked up, its port, TLS or host key, login, each directory and right."""

    __test__ = False  # no test of pytest's
    name: str
    """For people, e.g. `Write to /DATA`."""
    state: StepState = StepState.WAITING
    text: str = ""
    """What was found, or what is wrong and what to do; no secrets."""
    seconds: float | None = None


class ServerTestState(Outcome):
    """How a test of a server is doing. Also what is told at each step."""

    test: int | None = None
    """None: none was made since sync began."""
    server: Literal[1, 2] = 1
    address: str = ""
    begun: Milliseconds | None = None
    ended: Milliseconds | None = None
    stopped: bool = False
    steps: tuple[TestStep, ...] = ()


class ServerTestQuery(Payload):
    """Ask for a test; None is the newest."""

    test: int | None = None


class SchedulesRequest(Payload):
    """Ask when the next connections are made: by the schedules in force, or by those of an edited `_var.ini`."""

    text: Annotated[str, Field(max_length=256 * 1024)] | None = None
    """Of a `_var.ini`. None: what is in force."""
    count: Annotated[int, Field(ge=1, le=100)] = 10


class PlannedConnection(Payload):
    """A connection that a schedule will make."""

    server: Literal[1, 2]
    time: Milliseconds
    line: str
    """The line of the schedule that makes it; of a server that has none, the one that stands in for it."""


class SchedulesAnswer(Outcome):
    """The next connections, soonest first."""

    time_zone: str = "UTC"
    connections: tuple[PlannedConnection, ...] = ()
    findings: tuple[str, ...] = ()
    """`file:line:column: error|warning: text`."""
