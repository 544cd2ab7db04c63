"""What is done at once about a read that the device refuses with exception 1, 2 or 3 (spec 2.3).

The read is halved, and what is refused of the halves halved again, so that every value that the device gives is read in
that very cycle. What turns out to be at fault is learnt, so that the next plan avoids it:

- a variable that is refused by itself,
- a hole, or the border between two variables, where both sides are answered alone but not together,
- the count, where both sides and the border between them are answered: the largest one that is given is looked for.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from heliograph.collector.blocks import Block, Hole, Member
from heliograph.collector.cuts import Span
from heliograph.collector.decode import compile_block
from heliograph.collector.learnt import Learnt
from heliograph.collector.links import Busy, DeviceTrouble, Illegal, ReadCall
from heliograph.contract.records import Value
from heliograph.formats.definition import Kind, Table, Variable

SHORTEST_PIECE: Final = 2
"""Registers of a text below which it is not tried in smaller pieces."""
ILLEGAL_FUNCTION: Final = 1

Ask = Callable[[ReadCall], Awaitable[bytes]]
"""Asks the device; raises as `Link.read`."""
Planner = Callable[[Sequence[Variable], Learnt], Sequence[Block]]
"""Plans reads of some of the device's variables."""
Cell = list[Member]
"""The variables that take the same registers."""


