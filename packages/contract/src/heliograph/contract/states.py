"""How each service says it is doing, and the status document made of these states (spec 4.2, `status`)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.bundles import BundleState
from heliograph.contract.configuration import ServerSummary
from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload
from heliograph.contract.recorded import KeptRecords
from heliograph.contract.records import Value
from heliograph.contract.requests import Connection, TraceInterface


class DeviceCondition(StrEnum):
    """How a device is doing (spec 2.3)."""

    STARTING = "starting"
    """Not yet asked, or not yet answered, since the start."""
    ANSWERING = "answering"
    RESTING = "resting"
    """Lost: silent, probed at growing intervals."""
    ASLEEP = "asleep"
    """Silent where silence is expected (`sleeps=1`)."""
    ABSENT = "absent"
    """The host has nothing behind it (a serial port or input that is not there)."""


class RefusedVariable(Payload):
    """A variable that the device refuses by itself: missing in its records, and seldom asked again (spec 2.3)."""

    variable: str
    """Index of the variable in its definition."""
    name: str
    code: int
    """Of the Modbus exception: 1, 2 or 3."""


class DevicePlan(Payload):
    """How a device is read: one poll of everything that is recorded (spec 2.3)."""

    requests: int = 0
    registers: int = 0
    bits: int = 0
    bytes: int = 0
    """Of requests and answers, with their frames."""
    values: int = 0
    least_seconds: float = 0.0
    """What it takes when nothing goes wrong, with every silence and the device's turnaround."""
    turnaround_seconds: float | None = None
    """What the device needs to begin its answer, as measured; None before."""
    lessons: tuple[str, ...] = ()
    """For people: what the device has taught about how it can be read, ten at most."""
    refused_count: int = 0
    refused: tuple[RefusedVariable, ...] = ()
    """The first twenty of the variables that it refuses."""


class DeviceState(Payload):
    """One device: its condition and what has been counted since the start of the collector."""

    device: DeviceKey
    name: str
    condition: DeviceCondition
    since: Milliseconds
    cause: str = ""
    """For people: why it is in this condition, empty when all is well."""
    last_reading: Milliseconds | None = None
    last_record: Milliseconds | None = None
    requests: int = 0
    readings: int = 0
    records: int = 0
    gaps: int = 0
    """Periods without a record."""
    refused: int = 0
    """Records not stored because the storage was full."""
    errors: dict[str, int] = {}
    """By kind: `timeout`, `crc`, `noise`, `unit`, `function`, `late`, `short`, `exception 2`, `connection` …"""
    plan: DevicePlan | None = None
    """How it is read; None for what is not polled."""


class Forwarding(Payload):
    """The Modbus TCP port through which other masters reach a serial line (`forwardedTcpPort`)."""

    port: int
    clients: int = 0
    """Connected now."""
    requests: int = 0
    """Passed to the line since the port was opened."""
    cause: str = ""
    """Why it is not served; empty when it is."""


class LineState(Payload):
    """One serial line or host:port."""

    name: str
    open: bool
    cause: str = ""
    requests: int = 0
    utilisation: float | None = None
    """Share of the last minute in which the line was busy, 0 to 1."""
    forwarding: Forwarding | None = None
    """None where no port is forwarded to the line."""


class TraceState(Payload):
    """A communication trace that is being written (spec 3.4)."""

    interface: TraceInterface
    until: Milliseconds
    bytes: int = 0


class SetPointState(Payload):
    """A value with a lifetime that the collector keeps (spec 4.3, `wd.set`)."""

    device: DeviceKey
    variable: str
    """Index of the variable in its definition."""
    raw: Value
    fallback: Value
    until: Milliseconds
    caller: str = ""
    lapsed: bool = False
    """Its lifetime ended and no newer value came: the fallback is in force, or being tried."""
    cause: str = ""
    """Why the fallback could not be written yet; empty when it was."""


class CollectorState(Payload):
    """The collector's state."""

    service: Literal["collector"] = "collector"
    time: Milliseconds
    started: Milliseconds
    memory_bytes: int | None = None
    """Resident memory of the service's process."""
    reset: Milliseconds | None = None
    """The last factory reset that this service carried out (`RestartNotice.time`)."""
    revision: int | None = None
    rejected: str = ""
    """Why the newest revision could not be taken; empty when it was."""
    rejected_revision: int | None = None
    """The number of the revision that `rejected` speaks of."""
    devices: tuple[DeviceState, ...] = ()
    lines: tuple[LineState, ...] = ()
    outbox_records: int = 0
    """Records and alarms not yet confirmed by the bus."""
    traces: tuple[TraceState, ...] = ()
    """The communication traces that are being written."""
    set_points: tuple[SetPointState, ...] = ()
    """The values with a lifetime, those that lapsed first."""


class StorageState(Payload):
    """What waits on the gateway's disk for the servers (spec 3.6)."""

    bytes: int = 0
    """Uncompressed size of what waits."""
    limit: int = 0
    records: int = 0
    files: int = 0
    full: bool = False
    full_devices: tuple[str, ...] = ()
    refused: dict[str, int] = {}
    """Records not stored, by device name."""


class ServerState(Payload):
    """One server: what waits for it, its last connection, its next."""

    server: ServerSummary
    connecting: bool = False
    connected: bool = False
    """MQTT: whether the session stands now. File servers are visited and left."""
    waiting_records: int = 0
    waiting_files: int = 0
    last: Connection | None = None
    last_success: Milliseconds | None = None
    next: Milliseconds | None = None
    next_trigger: str = ""
    failures: int = 0
    """Failed connections in a row."""
    problems: tuple[str, ...] = ()
    """For people: missing directories and rights, and the like, as of the last connection."""


