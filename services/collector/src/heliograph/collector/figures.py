"""What a plan comes to: requests, registers, bytes, the least time it takes. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from heliograph.collector.blocks import Block
from heliograph.collector.cost import SECOND, BusCost, data_bytes


@dataclass(frozen=True, slots=True)
class Figures:
    """One poll by a plan."""

    requests: int = 0
    registers: int = 0
    bits: int = 0
    bytes: int = 0
    """Of requests and answers, their frames included."""
    values: int = 0
    least_seconds: float = 0.0
    """With every silence and the device's turnaround, and nothing going wrong."""


def figures(blocks: Iterable[Block], cost: BusCost) -> Figures:
    """Return what a plan comes to at a cost."""
    chosen = list(blocks)
    reads = [(block.table, span.count) for block in chosen for span in block.spans]
    sizes = [data_bytes(table, count) for table, count in reads]
    nanoseconds = sum(cost.of(table, count) for table, count in reads)
    return Figures(
        requests=len(reads),
        registers=sum(count for table, count in reads if not table.is_bits),
        bits=sum(count for table, count in reads if table.is_bits),
        bytes=len(reads) * cost.frame_bytes + sum(sizes),
        values=sum(len(block.members) for block in chosen),
        least_seconds=nanoseconds / SECOND,
    )
