"""From a raw value to what is written: the inverse of `decode`, with messages for people where a value does not fit."""

import ipaddress
import math
import re
import struct

from heliograph.collector.links import WriteCall
from heliograph.formats.definition import Kind, ModbusPoint, Table

_CODES = {Kind.U16: "H", Kind.I16: "h", Kind.U32: "I", Kind.I32: "i", Kind.U64: "Q", Kind.I64: "q"}
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

WRITE_SINGLE = (5, 6)
MOST_WRITTEN_REGISTERS = 123

Raw = int | float | str


def needs_current(point: ModbusPoint) -> bool:
    """Tell whether a write changes only a part of a register, so that the register has to be read before."""
    return not point.table.is_bits and point.kind in (Kind.U8, Kind.I8, Kind.BITS)


def encode(point: ModbusPoint, value: Raw, current: bytes = b"") -> tuple[int, ...]:
    """Return the registers (for coils: the bit) that hold a raw value.

    `current` is what the register holds now, for points where `needs_current` says so. Raises `ValueError`, with a text
    for people, where the value does not fit.
    """
    if point.table.is_bits:
        return (_whole(value, 0, 1),)
    if needs_current(point):
        return (_part(point, value, current),)
    if point.kind.is_text:
        data = _text(point, value)
    elif point.kind.is_float:
        data = _float(point.kind, value)
    else:
        data = _integer(point.kind, value)
    return struct.unpack(f">{point.count}H", _arranged(point, data))


def write_calls(
    unit: int, point: ModbusPoint, registers: tuple[int, ...], forced: int | None = None
) -> tuple[WriteCall, ...]:
    """Return the writes of a value, by the table of spec 2.2 or with the function code that the definition forces.

    Raises `ValueError` where the table cannot be written, or not with the forced function.
    """
    if not point.table.is_writable:
        name = "discrete inputs" if point.table is Table.DISCRETE_INPUT else "input registers"
        raise ValueError(f"the variable cannot be written: Modbus only reads {name}")
    function = forced or (5 if point.table is Table.COIL else 16)
    if (function in (5, 15)) != point.table.is_bits:
        what = "a coil" if point.table.is_bits else "a register"
        raise ValueError(f"the definition forces function {function}, which does not write {what}")
    step = 1 if function in WRITE_SINGLE else MOST_WRITTEN_REGISTERS
    return tuple(
        WriteCall(unit, function, point.address + at, registers[at : at + step])
        for at in range(0, len(registers), step)
    )


def _integer(kind: Kind, value: Raw) -> bytes:
    code = _CODES[kind]
    bits = 8 * struct.calcsize(">" + code)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if code.islower() else (0, (1 << bits) - 1)
    return struct.pack(">" + code, _whole(value, low, high))


def _whole(value: Raw, low: int, high: int) -> int:
    if isinstance(value, str) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is not a whole number")
    if not low <= value <= high:
        raise ValueError(f"{value!r} does not fit: {low} to {high} can be written")
    return int(value)


def _part(point: ModbusPoint, value: Raw, current: bytes) -> int:
    """Return the register with the part changed that belongs to the point."""
    register = bytearray(_arranged(point, current[:2]))
    if point.kind is Kind.BITS:
        mask = (1 << point.bits) - 1 << point.bit
        number = int.from_bytes(register) & ~mask | _whole(value, 0, (1 << point.bits) - 1) << point.bit
        register = bytearray(number.to_bytes(2))
    elif point.kind is Kind.U8:
        register[point.byte_offset] = _whole(value, 0, 255)
    else:
        register[point.byte_offset] = _whole(value, -128, 127) & 0xFF
    return int.from_bytes(_arranged(point, bytes(register)))


def _float(kind: Kind, value: Raw) -> bytes:
    if isinstance(value, str) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{value!r} is not a number that can be written")
    try:
        return struct.pack(">f" if kind is Kind.F32 else ">d", value)
    except (OverflowError, struct.error):
        raise ValueError(f"{value!r} is too large for {kind}") from None


def _text(point: ModbusPoint, value: Raw) -> bytes:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004 - for a caller it is a wrong value like any other
    if point.kind is Kind.STRING:
        return _string(point, value)
    if point.kind is Kind.MAC:
        if _MAC.fullmatch(value) is None:
            raise ValueError(f"{value!r} is not a MAC address like 00:8D:00:00:BD:E4")
        return bytes.fromhex(value.replace(":", "").replace("-", ""))
    try:
        return (ipaddress.IPv4Address if point.kind is Kind.IP else ipaddress.IPv6Address)(value).packed
    except ValueError:
        raise ValueError(f"{value!r} is not an address of type {point.kind}") from None


def _string(point: ModbusPoint, value: str) -> bytes:
    data = value.encode()
    if len(data) > point.length:
        raise ValueError(f"the text takes {len(data)} bytes, the variable holds {point.length}")
    if _CONTROL.search(value):
        raise ValueError("the text holds control characters, which cannot be written")
    return data.ljust(2 * point.count, b"\0")


def _arranged(point: ModbusPoint, data: bytes) -> bytes:
    """Put words and bytes into the device's order, or back: it is its own inverse."""
    words = [data[at : at + 2] for at in range(0, len(data), 2)]
    if point.swap_words:
        words.reverse()
    return b"".join(word[::-1] if point.swap_bytes else word for word in words)
