"""Which dates of a device have been recorded, as few runs of consecutive dates. Pure.

A clock that was set back meets dates inside a run and records none of them a second time; a clock that was years ahead
and is mended finds itself between runs and records at once (decision 0002).
"""

from bisect import bisect_right
from typing import Final

MOST_RUNS: Final = 500
"""Runs kept for one device; beyond it the two with the smallest hole between them become one."""

Run = tuple[int, int]
"""First and last recorded date."""


def holds(runs: tuple[Run, ...], date: int) -> bool:
    """Tell whether a date lies in one of the runs, which are in order and apart."""
    place = bisect_right(runs, date, key=_first)
    return place > 0 and date <= runs[place - 1][1]


def extended(runs: tuple[Run, ...], date: int, previous: int) -> tuple[Run, ...]:
    """Return the runs with one more date, which lies in none of them; `previous` is the due instant before it."""
    place = bisect_right(runs, date, key=_first)
    first = last = date
    before, after = place, place
    if place > 0 and previous <= runs[place - 1][1]:
        before, first = place - 1, runs[place - 1][0]
    grown = (*runs[:before], (first, last), *runs[after:])
    return grown if len(grown) <= MOST_RUNS else _joined(grown)


def _joined(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Join the two runs with the smallest hole between them."""
    place = min(range(1, len(runs)), key=lambda n: runs[n][0] - runs[n - 1][1])
    return (*runs[: place - 1], (runs[place - 1][0], runs[place][1]), *runs[place + 1 :])


def _first(run: Run) -> int:
    return run[0]
