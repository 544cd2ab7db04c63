"""What is recorded of readings, against a slow reading of the specification."""

import json
from collections import defaultdict
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.recorder import Recorder
from heliograph.collector.recording import Recording
from heliograph.contract import Record
from heliograph.formats.daq import Device
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.values import shortest_single

PERIOD = 60
TEXT = """\
modbusTCP;Meter;Test;One
a;3;0;U16;;Statistics;;1;0;;2
b;3;1;U16;;Instant;;1;0;;4
c;3;2;F32;;Both;;1;0;;6
d;3;4_8;String;;Text;;1;0;;4
p;3;9;U16;;Parameter;;1;0;;1
"""
DEFINITION, _ = parse_definition(TEXT.encode(), "DEF/m.csv")
DEVICE = Device(line=2, index="5", interface=None, name="roof", address=1, period_seconds=PERIOD, definition="m.csv")

INTEGER = st.none() | st.integers(0, 65535)
FLOAT = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)
READING = st.tuples(INTEGER, INTEGER, FLOAT, st.none() | st.text("abc", max_size=3))


def recorder(now: int, recorded: set[int] | None = None) -> Recorder:
    return Recorder(DEVICE, DEFINITION, now, lambda _, date: date in (recorded or set()))


def records(drafts) -> dict[int, list]:
    """Dates and values of drafts, each read as the contract has it."""
    found = {}
    for draft in drafts:
        record = Record.model_validate_json(b'{"source":"x","sequence":1,' + draft.body)
        assert record.time == draft.date
        found[record.time] = json.loads(draft.body[draft.body.index(b'"values":') + 9 : -1])
        assert len(record.values) == sum(column.fields for column in record.layout.columns)
    return found


def slow(readings: list[tuple[int, tuple]]) -> dict[int, list]:
    """The specification, read aloud."""
    by_date = defaultdict(list)
    for time, reading in readings:
        by_date[-(-time // (PERIOD * 1000)) * PERIOD * 1000].append(reading)
    found = {}
    for date, own in by_date.items():
        a, b, c, d = ([value for value in column if value is not None] for column in zip(*own, strict=True))
        if a or b or c or d:
            least, most, mean = statistics(c)
            found[date] = [*statistics(a), last(b), short(least), short(most), mean, short(last(c)), last(d)]
    return found


def statistics(values: list) -> list:
    if not values:
        return [None, None, None]
    mean = Fraction(sum(map(Fraction, values)), len(values))
    return [min(values), max(values), float(mean)]


def last(values: list):
    return values[-1] if values else None


def short(value: float | None) -> float | None:
    return None if value is None else shortest_single(value)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(1, 90_000), READING), max_size=40), st.integers(0, 60_000))
def test_a_record_covers_the_readings_of_its_period_whoever_closes_it(steps, lateness):
    """The periods are closed now by a reading, now by the timer, at any time after their end."""
    now = 1_700_000_000_000
    own = recorder(now)
    drafts, readings = [], []
    for step, reading in steps:
        now += step
        own.add(reading, now)
        readings.append((now, reading))
        if step % 3 == 0:
            drafts += own.close(now + lateness % (own.end - now + 1) if own.end > now else now)
    drafts += own.close(own.end)
    assert records(drafts) == slow(readings)


def test_a_period_without_any_value_is_a_gap_and_no_record():
    own = recorder(0)
    own.add((None, None, None, None), 10)
    assert own.close(60_000) == []
    assert own.gaps == 1


def test_means_of_singles_are_exact_and_the_rest_is_in_the_shortest_form():
    own = recorder(0)
    single = 0.10000000149011612
    own.add((1, 2, single, "x"), 10)
    own.add((2, 2, single, "y"), 20)
    (values,) = records(own.close(60_000)).values()
    assert values == [1, 2, 1.5, 2, 0.1, 0.1, single, 0.1, "y"]


def test_after_the_clock_was_set_back_no_period_is_recorded_twice_and_the_open_one_goes_on():
    recorded = {60_000}
    own = recorder(61_000, recorded)
    own.add((5, 5, 5.0, "x"), 61_000)
    own.add((9, 9, 9.0, "y"), 59_000)
    assert own.close(59_500) == []
    own.add((7, 7, 7.0, "z"), 62_000)
    assert records(own.close(120_000)) == {120_000: [5, 7, 6, 7, 5.0, 7.0, 6, 7.0, "z"]}


def test_a_clock_years_ahead_and_mended_records_at_once():
    own = recorder(10**12)
    own.add((5, 5, 5.0, "x"), 10**12)
    own.add((6, 6, 6.0, "y"), 61_000)
    assert list(records(own.close(120_000))) == [120_000]


def test_a_silent_device_counts_its_gaps_anew_after_the_clock_was_mended():
    own = recorder(10**12)
    assert own.close(61_000) == []
    own.close(120_000)
    assert own.gaps == 1


def test_a_step_forward_closes_the_open_period_under_its_own_date():
    own = recorder(1_000)
    own.add((5, 5, 5.0, "x"), 2_000)
    own.add((6, 6, 6.0, "y"), 3_600_001)
    assert list(records(own.close(3_600_002))) == [60_000]
    assert list(records(own.close(3_660_000))) == [3_660_000]


class Standing:
    """A clock that a test sets."""

    seconds = 30.0

    def time(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None: ...


def test_a_device_that_is_dropped_hands_over_the_periods_that_have_ended():
    """A revision may change a device between the end of its period and the moment at which records are made."""
    clock, put = Standing(), []
    recording = Recording(put.extend, clock, lambda _, __: False)
    late, ahead, idle = (recording.recorder(DEVICE, DEFINITION) for _ in range(3))
    for each in (late, ahead, idle):
        recording.begin(each)
    late.add((1, 2, 3.0, "a"), 59_000)
    ahead.add((1, 2, 3.0, "a"), 59_000)
    ahead.add((2, 2, 3.0, "a"), 60_500)
    idle.add((1, 2, 3.0, "a"), 31_000)
    recording.drop(idle)
    assert put == []
    clock.seconds = 60.6
    recording.drop(late)
    recording.drop(ahead)
    assert [draft.date for draft in put] == [60_000, 60_000]
    recording.close(300_000)
    assert len(put) == 2
