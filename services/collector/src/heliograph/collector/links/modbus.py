"""The Modbus messages themselves, by pymodbus: the only module that knows its requests, answers and framers.

pymodbus writes every request and reads every answer. Its answers for reads are replaced, through its own registration,
by ones that keep the bytes: a block is decoded as a whole later, and a list of integers in between would cost more
than the rest of the exchange (docs/decisions/0003).
"""

import logging
from collections.abc import Callable

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from heliograph.collector.links.calls import Call, RawCall, ReadCall, WriteCall
from heliograph.collector.links.errors import DropKind, modbus_exception

EXCEPTION_BIT = 0x80
SMALLEST_FRAME_BYTES = 4

# What pymodbus cannot read is dropped and counted here; its own lines about it would flood the log.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class Mismatch(Exception):
    """A well-framed message that is not the answer awaited; `kind` tells why."""

    def __init__(self, kind: DropKind) -> None:
        super().__init__(kind)
        self.kind: DropKind = kind


class _RawAnswer(ModbusPDU):
    """The answer to a read, its data kept as bytes."""

    rtu_byte_count_pos = 2
    data = b""

    def decode(self, data: bytes) -> None:
        """Keep what follows the byte count, which must be right."""
        if not data or data[0] != len(data) - 1:
            raise ValueError("wrong byte count")
        self.data = data[1:]

    def __str__(self) -> str:
        return self.data.hex()


class _RawRequest(ModbusPDU):
    """A message that is passed on as it stands."""

    def __init__(self, call: RawCall) -> None:
        super().__init__(dev_id=call.unit)
        self.function_code = call.function
        self._data = call.message[1:]

    def encode(self) -> bytes:
        """Return what follows the function code."""
        return self._data


class _Coils(_RawAnswer):
    function_code = 1


class _DiscreteInputs(_RawAnswer):
    function_code = 2


class _HoldingRegisters(_RawAnswer):
    function_code = 3


class _InputRegisters(_RawAnswer):
    function_code = 4


_READS: dict[int, Callable[..., ModbusPDU]] = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
}
_DECODER = DecodePDU(is_server=False)
for _answer in (_Coils, _DiscreteInputs, _HoldingRegisters, _InputRegisters):
    _DECODER.register(_answer)
# Functions that are never asked are no answers; some of pymodbus's own cannot be read from damaged bytes.
_DECODER.pdu_table = {function: _DECODER.pdu_table[function] for function in (1, 2, 3, 4, 5, 6, 15, 16)}
_TCP = FramerSocket(_DECODER)
_RTU = FramerRTU(_DECODER)


def tcp_frame(call: Call, transaction: int) -> bytes:
    """Return the request as it goes over a socket; raises `ValueError` where the call is none that Modbus knows."""
    request = _request(call)
    request.transaction_id = transaction
    return _TCP.buildFrame(request)


def rtu_frame(call: Call) -> bytes:
    """Return the request as it goes over a serial line, with its check sum; raises as `tcp_frame`."""
    return _RTU.buildFrame(_request(call))


def split_tcp(frame: bytes) -> tuple[int, int, bytes]:
    """Return transaction, unit and message of one whole frame with a sound header."""
    _, unit, transaction, message = _TCP.decode(frame)
    return transaction, unit, message


def split_rtu(frame: bytes) -> tuple[int, bytes] | None:
    """Return unit and message of bytes that begin with a whole frame, or None where its check sum is wrong."""
    _, unit, _, message = _RTU.decode(frame)
    return (unit, message) if message else None


def is_rtu_frame(data: bytes) -> bool:
    """Tell whether bytes are one whole frame of any function."""
    return len(data) >= SMALLEST_FRAME_BYTES and FramerRTU.check_CRC(data[:-2], int.from_bytes(data[-2:]))


def answer_data(call: Call, message: bytes) -> bytes:
    """Return the data of the right answer to a call: empty for writes, the whole message for one that is passed on.

    Raises `ModbusException` where the device refuses, `Mismatch` where this is not the answer to this call.
    """
    if message[0] & ~EXCEPTION_BIT != call.function:
        raise Mismatch("function")
    if isinstance(call, RawCall) and message[0] == call.function:
        return message
    answer = _DECODER.decode(message)
    if answer is None:
        raise Mismatch("short")
    if isinstance(answer, ExceptionResponse):
        raise modbus_exception(answer.exception_code)
    if isinstance(answer, _RawAnswer) and isinstance(call, ReadCall):
        if len(answer.data) != call.byte_count:
            raise Mismatch("late")
        return answer.data
    # Not what pymodbus makes of it: to it any value but 0 is a coil that was set.
    if isinstance(call, WriteCall) and message != call.confirmation:
        raise Mismatch("late")
    return b""


def _request(call: Call) -> ModbusPDU:
    if isinstance(call, ReadCall):
        return _READS[call.function](dev_id=call.unit, address=call.address, count=call.count)
    if isinstance(call, RawCall):
        return _RawRequest(call)
    if call.function == 5:
        return WriteSingleCoilRequest(dev_id=call.unit, address=call.address, bits=[bool(call.values[0])])
    if call.function == 6:
        return WriteSingleRegisterRequest(dev_id=call.unit, address=call.address, registers=call.values[:1])
    if call.function == 15:
        return WriteMultipleCoilsRequest(dev_id=call.unit, address=call.address, bits=[bool(v) for v in call.values])
    if call.function == 16:
        return WriteMultipleRegistersRequest(dev_id=call.unit, address=call.address, registers=call.values)
    raise ValueError(f"function {call.function} writes nothing")
