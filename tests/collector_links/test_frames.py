"""Messages and framing: golden frames of the specification, agreement with pymodbus's own client side, and garbage."""

import contextlib
import struct
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.collector.links import Call, ModbusException, RawCall, ReadCall, WriteCall
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
    RawCall(17, bytes.fromhex("16000400f20025")),
    RawCall(3, bytes.fromhex("2b0e0100")),
]
REGULAR = CALLS[:8]
"""Calls whose answer has a size that is known beforehand."""


def framed(unit, message):
    body = bytes([unit]) + message
    return body + crc16(body)


class Golden(NamedTuple):
    """An exchange as the Modbus documents spell it: on the line with its check sum, and what the answer says."""

    call: Call
    request: str
    answer: str
    data: str


GOLDEN = [
    Golden(ReadCall(17, Table.COIL, 0x13, 19), "11 01 0013 0013 8e92", "11 01 03 cd6b05 4012", "cd6b05"),
    Golden(ReadCall(17, Table.DISCRETE_INPUT, 0xC4, 22), "11 02 00c4 0016 baa9", "11 02 03 acdb35 2018", "acdb35"),
    Golden(
        ReadCall(17, Table.HOLDING_REGISTER, 0x6B, 3),
        "11 03 006b 0003 7687",
        "11 03 06 022b 0000 0064 c8ba",
        "022b00000064",
    ),
    Golden(ReadCall(17, Table.INPUT_REGISTER, 8, 1), "11 04 0008 0001 b298", "11 04 02 000a f8f4", "000a"),
    Golden(WriteCall(17, 5, 172, (1,)), "11 05 00ac ff00 4e8b", "11 05 00ac ff00 4e8b", ""),
    Golden(WriteCall(17, 5, 172, (0,)), "11 05 00ac 0000 0f7b", "11 05 00ac 0000 0f7b", ""),
    Golden(WriteCall(17, 6, 1, (3,)), "11 06 0001 0003 9a9b", "11 06 0001 0003 9a9b", ""),
    Golden(
        WriteCall(17, 15, 19, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)),
        "11 0f 0013 000a 02 cd01 bf0b",
        "11 0f 0013 000a 2699",
        "",
    ),
    Golden(WriteCall(17, 16, 1, (10, 258)), "11 10 0001 0002 04 000a 0102 c6f0", "11 10 0001 0002 1298", ""),
    Golden(
        RawCall(17, bytes.fromhex("16 0004 00f2 0025")),
        "11 16 0004 00f2 0025 66e2",
        "11 16 0004 00f2 0025 66e2",
        "16000400f20025",
    ),
    Golden(
        RawCall(17, bytes.fromhex("17 0003 0006 000e 0003 06 00ff 00ff 00ff")),
        "11 17 0003 0006 000e 0003 06 00ff 00ff 00ff 4b54",
        "11 17 0c 00fe 0acd 0001 0003 000d 00ff 0d75",
        "170c00fe0acd00010003000d00ff",
    ),
    Golden(
        RawCall(17, bytes.fromhex("2b 0e 01 00")),
        "11 2b 0e 01 00 b1b4",
        "11 2b 0e 01 01 00 00 01 00 03 414243 13f3",
        "2b0e01010000010003414243",
    ),
]
"""Every request that the gateway makes or passes on, and its answer; no byte of them is made by pymodbus."""
REFUSED = {
    1: "11 81 02 c054",
    2: "11 82 02 c0a4",
    3: "11 83 02 c134",
    4: "11 84 02 c304",
    5: "11 85 02 c294",
    6: "11 86 02 c264",
    15: "11 8f 02 c434",
    16: "11 90 02 cc04",
}
by_function = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"function {golden.call.function}")


@by_function
def test_golden_requests(golden):
    """Byte for byte; over TCP the same without the check sum, behind transaction, protocol, length and unit."""
    frame = bytes.fromhex(golden.request)
    assert rtu_frame(golden.call) == frame
    header = bytes.fromhex("1501 0000") + bytes((0, len(frame) - 2))
    assert tcp_frame(golden.call, 0x1501) == header + frame[:-2]


@by_function
def test_golden_answers(golden):
    frame = bytes.fromhex(golden.answer)
    found = hunt(golden.call).find(frame)
    assert (found.start, found.end) == (0, len(frame))
    assert answer_data(golden.call, found.message) == bytes.fromhex(golden.data)
    header = bytes.fromhex("1501 0000") + bytes((0, len(frame) - 2))
    assert split_tcp(header + frame[:-2]) == (0x1501, 17, found.message)


@by_function
def test_a_golden_answer_with_any_one_bit_wrong_is_none(golden):
    frame = bytes.fromhex(golden.answer)
    for bit in range(8 * len(frame)):
        wrong = bytearray(frame)
        wrong[bit // 8] ^= 1 << bit % 8
        assert hunt(golden.call).find(bytes(wrong)) is None


@pytest.mark.parametrize("function", REFUSED)
def test_golden_refusals(function):
    call = next(golden.call for golden in GOLDEN if golden.call.function == function)
    found = hunt(call).find(bytes.fromhex(REFUSED[function]))
    assert found.is_refusal
    with pytest.raises(ModbusException) as refused:
        answer_data(call, found.message)
    assert refused.value.code == 2


def test_a_golden_header_in_full():
    """Request and answer of the guide to Modbus over TCP: register 5 of unit 255, transaction 0x1501."""
    call = ReadCall(255, Table.INPUT_REGISTER, 4, 1)
    assert tcp_frame(call, 0x1501).hex(" ") == "15 01 00 00 00 06 ff 04 00 04 00 01"
    assert split_tcp(bytes.fromhex("15 01 00 00 00 05 ff 04 02 00 05")) == (0x1501, 255, bytes.fromhex("04020005"))


@pytest.mark.parametrize("call", REGULAR, ids=lambda call: str(call.function))
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
        (CALLS[4], "0500ac 1105", "late"),
        (CALLS[4], "0500ac ff00 00", "late"),
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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=1, max_size=260), st.sampled_from(CALLS))
def test_random_messages(message, call):
    """Whatever stands in a frame: data of the length asked, a refusal, or a named mismatch."""
    with contextlib.suppress(Mismatch, ModbusException):
        data = answer_data(call, message)
        if isinstance(call, RawCall):
            assert data == message
        else:
            assert len(data) == (call.byte_count if isinstance(call, ReadCall) else 0)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=10), st.sampled_from(CALLS))
def test_an_answer_is_found_behind_noise(before, after, call):
    frame = framed(call.unit, answer(BANK, rtu_frame(call)[1:-2]))
    found = hunt(call).find(before + frame + (b"" if isinstance(call, RawCall) else after))
    assert found is not None
    assert framed(call.unit, found.message) == frame


@pytest.mark.parametrize("call", REGULAR, ids=lambda call: str(call.function))
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
