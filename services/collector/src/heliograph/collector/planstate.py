"""How a device's plan is told to people: in the collector's state, and so on the page (spec 2.3). Pure."""

from typing import Final

from heliograph.collector.cost import Pace
from heliograph.collector.fetch import Fetch
from heliograph.collector.learnt import Learnt
from heliograph.contract import DevicePlan, RefusedVariable

MOST_LESSONS: Final = 10
MOST_REFUSED: Final = 20


def plan_state(fetch: Fetch, pace: Pace | None) -> DevicePlan:
    """Return the plan that is followed, as the state carries it."""
    figures, learnt = fetch.figures, fetch.learnt
    return DevicePlan(
        requests=figures.requests,
        registers=figures.registers,
        bits=figures.bits,
        bytes=figures.bytes,
        values=figures.values,
        least_seconds=round(figures.least_seconds, 6),
        turnaround_seconds=None if pace is None else round(pace.turnaround_seconds, 6),
        lessons=lessons(learnt),
        refused_count=len(learnt.refused),
        refused=tuple(
            RefusedVariable(variable=variable.index, name=variable.name, code=learnt.refused[variable.index])
            for variable in fetch.refused[:MOST_REFUSED]
        ),
    )


def lessons(learnt: Learnt) -> tuple[str, ...]:
    """Return what a device has taught, for people."""
    sizes = [
        f"It gives at most {count} {table.name.lower().replace('_', ' ')}s at once."
        for table, count in sorted(learnt.largest.items())
    ]
    holes = [f"It is not read across {hole}." for hole in sorted(learnt.closed)]
    return tuple((sizes + holes)[:MOST_LESSONS])
