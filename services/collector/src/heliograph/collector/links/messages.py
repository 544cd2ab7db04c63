"""Messages of another master, from the function code on: what call each is, and what message answers it. Pure.

A well-formed read or write of functions 1 to 6, 15 and 16 becomes the call that the gateway itself would make, so that
its answer is checked as strictly; everything else is passed on word for word.
"""

import struct
from typing import Final

from heliograph.collector.links.calls import Call, RawCall, ReadCall, WriteCall
from heliograph.collector.links.modbus import EXCEPTION_BIT
from heliograph.formats.definition import Table

LARGEST_MESSAGE_BYTES: Final = 253
READING: Final = frozenset({1, 2, 3, 4, 7, 11, 12, 17, 20, 24})
"""Functions that change nothing."""
READING_TYPES: Final = {43: 14}
"""Functions that change nothing with this type of encapsulation: 14 is the identification of a device."""
_MOST_READ: Final = {1: 2000, 2: 2000, 3: 125, 4: 125}
_COIL_VALUES: Final = {0x0000: 0, 0xFF00: 1}


def call_of(unit: int, message: bytes) -> Call:
    """Return the call that asks what the message asks. Raises `ValueError` where it is no request at all."""
    if not 1 <= len(message) <= LARGEST_MESSAGE_BYTES or not 0 < message[0] < EXCEPTION_BIT:
        raise ValueError("no request: its function code is none")
    function = message[0]
    call: Call | None = None
    if function in _MOST_READ:
        call = _read(unit, message)
    elif function in (5, 6):
        call = _write_one(unit, message)
    elif function in (15, 16):
        call = _write_many(unit, message)
    return call or RawCall(unit, message)


def answer_message(call: Call, data: bytes) -> bytes:
    """Return the message that answers a call which gave this data."""
    if isinstance(call, ReadCall):
        return bytes((call.function, len(data))) + data
    return data if isinstance(call, RawCall) else call.confirmation


def refusal_message(function: int, code: int) -> bytes:
    """Return an exception to a request with this function."""
    return bytes((function & ~EXCEPTION_BIT | EXCEPTION_BIT, code))


def changes(call: Call) -> bool:
    """Tell whether a call may change something in the device: every function that is not known to read only."""
    if isinstance(call, RawCall) and call.function in READING_TYPES:
        return call.message[1:2] != bytes((READING_TYPES[call.function],))
    return call.function not in READING


def target_text(call: Call) -> str:
    """Say for people what a call is about: unit, function, and addresses where they are known."""
    place = f", address {call.address}" if isinstance(call, WriteCall) else ""
    if isinstance(call, RawCall) and call.function in (21, 22, 23):
        place = _raw_place(call.message)
    if isinstance(call, WriteCall) and len(call.values) > 1:
        place = f", addresses {call.address} to {call.address + len(call.values) - 1}"
    return f"unit {call.unit}, function {call.function}{place}"


def _read(unit: int, message: bytes) -> ReadCall | None:
    if len(message) != 5:
        return None
    function, address, count = struct.unpack(">BHH", message)
    if not 1 <= count <= _MOST_READ[function] or address + count > 65536:
        return None
    return ReadCall(unit, Table(function), address, count)


def _write_one(unit: int, message: bytes) -> WriteCall | None:
    if len(message) != 5:
        return None
    function, address, value = struct.unpack(">BHH", message)
    written = _COIL_VALUES.get(value) if function == 5 else value
    return None if written is None else WriteCall(unit, function, address, (written,))


def _write_many(unit: int, message: bytes) -> WriteCall | None:
    """Return the call where it makes the very same message: bits beyond the last one may be set in this one."""
    if len(message) < 7:
        return None
    function, address, count, size = struct.unpack_from(">BHHB", message)
    data = message[6:]
    expected = 2 * count if function == 16 else (count + 7) // 8
    if not expected == size == len(data) or address + count > 65536:
        return None
    if function == 16:
        return WriteCall(unit, 16, address, struct.unpack(f">{count}H", data))
    if int.from_bytes(data, "little") >> count:
        return None
    return WriteCall(unit, 15, address, tuple(data[n // 8] >> n % 8 & 1 for n in range(count)))


def _raw_place(message: bytes) -> str:
    """Return where functions 22 and 23 write; 21 writes a file."""
    at = {22: 1, 23: 5}.get(message[0])
    if at is None or len(message) < at + 2:
        return ""
    return f", address {int.from_bytes(message[at : at + 2])}"
