"""Runs of recorded dates against a plain set of dates."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector import runs

STEP = 10


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 60), max_size=80))
def test_each_date_is_taken_once_in_any_order_and_no_other_is_refused(order):
    taken: set[int] = set()
    known: tuple[runs.Run, ...] = ()
    for date in (number * STEP for number in order):
        # A reference that keeps every date; a hole is filled where the dates before and after it are consecutive.
        refused = date in taken or any(first < date < last for first, last in known)
        assert runs.holds(known, date) == refused
        if not refused:
            known = runs.extended(known, date, date - STEP)
            taken.add(date)
    assert list(known) == sorted(known)
    assert all(before[1] < after[0] for before, after in pairwise(known))
    assert all(runs.holds(known, date) for date in taken)


def test_consecutive_dates_are_one_run():
    known: tuple[runs.Run, ...] = ()
    for date in range(0, 1000, STEP):
        known = runs.extended(known, date, date - STEP)
    assert known == ((0, 990),)


def test_a_clock_years_ahead_and_mended_does_not_stop_recording():
    known = runs.extended(runs.extended((), 1000, 990), 9_000_000, 8_999_990)
    assert not runs.holds(known, 1010)
    assert runs.extended(known, 1010, 1000) == ((1000, 1010), (9_000_000, 9_000_000))


def test_a_clock_set_back_finds_its_dates_recorded_and_goes_on_where_it_was():
    known = ((1000, 2000),)
    assert all(runs.holds(known, date) for date in range(1000, 2001, STEP))
    assert runs.extended(known, 2010, 2000) == ((1000, 2010),)


def test_the_number_of_runs_is_limited_and_the_smallest_hole_goes_first():
    known = tuple((n * 100, n * 100) for n in range(runs.MOST_RUNS - 1))
    far = runs.extended(known, 10**12, 10**12 - STEP)
    near = runs.extended(far, 30, 20)
    assert len(near) == runs.MOST_RUNS
    assert runs.holds(near, 30)
    assert runs.holds(near, 10) or runs.holds(near, 50)
    assert near[-1] == (10**12, 10**12)
