"""Where requests begin and end, so that all of them together cost the least bus time. Pure arithmetic on addresses."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Registers or bits from `address` to before `address + count`."""

    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.address + self.count

    def holds(self, other: "Span") -> bool:
        """Tell whether `other` lies wholly within."""
        return self.address <= other.address and other.end <= self.end


def cuts(
    spans: Iterable[Span], limit: int, gap: int, closed: Collection[tuple[int, int]], request_cost: int
) -> list[Span]:
    """Return the requests that read these spans, in order; each span is read whole unless it is longer than `limit`.

    No request is longer than `limit`, nor goes across a hole wider than `gap` or one that is `closed` (address, count).
    """
    return _Cuts(_units(spans, limit), limit, gap, closed, request_cost).spans()


def _units(spans: Iterable[Span], limit: int) -> list[Span]:
    """Return what must be read whole, in order: a span, or each address of one that is longer than a request."""
    units: set[Span] = set()
    for span in spans:
        if span.count <= limit:
            units.add(span)
        else:
            units.update(Span(address, 1) for address in range(span.address, span.end))
    return sorted(units)


class _Cuts:
    """Finds the cheapest way to cover the units with requests.

    Every request begins where the first unit not yet covered begins. It ends as far as it reaches or, with `gap`, also
    before any hole on the way; the cheapest chain of such requests is found shortest path first.
    """

    def __init__(
        self, units: list[Span], limit: int, gap: int, closed: Collection[tuple[int, int]], request_cost: int
    ) -> None:
        self.units = units
        self.limit = limit
        self.gap = gap
        self.closed = closed
        self.request_cost = request_cost

    def spans(self) -> list[Span]:
        """Return the requests, by address."""
        came_from: dict[int, tuple[int, Span]] = {}
        done: set[int] = set()
        waiting: list[tuple[int, int, int, Span]] = [(0, 0, -1, Span(0, 0))]
        while waiting:
            cost, index, before, span = heappop(waiting)
            if index in done:
                continue
            done.add(index)
            came_from[index] = (before, span)
            if index == len(self.units):
                break
            for end in self._ends(index):
                step = Span(self.units[index].address, end - self.units[index].address)
                price = cost + self.request_cost + step.count
                heappush(waiting, (price, self._next(index, end), index, step))
        return _way(came_from, len(self.units))

    def _ends(self, index: int) -> list[int]:
        """Return where a request that begins with this unit may end."""
        first = self.units[index]
        reach = first.address + self.limit
        covered = needed = first.end
        ends: list[int] = []
        for number in range(index + 1, len(self.units)):
            unit = self.units[number]
            if unit.address >= reach:
                break
            if unit.address > needed:
                hole = (needed, unit.address - needed)
                if hole[1] > self.gap or hole in self.closed:
                    break
                ends.append(covered)
            needed = max(needed, unit.end)
            if unit.end <= reach:
                covered = max(covered, unit.end)
        return [*dict.fromkeys([*ends, covered])]

    def _next(self, index: int, end: int) -> int:
        while index < len(self.units) and self.units[index].end <= end:
            index += 1
        return index


def _way(came_from: dict[int, tuple[int, Span]], index: int) -> list[Span]:
    spans: list[Span] = []
    while index > 0:
        index, span = came_from[index]
        spans.append(span)
    return spans[::-1]
