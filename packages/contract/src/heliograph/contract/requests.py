"""Questions between services and their answers, commands and their results, and the history of connections."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload
from heliograph.contract.records import Alarm, AlarmSource, Value

Asker = Annotated[str, Field(min_length=1, max_length=100)]
"""Who asks for something that is written down with its origin, for people: `web page: anna`, `REST token grafana`."""
MOST_MESSAGE: Final = 200
Message = Annotated[str, Field(max_length=MOST_MESSAGE)]
"""Why a revision was made, in a line of the person's own; empty where nobody said it."""


class Outcome(Payload):
    """The answer to any request: `error` is empty when it was done, else a text for a person."""

    error: str = ""


class ReadRequest(Payload):
    """Read one variable of one device now, between two polls."""

    device: DeviceKey
    variable: str
    """Index of the variable in the device's definition."""


class WriteRequest(Payload):
    """Write one raw value to one variable of one device between two polls, ahead of them."""

    device: DeviceKey
    variable: str
    raw: int | float | str
    verify: bool = True
    caller: str = ""
    """For people: who asked for it, e.g. `command file WPM00C44F_cmd.json` or `script zero_export`."""
    lifetime_seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """How long the value is good: unless a newer value was written by then, the collector writes `fallback` itself,
    also after a restart and with nobody else there (spec 4.3, `wd.set`)."""
    fallback: int | float | str | None = None
    """Raw; needed with a lifetime."""


class VariableValue(Outcome):
    """What was read, or read back: raw."""

    raw: Value = None
    time: Milliseconds | None = None
    verified: bool = False
    """True when a write was read back and the value is the one written."""


class ParametersRequest(Payload):
    """Read the variables of actions 1, 7 and 9 and record them for the `_P_` file; all devices, or one."""

    device: DeviceKey | None = None


class TraceInterface(StrEnum):
    """What can be traced: a serial line, or every Modbus TCP connection (spec 3.4)."""

    SERIAL1 = "serial1"
    SERIAL2 = "serial2"
    SERIAL3 = "serial3"
    ETHERNET = "ethernet"


class TraceRequest(Payload):
    """Write down what goes over an interface for so many minutes from now; 0 ends it."""

    interface: TraceInterface
    minutes: Annotated[int, Field(ge=0, le=1440)]
    origin: Asker


class Way(StrEnum):
    """The way a command came in (spec 4.1)."""

    FILE = "file"
    MQTT = "mqtt"
    LOCAL = "local"


class CommandText(Payload):
    """The text of a command file or message as it came, taken in once."""

    version: Literal[1] = 1
    identity: str
    way: Way
    time: Milliseconds
    origin: str
    """For people: the file's name or the topic."""
    text: str


class CommandResults(Payload):
    """The results of one command text, as they are to be written (spec 4.1)."""

    version: Literal[1] = 1
    identity: str
    """The identity of the command text."""
    way: Way
    text: str


class TracePart(Payload):
    """A communication trace on its way to the servers, or a part of a long one (spec 3.4)."""

    version: Literal[1] = 1
    identity: str
    interface: TraceInterface
    time: Milliseconds
    """When it was closed."""
    text: str
    """Lines of `formats.tracefile`."""


class ConnectRequest(Payload):
    """Ask for a connection to a server, or to all."""

    server: Literal[1, 2] | None = None


class StopConnection(Payload):
    """End the connection to a server that runs: after the file in flight."""

    server: Literal[1, 2]
    origin: str
    """Who asks, for people."""


