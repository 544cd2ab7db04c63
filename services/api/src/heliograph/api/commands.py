"""Commands, their journal and the scripts: asked of the service commands (spec 4.1, 4.3)."""

import asyncio
import json
from typing import Any, Final

from heliograph.api.commanded import (
    CommandsDone,
    CommandsNow,
    CommandsRunning,
    CommandTable,
    EntryList,
    EntryRow,
    ResultRow,
)
from heliograph.api.errors import NotThere, Refused, Silent, Unreadable
from heliograph.api.scripted import ScriptDone, ScriptLog
from heliograph.api.sent import Sent
from heliograph.api.view import View
from heliograph.contract import (
    CommandText,
    ExecuteAnswer,
    ExecuteRequest,
    JournalEntry,
    JournalPage,
    JournalRequest,
    LanguageAnswer,
    LanguageRequest,
    Outcome,
    ScriptAction,
    ScriptLogPage,
    ScriptLogRequest,
    ScriptRequest,
    Way,
)
from heliograph.contract.channels import EXECUTE, JOURNAL, LANGUAGE, SCRIPT, SCRIPT_LOG
from heliograph.formats import CommandError, parse_commands

MARGIN_SECONDS: Final = 10.0
"""The service commands answers so much later than it was told to wait, at the latest."""
SCRIPT_SECONDS: Final = 15.0
MOST_SHOWN: Final = 1000
"""Commands of one text."""
_DONE: Final = {
    ScriptAction.START: "is started",
    ScriptAction.STOP: "is stopped until the next restart, or until it is started",
    ScriptAction.ENABLE: "is enabled",
    ScriptAction.DISABLE: "is disabled until it is enabled",
}


async def counted(body: bytes) -> int:
    """How many commands a text holds. Raises `Unreadable` with line and column where it is no such text."""
    try:
        return len(await asyncio.to_thread(parse_commands, body))
    except CommandError as error:
        raise Unreadable(f"{error}. Nothing was run.") from error


async def execute(
    view: View, body: bytes, identity: str, origin: str, wait_seconds: float
) -> CommandsDone | CommandsRunning:
    """Execute a text that was `counted`, once for its identity. Raises `Refused`, `Oversized`, `Silent`."""
    text = CommandText(
        identity=identity, way=Way.LOCAL, time=view.now(), origin=origin, text=body.decode("utf-8-sig")
    )  # fmt: skip
    try:
        request = ExecuteRequest(text=text, wait_seconds=wait_seconds)
        answer: ExecuteAnswer = await view.ask(EXECUTE, request, wait_seconds + MARGIN_SECONDS)
    except Silent as silence:
        look = f"Whether the commands ran is not known: GET /api/v1/commands/{identity} tells, once it answers."
        raise Silent(f"{silence.detail} {look}") from silence
    if answer.error:
        raise Refused(answer.error)
    if not answer.finished:
        detail = f"Still running after {wait_seconds:g} s; it goes on, and GET /api/v1/commands/{identity} follows it."
        return CommandsRunning(identity=identity, finished=False, detail=detail)
    results = tuple(ResultRow(**result) for result in json.loads(answer.text))
    return CommandsDone(identity=identity, finished=True, results=results)


async def table(view: View) -> CommandTable:
    """The built-in commands; raises `Silent`, `Refused`."""
    answer: LanguageAnswer = await view.ask(LANGUAGE, LanguageRequest())
    if answer.error:
        raise Refused(answer.error)
    return CommandTable(commands=answer.commands)


async def journal(view: View, request: JournalRequest) -> EntryList:
    """A page of the journal; raises `Silent`, `Refused`."""
    page: JournalPage = await view.ask(JOURNAL, request)
    if page.error:
        raise Refused(page.error)
    rows = tuple(_row(entry) for entry in page.entries[: request.limit])
    return EntryList(entries=rows, before=rows[-1].number if len(rows) == request.limit else None)


def references(view: View, index: str | None) -> tuple[str, ...]:
    """How a device may be called in commands, as far as is known: by its index, and by its name of now."""
    if index is None:
        return ()
    return (index, *(device.name for device in view.devices() if device.index == index))


async def text_now(view: View, sent: Sent, identity: str) -> CommandsNow:
    """How far one text is, by its newest commands; raises `NotThere`, `Silent`, `Refused`."""
    known = sent.commands(identity)
    most = min(known or MOST_SHOWN, MOST_SHOWN)  # the fewer are asked for, the less their results are shortened
    page = await journal(view, JournalRequest(text=identity, limit=most))
    if not page.entries and known is None:
        raise NotThere(f"The journal has no command of {identity[:100]!r}; /api/v1/commands lists the newest.")
    is_ended = all(row.ended is not None for row in page.entries)
    is_begun = known is None or len(page.entries) >= min(known, MOST_SHOWN)
    rows = tuple(sorted(page.entries, key=lambda row: row.position))
    return CommandsNow(identity=identity, finished=is_ended and is_begun, commands=rows)


async def act(view: View, name: str, action: ScriptAction, asker: str) -> ScriptDone:
    """Start, stop, enable or disable a script; raises `NotThere`, `Silent`, `Refused`."""
    _require(view, name)
    outcome: Outcome = await view.ask(SCRIPT, ScriptRequest(script=name, action=action, origin=asker), SCRIPT_SECONDS)
    if outcome.error:
        raise Refused(outcome.error)
    return ScriptDone(script=name, action=action, detail=f"Script {name} {_DONE[action]}.")


async def script_log(view: View, request: ScriptLogRequest) -> ScriptLog:
    """Lines of a script's log; raises `NotThere`, `Silent`, `Refused`."""
    _require(view, request.script)
    page: ScriptLogPage = await view.ask(SCRIPT_LOG, request)
    if page.error:
        raise Refused(page.error)
    lines = page.lines[: request.limit]
    return ScriptLog(lines=lines, before=lines[-1].number if len(lines) == request.limit else None)


def _require(view: View, name: str) -> None:
    """Raise `NotThere` where no such script is configured, as far as is known; `Silent` where nothing is known."""
    scripts = view.scripts()
    if scripts is None:
        raise Silent("The service commands does not report now; try again in a moment.")
    if all(script.name != name for script in scripts):
        raise NotThere(f"There is no script {name[:100]!r}; /api/v1/scripts lists those of _scl.ini.")


def _row(entry: JournalEntry) -> EntryRow:
    return EntryRow(
        number=entry.number,
        identity=entry.text,
        position=entry.position,
        way=entry.way,
        origin=entry.origin,
        callerId=entry.caller or None,
        name=entry.name,
        parameters=_json(entry.parameters),
        started=entry.started,
        ended=entry.ended,
        seconds=None if entry.ended is None else max(0, entry.ended - entry.started) / 1000,
        result=None if entry.result is None else _json(entry.result),
        error=entry.error,
    )


def _json(text: str) -> Any:
    """What a JSON text says; the text itself where it was shortened."""
    try:
        return json.loads(text)
    except ValueError:
        return text
