"""Decoding of whole blocks against a slow reference that reads variable by variable."""

import itertools
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.blocks import Rules, plan
from heliograph.collector.decode import compile_block, decode_value
from heliograph.formats.definition import Kind, Table
from support.points import SWAPPABLE, point, reference, variables

WORDS = st.integers(0, 0xFFFF)
SUFFIXES = list(itertools.product([False, True], repeat=2))


def registers_bytes(registers):
    return struct.pack(f">{len(registers)}H", *registers)


def decoded(points, registers, max_registers=125):
    """Plan, read from the given register file, decode: a value per point, in their order."""
    values = [None] * len(points)
    for block in plan(variables(points), Rules(max_registers)):
        data = b"".join(registers_bytes(registers[call.address : call.address + call.count]) for call in block.calls(1))
        for position, value in zip(block.positions, compile_block(block)(data), strict=True):
            values[position] = value
    return values


def same(left, right):
    return left == right and type(left) is type(right)


@pytest.mark.parametrize(("words", "within"), SUFFIXES)
@pytest.mark.parametrize("kind", SWAPPABLE)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_number_with_every_suffix(kind, words, within, data):
    """All numeric types and suffixes read what the reference reads."""
    more = {"byte_offset": data.draw(st.integers(0, 1))} if kind in (Kind.U8, Kind.I8) else {}
    where = point(0, kind, swap_words=words, swap_bytes=within, **more)
    registers = data.draw(st.lists(WORDS, min_size=where.count, max_size=where.count))
    assert same(decode_value(where, registers_bytes(registers)), reference(where, registers))


@st.composite
def points(draw):
    """Any mix of points in a small space, so that many touch, overlap and share registers."""
    kind = draw(st.sampled_from([k for k in Kind if k is not Kind.BITS]))
    address = draw(st.integers(0, 60))
    if kind is Kind.STRING:
        return point(address, kind, length=draw(st.integers(1, 40)))
    if draw(st.booleans()):
        bit = draw(st.integers(0, 15))
        return point(address, Kind.BITS, bit=bit, bits=draw(st.integers(1, 16 - bit)))
    more = {"byte_offset": draw(st.integers(0, 1))} if kind in (Kind.U8, Kind.I8) else {}
    if kind in SWAPPABLE:
        more |= {"swap_words": draw(st.booleans()), "swap_bytes": draw(st.booleans())}
    return point(address, kind, **more)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(points(), min_size=1, max_size=20),
    st.lists(WORDS, min_size=100, max_size=100),
    st.sampled_from([3, 10, 125]),
)
def test_blocks_of_mixed_and_overlapping_variables(wanted, registers, max_registers):
    """However variables overlap and requests are cut, each value is the reference's."""
    expected = [reference(p, registers[p.address : p.address + p.count]) for p in wanted]
    got = decoded(wanted, registers, max_registers)
    assert all(map(same, got, expected)), (got, expected)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 200), min_size=1, max_size=60), st.lists(st.integers(0, 1), min_size=201, max_size=201))
def test_bits(addresses, bits):
    """Coils come packed, the first in the least significant bit."""
    wanted = [point(a, table=Table.COIL) for a in sorted(addresses)]
    for block in plan(variables(wanted)):
        (call,) = block.calls(1)
        own = bits[call.address : call.address + call.count]
        packed = sum(bit << n for n, bit in enumerate(own)).to_bytes((len(own) + 7) // 8, "little")
        assert compile_block(block)(packed) == [bits[v.point.address] for v in block.variables]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"SMA Solar\0rest", "SMA Solar"),
        (b"blanks   ", "blanks"),
        (b"\0", ""),
        ("Zählwerk °C".encode(), "Zählwerk °C"),
        ("Zählwerk °C".encode("latin-1"), "Zählwerk °C"),
        (b"tab\there\r\n", "tab here"),
        (b"\x85next", " next"),
        (b"  leading", "  leading"),
    ],
)
def test_strings(content, text):
    """Cut at NUL, blanks at the end cut, UTF-8 else Latin-1, control characters become blanks."""
    where = point(0, Kind.STRING, length=len(content))
    assert decode_value(where, content.ljust(2 * where.count, b"\0")) == text


def test_string_longer_than_a_request():
    """500 bytes take two requests and are one text."""
    text = "".join(chr(65 + n % 26) for n in range(500))
    registers = [7, *struct.unpack(">250H", text.encode()), 9]
    wanted = [point(0), point(1, Kind.STRING, length=500), point(251)]
    assert decoded(wanted, registers) == [7, text, 9]


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        (Kind.IP, "c0a80101", "192.168.1.1"),
        (Kind.MAC, "008d0000bde4", "00:8D:00:00:BD:E4"),
        (Kind.IPV6, "20010db8000000000001000000000001", "2001:db8::1:0:0:1"),
        (Kind.IPV6, "20010db8000100010001000100010000", "2001:db8:1:1:1:1:1:0"),
        (Kind.IPV6, "00000000000000000000000000000000", "::"),
        (Kind.IPV6, "00000000000000000000ffffc0000201", "::ffff:192.0.2.1"),
    ],
)
def test_addresses(kind, content, text):
    assert decode_value(point(0, kind), bytes.fromhex(content)) == text


@pytest.mark.parametrize("content", ["7fc00000", "ffc00001", "7f800000", "ff800000"])
def test_not_a_number_and_infinities_are_missing(content):
    """In a block of floats only those are missing that are no numbers."""
    wanted = [point(0, Kind.F32), point(2, Kind.F32), point(4)]
    registers = [*struct.unpack(">2H", bytes.fromhex(content)), 0x3F80, 0, 5]
    assert decoded(wanted, registers) == [None, 1.0, 5]


def test_floats_whose_sum_overflows_are_there():
    """Two finite doubles near the limit are not taken for infinities."""
    registers = struct.unpack(">8H", struct.pack(">2d", 1.7e308, 1.7e308))
    assert decoded([point(0, Kind.F64), point(4, Kind.F64)], list(registers)) == [1.7e308, 1.7e308]


def test_single_is_the_double_on_the_wire():
    """During polling a single is not yet shortened."""
    value = decode_value(point(0, Kind.F32), struct.pack(">f", 0.1))
    assert value != 0.1
    assert math.isclose(value, 0.1, rel_tol=1e-7)


def test_wrong_length_is_refused():
    """A decoder never reads beyond what was asked."""
    (block,) = plan(variables([point(0), point(1)]))
    with pytest.raises(struct.error):
        compile_block(block)(b"\0\0\0")
