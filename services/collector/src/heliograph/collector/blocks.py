"""The request plan of a device: which registers are read together (spec 2.3). Pure.

A variable is read whole by one request, so that its words belong together; only what is longer than a request may
carry is read in pieces. Without `gap` a request never touches a register that no variable needs.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from heliograph.collector.cost import BusCost, wire_of
from heliograph.collector.cuts import Limits, Prices, Span, cuts
from heliograph.collector.links import ReadCall
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import ModbusPoint, Table, Variable

MOST_REGISTERS: Final = 125
MOST_BITS: Final = 2000
PLAIN_COST: Final = wire_of(SerialLine(1)).cost()
"""On a serial line with the default settings, of a device that answers at once."""


@dataclass(frozen=True, slots=True, order=True)
class Hole:
    """Addresses that no variable needs, between two that are read together.

    Where `count` is 0 it is the seam before an address: the device refuses to be read across it.
    """

    table: Table
    address: int
    count: int

    def __str__(self) -> str:
        what = "bit" if self.table.is_bits else "register"
        if not self.count:
            return f"the border before {what} {self.address}"
        return f"the {what}s {self.address} to {self.address + self.count - 1}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a plan must keep to, and what it is the cheapest for."""

    max_registers: int = MOST_REGISTERS
    gap: int = 0
    """Widest hole that a request may go across, in registers or bits; 0: never across any (spec 2.3)."""
    cost: BusCost = PLAIN_COST
    closed: Collection[Hole] = ()
    """Holes that the device does not let itself be read across."""
    largest: Mapping[Table, int] = field(default_factory=dict)
    """The most registers or bits that the device gives at once, where it is less than it should be."""

    def limit(self, table: Table) -> int:
        """Return how many registers or bits of a table one request may read."""
        most = MOST_BITS if table.is_bits else max(1, min(self.max_registers, MOST_REGISTERS))
        return max(1, min(most, self.largest.get(table, most)))


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


def plan(variables: Sequence[Variable], rules: Rules = Rules()) -> tuple[Block, ...]:
    """Return the blocks that read these variables, each of which has a `point`: the cheapest plan in bus time.

    It is exact: no other cover by requests within the rules costs less (`cuts`).
    """
    blocks: list[Block] = []
    for table in Table:
        wanted = [(n, v, v.point) for n, v in enumerate(variables) if v.point is not None and v.point.table is table]
        closed = [Span(hole.address, hole.count) for hole in rules.closed if hole.table is table]
        needed = [Span(point.address, point.count) for _, _, point in wanted]
        spans = cuts(needed, Limits(rules.limit(table), rules.gap, closed), _prices(table, rules.cost))
        blocks += _blocks(table, spans, wanted, needed)
    return tuple(blocks)


def _prices(table: Table, cost: BusCost) -> Prices:
    if table.is_bits:
        return Prices(cost.request_nanoseconds, cost.byte_nanoseconds, grain=8)
    return Prices(cost.request_nanoseconds, 2 * cost.byte_nanoseconds)


def _blocks(
    table: Table, spans: list[Span], wanted: list[tuple[int, Variable, ModbusPoint]], needed: list[Span]
) -> list[Block]:
    """Give each variable to the first request that holds it; requests that share a long one are one block."""
    ends = [span.end for span in spans]
    chosen = [_requests_of(span, spans, ends) for span in needed]
    members = _members_by_request(chosen)
    runs = _runs(needed)
    blocks = []
    for group in _groups(len(spans), chosen):
        offsets = dict(zip(group, _offsets(spans[n] for n in group), strict=True))
        own = sorted(place for n in group for place in members[n])
        inside = tuple(Member(*wanted[n], _pieces(needed[n], spans, chosen[n], offsets)) for n in own)
        holes = tuple(hole for n in group for hole in _holes(table, spans[n], runs))
        blocks.append(Block(table, tuple(spans[n] for n in group), inside, holes))
    return blocks


def _requests_of(span: Span, spans: list[Span], ends: list[int]) -> range:
    """Return which requests read a variable: one, or all that read a part of what is longer than a request."""
    first = bisect_left(ends, span.end)
    if first < len(spans) and spans[first].holds(span):
        return range(first, first + 1)
    first = bisect_right(ends, span.address)
    last = next((n for n in range(first, len(spans)) if spans[n].address >= span.end), len(spans))
    return range(first, last)


def _members_by_request(chosen: list[range]) -> defaultdict[int, list[int]]:
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place, requests in enumerate(chosen):
        members[requests.start].append(place)
    return members


def _runs(needed: list[Span]) -> list[Span]:
    """Join spans that touch or overlap."""
    runs: list[Span] = []
    for span in sorted(needed):
        if runs and span.address <= runs[-1].end:
            last = runs.pop()
            runs.append(Span(last.address, max(last.end, span.end) - last.address))
        else:
            runs.append(span)
    return runs


def _groups(count: int, chosen: list[range]) -> list[range]:
    """Join requests that share a variable."""
    groups: list[range] = []
    start = 0
    joined = {number for requests in chosen for number in requests[:-1]}
    for number in range(count):
        if number not in joined:
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


def _holes(table: Table, request: Span, runs: list[Span]) -> list[Hole]:
    holes: list[Hole] = []
    at = bisect_right(runs, request.address, key=lambda run: run.address)
    for before, after in pairwise(runs[at - 1 :]):
        if after.address >= request.end:
            break
        holes.append(Hole(table, before.end, after.address - before.end))
    return holes
