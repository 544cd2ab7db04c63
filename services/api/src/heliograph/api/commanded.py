"""What the REST API says and takes of commands, the journal and set points: models at its border (spec 4.1)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from heliograph.api.models import Answer
from heliograph.contract import CommandSummary, DeviceKey, JournalWay
from heliograph.contract.identifiers import Milliseconds
from heliograph.contract.records import Value


class CommandBody(BaseModel):
    """One command as it is sent. The text is judged by the reader of command files, which names line and column."""

    model_config = ConfigDict(extra="forbid")

    rpcName: Annotated[str, Field(examples=["sunpm.writeVariable"])]  # noqa: N815  # the field's name in spec 4.1
    """`<script>.<function>`; `sunpm` has the built-in ones."""
    parameters: dict[str, Any] | None = None
    callerId: str | None = None  # noqa: N815  # the field's name in spec 4.1
    """Free text, echoed with the result."""
    expires: int | None = None
    """Milliseconds since 1970: a command that begins later is answered with an error."""


class ResultRow(Answer):
    """What came of one command: a result or an error, never both. The absent one is left out."""

    result: Any = None
    error: str | None = None
    callerId: str | None = None  # noqa: N815  # the field's name in spec 4.1


class CommandsDone(Answer):
    """The results of a text, in the order of its commands."""

    identity: str
    """Of the text: ask for it again at `GET /api/v1/commands/{identity}`."""
    finished: Literal[True] = True
    results: tuple[ResultRow, ...]


class CommandsRunning(Answer):
    """The text is still running; its commands go on."""

    identity: str
    finished: Literal[False] = False
    detail: str


class EntryRow(Answer):
    """One command of the journal, or one change of the plant that no command asked for."""

    number: int
    identity: str
    """Of the text it came in."""
    position: int
    """From 0 within the text."""
    way: JournalWay
    origin: str
    """The file's name, the topic, the client's address, the script, the forwarded port."""
    callerId: str | None = None  # noqa: N815  # the field's name in spec 4.1
    name: str
    parameters: Any = None
    """Without secrets; as a text where it was shortened."""
    started: Milliseconds
    ended: Milliseconds | None = None
    """`null` while it runs."""
    seconds: float | None = None
    """How long it took."""
    result: Any = None
    """As a text where it was shortened."""
    error: str | None = None


class EntryList(Answer):
    """Entries of the journal, newest first; the last 10,000 commands are kept."""

    entries: tuple[EntryRow, ...]
    before: int | None = None
    """Give this as `before` for the next page; `null` on the last one."""
    next: str | None = None
    """Address of the next page, as in the header `Link`; `null` on the last one."""


class CommandsNow(Answer):
    """One text as the journal has it: its commands in order, as far as they were begun."""

    identity: str
    finished: bool
    commands: tuple[EntryRow, ...]


class CommandTable(Answer):
    """The built-in commands and what each takes."""

    commands: tuple[CommandSummary, ...]


class SetPoint(Answer):
    """A value with a lifetime that the collector keeps; engineering values where known (spec 4.3, `wd.set`)."""

    device: DeviceKey
    device_name: str
    variable: str
    """Index of the variable in its definition."""
    variable_name: str
    unit: str
    value: Value = None
    raw: Value = None
    fallback: Value = None
    """Written by the gateway itself unless a newer value comes in time."""
    fallback_raw: Value = None
    until: Milliseconds
    seconds_left: float
    caller: str
    lapsed: bool
    """The lifetime ended: the fallback is in force, or being tried."""
    cause: str
    """Why the fallback could not be written yet."""


class SetPointList(Answer):
    """The set points in force, those that lapsed first."""

    set_points: tuple[SetPoint, ...]
