"""What a device has taught about how it can be read: holes that are closed, how much it gives at once, what it refuses.

Pure. A plan for the device keeps to it (`rules`); what is found anew makes a larger one (spec 2.3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from heliograph.collector.blocks import Hole, Rules
from heliograph.collector.cost import BusCost
from heliograph.formats.daq import Device
from heliograph.formats.definition import Table, Variable


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of one device."""

    closed: frozenset[Hole] = frozenset()
    """Holes across which a joined read is refused."""
    largest: Mapping[Table, int] = field(default_factory=dict)
    """The most registers or bits of a table that it gives at once, where that is less than Modbus allows."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """The variables that it refuses by themselves, by Index, and the code of the exception."""

    def __bool__(self) -> bool:
        return bool(self.closed or self.largest or self.refused)

    def with_closed(self, *holes: Hole) -> "Learnt":
        """Know holes as closed."""
        return replace(self, closed=self.closed.union(holes))

    def with_largest(self, table: Table, count: int) -> "Learnt":
        """Know how much of a table it gives at once."""
        return replace(self, largest={**self.largest, table: count})

    def with_refused(self, variable: str, code: int) -> "Learnt":
        """Know a variable as refused."""
        return replace(self, refused={**self.refused, variable: code})

    def without_refused(self, variable: str) -> "Learnt":
        """Know a variable as readable again."""
        return replace(self, refused={index: code for index, code in self.refused.items() if index != variable})


def rules(device: Device, cost: BusCost, learnt: Learnt, variables: Sequence[Variable]) -> Rules:
    """Return what a plan for a device must keep to; no request goes across a variable that is refused either."""
    points = [variable.point for variable in variables if variable.index in learnt.refused]
    shut = [Hole(point.table, point.address, point.count) for point in points if point is not None]
    return Rules(device.max_registers, device.gap, cost, (*learnt.closed, *shut), learnt.largest)
