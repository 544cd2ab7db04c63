"""The blocks of a data file: where the rows of each device lie, and whether their header fits the definition at hand.

The first look at a file (spec 3.1): nothing is copied out of it but the places of its rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from heliograph.formats.datafile import InterfaceKind
from heliograph.formats.dates import is_date
from heliograph.formats.definition import Definition, Protocol, Variable
from heliograph.formats.incoming import check_text, column_of, lines_of
from heliograph.formats.report import Report, quote

_DEVICE = re.compile(r"0|[1-9][0-9]{0,8}")
_HEAD = 200
"""Characters of a line that is not in order, enough to tell a header."""
_COUNT = re.compile(r"[0-9]{1,6}")
_PROTOCOLS = {
    "MODBUS": (Protocol.MODBUS_RTU, Protocol.MODBUS_TCP),
    "IO": (Protocol.IO,),
    "TIC": (Protocol.TIC,),
}


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one device under one header."""

    kind: InterfaceKind
    device: str
    """The number after `DEVICEINDEX`, `IO` or `TIC1`."""
    definition: Definition
    serial_number: str
    """Of a TIC device."""
    parameters: bool
    """Whether the rows are those of a parameter file (spec 3.2)."""
    line: int
    """1-based line of the first row."""
    start: int
    """Offset of the first row in the file, in bytes."""
    end: int

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of a row, in its order."""
        return self.definition.parameters if self.parameters else self.definition.recorded


def find_blocks(
    content: bytes, definitions: Mapping[str, Definition], report: Report, *, parameters: bool
) -> list[Block]:
    """Return the blocks whose header is in order; what is wrong with the others goes to the report."""
    finder = _Finder(definitions, report, parameters=parameters)
    offset = 0
    for line, text, size in lines_of(content):
        finder.look(line, text, offset)
        offset += size
    return finder.finish(offset)


@dataclass(slots=True)
class _Draft:
    """A block whose end is not yet seen."""

    kind: InterfaceKind
    device: str
    line: int
    serial_number: str = ""
    definition: Definition | None = None
    is_indexed: bool = False
    is_good: bool = True
    first_row: tuple[int, int] | None = None
    """Its line and its offset."""


class _Finder:
    """Goes through the lines of a file; `_draft` is the block in which it stands."""

    def __init__(self, definitions: Mapping[str, Definition], report: Report, *, parameters: bool) -> None:
        self._definitions = definitions
        self._report = report
        self._parameters = parameters
        self._draft: _Draft | None = None
        self._blocks: list[Block] = []
        self._warned = False

    def look(self, line: int, text: str, offset: int) -> None:
        """Take one line."""
        if not text:
            return
        is_text = check_text(line, text, self._report)
        fields = text.split(";") if is_text else text[:_HEAD].split(";")
        if fields[0] in _HEADERS:
            self._end(offset)
            self._begin(line, fields, is_text=is_text)
        elif self._draft is None:
            self._stray(line, fields, offset)
        elif self._draft.definition is None and self._draft.is_good:
            self._name_definition(self._draft, line, fields, is_text=is_text)
        else:
            self._inside(self._draft, line, fields, offset, is_text=is_text)

    def finish(self, size: int) -> list[Block]:
        """End the last block and return the good ones."""
        self._end(size)
        if not self._blocks and not self._report.findings():
            self._report.warning(1, 1, "the file holds no rows")
        return self._blocks

    def _begin(self, line: int, fields: list[str], *, is_text: bool) -> None:
        kind, form = _HEADERS[fields[0]]
        device = fields[1] if kind == "MODBUS" and len(fields) > 1 else {"IO": "IO", "TIC": "TIC1"}.get(kind, "")
        self._draft = draft = _Draft(kind, device, line, is_good=is_text)
        if len(fields) != form.count(";") + 1:
            self._reject(draft, line, 1, f"a line of this kind is {form}")
        elif kind == "MODBUS" and not _DEVICE.fullmatch(device):
            self._reject(draft, line, column_of(fields, 1), f"{quote(device)} is no index of a device")
        elif fields[0] == "SNTIC":
            draft.serial_number = fields[1]
        elif kind != "MODBUS":
            self._find_definition(draft, line, fields)

    def _stray(self, line: int, fields: list[str], offset: int) -> None:
        """A line before any header: all up to the next header is left out, and said once."""
        self._report.error(
            line, 1, f"{quote(fields[0])} stands before the header of a device (DEVICEINDEX, TypeIO, SNTIC)"
        )
        self._draft = _Draft("MODBUS", "", line, is_good=False, first_row=(line, offset))

    def _name_definition(self, draft: _Draft, line: int, fields: list[str], *, is_text: bool) -> None:
        """The second line of a header."""
        draft.is_good = is_text
        expected = "TypeTIC;<definition file>" if draft.kind == "TIC" else "<protocol>;<definition file>"
        if len(fields) != 2 or (draft.kind == "TIC" and fields[0] != "TypeTIC"):
            self._reject(draft, line, 1, f"after line {draft.line}, {expected} is expected")
            return
        self._find_definition(draft, line, fields)
        if draft.kind == "MODBUS" and draft.definition is not None:
            self._check_protocol(draft, draft.definition, line, fields[0])

    def _find_definition(self, draft: _Draft, line: int, fields: list[str]) -> None:
        name, column = fields[1], column_of(fields, 1)
        if not name or "/" in name or "\\" in name:
            self._reject(draft, line, column, f"{quote(name)} is no file name of a definition")
            return
        definition = self._definitions.get(name)
        if definition is None:
            self._reject(draft, line, column, f"the definition {quote(name)} is not at hand, or has errors")
        elif definition.protocol not in _PROTOCOLS[draft.kind]:
            reason = f"the definition {quote(name)} at hand is of protocol {definition.protocol}: it is another one"
            self._reject(draft, line, column, reason)
        else:
            draft.definition = definition

    def _check_protocol(self, draft: _Draft, definition: Definition, line: int, written: str) -> None:
        known = {str(protocol).casefold() for protocol in _PROTOCOLS["MODBUS"]}
        if written.strip().casefold() not in known:
            self._reject(draft, line, 1, f"{quote(written)} is no Modbus protocol")
        elif written.strip().casefold() != definition.protocol.casefold():
            at_hand = f"the definition {quote(definition.file)} at hand says {definition.protocol}"
            self._report.warning(line, 1, f"the file says {quote(written)}, {at_hand}")

    def _inside(self, draft: _Draft, line: int, fields: list[str], offset: int, *, is_text: bool) -> None:
        draft.is_good &= is_text
        if is_date(fields[0]):
            if draft.first_row is None:
                draft.first_row = (line, offset)
                self._warn_unchecked(draft, line)
        elif not draft.is_good:
            return
        elif draft.first_row is None and not draft.is_indexed and _COUNT.fullmatch(fields[0]):
            draft.is_indexed = True
            self._check_index_line(draft, line, fields)
        else:
            self._reject(draft, line, 1, f"{quote(fields[0])} is neither a date nor the beginning of a header")

    def _warn_unchecked(self, draft: _Draft, line: int) -> None:
        if draft.is_good and not draft.is_indexed and not self._warned:
            self._warned = True
            self._report.warning(
                line, 1, "no index line: whether the definition at hand is that of the file is unknown"
            )

    def _check_index_line(self, draft: _Draft, line: int, fields: list[str]) -> None:
        definition = draft.definition
        if definition is None:
            return
        variables = definition.parameters if self._parameters else definition.recorded
        expected = [str(len(variables)), *(variable.index for variable in variables)]
        if fields == expected:
            return
        if int(fields[0]) != len(fields) - 1:
            reason = f"the index line announces {int(fields[0])} variables and names {len(fields) - 1}"
            self._reject(draft, line, 1, reason)
            return
        place = next((i for i, pair in enumerate(zip(fields, expected, strict=False)) if i and pair[0] != pair[1]), 0)
        reason = (
            f"the index line does not fit the definition {quote(definition.file)} at hand "
            f"({_difference(fields, expected, place)}): it was changed; read the file with the one it was written under"
        )
        self._reject(draft, line, column_of(fields, place), reason)

    def _reject(self, draft: _Draft, line: int, column: int, reason: str) -> None:
        draft.is_good = False
        self._report.error(line, column, reason)

    def _end(self, offset: int) -> None:
        draft, self._draft = self._draft, None
        if draft is None or not draft.is_good:
            return
        if draft.definition is None:
            self._report.error(draft.line, 1, "the file ends inside the header of a device")
        elif draft.first_row is not None:
            line, start = draft.first_row
            block = Block(
                draft.kind, draft.device, draft.definition, draft.serial_number, self._parameters, line, start, offset
            )
            self._blocks.append(block)


_HEADERS: dict[str, tuple[InterfaceKind, str]] = {
    "DEVICEINDEX": ("MODBUS", "DEVICEINDEX;<index>"),
    "TypeIO": ("IO", "TypeIO;<definition file>"),
    "SNTIC": ("TIC", "SNTIC;<serial number>;<number>"),
}


def _difference(fields: list[str], expected: list[str], place: int) -> str:
    if not place:
        return f"{len(fields) - 1} variables instead of {len(expected) - 1}"
    return f"{quote(fields[place])} instead of {quote(expected[place])}"
