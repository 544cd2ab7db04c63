"""Where requests begin and end, so that all of them together cost the least bus time. Pure arithmetic on addresses.

What lies within another span is read with it. The rest, in order, begins and ends ever later, so some cheapest cover
gives each request a run of neighbours, and the cheapest way to cover all from one of them on is one request to some
neighbour and the cheapest way from there on: exact, by dynamic programming from the last to the first. A request's
cost is a part of where it begins and a part of where it ends, so the best end in reach is the least of a window that
only moves down: the work grows with the number of spans alone.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Prices:
    """What requests cost, in any whole unit: `request` each, and `step` for every begun `grain` of addresses."""

    request: int
    step: int
    grain: int = 1
    """Addresses that share a byte of the answer: 8 of bits."""

    def of(self, count: int) -> int:
        """Return the price of one request for so many addresses."""
        return self.request + self.step * -(-count // self.grain)


@dataclass(frozen=True, slots=True)
class Limits:
    """What no request may do."""

    count: int
    """Be longer than this."""
    gap: int = 0
    """Go across a hole that is wider than this."""
    closed: Collection[Span] = ()
    """Go across these addresses where nobody needs them; across the seam before an address where the count is 0."""


def cuts(spans: Iterable[Span], limits: Limits, prices: Prices) -> list[Span]:
    """Return the cheapest requests that read these spans, by address.

    Each span is read whole by one request unless it is longer than `limits.count`. Of equal plans it is the one whose
    first requests reach furthest.
    """
    units = _units(spans, limits.count)
    ends = _cheapest(units, _reach(units, limits), prices)
    found: list[Span] = []
    at = 0
    while at < len(units):
        found.append(Span(units[at].address, units[ends[at] - 1].end - units[at].address))
        at = ends[at]
    return found


def _units(spans: Iterable[Span], limit: int) -> list[Span]:
    """Return what must be read whole, in order; each begins and ends behind the one before.

    That is a span, or each address of one that is longer than a request; what lies within another is left out.
    """
    wanted: set[Span] = set()
    for span in spans:
        if span.count <= limit:
            wanted.add(span)
        else:
            wanted.update(Span(address, 1) for address in range(span.address, span.end))
    units: list[Span] = []
    for unit in sorted(wanted, key=lambda unit: (unit.address, -unit.end)):
        if not units or unit.end > units[-1].end:
            units.append(unit)
    return units


def _reach(units: Sequence[Span], limits: Limits) -> list[int]:
    """Return for each unit before which other one a request that begins with it must end."""
    bars = _Bars(limits)
    reach: list[int] = []
    end = 0
    for first, unit in enumerate(units):
        end = max(end, first + 1)
        while (
            end < len(units)
            and units[end].end - unit.address <= limits.count
            and not bars.stand_between(units[end - 1], units[end])
        ):
            end += 1
        reach.append(end)
    return reach


class _Bars:
    """Between which neighbours a request must end."""

    def __init__(self, limits: Limits) -> None:
        self._gap = limits.gap
        self._addresses = {a for span in limits.closed for a in range(span.address, span.end)}
        self._seams = {span.address for span in limits.closed if not span.count}

    def stand_between(self, before: Span, after: Span) -> bool:
        if after.address - before.end > self._gap:
            return True
        hole = range(before.end, after.address)
        seams = range(min(before.end, after.address), max(before.end, after.address) + 1)
        return not (self._addresses.isdisjoint(hole) and self._seams.isdisjoint(seams))


def _cheapest(units: Sequence[Span], reach: Sequence[int], prices: Prices) -> list[int]:
    """Return for each unit before which other one the request that begins with it ends, in the cheapest plan."""
    costs = [0] * (len(units) + 1)
    """Of the cheapest plan from this unit on."""
    ends = [0] * len(units)
    windows = [_Window() for _ in range(prices.grain)]
    """By the place within its grain where a request ends: how its length is rounded depends on that alone."""
    for at in range(len(units) - 1, -1, -1):
        whole, place = divmod(units[at].end, prices.grain)
        windows[place].add(at + 1, costs[at + 1] + prices.step * whole)
        begin, offset = divmod(units[at].address, prices.grain)
        offers = []
        for place, window in enumerate(windows):
            if (least := window.least(reach[at])) is not None:
                cost, end = least
                offers.append((cost + prices.step * -((offset - place) // prices.grain), -end))
        cost, end = min(offers)
        costs[at], ends[at] = cost + prices.request - prices.step * begin, -end
    return ends


class _Window:
    """The least of what was added, of that which is in reach; both move down only."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, int]] = deque()
        """Ends and their costs, the furthest first; each is cheaper than all behind it that are nearer."""

    def add(self, end: int, cost: int) -> None:
        """Take a nearer end."""
        while self._waiting and self._waiting[-1][1] > cost:
            self._waiting.pop()
        self._waiting.append((end, cost))

    def least(self, reach: int) -> tuple[int, int] | None:
        """Return the least cost of the ends up to `reach`, and the furthest end that has it."""
        while self._waiting and self._waiting[0][0] > reach:
            self._waiting.popleft()
        return (self._waiting[0][1], self._waiting[0][0]) if self._waiting else None
