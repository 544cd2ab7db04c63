"""Points in time for a plot: each record its own where they are few, else several share one; gaps stay gaps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

GAP_FACTOR: Final = 1.5
"""Records that lie farther apart than so many of the distances beside them have a gap between them."""
NEIGHBOURS: Final = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """The points, and to which of them each record belongs. A point without a record is a gap."""

    times: tuple[int, ...]
    places: tuple[int, ...]


def axis_of(times: Sequence[int], most: int) -> Axis:
    """Lay out records of these times, ascending and distinct, over `most` points at most.

    Where several share a point, the points are equally wide, and a gap shows where a whole point had no record.
    """
    gaps = gaps_of(times)
    if len(times) + len(gaps) <= most:
        return _laid_out(times, range(len(times)), gaps, least_step=1)
    first, span = times[0], times[-1] - times[0] + 1
    return _laid_out(times, [(time - first) * most // span for time in times], gaps, least_step=2)


def gaps_of(times: Sequence[int]) -> frozenset[int]:
    """Return the numbers of the records before which others are missing, by the distances on either side."""
    distances = [after - before for before, after in pairwise(times)]
    return frozenset(number + 1 for number, distance in enumerate(distances) if _is_gap(distances, number, distance))


def _is_gap(distances: Sequence[int], number: int, distance: int) -> bool:
    before = distances[max(0, number - NEIGHBOURS) : number]
    after = distances[number + 1 : number + 1 + NEIGHBOURS]
    if not (before or after) or distance <= GAP_FACTOR * min([*before[-1:], *after[:1]]):
        return False
    return distance > GAP_FACTOR * max(median(side) for side in (before, after) if side)


def _laid_out(times: Sequence[int], cells: Sequence[int], gaps: frozenset[int], least_step: int) -> Axis:
    points: list[int] = []
    places: list[int] = []
    begin = 0
    for number, (time, cell) in enumerate(zip(times, cells, strict=True)):
        step = cell - cells[number - 1] if number else 1
        if number in gaps and step >= least_step:
            points.append((times[number - 1] + time) // 2)
        if step:
            begin = time
            points.append(time)
        points[-1] = (begin + time) // 2
        places.append(len(points) - 1)
    return Axis(tuple(points), tuple(places))
