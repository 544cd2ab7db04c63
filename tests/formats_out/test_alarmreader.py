"""Alarm files read back (spec 3.3)."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import AlarmRow, DateForm, LocalDates, device_alarm, gateway_alarm, pack, read_alarms

TEN = 1_717_236_000_000
NAME = "WPM00C44F_AL_240601_101500.csv.gz"
CONTENT = "24/06/01-10:00:00;GATEWAY;DEVICE LOST roof_1\n24/06/01-10:00:05;MODBUS;inv.csv;roof_1;24;7\n"


def test_alarms_of_the_gateway_and_of_devices():
    rows, findings = read_alarms(CONTENT.encode(), NAME)
    assert findings == []
    assert rows == [
        AlarmRow(dt.datetime.fromisoformat("2024-06-01T10:00:00"), "GATEWAY", info="DEVICE LOST roof_1"),
        AlarmRow(dt.datetime.fromisoformat("2024-06-01T10:00:05"), "MODBUS", "", "inv.csv", "roof_1", "24", "7"),
    ]


def test_what_is_written_reads_back_with_its_offset():
    dates = LocalDates("Europe/Paris", DateForm.DMY)
    line = device_alarm(dates.text(TEN), source="IO", definition="io.csv", device="inputs", variable="2", value=1)
    content = pack((gateway_alarm(dates.text(TEN), "POWER ON") + line).encode())
    rows, findings = read_alarms(content, NAME, zone="Europe/Paris")
    assert findings == []
    assert [row.timestamp.isoformat() for row in rows] == ["2024-06-01T12:00:00+02:00"] * 2
    assert rows[1][1:] == ("IO", "", "io.csv", "inputs", "2", "1")


@pytest.mark.parametrize(
    ("line", "place", "reason"),
    [
        ("hello", "3:1", '"hello" is no date'),
        ("24/06/01-10:00:00", "3:19", "none of GATEWAY, IO, MODBUS"),
        ("24/06/01-10:00:00;TIC;a;b;c;d", "3:19", '"TIC" is none of'),
        ("24/06/01-10:00:00;IO;a;b;c", "3:1", "has 6 fields, not 5"),
    ],
)
def test_a_line_with_a_fault_is_told_and_the_others_are_read(line: str, place: str, reason: str):
    rows, findings = read_alarms((CONTENT + line + "\n").encode(), NAME)
    assert len(rows) == 2
    (finding,) = findings
    assert str(finding).startswith(f"{NAME}:{place}: error: ")
    assert reason in finding.text


def test_dates_that_do_not_fit_the_given_form_or_never_were_are_told():
    _, findings = read_alarms(b"24/06/31-10:00:00;GATEWAY;POWER ON\n", NAME, dates=DateForm.YMD)
    assert "is no date as YY/MM/DD-hh:mm:ss" in findings[0].text
    _, findings = read_alarms(b"24/03/31-02:30:00;GATEWAY;POWER ON\n", NAME, zone="Europe/Paris")
    assert "does not exist in Europe/Paris" in findings[0].text


def test_an_open_date_form_is_an_error():
    rows, findings = read_alarms(CONTENT.encode(), "renamed.csv")
    assert rows == []
    assert "--dates" in findings[0].text


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(content: bytes):
    read_alarms(content, NAME, zone="UTC")
