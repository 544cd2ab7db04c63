"""Runs of sequences: a set, in a few rows."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.sync.runs import Runs


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(1, 40), max_size=60))
def test_runs_are_the_set_of_what_was_added(numbers):
    runs, seen = Runs(), set()
    for number in numbers:
        assert runs.add(number) is (number not in seen)
        seen.add(number)
    pairs = list(runs)
    assert {n for first, last in pairs for n in range(first, last + 1)} == seen
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(pairs))
    assert [n in Runs(pairs) for n in range(42)] == [n in seen for n in range(42)]


def test_a_copy_changes_on_its_own():
    runs = Runs([(1, 3)])
    runs.copy().add(4)
    assert list(runs) == [(1, 3)]
