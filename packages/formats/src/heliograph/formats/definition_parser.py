"""Reads definition files: the first line, every variable, then what the variables say of one another (spec 2.2)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from heliograph.formats import cells
from heliograph.formats.definition import Definition, Protocol, Variable
from heliograph.formats.findings import Finding
from heliograph.formats.not_implemented import is_sunspec_file
from heliograph.formats.report import Field, Report, quote
from heliograph.formats.scale_factors import linked
from heliograph.formats.text import Line, read_text
from heliograph.formats.variable_parser import Names, read_variable

VARIABLES_LIMIT = 10_000
HEADER = ("Protocol", "Category", "Manufacturer", "Model", "forced write code")
FORCED_WRITES = {"": None, "0": None, "1": None, "5": 5, "6": 6, "15": 15, "16": 16}
PROTOCOLS = {protocol.casefold(): protocol for protocol in Protocol}


@dataclass(frozen=True, slots=True)
class DefinitionReading:
    """What could be read, also of a file with errors: for the checks across files."""

    report: Report
    definition: Definition | None
    """None if not even its protocol is known."""


def parse_definition(content: bytes, file: str) -> tuple[Definition | None, list[Finding]]:
    """Read a definition file; the definition is None if there are errors. `file` may be a path of the set."""
    reading = read_definition(content, file)
    return (None if reading.report.rejected else reading.definition), reading.report.findings()


def read_definition(content: bytes, file: str) -> DefinitionReading:
    """Read as much of a definition file as can be."""
    report = Report(file)
    text = read_text(content, report, cells.field_start)
    lines = list(islice((line for line in text.lines if _is_filled(line)), VARIABLES_LIMIT + 2)) if text else []
    if not lines:
        if not report.rejected:
            report.error(1, 1, f"the file is empty; it begins with {';'.join(HEADER[:4])}")
        return DefinitionReading(report, None)
    header = _header(lines[0], report)
    protocol = _protocol(header[0], report)
    if protocol is None and cells.SEPARATOR not in lines[0].text:
        return DefinitionReading(report, None)
    forced_write = _forced_write(header[4], report)
    variables = _variables(lines[1:], protocol, report)
    if protocol is None:
        return DefinitionReading(report, None)
    name = file.rpartition("/")[2]
    definition = Definition(
        file=name,
        protocol=protocol,
        written_protocol=header[0].text,
        category=header[1].text,
        manufacturer=header[2].text,
        model=header[3].text,
        forced_write=forced_write,
        variables=tuple(_marked(variables)) if is_sunspec_file(name) else variables,
        digest=hashlib.sha256(content).hexdigest(),
    )
    return DefinitionReading(report, definition)


def _is_filled(line: Line) -> bool:
    """Tell a line from a blank one, for which a spreadsheet writes nothing but separators."""
    return line.readable and not cells.is_blank(line.text)


def _header(line: Line, report: Report) -> list[Field]:
    """Return the fields of the first line, empty ones for those that are not there."""
    fields = cells.without_trailing_blanks(cells.split(line.text, line.number))
    if len(fields) > len(HEADER):
        report.note(fields[len(HEADER)], f"the first line has {len(HEADER)} fields; what follows has no effect")
    return fields + [Field(line.number, 1, "")] * len(HEADER)


def _protocol(place: Field, report: Report) -> Protocol | None:
    first = place.text.partition(",")[0].casefold()
    if first in PROTOCOLS and "," in place.text:
        report.wrong(place, "the fields are separated by , here; they must be separated by ;")
        return None
    if first not in PROTOCOLS:
        hint = report.nearest(place.text, Protocol)
        report.wrong(place, f"{quote(place.text)} is no protocol: {', '.join(Protocol)}{hint}")
    return PROTOCOLS.get(first)


def _forced_write(place: Field, report: Report) -> int | None:
    if place.text not in FORCED_WRITES:
        report.wrong(place, f"{quote(place.text)} is no function code to write with: 5, 6, 15, 16, or nothing")
    return FORCED_WRITES.get(place.text)


def _variables(lines: list[Line], protocol: Protocol | None, report: Report) -> tuple[Variable, ...]:
    names = Names()
    placed = [
        read_variable(cells.split(line.text, line.number), protocol, names, report)
        for line in lines[:VARIABLES_LIMIT]
        if not report.is_full
    ]
    for line in lines[VARIABLES_LIMIT : VARIABLES_LIMIT + 1]:
        report.error(line.number, 1, f"the file has more than {VARIABLES_LIMIT} variables")
    return tuple(linked(placed, report))


def _marked(variables: tuple[Variable, ...]) -> Iterator[Variable]:
    """Give the variables of a file made by SunSpec detection: they know a pattern for 'not implemented'."""
    for variable in variables:
        point = variable.point and replace(variable.point, is_sunspec=True)
        yield replace(variable, point=point)
