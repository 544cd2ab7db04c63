"""`NAME=value` lines of `_config.ini`, `_var.ini` and `_scl.ini` (spec 1.9), with the place of name and value."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heliograph.formats.report import Field, Report, quote
from heliograph.formats.text import Text

COMMENTS = (";", "#")
NUMBERED_LIMIT = 10_000
"""No gateway has so many schedules or scripts; it bounds the time and memory that a file of them can take."""
INDEXED = re.compile(r"(\w+)\[([0-9]{1,9})\]")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One variable."""

    name: Field
    value: Field


@dataclass(frozen=True, slots=True)
class Numbered:
    """One variable with an index: `NAME[n]=value`."""

    name: str
    number: int
    value: Field


def assignments(text: Text, report: Report) -> Iterator[Assignment]:
    """Yield the variables in their order; a line that is neither a variable nor a comment is a warning, and kept."""
    for line in text.lines:
        if report.is_full:
            return
        if not line.readable or line.is_blank or line.text.startswith(COMMENTS):
            continue
        name, sign, value = line.text.partition("=")
        if not sign or not name.strip():
            report.warning(line.number, 1, "the line is neither NAME=value nor a comment (; or #); it has no effect")
            continue
        yield Assignment(Field(line.number, 1, name), Field(line.number, len(name) + 2, value))


def index_of(name: str) -> tuple[str, int] | None:
    """Return what `NAME[n]` is made of; None where a name has no index."""
    match = INDEXED.fullmatch(name)
    return (match[1], int(match[2])) if match else None


def numbered(text: Text, report: Report, known: Iterable[str]) -> Iterator[Numbered]:
    """Yield the variables `NAME[n]` of known names. A doubled `[n]` is an error at the second place (spec 1.7)."""
    names = tuple(known)
    lines: dict[tuple[str, int], int] = {}
    for assignment in assignments(text, report):
        key = index_of(assignment.name.text)
        if key is None or key[0] not in names:
            report.note(assignment.name, unknown(assignment.name.text, [f"{name}[0]" for name in names], report))
            continue
        if key in lines:
            report.wrong(assignment.name, f"{key[0]}[{key[1]}] stands twice, first on line {lines[key]}")
            continue
        if len(lines) == NUMBERED_LIMIT:
            report.wrong(assignment.name, f"the file has more than {NUMBERED_LIMIT} lines {' or '.join(names)}")
            return
        lines[key] = assignment.name.line
        yield Numbered(*key, assignment.value)


def unknown(name: str, known: Iterable[str], report: Report) -> str:
    """Return what to say of an unknown variable; its value is never quoted, it may be a password."""
    return f"unknown variable {quote(name)}, it has no effect{report.nearest(name, known)}"


def field_start(text: str, position: int) -> int:
    """Return the column where the name or value at a position (from 0) starts; 1 in a comment."""
    equals = text.find("=")
    return equals + 2 if 0 <= equals < position and not text.startswith(COMMENTS) else 1
