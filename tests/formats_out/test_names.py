"""Names of outgoing files and the rule of their stamps (spec 1.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import FileKind, OutgoingName, next_stamp, parse_name, timestamp
from heliograph.formats.names import EARLIEST

JUNE = 1_717_236_000_000
LATEST = 4_102_444_799_000

NAMES = {
    FileKind.MODBUS: "WPM00BDE4_MODBUS_240601_100000.csv.gz",
    FileKind.IO: "WPM00BDE4_IO_240601_100000.csv.gz",
    FileKind.TIC: "WPM00BDE4_TIC_240601_100000.csv.gz",
    FileKind.MODBUS_PARAMETERS: "WPM00BDE4_MODBUS_P_240601_100000.csv.gz",
    FileKind.ALARMS: "WPM00BDE4_AL_240601_100000.csv.gz",
    FileKind.LOG: "WPM00BDE4_LOG_240601_100000.log.gz",
    FileKind.RESULTS: "WPM00BDE4_ACK_240601_100000.json",
    FileKind.BUNDLE: "WPM00BDE4_SYSTEME_240601_100000.tar.gz",
    FileKind.TRACE_SERIAL2: "WPM00BDE4_serial2_240601_100000.log.gz",
    FileKind.TRACE_ETHERNET: "WPM00BDE4_ethernet_240601_100000.log.gz",
}

uids = st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True)
seconds = st.integers(EARLIEST // 1000, LATEST // 1000)


@pytest.mark.parametrize("kind", NAMES)
def test_each_kind_has_the_name_of_the_specification(kind: FileKind):
    assert str(OutgoingName("WPM00BDE4", kind, JUNE)) == NAMES[kind]


@given(uids, st.sampled_from(FileKind), seconds)
def test_a_name_reads_back(uid: str, kind: FileKind, second: int):
    name = OutgoingName(uid, kind, second * 1000)
    assert parse_name(str(name)) == name


def test_a_uid_may_hold_underscores_and_even_look_like_a_kind():
    name = parse_name("MY_IO_MODBUS_P_240601_100000.csv.gz")
    assert name == OutgoingName("MY_IO", FileKind.MODBUS_PARAMETERS, JUNE)


def test_an_unpacked_file_is_recognised():
    assert parse_name("A_MODBUS_240601_100000.csv") == OutgoingName("A", FileKind.MODBUS, JUNE)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A_MODBUS_240601_100000.log.gz",
        "A_MODBUS_241301_100000.csv.gz",
        "A_LUCK_240601_100000.csv.gz",
        "../A_MODBUS_240601_100000.csv.gz",
        "A_MODBUS_240601_100000.csv.gz.tmp",
        "_cmd.json",
    ],
)
def test_other_names_are_none_of_ours(name: str):
    assert parse_name(name) is None


@given(st.text())
def test_no_name_crashes_the_reader(name: str):
    parse_name(name)


@given(seconds, seconds)
def test_the_order_of_stamps_is_the_order_of_time(first: int, second: int):
    assert (timestamp(first * 1000) < timestamp(second * 1000)) is (first < second)


def test_a_stamp_is_never_before_or_equal_to_the_last():
    assert next_stamp(None, JUNE + 999) == JUNE
    assert next_stamp(JUNE, JUNE + 500) == JUNE + 1000
    assert next_stamp(JUNE, JUNE - 86_400_000) == JUNE + 1000
    assert next_stamp(JUNE, JUNE + 5000) == JUNE + 5000


def test_a_clock_without_battery_does_not_break_the_order():
    first = next_stamp(None, 12_000)
    assert timestamp(first) == "000101_000000"
    assert timestamp(next_stamp(first, JUNE)) > timestamp(first)
