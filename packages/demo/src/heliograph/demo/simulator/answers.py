"""Requests in, answers out: the protocol data units of a Modbus server, without any framing."""

import struct
from collections.abc import Callable

from heliograph.demo.simulator.banks import COIL, HOLDING_REGISTER, ILLEGAL_FUNCTION, ILLEGAL_VALUE, Bank, ModbusFault

COIL_ON = 0xFF00
DEVICE_IDENTIFICATION = 14
IDENTIFICATION = (b"Heliograph", b"simulator", b"1")
"""Vendor, product and version: the basic identification that function 43 asks for."""
_SIZES = dict.fromkeys((1, 2, 3, 4, 5, 6), 5) | {22: 7}
_SIZE_AT = {15: 5, 16: 5, 23: 9}
"""Where a request tells how many bytes follow."""


def answer(bank: Bank, request: bytes) -> bytes:
    """Return the answer of a device to a request that begins with its function code, exceptions included."""
    function = request[0] if request else 0
    handler = _HANDLERS.get(function)
    if handler is None:
        return refusal(function, ILLEGAL_FUNCTION)
    try:
        return handler(bank, function, request)
    except ModbusFault as fault:
        return refusal(function, fault.code)
    except struct.error:
        return refusal(function, ILLEGAL_VALUE)


def refusal(function: int, code: int) -> bytes:
    """Return an exception."""
    return bytes((function | 0x80, code))


def request_size(head: bytes) -> int | None:
    """Return how long a request that begins like this is, or None when its function is unknown or still to come."""
    function = head[0] if head else 0
    if function in _SIZES:
        return _SIZES[function]
    at = _SIZE_AT.get(function)
    return at + 1 + head[at] if at is not None and len(head) > at else None


def pack_bits(bits: list[int]) -> bytes:
    """Pack bits as Modbus does, the first into the least significant bit of the first byte."""
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number.to_bytes((len(bits) + 7) // 8, "little")


def _read_registers(bank: Bank, table: int, request: bytes) -> bytes:
    _, address, count = struct.unpack(">BHH", request)
    if not 1 <= count <= 125:
        raise ModbusFault(ILLEGAL_VALUE)
    return struct.pack(f">BB{count}H", table, 2 * count, *bank.read(table, address, count))


def _read_bits(bank: Bank, table: int, request: bytes) -> bytes:
    _, address, count = struct.unpack(">BHH", request)
    if not 1 <= count <= 2000:
        raise ModbusFault(ILLEGAL_VALUE)
    packed = pack_bits(bank.read(table, address, count))
    return bytes((table, len(packed))) + packed


def _write_one(bank: Bank, function: int, request: bytes) -> bytes:
    _, address, value = struct.unpack(">BHH", request)
    if function == 6:
        bank.write(HOLDING_REGISTER, address, [value])
        return request
    if value not in (0, COIL_ON):
        raise ModbusFault(ILLEGAL_VALUE)
    bank.write(COIL, address, [value >> 15])
    return request


def _write_many(bank: Bank, function: int, request: bytes) -> bytes:
    address, count, size = struct.unpack(">HHB", request[1:6])
    data = request[6:]
    expected = 2 * count if function == 16 else (count + 7) // 8
    if not 1 <= count <= (123 if function == 16 else 1968) or not expected == size == len(data):
        raise ModbusFault(ILLEGAL_VALUE)
    if function == 16:
        bank.write(HOLDING_REGISTER, address, list(struct.unpack(f">{count}H", data)))
    else:
        bank.write(COIL, address, [data[place // 8] >> place % 8 & 1 for place in range(count)])
    return request[:5]


def _mask_write(bank: Bank, _function: int, request: bytes) -> bytes:
    _, address, kept, added = struct.unpack(">BHHH", request)
    (value,) = bank.read(HOLDING_REGISTER, address, 1)
    bank.write(HOLDING_REGISTER, address, [value & kept | added & ~kept])
    return request


def _write_and_read(bank: Bank, function: int, request: bytes) -> bytes:
    read_from, read_count, write_to, count, size = struct.unpack(">HHHHB", request[1:10])
    data = request[10:]
    if not 1 <= read_count <= 125 or not 1 <= count <= 121 or not 2 * count == size == len(data):
        raise ModbusFault(ILLEGAL_VALUE)
    bank.write(HOLDING_REGISTER, write_to, list(struct.unpack(f">{count}H", data)))
    values = bank.read(HOLDING_REGISTER, read_from, read_count)
    return struct.pack(f">BB{read_count}H", function, 2 * read_count, *values)


def _identify(_bank: Bank, function: int, request: bytes) -> bytes:
    if request[1:3] != bytes((DEVICE_IDENTIFICATION, 1)):
        raise ModbusFault(ILLEGAL_FUNCTION)
    objects = b"".join(bytes((number, len(text))) + text for number, text in enumerate(IDENTIFICATION))
    return bytes((function, DEVICE_IDENTIFICATION, 1, 1, 0, 0, len(IDENTIFICATION))) + objects


_HANDLERS: dict[int, Callable[[Bank, int, bytes], bytes]] = {
    1: _read_bits,
    2: _read_bits,
    3: _read_registers,
    4: _read_registers,
    5: _write_one,
    6: _write_one,
    15: _write_many,
    16: _write_many,
    22: _mask_write,
    23: _write_and_read,
    43: _identify,
}
