"""`Info1` to `Info3` of a Modbus variable: table, address and how its registers are read (spec 2.2).

`Info3` is read first: the same `Info2` means different things under different kinds.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from heliograph.formats import fields
from heliograph.formats.definition import Kind, ModbusPoint, Table
from heliograph.formats.report import Field, Report, WrongValue, nearest, quote

T = TypeVar("T")

LAST_ADDRESS = 65_535
REGISTER_BITS = 16
SUFFIXES = {"": (False, False), "_W": (True, False), "_B": (False, True), "_WB": (True, True)}
BIT_KINDS = (Kind.U8, Kind.U16, Kind.BITS)
BYTE_KINDS = (Kind.U8, Kind.I8)
REGISTERS = {
    **dict.fromkeys((Kind.U8, Kind.I8, Kind.U16, Kind.I16, Kind.BITS), 1),
    **dict.fromkeys((Kind.U32, Kind.I32, Kind.F32, Kind.IP), 2),
    **dict.fromkeys((Kind.U64, Kind.I64, Kind.F64), 4),
    Kind.MAC: 3,
    Kind.IPV6: 8,
}
KINDS = {kind.upper(): kind for kind in Kind}
TYPE = re.compile(r"([A-Z0-9]+?)(_[A-Z]+)?")


@dataclass(frozen=True, slots=True)
class _Type:
    """`Info3`, split."""

    kind: Kind
    swap_words: bool = False
    swap_bytes: bool = False


def read_point(info1: Field, info2: Field, info3: Field, report: Report) -> ModbusPoint | None:
    """Return the point that three fields describe, or None after having reported what is wrong with each."""
    table = _reported(info1, _table, report)
    kind = _reported(info3, _type if table is None or not table.is_bits else _bit_type, report)
    if table is None or kind is None:
        _reported(info2, _leading_address, report)
        return None
    point = _reported(info2, lambda text: _point(text, table, kind), report)
    if point and kind.swap_words and point.count == 1:
        report.note(info3, f"{quote(info3.text)}: _W does nothing to a single register")
    return point


def _reported(field: Field, read: Callable[[str], T], report: Report) -> T | None:
    try:
        return read(field.text)
    except WrongValue as error:
        report.wrong(field, str(error))
        return None


def _table(text: str) -> Table:
    if text not in {"1", "2", "3", "4"}:
        raise WrongValue(
            f"Info1: {quote(text)} is none of 1 (coil), 2 (discrete input), 3 (holding register), 4 (input register)"
        )
    return Table(int(text))


def _type(text: str) -> _Type:
    match = TYPE.fullmatch(text.upper())
    if not match or match[1] not in KINDS:
        known = [kind.value for kind in Kind]
        raise WrongValue(f"Info3: {quote(text)} is no type{nearest(text, known)}; types are {', '.join(known)}")
    kind, suffix = KINDS[match[1]], match[2] or ""
    if suffix not in SUFFIXES:
        raise WrongValue(f"Info3: {quote(text)} has an unknown suffix; suffixes are _W, _B and _WB")
    if suffix and (kind.is_text or kind is Kind.BITS):
        raise WrongValue(f"Info3: {quote(text)}: suffixes are for integers and floats, {kind} has none")
    return _Type(kind, *SUFFIXES[suffix])


def _bit_type(text: str) -> _Type:
    kind = KINDS.get(text.upper()) if text else Kind.U8
    if kind not in BIT_KINDS:
        raise WrongValue(f"Info3: {quote(text)} is no type of a coil or discrete input: U8, U16, Bits or nothing")
    return _Type(kind)


def _point(text: str, table: Table, kind: _Type) -> ModbusPoint:
    if table.is_bits:
        return _at(_numbers(text, "<address>", 1, 1), table, kind, 1)
    if kind.kind is Kind.STRING:
        numbers = _numbers(text, "<address>_<bytes>", 2, 2)
        _check_part(text, "number of bytes", numbers[1], 1, 2 * (LAST_ADDRESS + 1))
        return _at(numbers, table, kind, (numbers[1] + 1) // 2, length=numbers[1])
    if kind.kind is Kind.BITS:
        return _bits(text, table, kind)
    if kind.kind in BYTE_KINDS:
        numbers = _numbers(text, "<address>_<offset>", 2, 2)
        _check_part(text, "offset", numbers[1], 0, 1)
        return _at(numbers, table, kind, 1, byte_offset=numbers[1])
    return _at(_numbers(text, "<address>", 1, 1), table, kind, REGISTERS[kind.kind])


def _bits(text: str, table: Table, kind: _Type) -> ModbusPoint:
    numbers = _numbers(text, "<address>_<bit> or <address>_<bit>_<count>", 2, 3)
    bit, bits = numbers[1], numbers[2] if len(numbers) > 2 else 1
    _check_part(text, "bit", bit, 0, REGISTER_BITS - 1)
    _check_part(text, "count", bits, 1, REGISTER_BITS)
    if bit + bits > REGISTER_BITS:
        raise WrongValue(f"Info2: {quote(text)}: {bits} bits from bit {bit} reach across the register's end")
    return _at(numbers, table, kind, 1, bit=bit, bits=bits)


def _at(
    numbers: list[int],
    table: Table,
    kind: _Type,
    count: int,
    *,
    byte_offset: int = 0,
    length: int = 0,
    bit: int = 0,
    bits: int = 1,
) -> ModbusPoint:
    address = numbers[0]
    if address + count - 1 > LAST_ADDRESS:
        raise WrongValue(f"Info2: {count} registers from {address} would end beyond register {LAST_ADDRESS}")
    return ModbusPoint(
        table, address, count, kind.kind, kind.swap_words, kind.swap_bytes, byte_offset, length, bit, bits
    )


def _numbers(text: str, form: str, least: int, most: int) -> list[int]:
    _leading_address(text)
    parts = text.split("_")
    if not least <= len(parts) <= most:
        raise WrongValue(f"Info2: {quote(text)} is not of the form {form} that Info3 asks for")
    return [_leading_address(parts[0]), *(_part(text, part) for part in parts[1:])]


def _leading_address(text: str) -> int:
    try:
        return fields.whole(text.partition("_")[0], 0, LAST_ADDRESS, "an address")
    except WrongValue as error:
        raise WrongValue(f"Info2: {error}") from None


def _part(text: str, part: str) -> int:
    try:
        return fields.whole(part, 0, 10**9)
    except WrongValue as error:
        raise WrongValue(f"Info2: {quote(text)}: {error}") from None


def _check_part(text: str, what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise WrongValue(f"Info2: {quote(text)}: the {what} is from {low} to {high}")
