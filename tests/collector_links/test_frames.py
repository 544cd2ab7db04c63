"""Messages and framing: golden frames of the specification, agreement with pymodbus's own client side, and garbage."""

import contextlib
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.collector.links import ModbusException, ReadCall, WriteCall
from heliograph.collector.links.hunt import hunt
from heliograph.collector.links.modbus import Mismatch, answer_data, rtu_frame, split_rtu, split_tcp, tcp_frame
from heliograph.demo.simulator.answers import answer
from heliograph.demo.simulator.banks import Registers
from heliograph.demo.simulator.crc import crc16
from heliograph.formats.definition import Table

BANK = Registers(
    {table: {n: (n * 7 + table) % 2 if table < 3 else n * 257 % 65536 for n in range(300)} for table in range(1, 5)}
)
CALLS = [
    ReadCall(1, Table.COIL, 19, 37),
    ReadCall(2, Table.DISCRETE_INPUT, 0, 1),
    ReadCall(17, Table.HOLDING_REGISTER, 107, 3),
    ReadCall(247, Table.INPUT_REGISTER, 8, 125),
    WriteCall(17, 5, 172, (1,)),
    WriteCall(17, 6, 1, (3,)),
    WriteCall(17, 15, 19, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)),
    WriteCall(17, 16, 1, (10, 258)),
]


def framed(unit, message):
    body = bytes([unit]) + message
    return body + crc16(body)


@pytest.mark.parametrize(
    ("call", "frame"),
    [
        (ReadCall(17, Table.HOLDING_REGISTER, 0x6B, 3), "1103006b0003 7687"),
        (ReadCall(4, Table.COIL, 10, 13), "0401000a000d dd98"),
        (WriteCall(17, 5, 172, (1,)), "110500acff00 4e8b"),
        (WriteCall(17, 6, 1, (3,)), "110600010003 9a9b"),
        (WriteCall(17, 15, 19, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)), "110f0013000a02cd01 bf0b"),
        (WriteCall(17, 16, 1, (10, 258)), "11100001000204000a0102 c6f0"),
    ],
)
def test_golden_requests(call, frame):
    """The worked examples of the Modbus documents, byte for byte; over TCP the same without the check sum."""
    expected = bytes.fromhex(frame)
    assert rtu_frame(call) == expected
    header = struct.pack(">HHHB", 0xABCD, 0, len(expected) - 2, call.unit)
    assert tcp_frame(call, 0xABCD) == header + expected[1:-2]


def test_golden_answer():
    data = answer_data(ReadCall(17, Table.HOLDING_REGISTER, 0x6B, 3), bytes.fromhex("0306022b00000064"))
    assert data.hex() == "022b00000064"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.function))
def test_answers_of_an_independent_device(call):
    """Request and answer of every function go through a device that shares no code with us."""
    message = answer(BANK, rtu_frame(call)[1:-2])
    frame = framed(call.unit, message)
    assert split_rtu(frame) == (call.unit, message)
    assert split_tcp(struct.pack(">HHHB", 9, 0, len(message) + 1, call.unit) + message) == (9, call.unit, message)
    data = answer_data(call, message)
    assert len(data) == (call.byte_count if isinstance(call, ReadCall) else 0)
    target = hunt(call)
    assert target.size == len(frame)
    found = target.find(frame)
    assert found is not None
    assert found.message == message


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.function))
def test_refusals(call):
    with pytest.raises(ModbusException, match=r"exception 2 \(illegal data address\)") as refused:
        answer_data(call, bytes((call.function | 0x80, 2)))
    assert refused.value.code == 2


@pytest.mark.parametrize(
    ("call", "message", "kind"),
    [
        (CALLS[2], "0406022b00000064", "function"),
        (CALLS[2], "8402", "function"),
        (CALLS[2], "0304022b0000", "late"),
        (CALLS[2], "0306022b00", "short"),
        (CALLS[2], "03", "short"),
        (CALLS[2], "83", "short"),
        (CALLS[5], "060001 0004", "late"),
        (CALLS[5], "060002 0003", "late"),
        (CALLS[4], "0500ac 0000", "late"),
        (CALLS[7], "100001 0003", "late"),
        (CALLS[7], "1000", "short"),
    ],
)
def test_what_is_no_answer(call, message, kind):
    with pytest.raises(Mismatch) as mismatch:
        answer_data(call, bytes.fromhex(message))
    assert mismatch.value.kind == kind


def test_no_such_call():
    with pytest.raises(ValueError, match="126"):
        rtu_frame(ReadCall(1, Table.HOLDING_REGISTER, 0, 126))
    with pytest.raises(ValueError, match="writes nothing"):
        rtu_frame(WriteCall(1, 7, 0, (1,)))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(CALLS))
@example(b"\x01\x2b\x0e\x01", CALLS[0])
@example(b"\x01\x08\x00\x00", CALLS[0])
def test_random_bytes_on_a_line(garbage, call):
    """No bytes make the hunt fail; it always asks for at least one more and names what it saw."""
    target = hunt(call)
    assert target.missing(garbage) >= 1
    assert target.find(garbage) is None
    if garbage:
        assert target.classify(garbage) in {"crc", "noise", "short", "unit", "function", "late", "echo"}


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=260), st.sampled_from(CALLS))
def test_random_messages(message, call):
    """Whatever stands in a frame: data of the length asked, a refusal, or a named mismatch."""
    with contextlib.suppress(Mismatch, ModbusException):
        assert len(answer_data(call, message)) == (call.byte_count if isinstance(call, ReadCall) else 0)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=10), st.sampled_from(CALLS))
def test_an_answer_is_found_behind_noise(before, after, call):
    frame = framed(call.unit, answer(BANK, rtu_frame(call)[1:-2]))
    found = hunt(call).find(before + frame + after)
    assert found is not None
    assert framed(call.unit, found.message) == frame


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.function))
@pytest.mark.parametrize("refused", [False, True])
def test_never_waits_for_more_than_comes(call, refused):
    """Read by portions as the hunt asks for them, an answer is complete at its last byte, after an echo too."""
    message = bytes((call.function | 0x80, 2)) if refused else answer(BANK, rtu_frame(call)[1:-2])
    target = hunt(call)
    for wire in (framed(call.unit, message), target.request + framed(call.unit, message)):
        data = b""
        start = len(target.request) if target.call.function in (5, 6) and len(wire) > len(message) + 3 else 0
        while target.find(data, start if data.startswith(target.request) else 0) is None:
            wanted = target.missing(data)
            assert len(data) + wanted <= len(wire)
            data = wire[: len(data) + wanted]
