"""Writes `_var.ini`: anew, or over one that stands so that all else in it stays byte for byte (spec 1.8)."""

from heliograph.formats.draft import Draft, draft_of
from heliograph.formats.ini import Numbered, numbered
from heliograph.formats.report import Report
from heliograph.formats.schedule import ScheduleLine, Schedules
from heliograph.formats.schedule_parser import SERVERS, parse_schedules


def write_schedules(schedules: Schedules, base: bytes = b"") -> bytes:
    """Return a file that reads as `schedules`: `base` with the lines that differ changed, new ones after them.

    Raises `ValueError` if `base` has errors, or if a line could not be read back.
    """
    before, _ = parse_schedules(base, "")
    if before is None:
        raise ValueError("the file that is to be rewritten has errors")
    draft = draft_of(base)
    variables = list(numbered(draft.text, Report(""), SERVERS))
    for name, old, new in zip(SERVERS, _lists(before), _lists(schedules), strict=True):
        _rewrite(draft, name, [variable for variable in variables if variable.name == name], old, new)
    content = draft.encode()
    if parse_schedules(content, "")[0] != schedules:
        raise ValueError("a schedule can't stand in a _var.ini: an Id twice, or a value out of its range")
    return content


def _lists(schedules: Schedules) -> tuple[tuple[ScheduleLine, ...], tuple[ScheduleLine, ...]]:
    return schedules.server1, schedules.server2


def _rewrite(
    draft: Draft, name: str, places: list[Numbered], old: tuple[ScheduleLine, ...], new: tuple[ScheduleLine, ...]
) -> None:
    for place, before, after in zip(places, old, new, strict=False):
        if before != after:
            draft.replaced[place.value.line] = f"{name}[{place.number}]={_text(after)}"
    draft.removed |= {place.value.line for place in places[len(new) :]}
    first = max((place.number for place in places), default=-1) + 1
    draft.added[draft.last] += [f"{name}[{n}]={_text(line)}" for n, line in enumerate(new[len(old) :], first)]


def _text(line: ScheduleLine) -> str:
    return f"{line.id}|{line.type}|{line.start:%H:%M:%S}|{line.interval_minutes}|{line.count}"
