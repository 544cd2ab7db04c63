"""Encoding of writes: the inverse of decoding, and messages for people."""

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.decode import decode_value
from heliograph.collector.encode import encode, needs_current, write_calls
from heliograph.collector.links import WriteCall
from heliograph.formats.definition import Kind, Table
from support.points import SWAPPABLE, point

PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


def ranges(kind):
    bits = int(kind.value[1:])
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if kind.value[0] == "I" else (0, (1 << bits) - 1)


def values(kind):
    if kind is Kind.F32:
        return st.floats(width=32, allow_nan=False, allow_infinity=False)
    if kind is Kind.F64:
        return st.floats(allow_nan=False, allow_infinity=False)
    return st.integers(*ranges(kind))


def stored(registers):
    return struct.pack(f">{len(registers)}H", *registers)


@pytest.mark.parametrize(("words", "within"), list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("kind", SWAPPABLE)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_back(kind, words, within, data):
    """decode(encode(value)) is the value, and the other half of a shared register stays."""
    more = {"byte_offset": data.draw(st.integers(0, 1))} if needs_current(point(0, kind)) else {}
    where = point(0, kind, swap_words=words, swap_bytes=within, **more)
    value = data.draw(values(kind))
    current = data.draw(st.binary(min_size=2, max_size=2))
    written = stored(encode(where, value, current))
    assert decode_value(where, written) == value
    if more:
        other = point(0, kind, swap_words=words, swap_bytes=within, byte_offset=1 - where.byte_offset)
        assert decode_value(other, written) == decode_value(other, current)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_bits_leave_their_neighbours_alone(data):
    bit = data.draw(st.integers(0, 15))
    where = point(0, Kind.BITS, bit=bit, bits=data.draw(st.integers(1, 16 - bit)))
    value = data.draw(st.integers(0, (1 << where.bits) - 1))
    current = data.draw(st.integers(0, 0xFFFF))
    (register,) = encode(where, value, current.to_bytes(2))
    mask = (1 << where.bits) - 1 << bit
    assert register & ~mask == current & ~mask
    assert decode_value(where, stored([register])) == value


@settings(max_examples=50, deadline=None)
@given(PRINTABLE)
def test_strings_are_read_back(text):
    """But for blanks at the end, which no reader can tell from filling."""
    where = point(0, Kind.STRING, length=48)
    assert decode_value(where, stored(encode(where, text))) == text.rstrip(" ")


@pytest.mark.parametrize(
    ("kind", "text"), [(Kind.IP, "10.0.0.254"), (Kind.IPV6, "fe80::1"), (Kind.MAC, "00:8D:00:00:BD:E4")]
)
def test_addresses_are_read_back(kind, text):
    assert decode_value(point(0, kind), stored(encode(point(0, kind), text))) == text


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Kind.U16, 65536, "65536 does not fit: 0 to 65535 can be written"),
        (Kind.I16, -32769, "-32769 does not fit: -32768 to 32767 can be written"),
        (Kind.U16, 1.5, "1.5 is not a whole number"),
        (Kind.U16, float("nan"), "nan is not a whole number"),
        (Kind.U16, float("inf"), "inf is not a whole number"),
        (Kind.U64, 10**400, "does not fit"),
        (Kind.U16, "60", "'60' is not a whole number"),
        (Kind.U8, 256, "256 does not fit: 0 to 255 can be written"),
        (Kind.F32, 1e39, "1e+39 is too large for F32"),
        (Kind.F64, 10**400, "is too large for F64"),
        (Kind.F32, float("nan"), "nan is not a number that can be written"),
        (Kind.F32, "1", "'1' is not a number that can be written"),
        (Kind.IP, "10.0.0.256", "'10.0.0.256' is not an address of type IP"),
        (Kind.IP, 3, "3 is not a text"),
        (Kind.MAC, "00:8D", "'00:8D' is not a MAC address like 00:8D:00:00:BD:E4"),
    ],
)
def test_what_does_not_fit_is_refused(kind, value, message):
    with pytest.raises(ValueError, match=message.replace("+", r"\+").replace("(", r"\(")):
        encode(point(0, kind), value, b"\0\0")


@pytest.mark.parametrize(("value", "message"), [("toolong", "takes 7 bytes"), ("a\nb", "control"), (5, "not a text")])
def test_strings_that_do_not_fit(value, message):
    with pytest.raises(ValueError, match=message):
        encode(point(0, Kind.STRING, length=6), value)


def test_whole_floats_are_integers():
    """An engineering value that inverts to 60.0 is written as 60."""
    assert encode(point(0), 60.0) == (60,)


def test_functions_by_table():
    """Holding registers by 16, also a single one; coils by 5 (spec 2.2)."""
    assert write_calls(7, point(9), (1,)) == (WriteCall(7, 16, 9, (1,)),)
    assert write_calls(7, point(9, Kind.U32), (1, 2)) == (WriteCall(7, 16, 9, (1, 2)),)
    assert write_calls(7, point(9, table=Table.COIL), encode(point(9, table=Table.COIL), 1)) == (
        WriteCall(7, 5, 9, (1,)),
    )


def test_forced_functions():
    """6 writes register by register; 15 writes a coil; what cannot write the table is refused."""
    assert write_calls(7, point(9, Kind.U32), (1, 2), 6) == (WriteCall(7, 6, 9, (1,)), WriteCall(7, 6, 10, (2,)))
    assert write_calls(7, point(9, table=Table.COIL), (1,), 15) == (WriteCall(7, 15, 9, (1,)),)
    with pytest.raises(ValueError, match="forces function 5, which does not write a register"):
        write_calls(7, point(9), (1,), 5)


@pytest.mark.parametrize("table", [Table.DISCRETE_INPUT, Table.INPUT_REGISTER])
def test_inputs_cannot_be_written(table):
    with pytest.raises(ValueError, match="only reads"):
        write_calls(7, point(9, table=table), (1,))


def test_long_texts_take_several_writes():
    """A request carries 123 registers."""
    where = point(0, Kind.STRING, length=400)
    calls = write_calls(1, where, encode(where, "x" * 400))
    assert [(call.address, len(call.values)) for call in calls] == [(0, 123), (123, 77)]