class PageRequest(Payload):
    """A page of a history, newest first."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    before: int | None = None
    """Only rows with a smaller number than this."""
    server: Literal[1, 2] | None = None
    failed: bool = False
    """Of connections: only those that failed, or were done in part."""


class Trigger(StrEnum):
    """Why a connection was made (spec 1.5)."""

    SCHEDULE = "schedule"
    ALARM = "alarm"
    REQUEST = "request"
    START = "start"
    RETRY = "retry"
    TRIAL = "trial"
    """A revision that changes how a server is reached is tried out (spec 1.7)."""
    RESULTS = "results"


class ConnectionResult(StrEnum):
    """How a connection ended."""

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    """The server was reached, yet a step failed."""
    FAILED = "failed"
    """The server was not reached, or the link went away."""


class TransferCount(Payload):
    """Files and bytes of one kind in one connection."""

    kind: str
    files: int = 0
    bytes: int = 0


class Connection(Payload):
    """One row of the history of connections (spec 1.6)."""

    number: int
    server: Literal[1, 2]
    trigger: Trigger
    start: Milliseconds
    end: Milliseconds | None = None
    transfers: tuple[TransferCount, ...] = ()
    failures: tuple[str, ...] = ()
    result: ConnectionResult = ConnectionResult.RUNNING


class ConnectionPage(Outcome):
    """Rows of the history of connections, newest first."""

    connections: tuple[Connection, ...] = ()


class NumberedAlarm(Payload):
    """An alarm with its number in the history."""

    number: int
    alarm: Alarm


class AlarmRequest(PageRequest):
    """A page of the alarms, newest first; empty filters let everything pass."""

    device: DeviceKey | None = None
    source: AlarmSource | None = None
    since: Milliseconds | None = None
    until: Milliseconds | None = None
    """Only alarms of this moment or later, and of before this one."""


class AlarmPage(Outcome):
    """Alarms, newest first."""

    alarms: tuple[NumberedAlarm, ...] = ()


class EditRequest(Payload):
    """Change files of the configuration set; what comes of it is one revision or nothing (spec 1.7)."""

    files: dict[str, str | None]
    """New text by path in the set (`CONFIG/…`, `DEF/…`, `SCRIPT/…`, `CERT/…`); None takes a file out of the set.

    In `_config.ini` a password that reads `***` stays as it is.
    """
    origin: Asker
    based_on: int | None = None
    """The revision that was edited: with another one in force the edit is refused. None: edit what is in force."""
    only_check: bool = False
    """Say what would come of it – findings and difference – and change nothing."""
    whole: bool = False
    """`files` is the whole set: what is not in it goes."""
    message: Message = ""
    keys: Annotated[dict[str, str], Field(max_length=4, repr=False)] = {}
    """Private keys by the file name that a `KeyFile` has: kept on the gateway alone, no part of the set, never told."""


class EditAnswer(Outcome):
    """What came of an edit or of a return: `error` is empty when the revision is in force."""

    revision: int | None = None
    provisional: bool = False
    """The revision is on trial."""
    conflict: bool = False
    """Refused because another revision is in force than the one that was edited (`EditRequest.based_on`)."""
    findings: tuple[str, ...] = ()
    """`file:line:column: error|warning: text`."""
    diff: str = ""
    """Of a check: what would change, unified, without secrets."""


class RevisionState(StrEnum):
    """What became of a revision."""

    IN_FORCE = "in force"
    TRIAL = "trial"
    """In force, and provisional."""
    PAST = "past"
    TAKEN_BACK = "taken back"
    """A service rejected it, or its trial failed."""


class RevisionSummary(Payload):
    """One applied configuration set in the history of revisions, of which the last 50 are kept."""

    number: int
    time: Milliseconds
    origin: str
    state: RevisionState
    note: str = ""
    """For people: why it was taken back, what it returned to."""
    message: str = ""
    """Why it was made, in the words of who made it; empty where nobody said it."""
    changed: tuple[str, ...] = ()
    """Paths that differ from the revision before."""


class RevisionPage(Outcome):
    """Revisions, newest first."""

    revisions: tuple[RevisionSummary, ...] = ()


class RevisionRequest(Payload):
    """Ask for one revision; None is the one in force."""

    number: int | None = None
    against: int | None = None
    """The revision that its difference is to be told against; None: the one before it."""


class RevisionDetail(Outcome):
    """One revision whole. Passwords are masked as `***`."""

    summary: RevisionSummary | None = None
    diff: str = ""
    """Unified, against the revision before or the one that was asked for."""
    files: dict[str, str] = {}
    """Text by path in the set."""


class ReturnRequest(Payload):
    """Put an older revision in force again, as a new revision."""

    number: int
    origin: Asker
    message: Message = ""


class BundleRequest(Payload):
    """Ask for a debug bundle: it goes to every file server at the next connection (spec 3.4)."""

    origin: Asker
    send: bool = True
    """False: it is only kept on the gateway, to be downloaded there."""


class BundleAnswer(Outcome):
    """The debug bundle that was made: `error` is empty when it waits for the servers."""

    name: str = ""
    """Of the file, as each server gets it in its `/LOG`."""
    bytes: int = 0
    servers: tuple[Literal[1, 2], ...] = ()
    """Those that get it."""
