"""A register table, as manufacturers print them, as registers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.cli.importing.columns import Role, find_columns
from heliograph.cli.importing.grid import Row
from heliograph.cli.importing.imported import (
    INSTANT,
    ON_DEMAND,
    Imported,
    Notes,
    Register,
    Swap,
    Unreadable,
    overlapping,
    size_of,
)
from heliograph.cli.importing.spellings import (
    is_readable,
    is_writable,
    read_address,
    read_factor,
    read_table,
    read_type,
)
from heliograph.formats.definition import Table

MODICON: Final = 40_001
MOST_NOTES: Final = 200


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person says about a table."""

    columns: Mapping[Role, str] = field(default_factory=dict)
    """The header of each column that is not found by its name."""
    offset: int = 0
    """Subtracted from each address: 40001 where a table counts like that."""
    table: Table = Table.HOLDING_REGISTER
    """Where nothing in the table says it."""
    swap: Swap | None = None
    """For every value of more than one register, where the table does not say it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A table that was understood."""

    header: Row
    columns: Mapping[Role, int]
    imported: Imported


def read_register_table(rows: Sequence[Row], title: str, choices: Choices) -> Reading:
    """Return the registers of a table. Raises `Unreadable`."""
    header, columns = find_columns(rows, choices.columns)
    notes = Notes()
    registers: list[Register] = []
    for row in rows:
        if row.number > header.number:
            register = _register(row, columns, choices, notes)
            if register is not None:
                registers.append(register)
    if not registers:
        raise Unreadable(f"below the header in row {header.number} there is no row with an address")
    if not choices.offset and _counts_from_40001(registers):
        notes.add(
            f"row {header.number}",
            "all addresses are 3xxxx or 4xxxx: if the table counts like that (40001 is the first holding register), "
            "say --offset 40001; they are taken as sent on the wire",
        )
    notes.found += overlapping(registers)
    return Reading(header, columns, Imported(title, tuple(registers), notes=tuple(notes.found[:MOST_NOTES])))


def _register(row: Row, columns: Mapping[Role, int], choices: Choices, notes: Notes) -> Register | None:
    cells = {role: row.cells[place] if place < len(row.cells) else "" for role, place in columns.items()}
    where = f"row {row.number}"
    found = read_address(cells["address"])
    if found is None:
        if cells["address"] and cells.get("type"):
            notes.add(where, f"{cells['address']!r} is no address; left out")
        return None
    first, last, named = found
    address = first - (choices.offset if named is None else 0)
    if not 0 <= address <= 65_535:
        notes.add(where, f"the address {first} less {choices.offset} is outside of 0 to 65535; left out")
        return None
    if not is_readable(cells.get("access", "")):
        notes.add(where, f"{cells.get('name') or address!r} can only be written; left out")
        return None
    table = named or read_table(cells.get("function", "")) or choices.table
    typed = _typed(cells, table, last - first + 1 if last is not None and last >= first else None, where, notes)
    if typed is None:
        return None
    kind, part, swap = typed
    if choices.swap is not None and not swap and size_of(kind, part) > 1 and kind != "String":
        swap = choices.swap
    is_setting = is_writable(cells.get("access", ""))
    return Register(
        where=where,
        name=cells.get("name") or cells.get("description", ""),
        table=table,
        address=address,
        kind=kind,
        swap=swap,
        part=part,
        scale=_scale(cells, where, notes),
        unit=_unit(cells.get("unit", "")),
        action=ON_DEMAND if is_setting or kind == "String" else INSTANT,
        tag=cells.get("tag", "").replace(" ", ""),
    )


def _typed(
    cells: Mapping[Role, str], table: Table, spanned: int | None, where: str, notes: Notes
) -> tuple[str, int, Swap] | None:
    if table.is_bits:
        return "U8", 0, ""
    written = cells.get("count", "").strip()
    count = int(written) if written.isdecimal() and 0 < int(written) <= 125 else spanned
    typed = read_type(cells.get("type", ""), count)
    if typed is None:
        notes.add(where, f"the type {cells.get('type', '')!r} of {count or 'some'} registers is unknown; left out")
    elif not cells.get("type", "").strip():
        notes.add(where, f"no type is given; taken as {typed[0]}")
    return typed


def _scale(cells: Mapping[Role, str], where: str, notes: Notes) -> float:
    """Return the factor from raw to engineering value; a gain divides."""
    for role, is_divisor in (("gain", True), ("scale", False)):
        text = cells.get(role, "").strip()  # type: ignore[call-overload]
        if not text or text in ("-", "--", "/", "N/A", "n/a"):
            continue
        factor = read_factor(text)
        if factor is None:
            notes.add(where, f"{text!r} is no factor; taken as 1")
            continue
        return round(1 / factor, 12) if is_divisor else factor
    return 1.0


def _unit(text: str) -> str:
    return "" if text in ("-", "--", "/", "N/A", "n/a") else text


def _counts_from_40001(registers: Sequence[Register]) -> bool:
    """Tell whether a table looks as if it counted from 40001 or 30001."""
    return all(30_001 <= register.address < 50_000 for register in registers) and any(
        register.address in (30_001, MODICON) for register in registers
    )
