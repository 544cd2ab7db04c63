"""Which entries of the journal a person looks for: the same filters for the disk and for what waits. Pure."""

import json
from typing import Any, Final

from heliograph.commands.entries import Entry
from heliograph.contract import JournalRequest, JournalResult

FOLDED: Final = "folded"
"""The name of `folded` in SQL, which folds English letters alone. Called once a row: a search holds the file."""
_WORDS: Final = ("name", "parameters", "result", "error", "origin", "caller_id")
_ASKER: Final = ("origin", "caller_id")
_DEVICE: Final = "CASE WHEN json_valid(parameters) THEN CAST(json_extract(parameters, '$.device') AS TEXT) END"
_RESULTS: Final = {
    JournalResult.DONE: "ended IS NOT NULL AND error IS NULL",
    JournalResult.FAILED: "error IS NOT NULL",
    JournalResult.RUNNING: "ended IS NULL",
}


def conditions(asked: JournalRequest) -> tuple[str, list[object]]:
    """The condition of SQL on a row, and its values."""
    given: list[tuple[str, list[object]]] = [
        ("number < ?", [asked.before] if asked.before is not None else []),
        ("way = ?", [asked.way] if asked.way else []),
        ("text = ?", [asked.text] if asked.text is not None else []),
        (_has(("name",)), _folded(asked.name)),
        (f"{_DEVICE} IN ({', '.join('?' for _ in asked.devices)})", [*asked.devices]),
        (_has(_ASKER), _folded(asked.who)),
        (_has(_WORDS), _folded(asked.words)),
    ]
    wheres = [f"({where})" for where, values in given if values]
    if asked.outcome is not None:
        wheres.append(f"({_RESULTS[asked.outcome]})")
    return " AND ".join(wheres) or "TRUE", [value for _, values in given for value in values]


def passes(entry: Entry, asked: JournalRequest) -> bool:
    """Whether an entry that is not on the disk yet is looked for."""
    return (
        (asked.before is None or (entry.number or 0) < asked.before)
        and asked.way in (None, entry.way)
        and asked.text in (None, entry.text)
        and _is_in(asked.name, entry, ("name",))
        and (not asked.devices or _device(entry.parameters) in asked.devices)
        and _is_in(asked.who, entry, _ASKER)
        and _is_in(asked.words, entry, _WORDS)
        and asked.outcome in (None, _outcome(entry))
    )


def folded(*texts: str | None) -> str:
    """Texts in one, whatever the case."""
    return "\n".join(text or "" for text in texts).casefold()


def _has(columns: tuple[str, ...]) -> str:
    return f"instr({FOLDED}({', '.join(columns)}), ?)"


def _folded(text: str) -> list[object]:
    return [folded(text)] if text else []


def _is_in(text: str, entry: Entry, fields: tuple[str, ...]) -> bool:
    return folded(text) in folded(*(getattr(entry, field) for field in fields))


def _device(parameters: str) -> str | None:
    found: Any = json.loads(parameters)
    device = found.get("device") if isinstance(found, dict) else None
    return None if device is None else str(device)


def _outcome(entry: Entry) -> JournalResult:
    if entry.error is not None:
        return JournalResult.FAILED
    return JournalResult.RUNNING if entry.ended is None else JournalResult.DONE
