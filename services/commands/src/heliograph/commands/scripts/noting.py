"""What the journal is told of a script's writes."""

import json
import uuid

from heliograph.commands.journal import Entry
from heliograph.commands.scripts.setting import Change
from heliograph.contract import JournalWay


def entry_of_change(change: Change) -> Entry:
    """Return the entry of a write that changed something, or failed."""
    return Entry(
        text=f"script-{uuid.uuid4().hex}",
        position=0,
        way=JournalWay.SCRIPT,
        origin=change.script,
        name="writeVariable",
        started=change.started,
        ended=change.ended,
        result=None if change.error else json.dumps({"raw": change.raw}),
        error=change.error,
    )
