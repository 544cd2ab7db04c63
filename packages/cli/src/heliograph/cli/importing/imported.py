"""What a converter found, and the definition file made of it (spec 2.2). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from heliograph.formats.definition import Protocol, Table
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.findings import Severity

Swap = Literal["", "_W", "_B", "_WB"]
"""The suffix of `Info3`: words reversed, bytes swapped in each word, both."""

INSTANT: Final = 4
ON_DEMAND: Final = 1
LONGEST_NAME: Final = 200
MOST_REGISTERS: Final = 10_000

_SIZES: Final = {"U8": 1, "I8": 1, "U16": 1, "I16": 1, "U32": 2, "I32": 2, "F32": 2, "U64": 4, "I64": 4, "F64": 4}


class Unreadable(Exception):
    """A source that is not what it should be; the text is for people."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a person should know: where in the source, and what was guessed, left out, or is to be checked."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass(frozen=True, slots=True)
class Register:
    """One variable to be."""

    where: str
    """Its place in the source, for notes."""
    name: str
    table: Table
    address: int
    """As sent on the wire."""
    kind: str
    """`U16`, `String`, `Bits`, … without suffix."""
    swap: Swap = ""
    part: int = 0
    """`U8`, `I8`: 0 the high byte, 1 the low; `Bits`: the first bit; `String`: bytes."""
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    action: int = INSTANT
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a source says that its device is reached."""

    host: str = ""
    port: int = 502
    device: str = ""
    """The serial port."""
    baudrate: int = 19200
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1
    unit: int = 1
    period_seconds: int = 600
    timeout_ms: int = 1000

    @property
    def is_serial(self) -> bool:
        """Whether it is on a serial line."""
        return not self.host


@dataclass(frozen=True, slots=True)
class Imported:
    """One device of a source."""

    title: str
    """A name for the file and the device."""
    registers: tuple[Register, ...]
    reach: Reach | None = None
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Notes:
    """Collects notes on the way."""

    found: list[Note] = field(default_factory=list)

    def add(self, where: str, text: str) -> None:
        """Note something."""
        self.found.append(Note(where, text))


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a definition."""

    protocol: Protocol = Protocol.MODBUS_TCP
    category: str = ""
    manufacturer: str = ""
    model: str = ""


def definition_text(imported: Imported, head: Head) -> tuple[str, list[Note]]:
    """Return the definition file of a device, and notes on what was changed for it.

    Names become unique, what cannot stand in the file is taken out of them, Indices are counted from 1. Raises
    `Unreadable` where nothing is left, or where our own parser would find an error.
    """
    notes: list[Note] = []
    lines = [";".join([head.protocol.value, *map(_plain, (head.category, head.manufacturer, head.model))])]
    names: set[str] = set()
    tags: set[str] = set()
    for number, register in enumerate(imported.registers[:MOST_REGISTERS], start=1):
        name = _unique(_plain(register.name) or f"register {register.address}", names)
        if name != register.name.strip():
            notes.append(Note(register.where, f"{register.name!r} is called {name!r}"))
        tag = register.tag if register.tag and register.tag not in tags else ""
        tags.add(tag)
        lines.append(_line(number, register, name, tag))
    if len(lines) == 1:
        raise Unreadable(f"{imported.title}: no register could be taken over")
    text = "\n".join([*lines, ""])
    _, findings = parse_definition(text.encode(), "definition")
    if errors := [finding for finding in findings if finding.severity is Severity.ERROR]:
        raise Unreadable(f"{imported.title}: the definition made of it has an error: {errors[0]}")
    return text, notes


def size_of(kind: str, part: int = 0) -> int:
    """Return how many registers a value takes."""
    return (part + 1) // 2 if kind == "String" else _SIZES.get(kind, 1)


def overlapping(registers: Iterable[Register]) -> list[Note]:
    """Return a note for each value that begins inside another one: mostly an address that is off by one."""
    notes: list[Note] = []
    before: Register | None = None
    for register in sorted(registers, key=lambda r: (r.table, r.address)):
        if register.kind in ("Bits", "U8", "I8") or register.table.is_bits:
            continue
        if before is not None and before.table is register.table:
            end = before.address + size_of(before.kind, before.part)
            if before.address < register.address < end:
                notes.append(Note(register.where, f"{register.name!r} begins inside {before.name!r}; is that right?"))
        before = register
    return notes


def _line(number: int, register: Register, name: str, tag: str) -> str:
    if register.table.is_bits:
        place, kind = str(register.address), ""
    else:
        place = f"{register.address}_{register.part}" if register.kind in ("U8", "I8", "String", "Bits") else ""
        place, kind = place or str(register.address), register.kind
    if kind in _SIZES and kind not in ("U8", "I8"):
        kind += register.swap.replace("W", "") if size_of(kind) == 1 and register.swap == "_WB" else register.swap
    if kind in ("U16_W", "I16_W"):
        kind = kind[:3]
    coefficients = [_number(register.scale, 1.0), _number(register.offset, 0.0)]
    fields = [str(number), str(register.table.value), place, kind, "", name, tag, *coefficients]
    return ";".join([*fields, _plain(register.unit), str(register.action)])


def _number(value: float, default: float) -> str:
    return "" if value == default else repr(float(value)).removesuffix(".0")


def _plain(text: str) -> str:
    """Return a text without what ends a field or a line."""
    kept = "".join(c if c.isprintable() and c != ";" else " " for c in text)
    return " ".join(kept.split())[:LONGEST_NAME].strip()


def _unique(name: str, taken: set[str]) -> str:
    """Return the name, with a number behind it where it is taken; case does not tell two names apart."""
    found, number = name, 2
    while found.casefold() in taken:
        found, number = f"{name} {number}", number + 1
    taken.add(found.casefold())
    return found
