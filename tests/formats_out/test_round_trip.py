"""What is written reads back: every kind of value, both date forms, with and without index line, in any zone."""

import datetime as dt
import gzip
import math
import struct
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import (
    BlockHeader,
    DataFileWriter,
    DateForm,
    LocalDates,
    Value,
    format_row,
    read_data_file,
    shortest_single,
)
from heliograph.formats.definition import Definition
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.findings import has_errors

START = 1_704_067_200  # 2024-01-01
ZONES = ("UTC", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")

doubles = st.floats(allow_nan=False, allow_infinity=False)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False).map(shortest_single)
texts = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=12)
KINDS: dict[str, tuple[str, st.SearchStrategy[Value]]] = {
    "U8": ("0_1", st.integers(0, 255)),
    "I16_W": ("0", st.integers(-(2**15), 2**15 - 1)),
    "U32": ("0", st.integers(0, 2**32 - 1)),
    "I64_B": ("0", st.integers(-(2**63), 2**63 - 1)),
    "F32": ("0", singles),
    "F64": ("0", doubles),
    "Bits": ("0_2_3", st.integers(0, 7)),
    "String": ("0_20", texts),
}


@dataclass(frozen=True)
class Column:
    """One variable: its type, its action, and how many values stand for it."""

    kind: str
    action: int

    @property
    def values(self) -> list[st.SearchStrategy[Value]]:
        of_kind = KINDS[self.kind][1] | st.none()
        mean = doubles | st.none()
        return [of_kind, of_kind, mean] * bool(self.action & 2) + [of_kind] * bool(self.action & 12)


numbers = st.sampled_from([kind for kind in KINDS if kind != "String"])
columns = st.lists(
    st.builds(Column, numbers, st.sampled_from([2, 4, 6, 7, 8, 9])) | st.builds(Column, st.just("String"), st.just(4)),
    min_size=1,
    max_size=6,
)


@st.composite
def records(draw: st.DrawFn) -> tuple[list[Column], list[tuple[int, list[Value]]]]:
    drawn = draw(columns)
    seconds = sorted(draw(st.sets(st.integers(START, START + 366 * 86_400), min_size=1, max_size=5)))
    row = st.tuples(*(strategy for column in drawn for strategy in column.values)).map(list)
    return drawn, [(second * 1000, draw(row)) for second in seconds]


def definition(drawn: list[Column]) -> Definition:
    lines = [f"{i}x;3;{KINDS[c.kind][0]};{c.kind};;name {i};;;;;{c.action}" for i, c in enumerate(drawn)]
    parsed, findings = parse_definition("\n".join(["modbusTCP;a;b;c", *lines]).encode(), "d.csv")
    assert parsed is not None, findings
    return parsed


def as_read(value: Value) -> Value:
    """What a value becomes on its way: separators become blanks, empty means missing."""
    if isinstance(value, str):
        return value.translate(str.maketrans(";\r\n", "   ")) or None
    return value


@settings(deadline=None, max_examples=75)
@given(records(), st.booleans(), st.sampled_from(DateForm), st.sampled_from(ZONES))
def test_raw_values_and_dates_read_back(drawn, index_line: bool, form: DateForm, zone: str):
    described, rows = drawn
    parsed = definition(described)
    header = BlockHeader("MODBUS", "12", "modbusTCP", "d.csv", tuple(v.index for v in parsed.recorded))
    writer = DataFileWriter(LocalDates(zone, form), index_line=index_line)
    for time, values in rows:
        assert writer.add(header, time, format_row(values))
    file, findings = read_data_file(writer.close(), "any.csv.gz", {"d.csv": parsed}, dates=form)
    assert not has_errors(findings), findings
    expected = [
        (dt.datetime.fromtimestamp(time // 1000, ZoneInfo(zone)).replace(tzinfo=None, fold=0), "12", as_read(value))
        for time, values in rows
        for value in values
        if as_read(value) is not None
    ]
    assert [(row.timestamp, row.device, row.raw) for row in file.rows()] == expected


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(ZONES),
    st.integers(START, START + 366 * 86_400),
    st.sampled_from([600, 900, 3600]),
    st.integers(13, 60),
)
def test_instants_read_back_through_changes_of_the_clock(zone: str, start: int, period: int, count: int):
    """Rows at each period from before the repeated hour on are told apart, whatever the zone."""
    parsed = definition([Column("U8", 4)])
    header = BlockHeader("MODBUS", "1", "modbusTCP", "d.csv", ("0x",))
    writer = DataFileWriter(LocalDates(zone))
    instants = [START - 7200, *range(start - start % period, start - start % period + count * period, period)]
    for instant in instants:
        writer.add(header, instant * 1000, "1")
    file, findings = read_data_file(writer.close(), "any.csv.gz", {"d.csv": parsed}, dates=DateForm.YMD, zone=zone)
    read = [int(row.timestamp.timestamp()) for row in file.rows()]
    if not findings:
        # a file that begins in the middle of a repeated hour may be in doubt without knowing it
        assert read[3600 // period + 1 :] == instants[3600 // period + 1 :]
    assert len(read) == len(instants)


EXAMPLE = b"""DEVICEINDEX;1
modbusTCP;d.csv
2;0x;1x
24/06/01-10:00:00;106;10;14;text
24/06/01-10:10:00;108;11;15.5;
"""


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_damage_makes_the_reader_fail_or_give_what_is_not_in_the_file(data: st.DataObject):
    """Bytes are cut out, put in and doubled: what is still read stands so in the damaged file."""
    content = EXAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 12)))
        content = content[:start] + data.draw(st.binary(max_size=4) | st.just(content[start:end] * 2)) + content[end:]
    parsed = definition([Column("U8", 2), Column("String", 4)])
    packed = gzip.compress(content) if data.draw(st.booleans()) else content
    file, _ = read_data_file(packed, "W_MODBUS_240601_101500.csv.gz", {"d.csv": parsed}, zone="Europe/Paris")
    for row in file.rows():
        assert row.index in {"0x", "1x"}
        assert not isinstance(row.raw, float) or math.isfinite(row.raw)
        assert isinstance(row.raw, float) or str(row.raw).encode() in content


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(content: bytes):
    file, findings = read_data_file(content, "x", {})
    assert list(file.rows()) == []
    assert findings or not content.strip()


def test_a_single_that_was_unpacked_reads_back_to_the_same_bytes():
    packed = b"\xcd\xcc\xcc\x3d"
    parsed = definition([Column("F32", 4)])
    header = BlockHeader("MODBUS", "1", "modbusTCP", "d.csv", ("0x",))
    writer = DataFileWriter(LocalDates())
    writer.add(header, START * 1000, format_row((shortest_single(struct.unpack("<f", packed)[0]),)))
    content = writer.close()
    assert b";0.1\n" in gzip.decompress(content)
    file, _ = read_data_file(content, "x", {"d.csv": parsed}, dates=DateForm.YMD)
    raw = next(file.rows()).raw
    assert isinstance(raw, float)
    assert struct.pack("<f", raw) == packed