class Rescue:
    """Reads a block that was refused, part by part; `values` and `learnt` hold what was found, however it ended."""

    def __init__(self, block: Block, unit: int, ask: Ask, plan: Planner, learnt: Learnt) -> None:
        self.learnt = learnt
        self._block = block
        self._unit = unit
        self._ask = ask
        self._plan = plan
        self._values: dict[int, Value] = {}
        self._refused: dict[ReadCall, Illegal] = {}
        """What was refused within this rescue, and is not asked again."""

    @property
    def values(self) -> list[Value]:
        """What was read, in the order of the block's variables; None where it is missing."""
        return [self._values.get(position) for position in self._block.positions]

    async def run(self, refusal: Illegal) -> None:
        """Read and learn, after the block's first reading met this refusal.

        Raises `NoAnswer` and `NobodyBehind` where the device falls silent meanwhile, and `LinkDown`.
        """
        calls = self._block.calls(self._unit)
        if len(calls) == 1:
            self._refused[calls[0]] = refusal
        await self._read(self._block, self._block.members)

    async def _read(self, block: Block, members: Sequence[Member]) -> bool:
        """Read a part; tell whether it was answered as a whole. What is refused of it is read in halves."""
        try:
            self._take(block, members, await self._data(block))
        except Illegal as refusal:
            cells = _cells(members)
            if len(cells) > 1:
                await self._read_halves(block, cells)
            else:
                await self._read_alone(block, members, refusal)
            return False
        except (Busy, DeviceTrouble):
            return False
        return True

    async def _read_halves(self, block: Block, cells: Sequence[Cell]) -> None:
        """Read the halves of what was refused, and learn why it was where each half is answered."""
        at = _middle(cells)
        spans: list[Span] = []
        answered = True
        for half in (cells[:at], cells[at:]):
            chosen = [member for cell in half for member in cell]
            for part in self._plan([member.variable for member in chosen], self.learnt):
                spans += part.spans
                answered &= await self._read(part, [chosen[place] for place in part.positions])
        if answered and not self._is_too_long(block):
            await self._explain(block, cells, sorted(spans))

    def _take(self, block: Block, members: Sequence[Member], data: bytes) -> None:
        positions = (member.position for member in members)
        self._values.update(zip(positions, compile_block(block)(data), strict=True))

    async def _read_alone(self, block: Block, members: Sequence[Member], refusal: Illegal) -> None:
        """Know variables of the same registers as refused, unless it is a text that is given in smaller pieces."""
        call = self._first_refused(block)
        if refusal.code != ILLEGAL_FUNCTION and members[0].point.kind is Kind.STRING:
            for count in _halves(call.count):
                if await self._is_answered(call.table, call.address, count):
                    largest = await self._largest(call, count, range(count + 1, call.count))
                    if await self._read_in_pieces(members, call.table, largest):
                        return
                    break
        for member in members:
            self.learnt = self.learnt.with_refused(member.variable.index, refusal.code)

    async def _read_in_pieces(self, members: Sequence[Member], table: Table, largest: int) -> bool:
        """Read a text in pieces of so many registers, and learn the count where that is given."""
        learnt = self.learnt.with_largest(table, largest)
        for block in self._plan([member.variable for member in members], learnt):
            try:
                self._take(block, [members[place] for place in block.positions], await self._data(block))
            except (Illegal, Busy, DeviceTrouble):
                return False
        self.learnt = learnt
        return True

    async def _explain(self, block: Block, cells: Sequence[Cell], parts: Sequence[Span]) -> None:
        """Learn why a read was refused of which all parts were answered."""
        try:
            if await self._is_given_now(block):
                return
            closed = [seam for seam in _seams(parts) if not await self._is_crossed(block.table, cells, *seam)]
            if closed:
                self.learnt = self.learnt.with_closed(*(_hole(block.table, *seam) for seam in closed))
                return
            self.learnt = self.learnt.with_largest(
                block.table, await self._size(self._first_refused(block), cells, parts)
            )
        except (Busy, DeviceTrouble):
            return

    async def _size(self, call: ReadCall, cells: Sequence[Cell], parts: Sequence[Span]) -> int:
        """Return how much the device gives at once, less than it refused, looking only where variables end."""
        whole = Span(call.address, call.count)
        good = max((part.count for part in parts if whole.holds(part) and part != whole), default=call.count // 2)
        ends = {_span(cell).end - call.address for cell in cells}
        return await self._largest(call, good, sorted(size for size in ends if good < size < call.count))

    async def _is_given_now(self, block: Block) -> bool:
        """Tell whether the device refused for the moment only."""
        for call in block.calls(self._unit):
            self._refused.pop(call, None)
        try:
            await self._data(block)
        except Illegal:
            return False
        return True

    async def _is_crossed(self, table: Table, cells: Sequence[Cell], before: Span, after: Span) -> bool:
        """Tell whether the device gives the last of one part and the first of the next together."""
        lasts = [span.address for span in map(_span, cells) if span.end == before.end and before.holds(span)]
        firsts = [span.end for span in map(_span, cells) if span.address == after.address and after.holds(span)]
        begin, end = max(lasts, default=before.end - 1), min(firsts, default=after.address + 1)
        return await self._is_answered(table, begin, max(end, before.end) - begin)

    async def _largest(self, call: ReadCall, good: int, sizes: Sequence[int]) -> int:
        """Return the largest of some ascending counts that is given from the call's address on, at least `good`."""
        below, above = 0, len(sizes)
        while below < above:
            at = (below + above) // 2
            if await self._is_answered(call.table, call.address, sizes[at]):
                good, below = sizes[at], at + 1
            else:
                above = at
        return good

    async def _is_answered(self, table: Table, address: int, count: int) -> bool:
        try:
            await self._asked(ReadCall(self._unit, table, address, count))
        except Illegal:
            return False
        return True

    async def _data(self, block: Block) -> bytes:
        return b"".join([await self._asked(call) for call in block.calls(self._unit)])

    def _first_refused(self, block: Block) -> ReadCall:
        """Return which request of a block met its refusal: they are asked in order."""
        return next(call for call in block.calls(self._unit) if call in self._refused)

    async def _asked(self, call: ReadCall) -> bytes:
        if call in self._refused:
            raise self._refused[call]
        try:
            return await self._ask(call)
        except Illegal as refusal:
            self._refused[call] = refusal
            raise

    def _is_too_long(self, block: Block) -> bool:
        """Tell whether what was learnt meanwhile explains the refusal of a block."""
        most = self.learnt.largest.get(block.table)
        return most is not None and any(span.count > most for span in block.spans)


def _cells(members: Sequence[Member]) -> list[Cell]:
    """Group variables by their registers, in order, what holds another one before it."""
    cells: dict[Span, Cell] = {}
    for member in members:
        cells.setdefault(Span(member.point.address, member.point.count), []).append(member)
    return [cells[span] for span in sorted(cells, key=lambda span: (span.address, -span.end))]


def _span(cell: Cell) -> Span:
    return Span(cell[0].point.address, cell[0].point.count)


def _middle(cells: Sequence[Cell]) -> int:
    """Return before which cell to halve: at the middle one of the holes, where there are any."""
    holes: list[int] = []
    end = _span(cells[0]).end
    for place, cell in enumerate(cells):
        span = _span(cell)
        if span.address > end:
            holes.append(place)
        end = max(end, span.end)
    return holes[len(holes) // 2] if holes else len(cells) // 2


def _seams(parts: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Yield neighbours of which one ends behind the other."""
    before: Span | None = None
    for part in parts:
        if before is None or part.end > before.end:
            if before is not None:
                yield before, part
            before = part


def _hole(table: Table, before: Span, after: Span) -> Hole:
    return Hole(table, min(before.end, after.address), max(0, after.address - before.end))


def _halves(count: int) -> Iterator[int]:
    while (count := count // 2) >= SHORTEST_PIECE:
        yield count
