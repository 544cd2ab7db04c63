"""From the bytes of a block to raw values: compiled once per block, one precompiled `struct` for all its plain numbers.

Word and byte order are undone for the whole block at once, before; what a `struct` cannot say (bits, texts, addresses,
not-a-number) is done after, only for the variables that need it.
"""

import ipaddress
import math
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from heliograph.collector.blocks import Block, Member
from heliograph.collector.cuts import Span
from heliograph.contract.records import Value
from heliograph.formats.definition import Kind, ModbusPoint
from heliograph.formats.not_implemented import pattern_of

Decoder = Callable[[bytes], list[Value]]
"""Takes the joined answers of a block's calls and gives the raw values of its members, in their order."""

Finish = Callable[[Any], Value]

_CODES = {
    Kind.U8: "B",
    Kind.I8: "b",
    Kind.U16: "H",
    Kind.I16: "h",
    Kind.U32: "I",
    Kind.I32: "i",
    Kind.F32: "f",
    Kind.U64: "Q",
    Kind.I64: "q",
    Kind.F64: "d",
    Kind.BITS: "H",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def compile_block(block: Block) -> Decoder:
    """Return the decoder of a block. It raises `struct.error` where the data has another length than was asked."""
    if block.table.is_bits:
        return _bits_decoder([member.pieces[0].address for member in block.members])
    whole = [(n, member) for n, member in enumerate(block.members) if len(member.pieces) == 1]
    decoder = _registers_decoder([(member.point, member.pieces[0]) for _, member in whole], 2 * block.count)
    if len(whole) == len(block.members):
        return decoder
    pieced = [(n, member) for n, member in enumerate(block.members) if len(member.pieces) > 1]
    return _with_pieced(decoder, [n for n, _ in whole], pieced)


def decode_value(point: ModbusPoint, data: bytes) -> Value:
    """Return the raw value of one variable from its own registers (or packed bits)."""
    if point.table.is_bits:
        return data[0] & 1
    return _registers_decoder([(point, Span(0, point.count))], len(data))(data)[0]


def _bits_decoder(offsets: list[int]) -> Decoder:
    def decode(data: bytes) -> list[Value]:
        packed = int.from_bytes(data, "little")
        return [packed >> offset & 1 for offset in offsets]

    return decode


def _with_pieced(decoder: Decoder, places: list[int], pieced: list[tuple[int, Member]]) -> Decoder:
    def decode(data: bytes) -> list[Value]:
        values: list[Value] = [None] * (len(places) + len(pieced))
        for place, value in zip(places, decoder(data), strict=True):
            values[place] = value
        for place, member in pieced:
            own = b"".join(data[2 * piece.address : 2 * piece.end] for piece in member.pieces)
            values[place] = decode_value(member.point, own)
        return values

    return decode


@dataclass(frozen=True, slots=True, order=True)
class _Field:
    """Bytes that one format code reads; variables that read the same bytes alike share it."""

    offset: int
    code: str
    swap: tuple[int, int, bool, bool] = (0, 0, False, False)
    """First byte and number of bytes to put into order, words reversed, bytes swapped."""

    @property
    def taken(self) -> range:
        """The bytes that no other field of the same layer may use."""
        if any(self.swap[2:]):
            return range(self.swap[0], self.swap[0] + self.swap[1])
        return range(self.offset, self.offset + struct.calcsize(">" + self.code))


@dataclass(slots=True)
class _Layer:
    """Fields that do not overlap: one `struct` reads them all."""

    taken: set[int] = field(default_factory=set)
    fields: list[_Field] = field(default_factory=list)


def _registers_decoder(wanted: Sequence[tuple[ModbusPoint, Span]], size: int) -> Decoder:
    fields = [_field(point, piece) for point, piece in wanted]
    layers = _layers(sorted(set(fields)))
    read = _reader([_layer_reader(layer, size) for layer in layers])
    order = {own: n for n, own in enumerate(own for layer in layers for own in layer.fields)}
    slots = [order[own] for own in fields]
    pick = None if slots == list(range(len(order))) else slots
    floats = [n for n, (point, _) in enumerate(wanted) if point.kind.is_float]
    finishes = [(n, finish) for n, (point, _) in enumerate(wanted) if (finish := _finish(point)) is not None]
    patterns = [(n, pattern) for n, (point, _) in enumerate(wanted) if (pattern := pattern_of(point)) is not None]
    return _assembled(read, pick, floats, finishes, patterns)


def _assembled(
    read: Callable[[bytes], tuple[Any, ...]],
    pick: list[int] | None,
    floats: list[int],
    finishes: list[tuple[int, Finish]],
    patterns: Sequence[tuple[int, Value]],
) -> Decoder:
    def decode(data: bytes) -> list[Value]:
        raw = read(data)
        values = list(raw) if pick is None else [raw[slot] for slot in pick]
        if floats:
            total = sum([values[place] for place in floats])
            if not math.isfinite(total):
                _miss_not_finite(values, floats)
        for place, finish in finishes:
            values[place] = finish(values[place])
        for place, pattern in patterns:
            if values[place] == pattern:
                values[place] = None
        return values

    return decode


def _miss_not_finite(values: list[Any], floats: Iterable[int]) -> None:
    for place in floats:
        if not math.isfinite(values[place]):
            values[place] = None


def _reader(
    readers: list[Callable[[bytes], tuple[Any, ...]]],
) -> Callable[[bytes], tuple[Any, ...]]:
    if len(readers) == 1:
        return readers[0]

    def read(data: bytes) -> tuple[Any, ...]:
        return tuple(value for reader in readers for value in reader(data))

    return read


def _layers(fields: list[_Field]) -> list[_Layer]:
    layers: list[_Layer] = []
    for own in fields:
        layer = next((layer for layer in layers if layer.taken.isdisjoint(own.taken)), None)
        if layer is None:
            layers.append(layer := _Layer())
        layer.taken.update(own.taken)
        layer.fields.append(own)
    return layers


def _layer_reader(layer: _Layer, size: int) -> Callable[[bytes], tuple[Any, ...]]:
    layer.fields.sort()
    unpack = struct.Struct(_format(layer.fields, size)).unpack
    order = list(range(size))
    for own in layer.fields:
        first, count, *_ = own.swap
        order[first : first + count] = _order(*own.swap)
    if order == list(range(size)):
        return unpack
    arrange = itemgetter(*order)
    return lambda data: unpack(bytes(arrange(data)))


def _format(fields: list[_Field], size: int) -> str:
    codes = [">"]
    at = 0
    for own in fields:
        codes.append(f"{own.offset - at}x{own.code}")
        at = own.offset + struct.calcsize(">" + own.code)
    return "".join([*codes, f"{size - at}x"])


def _order(first: int, count: int, words: bool, within: bool) -> list[int]:
    pairs = [[at, at + 1] for at in range(first, first + count, 2)]
    if words:
        pairs.reverse()
    return [at for pair in pairs for at in (reversed(pair) if within else pair)]


def _field(point: ModbusPoint, piece: Span) -> _Field:
    start = 2 * piece.address
    swap = (start, 2 * piece.count, point.swap_words, point.swap_bytes)
    code = _CODES.get(point.kind) or f"{_text_bytes(point)}s"
    offset = start + point.byte_offset if point.kind in (Kind.U8, Kind.I8) else start
    return _Field(offset, code, swap if point.swap_words or point.swap_bytes else (0, 0, False, False))


def _text_bytes(point: ModbusPoint) -> int:
    return point.length if point.kind is Kind.STRING else 2 * point.count


def _finish(point: ModbusPoint) -> Finish | None:
    if point.kind is Kind.BITS:
        mask = (1 << point.bits) - 1
        return lambda register: int(register) >> point.bit & mask
    return {Kind.STRING: _text, Kind.IP: _ip, Kind.IPV6: _ipv6, Kind.MAC: _mac}.get(point.kind)


def _text(data: bytes) -> str:
    """Cut at the first NUL; UTF-8, else Latin-1; control characters become blanks, blanks at the end are cut."""
    content = data.split(b"\0", 1)[0]
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return _CONTROL.sub(" ", text).rstrip(" ")


def _ip(data: bytes) -> str:
    return str(ipaddress.IPv4Address(data))


def _ipv6(data: bytes) -> str:
    """Return the form of RFC 5952, with the dotted end of an IPv4-mapped address that Python 3.11 does not write."""
    address = ipaddress.IPv6Address(data)
    return str(address) if address.ipv4_mapped is None else f"::ffff:{address.ipv4_mapped}"


def _mac(data: bytes) -> str:
    return data.hex(":").upper()
