"""What is said of commands: local ones, the journal, the scripts, what else changed the plant, restart and reset."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload
from heliograph.contract.records import Value
from heliograph.contract.requests import Asker, CommandText, Outcome


class JournalWay(StrEnum):
    """How a change of the plant, or a question to it, came in: the ways of spec 4.1 and those of the gateway's own."""

    FILE = "file"
    MQTT = "mqtt"
    LOCAL = "local"
    SCRIPT = "script"
    """`wd.set` of a script."""
    FORWARDED = "forwarded"
    """Another master, through a forwarded port."""
    FALLBACK = "fallback"
    """The collector itself: a set point's lifetime ended."""


class JournalResult(StrEnum):
    """What came of an entry of the journal."""

    DONE = "done"
    FAILED = "failed"
    RUNNING = "running"


class ExecuteRequest(Payload):
    """Execute a text of the way `local`, and wait for it so long; asked again with the same identity it runs once."""

    text: CommandText
    wait_seconds: Annotated[float, Field(ge=0, le=60)] = 30


class ExecuteAnswer(Outcome):
    """What came of a local text: its results, or that it is still running."""

    finished: bool = False
    text: str = ""
    """The results as of spec 4.1, when finished."""


class JournalRequest(Payload):
    """A page of the journal, newest first; empty filters let everything pass."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    before: int | None = None
    """Only entries with a smaller number than this."""
    way: JournalWay | None = None
    text: str | None = None
    """Identity of a command text: its commands alone."""
    name: Annotated[str, Field(max_length=200)] = ""
    """Only those with this in `name`, whatever the case."""
    devices: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """Only those whose parameter `device` is one of these: the name and the index of one device."""
    who: Annotated[str, Field(max_length=200)] = ""
    """Only those with this in `origin` or `caller`, whatever the case."""
    words: Annotated[str, Field(max_length=200)] = ""
    """Only those with this in any of their texts, whatever the case."""
    outcome: JournalResult | None = None
    """Only those of which this came."""


class JournalEntry(Payload):
    """One command, or one change of the plant (spec 4.1)."""

    number: int
    text: str
    """Identity of the command text it came in; for what is no command, of the change."""
    position: int = 0
    """From 0 within the text."""
    way: JournalWay
    origin: str
    """For people: the file's name, the topic, the client's address, the script, the forwarded port."""
    caller: str = ""
    """`callerId`, as given."""
    name: str
    """`rpcName`; for what is no command, `writeVariable`."""
    parameters: str = "{}"
    """JSON, without secrets, shortened where it is long."""
    started: Milliseconds
    ended: Milliseconds | None = None
    """None while it runs."""
    result: str | None = None
    """JSON, shortened where it is long."""
    error: str | None = None


class JournalPage(Outcome):
    """Entries of the journal, newest first."""

    entries: tuple[JournalEntry, ...] = ()


class PlantChange(Payload):
    """A write that no command asked for: of another master, or of the collector itself. It goes into the journal."""

    version: Literal[1] = 1
    identity: str
    """Made once by the collector; a reader takes each identity once."""
    way: JournalWay
    origin: str
    """For people: the client's address and port, or the script whose set point lapsed."""
    time: Milliseconds
    device: DeviceKey | None = None
    device_name: str = ""
    variable: str = ""
    """Index of the variable in its definition; empty where the registers belong to none."""
    variable_name: str = ""
    raw: Value = None
    text: str = ""
    """For people: what was written, where it is no variable (unit, table, addresses, values)."""
    error: str = ""
    """Why it failed or was refused; empty when it was done."""


class ScriptAction(StrEnum):
    """What may be done to a script."""

    START = "start"
    """Begin now, also out of the wait after a failure; forgotten at the next restart."""
    STOP = "stop"
    """End now; it begins again at the next restart."""
    ENABLE = "enable"
    DISABLE = "disable"
    """Never run until enabled; kept through restarts and revisions."""


class ScriptRequest(Payload):
    """Start, stop, enable or disable a script."""

    script: str
    """File name without `.lua`."""
    action: ScriptAction
    origin: Asker


class ScriptLogRequest(Payload):
    """The newest lines of a script's log."""

    script: str
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
    before: int | None = None
    """Only lines with a smaller number than this."""


class ScriptLine(Payload):
    """One line: of `wd.log`, or of what became of the script."""

    number: int
    time: Milliseconds
    level: Literal["info", "warning", "error"] = "info"
    text: str


class ScriptLogPage(Outcome):
    """Lines of a script's log, newest first."""

    lines: tuple[ScriptLine, ...] = ()


class FactoryRequest(Payload):
    """Delete configuration and collected data (spec 1.7, `factory`); `confirm` is the uid."""

    confirm: str
    origin: Asker


class RestartNotice(Payload):
    """All services are to end in order, and whoever supervises them starts them again."""

    version: Literal[1] = 1
    time: Milliseconds
    reason: str
    factory: bool = False
    """Each service deletes what it keeps before it begins again."""
