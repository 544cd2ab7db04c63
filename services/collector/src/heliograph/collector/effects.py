"""What a write does to registers and coils, told from the call alone, and what of a variable it touches. Pure.

The gateway's own writes and those of other masters are judged alike: whoever writes, and whatever variable was meant.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.collector.alarms import as_recorded
from heliograph.collector.decode import decode_value
from heliograph.collector.links import Call, RawCall, ReadCall, WriteCall
from heliograph.contract.records import Value
from heliograph.formats.definition import ModbusPoint, Table, Variable

MASK_WRITE: Final = 22
WRITE_AND_READ: Final = 23
DIAGNOSTICS: Final = 8
"""Touches counters and the line, no register."""

Cell = tuple[Table, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """The cells that a write changes, by table and address; None where it is not known to what."""

    unit: int
    cells: Mapping[Cell, int | None] = field(default_factory=dict)

    def touches(self, point: ModbusPoint) -> bool:
        """Tell whether any cell of a point is written."""
        return any(cell in self.cells for cell in _cells(point))

    def becomes(self, variable: Variable, point: ModbusPoint) -> tuple[Value] | None:
        """Return the raw value that a variable has afterwards, in a tuple; None where only a part of it is known."""
        values = [self.cells.get(cell) for cell in _cells(point)]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        return (value_of(variable, point, known),)


def effect_of(*calls: WriteCall) -> Effect:
    """Return what writes to one unit do together."""
    cells = {(call.table, address): value for call in calls for address, value in enumerate(call.values, call.address)}
    return Effect(calls[0].unit, cells)


def effect_of_message(call: Call) -> Effect | None:
    """Return what a request of another master does; None where that cannot be told from it."""
    if isinstance(call, WriteCall):
        return effect_of(call)
    if isinstance(call, ReadCall) or call.function == DIAGNOSTICS:
        return Effect(call.unit)
    if call.function == MASK_WRITE and len(call.message) == 7:
        return Effect(call.unit, {(Table.HOLDING_REGISTER, int.from_bytes(call.message[1:3])): None})
    return _write_and_read(call) if call.function == WRITE_AND_READ else None


def value_of(variable: Variable, point: ModbusPoint, cells: Iterable[int]) -> Value:
    """Return the raw value of a variable from its own registers or bit, as it would be recorded."""
    numbers = list(cells)
    data = bytes(numbers) if point.table.is_bits else struct.pack(f">{len(numbers)}H", *numbers)
    return as_recorded(variable, decode_value(point, data))


def _cells(point: ModbusPoint) -> Iterable[Cell]:
    return ((point.table, address) for address in range(point.address, point.address + point.count))


def _write_and_read(call: RawCall) -> Effect | None:
    message = call.message
    if len(message) < 10:
        return None
    address, count, size = struct.unpack_from(">HHB", message, 5)
    if not 2 * count == size == len(message) - 10 or address + count > 65536:
        return None
    return effect_of(WriteCall(call.unit, 16, address, struct.unpack(f">{count}H", message[10:])))