class Trial(Payload):
    """A revision in force that changes how a server is reached, until the main server was reached with it (spec 1.7).

    After `tries` failed connections to the main server, or at `until`, the gateway goes back to `back_to`.
    """

    revision: int
    back_to: int
    since: Milliseconds
    until: Milliseconds
    failures: int = 0
    tries: int = 3


class DiskState(Payload):
    """The disk of the gateway's state."""

    total: int
    free: int


class StreamState(Payload):
    """One stream of the bus."""

    name: str
    messages: int
    bytes: int
    limit: int


class SyncState(Payload):
    """The state of sync."""

    service: Literal["sync"] = "sync"
    time: Milliseconds
    started: Milliseconds
    memory_bytes: int | None = None
    reset: Milliseconds | None = None
    """See `CollectorState.reset`."""
    revision: int | None = None
    uid: str = ""
    site: str = ""
    findings: tuple[str, ...] = ()
    """Of the set as last read: `file:line:column: error|warning: text`."""
    rejected: bool = False
    """True while the newest set is refused and an older revision is in force."""
    trial: Trial | None = None
    """While the revision in force is provisional."""
    servers: tuple[ServerState, ...] = ()
    storage: StorageState = StorageState()
    kept: KeptRecords | None = None
    """Records for looking back."""
    disk: DiskState | None = None
    streams: tuple[StreamState, ...] = ()
    """Of the bus, as of the last look."""
    bundle: BundleState | None = None
    """The debug bundle that is being made, or the last one."""


class ScriptCondition(StrEnum):
    """How a script is doing (spec 4.3)."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """It failed and is started again later."""
    STOPPED = "stopped"
    DISABLED = "disabled"


class ScriptState(Payload):
    """One script of `_scl.ini`."""

    name: str
    """File name without `.lua`."""
    label: str = ""
    version: str = ""
    condition: ScriptCondition
    since: Milliseconds
    cause: str = ""
    """Why it is not running, with file and line where there is one; empty when all is well."""
    restarts: int = 0
    calls: int = 0
    """Of its functions since it started: timers, changes, commands."""
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    """Of Lua."""
    functions: tuple[str, ...] = ()
    """What can be called by command as `<script>.<function>`."""


class CommandsState(Payload):
    """The state of commands."""

    service: Literal["commands"] = "commands"
    time: Milliseconds
    started: Milliseconds
    memory_bytes: int | None = None
    reset: Milliseconds | None = None
    """See `CollectorState.reset`."""
    revision: int | None = None
    rejected: str = ""
    """See `CollectorState.rejected`."""
    rejected_revision: int | None = None
    executed: int = 0
    failed: int = 0
    running: str = ""
    scripts: tuple[ScriptState, ...] = ()


class PageCertificate(Payload):
    """What the page and the REST API show under TLS."""

    origin: Literal["generated", "given"]
    fingerprint: str
    """SHA-256 of the certificate: pairs of hexadecimal digits with colons between."""
    expires: Milliseconds
    names: tuple[str, ...] = ()
    """Host names and addresses that it is for."""
    problem: str = ""
    """For people: why it cannot be renewed, or why a newer one was not taken; empty when all is well."""


class ApiState(Payload):
    """The state of the api."""

    service: Literal["api"] = "api"
    time: Milliseconds
    started: Milliseconds
    memory_bytes: int | None = None
    reset: Milliseconds | None = None
    """See `CollectorState.reset`."""
    revision: int | None = None
    rejected: str = ""
    """See `CollectorState.rejected`."""
    rejected_revision: int | None = None
    certificate: PageCertificate | None = None
    """None: without TLS."""
    clock_kept: bool | None = None
    """Whether a time service keeps the gateway's clock; None where its kernel does not tell."""


ServiceState = Annotated[CollectorState | SyncState | CommandsState | ApiState, Field(discriminator="service")]

SILENCE_SECONDS = 15
"""A service whose last state is older than this is shown as not running."""


class ServiceSummary(Payload):
    """One service in the status document."""

    service: str
    running: bool
    started: Milliseconds | None = None
    seen: Milliseconds | None = None


class StatusDocument(Payload):
    """The status of the whole gateway: the answer of `GET /api/v1/status` and of the command `status`."""

    time: Milliseconds
    uid: str = ""
    site: str = ""
    revision: int | None = None
    trial: Trial | None = None
    services: tuple[ServiceSummary, ...] = ()
    devices: tuple[DeviceState, ...] = ()
    lines: tuple[LineState, ...] = ()
    servers: tuple[ServerState, ...] = ()
    storage: StorageState = StorageState()
    kept: KeptRecords | None = None
    """Records for looking back."""
    disk: DiskState | None = None
    streams: tuple[StreamState, ...] = ()
    """Of the bus, as of the last look."""
    certificate: PageCertificate | None = None
    """Of the page; None without TLS."""
    clock_kept: bool | None = None
    """Whether a time service keeps the gateway's clock; None where nobody tells."""
    outbox_records: int = 0
    traces: tuple[TraceState, ...] = ()
    set_points: tuple[SetPointState, ...] = ()
    scripts: tuple[ScriptState, ...] = ()
    findings: tuple[str, ...] = ()
    attention: tuple[str, ...] = ()
    """For people: what needs somebody's hand, the gravest first."""
