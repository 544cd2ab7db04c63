"""The requests that read a set of variables of one device, with their decoders, and how they mend (spec 2.3)."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Final, Protocol

from heliograph.collector.blocks import Block, plan
from heliograph.collector.cost import BusCost, Pace, Wire
from heliograph.collector.decode import compile_block
from heliograph.collector.figures import Figures, figures
from heliograph.collector.learnt import Learnt, rules
from heliograph.collector.links import Illegal, LinkFailure, ModbusException, NoAnswer, NobodyBehind, ReadCall
from heliograph.collector.rescue import Rescue
from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Variable

CHEAPER: Final = 0.95
"""What another plan must cost at most, of the one that is followed, to take its place."""

Reading = tuple[Value, ...]
"""The values of one poll in the order of the device's variables; None where missing."""


class Reader(Protocol):
    """Asks the device, for instance `asking.Asker`."""

    @property
    def read(self) -> Callable[[ReadCall], Awaitable[bytes]]:
        """Ask; raises as `Link.read`."""
        ...


@dataclass(frozen=True, slots=True)
class Rescued:
    """What came of reading the parts of a request that was refused."""

    values: Sequence[Value]
    learnt: Learnt
    ended: NoAnswer | NobodyBehind | None
    """The silence that ended it early."""


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

    async def read(self, reader: Reader) -> Sequence[Value]:
        """Ask, and return the values of the block's variables. Raises as `Link.read`."""
        if self._only is not None:
            return self._decode(await reader.read(self._only))
        return self._decode(b"".join([await reader.read(call) for call in self._calls]))

    def __str__(self) -> str:
        first, last = self._calls[0], self._calls[-1]
        return f"{first.table.name.lower().replace('_', ' ')}s {first.address} to {last.address + last.count - 1}"


class Fetch:
    """The plan for some variables of a device."""

    def __init__(self, variables: Sequence[Variable], device: Device, wire: Wire, learnt: Learnt = Learnt()) -> None:  # noqa: B008 - frozen
        self._variables = [variable for variable in variables if variable.point is not None]
        self._device = device
        self._wire = wire
        self._cost = wire.cost()
        self.learnt = learnt
        self.requests: list[Request] = []
        self.order: list[int] = []
        self.blanks: list[Sequence[Value]] = []
        """What they give when they fail."""
        self._follow(self._planned(self._cost))

    def learn(self, learnt: Learnt) -> None:
        """Plan anew with what was learnt."""
        self.learnt = learnt
        self._follow(self._planned(self._cost))

    def suit(self, pace: Pace) -> bool:
        """Take the pace of the device as it was measured; tell whether another plan, clearly cheaper, is followed."""
        self._cost = self._wire.cost(pace)
        if not self._device.gap:
            return False  # without holes to read across, the fewest requests are the cheapest at any pace
        blocks = self._planned(self._cost)
        now = self.figures.least_seconds
        if figures(blocks, self._cost).least_seconds > CHEAPER * now:
            return False
        self._follow(blocks)
        return True

    async def rescue(self, reader: Reader, request: Request, refusal: Illegal, learnt: Learnt) -> Rescued:
        """Read the parts of a request that was refused; `learnt` is what is known by now.

        The plan stays as it is until `learn`. Raises `LinkDown`.
        """
        rescue = Rescue(request.block, self._device.address, reader.read, self._parts, learnt)
        ended: NoAnswer | NobodyBehind | None = None
        try:
            await rescue.run(refusal)
        except (NoAnswer, NobodyBehind) as silence:
            ended = silence
        return Rescued(rescue.values, rescue.learnt, ended)

    async def read(self, reader: Reader) -> tuple[Reading, list[LinkFailure]]:
        """Read everything once, outside of the continuous polling; return it with what failed.

        Silence ends it: what was not asked is missing. Raises `LinkDown`.
        """
        values = list(self.blanks)
        failures: list[LinkFailure] = []
        learnt = self.learnt
        for place, request in enumerate(self.requests):
            try:
                values[place] = await request.read(reader)
            except Illegal as refusal:
                rescued = await self.rescue(reader, request, refusal, learnt)
                values[place], learnt = rescued.values, rescued.learnt
                if None in rescued.values:
                    failures.append(rescued.ended or refusal)
                if rescued.ended is not None:
                    break
            except (NoAnswer, NobodyBehind) as silence:
                failures.append(silence)
                break
            except ModbusException as failure:
                failures.append(failure)
        return self.arranged(values), failures

    def alone(self, variable: Variable) -> list[ReadCall]:
        """Return the requests that read one variable by itself."""
        return [call for block in self._parts([variable], self.learnt) for call in block.calls(self._device.address)]

    @property
    def shortest(self) -> ReadCall | None:
        """A short request that tells whether the device answers; None where there is nothing to read."""
        if self.requests:
            return self.requests[self.order[0]].shortest
        return self.alone(self._variables[0])[0] if self._variables else None

    @property
    def refused(self) -> list[Variable]:
        """The variables that the device refuses by themselves."""
        return [variable for variable in self._variables if variable.index in self.learnt.refused]

    @property
    def figures(self) -> Figures:
        """What one poll by this plan comes to, at the device's pace."""
        return figures([request.block for request in self.requests], self._cost)

    def turn_order(self) -> None:
        """Begin with another request the next time."""
        self.order = self.order[1:] + self.order[:1]

    def arranged(self, values: Iterable[Sequence[Value]]) -> Reading:
        """Bring what the requests gave, in their order, into the order of the variables."""
        return self._arrange(tuple(chain(*values, self._missing)))

    def _planned(self, cost: BusCost) -> Sequence[Block]:
        known = rules(self._device, cost, self.learnt, self._variables)
        return plan([variable for variable in self._variables if variable.index not in self.learnt.refused], known)

    def _parts(self, variables: Sequence[Variable], learnt: Learnt) -> Sequence[Block]:
        return plan(variables, rules(self._device, self._cost, learnt, self._variables))

    def _follow(self, blocks: Sequence[Block]) -> None:
        self.requests = [Request(block, self._device.address) for block in blocks]
        self.order = list(range(len(self.requests)))
        self.blanks = [request.blank for request in self.requests]
        refused = self.learnt.refused
        readable = [place for place, variable in enumerate(self._variables) if variable.index not in refused]
        self._missing: Reading = (None,) * (len(self._variables) - len(readable))
        given = [readable[place] for block in blocks for place in block.positions]
        left = [place for place, variable in enumerate(self._variables) if variable.index in refused]
        stands = {place: at for at, place in enumerate([*given, *left])}
        self._arrange = _arranger([stands[place] for place in range(len(self._variables))])


def _arranger(places: list[int]) -> Callable[[Reading], Reading]:
    if places == list(range(len(places))):
        return lambda values: values
    return itemgetter(*places)
