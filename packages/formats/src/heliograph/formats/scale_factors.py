"""`Info4`: which variable of a definition holds the decimal scale factor of another (spec 2.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from heliograph.formats.definition import Kind, Variable
from heliograph.formats.report import Field, Report, quote
from heliograph.formats.variable_parser import Placed

INTEGERS = {Kind.U8, Kind.I8, Kind.U16, Kind.I16, Kind.U32, Kind.I32, Kind.U64, Kind.I64}


def linked(placed: list[Placed], report: Report) -> Iterator[Variable]:
    """Yield the variables without errors, with the names of their scale factors; report those that can't be."""
    by_name = {entry.name: entry for entry in placed}
    for entry in placed:
        target = _target(entry.scale_factor, by_name, report)
        if target:
            _check(entry, target, report)
        if entry.variable:
            yield replace(entry.variable, scale_factor=target.name) if target else entry.variable


def _target(place: Field | None, by_name: Mapping[str, Placed], report: Report) -> Placed | None:
    """Return what a field refers to. Blanks at the ends of a name belong to it, those of the field may not."""
    if place is None or not place.text:
        return None
    target = by_name.get(place.raw) or by_name.get(place.text)
    if target is None:
        hint = report.nearest(place.text, by_name)
        report.wrong(place, f"Info4: no variable of this file is named exactly {quote(place.text)}{hint}")
    return target


def _check(entry: Placed, target: Placed, report: Report) -> None:
    """Check a scale factor; of a line with errors of its own nothing more is said."""
    place, variable = entry.scale_factor, target.variable
    if place is None or variable is None or variable.point is None:
        return
    name = quote(target.name)
    if variable.point.kind not in INTEGERS:
        report.wrong(place, f"Info4: {name} is no integer ({variable.point.kind}), so it is no scale factor")
    elif target.scale_factor and target.scale_factor.text:
        report.wrong(place, f"Info4: {name} has a scale factor itself")
    if entry.variable and entry.variable.is_recorded and not variable.is_instant:
        report.note(place, f"Info4: {name} is not recorded beside what it scales; give it the action 4")
