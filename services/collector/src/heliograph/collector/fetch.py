"""The requests that read a set of variables of one device, with their decoders, and how they mend (spec 2.3)."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Final

from heliograph.collector.blocks import Block, Hole, plan
from heliograph.collector.decode import compile_block
from heliograph.collector.links import Link, ModbusException, NoAnswer, ReadCall
from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Variable

ILLEGAL_ADDRESS: Final = 2

Reading = tuple[Value, ...]
"""The values of one poll in the order of the device's variables; None where missing."""


class Request:
    """One block of the plan with its decoder, and whether it rests by itself."""

    def __init__(self, block: Block, unit: int) -> None:
        self.block = block
        self.blank: Reading = (None,) * len(block.members)
        """What it gives when it fails."""
        self.failures = 0
        self.rests_until = 0.0
        self._calls = block.calls(unit)
        self._only = self._calls[0] if len(self._calls) == 1 else None
        self._decode = compile_block(block)
        point = block.members[0].point
        self.shortest = ReadCall(unit, block.table, point.address, min(point.count, block.spans[0].count))
        """A request for its first variable alone."""

    async def read(self, link: Link, timeout: float) -> Sequence[Value]:  # noqa: ASYNC109 - handed on to the exchange
        """Ask, and return the values of the block's variables. Raises as `Link.read`."""
        if self._only is not None:
            return self._decode(await link.read(self._only, timeout))
        return self._decode(b"".join([await link.read(call, timeout) for call in self._calls]))

    def __str__(self) -> str:
        first, last = self._calls[0], self._calls[-1]
        return f"{first.table.name.lower().replace('_', ' ')}s {first.address} to {last.address + last.count - 1}"


class Fetch:
    """The plan for some variables of a device."""

    def __init__(self, variables: Sequence[Variable], device: Device) -> None:
        self._variables = [variable for variable in variables if variable.point is not None]
        self._device = device
        self._closed: set[Hole] = set()
        self._plan()

    async def mend(self, link: Link, request: Request, timeout: float) -> list[Hole]:  # noqa: ASYNC109 - as above
        """Find the holes over which a joined request cannot be read, plan without them, and return them.

        Raises `LinkDown`.
        """
        guilty = [hole for hole in request.block.holes if await self._is_guilty(link, hole, timeout)]
        found = guilty or list(request.block.holes)
        self._closed.update(found)
        self._plan()
        return found

    async def _is_guilty(self, link: Link, hole: Hole, timeout: float) -> bool:  # noqa: ASYNC109 - as above
        try:
            await link.read(ReadCall(self._device.address, hole.table, hole.address, hole.count), timeout)
        except (ModbusException, NoAnswer):
            return True
        return False

    async def read(self, link: Link, timeout: float) -> tuple[Reading, list[NoAnswer | ModbusException]]:  # noqa: ASYNC109 - as above
        """Read everything once, outside of the continuous polling; return it with what failed.

        Silence ends it: what was not asked is missing. Raises `LinkDown`.
        """
        values = list(self.blanks)
        failures: list[NoAnswer | ModbusException] = []
        for place, request in enumerate(self.requests):
            try:
                values[place] = await request.read(link, timeout)
            except ModbusException as refusal:
                failures.append(refusal)
            except NoAnswer as silence:
                failures.append(silence)
                break
        return self.arranged(values), failures

    def _plan(self) -> None:
        blocks = plan(self._variables, self._device.max_registers, self._device.gap, self._closed)
        self.requests = [Request(block, self._device.address) for block in blocks]
        self.order = list(range(len(self.requests)))
        """In which order they are asked."""
        self.blanks: list[Sequence[Value]] = [request.blank for request in self.requests]
        places = [place for block in blocks for place in block.positions]
        self._arrange = _arranger([places.index(place) for place in range(len(places))])

    def turn_order(self) -> None:
        """Begin with another request the next time."""
        self.order = self.order[1:] + self.order[:1]

    def arranged(self, values: Iterable[Sequence[Value]]) -> Reading:
        """Bring what the requests gave, in their order, into the order of the variables."""
        return self._arrange(tuple(chain.from_iterable(values)))


def _arranger(places: list[int]) -> Callable[[Reading], Reading]:
    if places == list(range(len(places))):
        return lambda values: values
    return itemgetter(*places)
