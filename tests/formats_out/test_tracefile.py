"""Communication traces: written to the letter of spec 3.4, and read back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats.findings import Severity
from heliograph.formats.tracefile import Flow, Mark, TraceLine, parse_trace_line, read_trace, trace_bytes

NOON = 1_782_302_400_123
"""2026-06-24 12:00:00.123 UTC"""
FRAMES = st.binary(min_size=1, max_size=260)
ADDRESSES = st.sampled_from(["", "192.168.1.20:502", "[2001:db8::1]:1502", "inverter.example.org:502"])
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
LINES = st.one_of(
    st.builds(TraceLine, st.integers(0, 2**41), st.just(Flow.SENT), FRAMES, ADDRESSES),
    st.builds(TraceLine, st.integers(0, 2**41), st.just(Flow.RECEIVED), FRAMES, ADDRESSES, st.sampled_from(Mark)),
    st.builds(
        lambda time, address, words: TraceLine(time, Flow.EVENT, address=address, text=" ".join(words)),
        st.integers(0, 2**41), ADDRESSES, st.lists(WORDS, min_size=1, max_size=5),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (TraceLine(NOON, Flow.SENT, b"\x01\x03\x00\x0a"), "24/06/2026 12:00:00.123;=> 01 03 00 0A"),
        (
            TraceLine(NOON, Flow.RECEIVED, b"\x00\x01", "10.0.0.5:502"),
            "24/06/2026 12:00:00.123;<= 10.0.0.5:502 00 01",
        ),
        (TraceLine(NOON, Flow.RECEIVED, b"\xff", mark=Mark.CRC), "24/06/2026 12:00:00.123;<= *** CRC *** FF"),
        (
            TraceLine(NOON, Flow.RECEIVED, b"\xff", "10.0.0.5:502", Mark.BAD_SLAVE),
            "24/06/2026 12:00:00.123;<= 10.0.0.5:502 *** BAD SLAVE *** FF",
        ),
        (
            TraceLine(NOON, Flow.RECEIVED, b"\xff", mark=Mark.INVALID_FUNCTION),
            "24/06/2026 12:00:00.123;<= *** INVALID FCT *** FF",
        ),
        (TraceLine(NOON, Flow.EVENT, text="line\nlost"), "24/06/2026 12:00:00.123;-- line lost"),
    ],
    ids=["sent", "ethernet", "crc", "slave", "function", "event"],
)
def test_a_line_is_written_like_this(line, text):
    assert str(line) == text


@given(LINES)
def test_what_is_written_reads_back_the_same(line):
    assert parse_trace_line(str(line)) == line


@given(st.text(max_size=120))
def test_no_text_makes_the_reader_fail(text):
    line = parse_trace_line(text)
    assert line is None or isinstance(line, TraceLine)


@given(st.lists(LINES, max_size=20), st.integers(0, 20))
def test_a_foreign_line_is_named_and_the_others_are_read(lines, place):
    texts = trace_bytes(lines).splitlines(keepends=True)
    place = min(place, len(texts))
    found, findings = read_trace(b"".join([*texts[:place], b"what is this?\n", *texts[place:]]), "t.log")
    assert found == lines
    ((file, number, severity),) = [(f.file, f.line, f.severity) for f in findings]
    assert (file, number, severity) == ("t.log", place + 1, Severity.ERROR)


@pytest.mark.parametrize("text", ["01 03", "0103", "*** CRC *** 0103", "*** CRC *** 1.2.3.4:502 01 03"])
def test_other_writers_blanks_and_places_of_the_mark_are_read_as_well(text):
    line = parse_trace_line(f"24/06/2026 12:00:00.123;<={text}")
    assert line is not None
    assert line.frame == b"\x01\x03"
    assert line.mark is (Mark.CRC if "CRC" in text else Mark.NONE)
