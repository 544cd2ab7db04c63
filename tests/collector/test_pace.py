"""How fast a device answers is measured robustly, and the plan follows where another one is clearly cheaper."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.cost import Pace, wire_of
from heliograph.collector.fetch import Fetch
from heliograph.collector.links import (
    EXCEPTIONS,
    Busy,
    DeviceTrouble,
    Illegal,
    ModbusException,
    NobodyBehind,
    modbus_exception,
)
from heliograph.collector.pace import LEAST_SAMPLES, SAMPLES, PaceMeter
from heliograph.formats.daq import Device, SerialLine
from support.points import point, variables

LINE = SerialLine(1, baudrate=9600)
CHARACTER = 10 / 9600


def exchange(data: int, turnaround: float, byte: float = CHARACTER) -> float:
    """What an exchange takes on the line."""
    return 13 * CHARACTER + data * byte + turnaround


def test_a_turnaround_is_what_is_left_beside_the_frames():
    meter = PaceMeter(wire_of(LINE))
    for data in (24, 100) * 10:
        meter.note(data, exchange(data, 0.020))
    pace = meter.pace
    assert pace is not None
    assert pace.turnaround_seconds == pytest.approx(0.020)
    assert pace.byte_seconds == pytest.approx(CHARACTER)


def test_nothing_is_said_before_enough_answers():
    meter = PaceMeter(wire_of(LINE))
    for _ in range(LEAST_SAMPLES - 1):
        meter.note(24, 0.1)
    assert meter.pace is None


@given(st.integers(0, 2**32), st.floats(0.001, 0.2), st.floats(0.2, 20))
def test_hiccups_do_not_move_it(seed, turnaround, hiccup):
    """A third of all answers that take much longer leave it where the others are."""
    meter = PaceMeter(wire_of(LINE))
    chance = random.Random(seed)
    kinds = [0.0] * (SAMPLES - SAMPLES // 3) + [hiccup] * (SAMPLES // 3)
    chance.shuffle(kinds)
    for more in kinds:
        meter.note(24, exchange(24, turnaround) + more)
    pace = meter.pace
    assert pace is not None
    assert pace.turnaround_seconds == pytest.approx(turnaround)


def test_what_a_byte_costs_behind_a_gateway_shows_in_long_and_short_answers():
    meter = PaceMeter(wire_of(None))
    for data in (20, 240) * 10:
        meter.note(data, 0.010 + data * 0.001)
    pace = meter.pace
    assert pace is not None
    assert pace.byte_seconds == pytest.approx(0.001, rel=0.01)
    assert pace.turnaround_seconds == pytest.approx(0.010, rel=0.01)


def fetch_of(gap: int) -> Fetch:
    device = Device(line=0, index="1", interface=None, name="x", address=1, gap=gap)
    return Fetch(variables([point(0), point(21), point(42)]), device, wire_of(LINE))


def test_a_slow_device_is_worth_reading_across_holes():
    """Twenty registers take 42 ms at 9600 baud: more than a request, unless the device needs 40 ms to answer."""
    fetch = fetch_of(gap=30)
    assert fetch.figures.requests == 3
    assert fetch.suit(Pace(0.040, CHARACTER))
    assert fetch.figures.requests == 1
    assert fetch.suit(Pace(0.004, CHARACTER))
    assert fetch.figures.requests == 3


def test_a_plan_that_is_hardly_cheaper_is_not_followed():
    fetch = fetch_of(gap=30)
    before = fetch.requests
    assert not fetch.suit(Pace(0.0245, CHARACTER))
    assert fetch.requests is before


def test_without_holes_to_cross_no_pace_changes_the_plan():
    fetch = fetch_of(gap=0)
    assert not fetch.suit(Pace(1.0, CHARACTER))
    assert fetch.figures.requests == 3
    assert fetch.figures.least_seconds == pytest.approx(3 * (1 + (13 + 3.5 + 2) * CHARACTER))


@pytest.mark.parametrize(
    ("codes", "kind"),
    [((1, 2, 3), Illegal), ((5, 6), Busy), ((4, 7, 8, 9, 12, 255), DeviceTrouble), ((10, 11), NobodyBehind)],
    ids=["illegal", "busy", "trouble", "nobody"],
)
def test_the_class_of_an_exception_is_its_policy(codes, kind):
    for code in codes:
        found = modbus_exception(code)
        assert (type(found), found.code) == (kind, code)
        assert f"exception {code} ({EXCEPTIONS.get(code, (None, 'unknown'))[1]})" in str(found)
        assert isinstance(found, ModbusException)
