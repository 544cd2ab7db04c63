"""Engineering values to registers and back, for simulated devices: written anew, apart from the gateway's own decoder.

So what the gateway reads is judged by something that does not share its mistakes.
"""

import ipaddress
import math
import struct
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from heliograph.formats import shortest_single
from heliograph.formats.definition import Kind, ModbusPoint, Variable

Raw = int | float | str

_CODES: Final = {
    Kind.U16: "H", Kind.I16: "h", Kind.U32: "I", Kind.I32: "i", Kind.F32: "f", Kind.U64: "Q", Kind.I64: "q",
    Kind.F64: "d",
}  # fmt: skip
_ADDRESS_BYTES: Final = {Kind.IP: 4, Kind.IPV6: 16, Kind.MAC: 6}


def raw_of_engineering(variable: Variable, value: float | str, exponent: int, *, exactly: bool = False) -> Raw:
    """Return what stands in the registers: coefficients and scale factor taken off, rounded, held within its range.

    `exactly` raises `ValueError` where the value lies beyond the range.
    """
    point = variable.point
    if isinstance(value, str) or point is None:
        return value
    if variable.coef_a == 0:
        return 0
    number = (Decimal(repr(value + 0.0)) - Decimal(repr(variable.coef_b))) / Decimal(repr(variable.coef_a))
    number = number.scaleb(-exponent)
    if point.kind.is_float:
        return float(number)
    low, high = whole_range(point)
    if exactly and not low <= round(number) <= high:
        raise ValueError(f"it would be {number:.10g} in the device, which holds {low} to {high} there")
    return min(high, max(low, round(number)))


def whole_range(point: ModbusPoint) -> tuple[int, int]:
    """Return the least and the greatest raw value of whole numbers."""
    if point.table.is_bits:
        return 0, 1
    if point.kind is Kind.BITS:
        return 0, 2**point.bits - 1
    bits = int(point.kind[1:])
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if point.kind[0] == "I" else (0, 2**bits - 1)


def words_of_raw(point: ModbusPoint, raw: Raw) -> list[int]:
    """Return the registers, or the one bit; `U8`, `I8` and `Bits` stand in their part of an empty register."""
    if point.table.is_bits:
        return [int(bool(raw))]
    if point.kind is Kind.BITS:
        return [int(raw) << point.bit]
    if point.kind in (Kind.U8, Kind.I8):
        return [(int(raw) & 0xFF) << (0 if point.byte_offset else 8)]
    data = _text(point, str(raw)) if point.kind.is_text else _number(point.kind, raw)
    return _arranged(point, list(struct.unpack(f">{point.count}H", data)))


def raw_of_words(point: ModbusPoint, words: Sequence[int]) -> Raw:
    """Return the raw value that registers, or one bit, hold."""
    if point.table.is_bits or point.kind in (Kind.BITS, Kind.U8, Kind.I8):
        return _part(point, words[0])
    data = struct.pack(f">{point.count}H", *_arranged(point, list(words)))
    if point.kind is Kind.STRING:
        return data[: point.length].split(b"\0")[0].decode(errors="replace").rstrip()
    if point.kind is Kind.MAC:
        return data.hex(":").upper()
    if point.kind.is_text:
        mapped = ipaddress.IPv6Address(data).ipv4_mapped if point.kind is Kind.IPV6 else None
        return f"::ffff:{mapped}" if mapped else str(ipaddress.ip_address(data))
    number: int | float = struct.unpack(">" + _CODES[point.kind], data)[0]
    return shortest_single(number) if point.kind is Kind.F32 else number


def _part(point: ModbusPoint, word: int) -> int:
    if point.table.is_bits:
        return word
    if point.kind is Kind.BITS:
        return word >> point.bit & (1 << point.bits) - 1
    byte = word >> (0 if point.byte_offset else 8) & 0xFF
    return byte - 256 if point.kind is Kind.I8 and byte > 127 else byte


def _number(kind: Kind, raw: Raw) -> bytes:
    code = ">" + _CODES[kind]
    if not kind.is_float:
        return struct.pack(code, int(raw))
    try:
        return struct.pack(code, float(raw))
    except OverflowError:
        return struct.pack(code, math.copysign(math.inf, float(raw)))


def _text(point: ModbusPoint, text: str) -> bytes:
    if point.kind is Kind.STRING:
        return text.encode()[: point.length].ljust(2 * point.count, b"\0")
    try:
        if point.kind is Kind.MAC:
            data = bytes.fromhex(text.replace(":", "").replace("-", ""))
        else:
            data = ipaddress.ip_address(text).packed
    except ValueError:
        data = b""
    return data[: _ADDRESS_BYTES[point.kind]].ljust(_ADDRESS_BYTES[point.kind], b"\0")


def _arranged(point: ModbusPoint, words: list[int]) -> list[int]:
    if point.swap_words:
        words.reverse()
    return [(word & 0xFF) << 8 | word >> 8 for word in words] if point.swap_bytes else words
