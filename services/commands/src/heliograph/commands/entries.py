"""One entry of the journal: a command or a change of the plant, and how its texts are masked and kept short."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.contract import CommandText, JournalEntry
from heliograph.formats import Command
from heliograph.formats.secrets import HIDDEN, IN_ADDRESS

MAX_NAME: Final = 200
MAX_PARAMETERS: Final = 1000
MAX_ERROR: Final = 1000
MAX_RESULT: Final = 2000
"""Of a text that was let go; until then its results are kept whole, for it may be asked for them again."""
PAGE_LETTERS: Final = 400_000
"""Letters of a page's long texts: a full page fits a message of the bus."""
CUT: Final = "… (shortened)"

_SECRET = re.compile(r"(?i)pass|pwd|secret|token|api_?key")


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: the text it came in and its place there, when it ran, and its answer once it is known."""

    text: str
    """Identity of the command text, or of the change."""
    position: int
    """From 0 within the text."""
    way: str
    origin: str
    name: str
    started: int
    """Milliseconds since 1970."""
    caller_id: str | None = None
    ended: int | None = None
    result: str | None = None
    """JSON."""
    error: str | None = None
    number: int | None = None
    """In the journal; None before it is numbered."""
    parameters: str = "{}"
    """JSON, as `written_parameters` gives it."""

    @property
    def is_done(self) -> bool:
        """Whether its answer is known."""
        return self.ended is not None


def entry_of(text: CommandText, position: int, command: Command, now: int) -> Entry:
    """Return the entry of a command that is about to be looked at."""
    return Entry(
        text=text.identity,
        position=position,
        way=text.way,
        origin=cut(text.origin, MAX_NAME),
        name=cut(command.name, MAX_NAME),
        caller_id=None if command.caller_id is None else cut(command.caller_id, MAX_NAME),
        started=now,
        parameters=written_parameters(command.parameters),
    )


def payload_of(entry: Entry, most: int = MAX_RESULT) -> JournalEntry:
    """Return an entry as others see it, its long texts cut to so many letters."""
    return JournalEntry.model_validate({
        "number": entry.number or 0,
        "text": entry.text,
        "position": entry.position,
        "way": entry.way,
        "origin": entry.origin,
        "caller": entry.caller_id or "",
        "name": entry.name,
        "parameters": shortened(entry.parameters, most),
        "started": entry.started,
        "ended": entry.ended,
        "result": None if entry.result is None else shortened(entry.result, most),
        "error": None if entry.error is None else cut(entry.error, most),
    })  # fmt: skip


def written_parameters(parameters: Mapping[str, Any]) -> str:
    """Write parameters down, without secrets."""
    return shortened(json_text(masked(dict(parameters))), MAX_PARAMETERS)


def is_secret(name: str) -> bool:
    """Whether a parameter of this name holds what nobody is to read."""
    return _SECRET.search(name) is not None


def masked(value: Any) -> Any:
    """The value with `***` in the place of secrets: by their names, and in addresses."""
    if isinstance(value, dict):
        return {name: HIDDEN if is_secret(str(name)) else masked(member) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(member) for member in value]
    return IN_ADDRESS.sub(rf"\g<1>{HIDDEN}@", value) if isinstance(value, str) else value


def json_text(value: Any) -> str:
    """Return JSON in UTF-8's letters; what is no number becomes `null`. Raises `TypeError`, `ValueError`."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        plain = json.loads(json.dumps(value), parse_constant=lambda _: None)
        text = json.dumps(plain, ensure_ascii=False)
    return storable(text)


def shortened(text: str, most: int) -> str:
    """Return JSON that is short: where it is long, a JSON text that holds its beginning."""
    return text if len(text) <= most else json.dumps(text[:most] + CUT, ensure_ascii=False)


def is_shortened(text: str) -> bool:
    """Whether `shortened` had to shorten."""
    return text.endswith(f'{CUT}"')


def cut(text: str, most: int) -> str:
    """Return a text that is not too long and can be stored."""
    return storable(text if len(text) <= most else f"{text[: most - 1]}…")


def storable(text: str) -> str:
    """Return a text that is UTF-8: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode()
