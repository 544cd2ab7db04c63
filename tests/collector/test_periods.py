"""Due instants against a slow count of the seconds of a day."""

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.periods import DAY, next_end, period_end, previous_end

INSTANTS = st.integers(0, 4_102_444_800_000)
PERIODS = st.integers(1, 100_000).map(lambda seconds: seconds * 1000)


def dues(day: int, period: int) -> list[int]:
    """Every due instant of a day and the next midnight, one by one."""
    return [*range(day, day + DAY, period), day + DAY]


@settings(deadline=None, max_examples=100)
@given(INSTANTS, PERIODS.filter(lambda period: period >= 60_000))
def test_due_instants_are_the_multiples_since_midnight_and_midnight(instant, period):
    day = instant - instant % DAY
    due = dues(day, period)
    assert period_end(instant, period) == min(d for d in due if d >= instant)
    assert next_end(instant, period) == min(d for d in [*due, *dues(day + DAY, period)] if d > instant)


@settings(deadline=None, max_examples=200)
@given(INSTANTS, PERIODS)
def test_periods_follow_one_another_without_a_hole(instant, period):
    end = period_end(instant, period)
    begin = previous_end(end, period)
    assert begin < instant <= end
    assert begin >= end - period
    assert next_end(begin, period) == end
    assert period_end(begin + 1, period) == period_end(end, period) == end


def test_the_date_itself_still_belongs_to_its_record():
    assert period_end(600_000, 600_000) == 600_000
    assert period_end(600_001, 600_000) == 1_200_000


def test_where_the_period_does_not_divide_the_day_midnight_is_due():
    period = 7 * 3_600_000
    assert period_end(DAY - 1, period) == DAY
    assert previous_end(DAY, period) == 21 * 3_600_000
    assert next_end(DAY, period) == DAY + period
