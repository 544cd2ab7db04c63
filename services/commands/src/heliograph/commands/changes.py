"""What changed the plant without a command, as entries of the journal: other masters, lapsed set points, scripts."""

import uuid
from typing import Any

from heliograph.commands.entries import MAX_ERROR, MAX_NAME, Entry, cut, json_text, written_parameters
from heliograph.commands.journal import Journal
from heliograph.contract import JournalWay, PlantChange

WRITE = "writeVariable"


class Changes:
    """Takes the collector's changes off the bus: each once, let go when the journal has it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def take(self, changes: list[PlantChange]) -> None:
        """Take them down. Raises `JournalUnavailable`: they stay on the bus."""
        await self._journal.note_changes([entry_of_change(change) for change in changes])


def entry_of_change(change: PlantChange) -> Entry:
    """Return the entry of a change that the collector tells."""
    what = {
        "device": change.device_name or change.device,
        "variable": change.variable_name or change.variable,
        "raw": change.raw,
        "text": change.text,
    }
    return Entry(
        text=cut(change.identity, MAX_NAME),
        position=0,
        way=change.way,
        origin=cut(change.origin, MAX_NAME),
        name=WRITE,
        started=change.time,
        ended=change.time,
        result=None if change.error else json_text("OK"),
        error=cut(change.error, MAX_ERROR) or None,
        parameters=written_parameters({name: value for name, value in what.items() if value not in (None, "")}),
    )


def entry_of_script(
    script: str, parameters: dict[str, Any], started: int, ended: int, *, result: Any = None, error: str = ""
) -> Entry:
    """Return the entry of a write by a script; times in milliseconds since 1970."""
    return Entry(
        text=f"script-{uuid.uuid4().hex}",
        position=0,
        way=JournalWay.SCRIPT,
        origin=cut(script, MAX_NAME),
        name=WRITE,
        started=started,
        ended=max(started, ended),
        result=None if error else json_text(result),
        error=cut(error, MAX_ERROR) or None,
        parameters=written_parameters(parameters),
    )
