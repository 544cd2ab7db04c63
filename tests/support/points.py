"""Modbus variables for tests, and a slow independent reference of how they are read (spec 2.2)."""

import ipaddress
import math
import struct
from collections.abc import Sequence

from heliograph.formats.definition import Kind, ModbusPoint, Table, Variable

REGISTERS = {
    Kind.U8: 1, Kind.I8: 1, Kind.U16: 1, Kind.I16: 1, Kind.BITS: 1, Kind.U32: 2, Kind.I32: 2, Kind.F32: 2,
    Kind.U64: 4, Kind.I64: 4, Kind.F64: 4, Kind.IP: 2, Kind.IPV6: 8, Kind.MAC: 3,
}  # fmt: skip
SWAPPABLE = (
    Kind.U8, Kind.I8, Kind.U16, Kind.I16, Kind.U32, Kind.I32, Kind.F32, Kind.U64, Kind.I64, Kind.F64,
)  # fmt: skip


def point(address: int, kind: Kind = Kind.U16, table: Table = Table.HOLDING_REGISTER, **more) -> ModbusPoint:
    """A point with the count that its kind takes; `length` gives that of a string."""
    if table.is_bits:
        return ModbusPoint(table, address, 1, kind, **more)
    count = (more["length"] + 1) // 2 if kind is Kind.STRING else REGISTERS[kind]
    return ModbusPoint(table, address, count, kind, **more)


def variable(where: ModbusPoint, index: str = "1") -> Variable:
    """A recorded variable of that point."""
    return Variable(1, index, ("", "", "", ""), f"v{index}", "", 1.0, 0.0, "", 4, where)


def variables(points: Sequence[ModbusPoint]) -> list[Variable]:
    """One variable a point."""
    return [variable(where, str(n)) for n, where in enumerate(points)]


def reference(where: ModbusPoint, registers: Sequence[int]) -> int | float | str | None:
    """The raw value of a point from its own registers, told step by step."""
    words = list(registers)
    if where.swap_words:
        words.reverse()
    if where.swap_bytes:
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    data = b"".join(word.to_bytes(2, "big") for word in words)
    kind = where.kind
    if kind is Kind.BITS:
        value = sum((words[0] >> (where.bit + n) & 1) << n for n in range(where.bits))
    elif kind in (Kind.U8, Kind.I8):
        value = int.from_bytes(data[where.byte_offset : where.byte_offset + 1], "big", signed=kind is Kind.I8)
    elif kind.is_float:
        value = struct.unpack(">f" if kind is Kind.F32 else ">d", data)[0]
        value = value if math.isfinite(value) else None
    elif kind.is_text:
        value = _reference_text(where, data)
    else:
        value = int.from_bytes(data, "big", signed=kind.value.startswith("I"))
    return value


def _reference_text(where: ModbusPoint, data: bytes) -> str:
    if where.kind is Kind.STRING:
        return _text(data[: where.length])
    if where.kind is Kind.IP:
        return ".".join(str(byte) for byte in data)
    if where.kind is Kind.MAC:
        return ":".join(f"{byte:02X}" for byte in data)
    address = ipaddress.IPv6Address(data)
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


def _text(data: bytes) -> str:
    data = data[: data.index(0)] if 0 in data else data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    shown = "".join(" " if ord(sign) < 32 or 127 <= ord(sign) < 160 else sign for sign in text)
    while shown.endswith(" "):
        shown = shown[:-1]
    return shown
