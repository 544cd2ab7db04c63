"""The request plan of a device: which registers are read together. Pure, made once per configuration.

A variable is read whole by one request, so that its words belong together; only what is longer than a request may
carry is read in pieces. Without `gap` a request never touches a register that no variable needs.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from heliograph.collector.links import ReadCall
from heliograph.formats.definition import ModbusPoint, Table, Variable

MOST_REGISTERS = 125
MOST_BITS = 2000
REQUEST_COST = 12
"""What one more request costs in bus time, in registers: its own frame, the frame around the answer, the silences."""


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


@dataclass(frozen=True, slots=True, order=True)
class Hole:
    """Addresses that no variable needs, between two that are read together."""

    table: Table
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Member:
    """A variable of a block, and where its bytes (for bits: its bit) stand in the data of the block's requests."""

    position: int
    """Its place among the variables that the plan was made for."""
    variable: Variable
    point: ModbusPoint
    pieces: tuple[Span, ...]
    """One, but for what is longer than a request; counted in registers or bits of the joined data."""


@dataclass(frozen=True, slots=True)
class Block:
    """What is read and decoded together: one request, or several where a variable is longer than a request."""

    table: Table
    spans: tuple[Span, ...]
    members: tuple[Member, ...]
    holes: tuple[Hole, ...] = ()
    """What `gap` lets it read across; close them where the device answers 'illegal data address'."""

    @property
    def count(self) -> int:
        """Registers or bits of all its requests."""
        return sum(span.count for span in self.spans)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables, in the order in which `decode.compile_block` gives their values."""
        return tuple(member.variable for member in self.members)

    @property
    def positions(self) -> tuple[int, ...]:
        """The places of its variables among those that the plan was made for."""
        return tuple(member.position for member in self.members)

    def calls(self, unit: int) -> tuple[ReadCall, ...]:
        """Return its requests; the data to decode is what they answer, joined."""
        return tuple(ReadCall(unit, self.table, span.address, span.count) for span in self.spans)


def plan(
    variables: Sequence[Variable],
    max_registers: int = MOST_REGISTERS,
    gap: int = 0,
    closed: Collection[Hole] = (),
    request_cost: int = REQUEST_COST,
) -> tuple[Block, ...]:
    """Return the blocks that read these variables, each of which has a `point`.

    Without `gap` it is the least number of requests; with it, the cheapest plan in bus time that reads across holes
    of up to `gap` registers (or bits), but never across one that is `closed`.
    """
    blocks: list[Block] = []
    for table in Table:
        wanted = [(n, v, v.point) for n, v in enumerate(variables) if v.point is not None and v.point.table is table]
        limit = MOST_BITS if table.is_bits else max(1, min(max_registers, MOST_REGISTERS))
        shut = {(hole.address, hole.count) for hole in closed if hole.table is table}
        cuts = _Cuts(_units((Span(p.address, p.count) for _, _, p in wanted), limit), limit, gap, shut, request_cost)
        blocks += _blocks(table, cuts.spans(), wanted, limit)
    return tuple(blocks)


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
        self, units: list[Span], limit: int, gap: int, closed: set[tuple[int, int]], request_cost: int
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
        for unit in self.units[index + 1 :]:
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


def _blocks(
    table: Table, spans: list[Span], wanted: list[tuple[int, Variable, ModbusPoint]], limit: int
) -> list[Block]:
    """Give each variable to the first request that holds it; requests that share a long one are one block."""
    needed = [Span(point.address, point.count) for _, _, point in wanted]
    chosen = [_requests_of(span, spans, limit) for span in needed]
    blocks = []
    for group in _groups(len(spans), chosen):
        own = [n for n, requests in enumerate(chosen) if requests.start in group]
        offsets = dict(zip(group, _offsets(spans[n] for n in group), strict=True))
        members = tuple(Member(*wanted[n], _pieces(needed[n], spans, chosen[n], offsets)) for n in own)
        holes = tuple(h for n in group for h in _holes(table, spans[n], needed))
        blocks.append(Block(table, tuple(spans[n] for n in group), members, holes))
    return blocks


def _requests_of(span: Span, spans: list[Span], limit: int) -> range:
    """Return which requests read a variable."""
    if span.count <= limit:
        first = next(n for n, request in enumerate(spans) if request.holds(span))
        return range(first, first + 1)
    touched = [n for n, request in enumerate(spans) if request.address < span.end and span.address < request.end]
    return range(touched[0], touched[-1] + 1)


def _groups(count: int, chosen: list[range]) -> list[range]:
    """Join requests that share a variable."""
    groups: list[range] = []
    start = 0
    for number in range(count):
        if not any(r.start <= number and number + 1 < r.stop for r in chosen):
            groups.append(range(start, number + 1))
            start = number + 1
    return groups


def _offsets(spans: Iterable[Span]) -> list[int]:
    offsets = [0]
    for span in spans:
        offsets.append(offsets[-1] + span.count)
    return offsets[:-1]


def _pieces(span: Span, spans: list[Span], requests: range, offsets: dict[int, int]) -> tuple[Span, ...]:
    """Return where the parts of a variable stand in the joined data, each address once."""
    pieces: list[Span] = []
    at = span.address
    for number in requests:
        end = min(span.end, spans[number].end)
        if end > at:
            pieces.append(Span(offsets[number] + at - spans[number].address, end - at))
            at = end
    return tuple(pieces)


def _holes(table: Table, request: Span, needed: list[Span]) -> list[Hole]:
    holes: list[Hole] = []
    at = request.address
    for span in sorted(needed):
        if at < span.address < request.end:
            holes.append(Hole(table, at, span.address - at))
        at = max(at, span.end)
    return holes
