"""Traces read as exchanges, and replayed in memory: in order, in a circle, and what was never asked."""

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.demo.replay import ReplayedDevice, TraceFault, read_exchanges
from heliograph.demo.simulator.crc import crc16
from heliograph.formats import parse_definition
from heliograph.formats.tracefile import Flow, TraceLine, trace_bytes

GOLDEN = Path(__file__).parent / "golden"
NOISY = (GOLDEN / "noisy_line.log").read_bytes()
MOODY = (GOLDEN / "moody_inverter.log").read_bytes()
DEFINITION, _ = parse_definition((GOLDEN / "meter.csv").read_bytes(), "meter.csv")


def rtu(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body)


def tcp(text: str, transaction: int = 1) -> bytes:
    body = bytes.fromhex(text)
    return struct.pack(">HHH", transaction, 0, len(body)) + body


ASKED = rtu("07 0300640003")


def test_a_trace_is_exchanges_with_their_times():
    recording = read_exchanges(NOISY)
    assert recording.is_serial
    assert not recording.findings
    assert sum(not exchange.answers for exchange in recording.exchanges) == 1, "one was silence"
    first = recording.exchanges[0]
    assert (first.unit, first.frame) == (7, ASKED)
    assert [answer.frame for answer in first.answers] == [rtu("07 0306 0fa0 0001 03e8")]
    assert all(0 < answer.seconds < 0.3 for exchange in recording.exchanges for answer in exchange.answers)
    assert read_exchanges(gzip.compress(NOISY)) == recording


def test_each_request_is_answered_as_recorded_in_order_and_then_from_the_beginning():
    recording = read_exchanges(NOISY)
    device = ReplayedDevice(recording, is_serial=True)
    wanted = [[a.frame for a in exchange.answers] for exchange in recording.exchanges if exchange.frame == ASKED]
    found = [[frame for _, frame in device.respond(ASKED)] for _ in range(2 * len(wanted))]
    assert found == wanted + wanted
    assert (device.known, device.unknown) == (2 * len(wanted), 0)


def test_on_tcp_the_transaction_is_that_of_today_and_a_cut_is_a_cut():
    recording = read_exchanges(MOODY)
    device = ReplayedDevice(recording, is_serial=False)
    asked = tcp("07 0300640003", 900)
    found = [device.respond(asked) for _ in recording.exchanges]
    frames = [frame for answers in found for _, frame in answers]
    assert None in frames
    assert tcp("07 8304", 900) in frames
    assert tcp("09 0306 0fa5 0001 03ed", 900) in frames
    assert all(frame is None or frame[:2] == asked[:2] for frame in frames)


def test_what_was_never_asked_is_answered_from_the_registers_that_the_trace_tells_of():
    device = ReplayedDevice(read_exchanges(NOISY), is_serial=True)
    assert device.respond(rtu("07 0300650001")) == [(0.0, rtu("07 0302 0001"))]
    device.respond(ASKED)
    assert device.respond(rtu("07 0300660001")) == [(0.0, rtu("07 0302 03e8"))]
    assert device.respond(rtu("07 0300680001")) == [(0.0, rtu("07 8302"))]
    assert device.respond(rtu("07 0600650009")) == [(0.0, rtu("07 0600650009"))]
    assert device.respond(rtu("07 0300650001")) == [(0.0, rtu("07 0302 0009"))]
    assert device.respond(rtu("08 0300650001")) == []
    assert device.respond(b"\x07\x03\x00") == []


def test_a_serial_trace_may_be_served_on_tcp_and_the_other_way_round():
    serial = ReplayedDevice(read_exchanges(NOISY), is_serial=False)
    frames = [frame for _ in range(8) for _, frame in serial.respond(tcp("07 0300640003", 5))]
    assert tcp("07 0306 0fa0 0001 03e8", 5) in frames
    assert all(frame[2:4] == b"\0\0" for frame in frames), "a wrong check sum has no meaning there: silence"
    moody = ReplayedDevice(read_exchanges(MOODY), is_serial=True)
    assert [frame for _, frame in moody.respond(ASKED)] == [rtu("07 0306 0fa0 0001 03e8")]


def test_the_trace_tells_of_these_variables_alone():
    device = ReplayedDevice(read_exchanges(NOISY), is_serial=True)
    assert device.missing(DEFINITION) == ["Never asked"]
    assert device.units() == [7]


def test_of_several_devices_one_is_to_be_named():
    other = MOODY.replace(b"192.168.10.21", b"192.168.10.22")
    with pytest.raises(TraceFault, match=r"name one with --address: 192\.168\.10\.21:502, 192\.168\.10\.22:502"):
        read_exchanges(MOODY + other)
    assert len(read_exchanges(MOODY + other, address="192.168.10.22:502").exchanges) == 12
    with pytest.raises(TraceFault, match="holds nothing of 10"):
        read_exchanges(MOODY, address="10.0.0.1:502")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello\n", b"\x1f\x8bnothing", b"24/06/2026 12:00:00.123;<= 01 03\n", b"24/06/2026 12:00:00.123;=> 01 03\n"],
    ids=["empty", "text", "gzip", "answers", "half"],
)
def test_what_holds_no_request_is_refused(content):
    with pytest.raises(TraceFault):
        read_exchanges(content)


FRAMES = st.binary(min_size=1, max_size=12) | st.sampled_from([ASKED, rtu("07 0302 0001"), tcp("01 0300000001")])
LINES = st.builds(
    TraceLine, st.integers(0, 2**41), st.sampled_from([Flow.SENT, Flow.RECEIVED]), FRAMES,
    st.sampled_from(["", "a:502"]),
)  # fmt: skip


@given(st.lists(LINES, max_size=12), FRAMES, st.booleans())
def test_no_trace_and_no_request_make_it_fail(lines, request_frame, is_serial):
    try:
        recording = read_exchanges(trace_bytes(lines), address="a:502" if any(line.address for line in lines) else "")
    except TraceFault:
        return
    device = ReplayedDevice(recording, is_serial=is_serial)
    for frame in (request_frame, *(exchange.frame for exchange in recording.exchanges)):
        for seconds, answer in device.respond(frame):
            assert seconds >= 0
            assert answer is None or answer
