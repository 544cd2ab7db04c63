"""Minimum, maximum and mean against fractions."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.totals import Total

INTEGERS = st.lists(st.integers(-(2**63), 2**64 - 1), min_size=1, max_size=60)
FLOATS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60)


def total_of(numbers: list, portion: int) -> Total:
    total = Total()
    for start in range(0, len(numbers), portion):
        total.take(numbers[start : start + portion])
    return total


@settings(deadline=None, max_examples=100)
@given(INTEGERS, st.integers(1, 60))
def test_integers_are_summed_exactly(numbers, portion):
    total = total_of(numbers, portion)
    mean = Fraction(sum(numbers), len(numbers))
    assert (total.least, total.most, total.count) == (min(numbers), max(numbers), len(numbers))
    assert total.mean == (int(mean) if mean.denominator == 1 else float(mean))
    assert isinstance(total.mean, int) == (mean.denominator == 1)


@settings(deadline=None, max_examples=150)
@given(FLOATS, st.integers(1, 60))
def test_floats_are_summed_exactly_and_rounded_once(numbers, portion):
    total = total_of(numbers, portion)
    mean = float(sum(map(Fraction, numbers)) / len(numbers))
    assert (total.least, total.most) == (min(numbers), max(numbers))
    assert total.mean == mean
    assert isinstance(total.mean, int) == (mean.is_integer() and abs(mean) < 2**53)


def test_a_sum_beyond_every_double_still_has_its_mean():
    assert total_of([1.7e308, 1.7e308, 1.7e308], 2).mean == 1.7e308


def test_small_numbers_are_not_lost_beside_great_ones():
    assert total_of([1e16, 1.0, -1e16, 1.0], 1).mean == 0.5


def test_without_readings_there_is_no_mean():
    assert Total().mean is None
