"""What passes on one Modbus TCP connection: a lean `asyncio` protocol of our own around pymodbus's messages.

asyncio's streams and its timeouts would cost as much as the whole rest of an exchange. TCP_NODELAY is set by asyncio.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import cast

from heliograph.collector.links.calls import Call
from heliograph.collector.links.errors import DropKind, ModbusException
from heliograph.collector.links.modbus import Mismatch, answer_data, split_tcp
from heliograph.collector.links.tap import Tap

HEADER_BYTES = 6
LARGEST_LENGTH = 254
_BUFFER_BYTES = 4096


class SocketLost(Exception):
    """The connection ended while an answer was awaited."""


class ModbusSocket(asyncio.BufferedProtocol):
    """One connection: at most one request awaits its answer, everything else that arrives is dropped."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, count_drop: Callable[[int, DropKind], None], tap: Tap | None = None
    ) -> None:
        self.loop = loop
        self.transport: asyncio.Transport
        self.lost: Exception | None = None
        self.answers = 0
        self.filled = 0
        """Bytes in the buffer that are no whole frame yet."""
        self.dropped: DropKind | None = None
        """What was dropped last since the request was sent."""
        self._count_drop = count_drop
        self._tap = tap or Tap()
        self._buffer = bytearray(_BUFFER_BYTES)
        self._call: Call | None = None
        self._unit = 0
        self._transaction = 0
        self._waiter: asyncio.Future[bytes] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, call: Call, transaction: int, frame: bytes, timeout: float) -> bytes:  # noqa: ASYNC109 - a timer that stands costs less than asyncio.timeout
        """Send a request and return the data of its answer; raises `TimeoutError` and `SocketLost` too."""
        if self.filled:
            self.drop_rest("late")
            self.filled = 0
        self.dropped = None
        self._call, self._transaction, self._unit = call, transaction, call.unit
        waiter: asyncio.Future[bytes] = self.loop.create_future()
        self._waiter = waiter
        self._arm(self.loop.time() + timeout)
        try:
            self.transport.write(frame)
            self._tap.sent(frame)
            return await waiter
        finally:
            self._waiter = None

    def _arm(self, deadline: float) -> None:
        """See to it that the timer ends the wait: it stands over many requests and looks again when it rings early."""
        self._deadline = deadline
        if self._timer is None or self._timer.when() > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self.loop.time() < self._deadline:
            self._arm(self._deadline)
        else:
            self._end(TimeoutError())

    def abort(self) -> None:
        """Cut the connection; who waits for an answer fails."""
        self.lost = self.lost or ConnectionAbortedError()
        self.transport.abort()

    def drop_rest(self, kind: DropKind) -> None:
        """Count what is no whole frame; the owner lets it go."""
        self.drop(kind, data=self._buffer[: self.filled])

    def drop(self, kind: DropKind, unit: int | None = None, data: bytes | bytearray = b"") -> None:
        """Count what was dropped, for the unit that was asked last unless another one is at fault."""
        self.dropped = kind
        self._tap.received(data, kind)
        self._count_drop(self._unit if unit is None else unit, kind)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`: who waits for an answer fails."""
        self.lost = exc or ConnectionResetError()
        if self._timer is not None:
            self._timer.cancel()
        cause = "the connection was cut" if exc else "the device closed the connection"
        self._end(SocketLost(cause))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - frames are small, the buffer is fixed
        """See `asyncio.BufferedProtocol`: behind what is no whole frame yet."""
        return memoryview(self._buffer)[self.filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`: take every whole frame."""
        data = bytes(self._buffer[: self.filled + nbytes])
        start = 0
        while (end := self._frame_end(data, start)) > start:
            self._take(data[start:end])
            start = end
        self.filled = len(data) - start
        if self.filled:
            self._buffer[: self.filled] = data[start:]

    def _frame_end(self, data: bytes, start: int) -> int:
        """Return where the frame at `start` ends, or `start` when it is not whole yet; noise is one frame."""
        if len(data) - start < HEADER_BYTES:
            return start
        protocol, length = struct.unpack_from(">HH", data, start + 2)
        if protocol == 0 and 2 <= length <= LARGEST_LENGTH:
            end = start + HEADER_BYTES + length
            return end if end <= len(data) else start
        head = data.find(struct.pack(">HH", self._transaction, 0), start + 1)
        return head if head > start else len(data)

    def _take(self, frame: bytes) -> None:
        waiter, call = self._waiter, self._call
        try:
            _check_header(frame)
            transaction, unit, message = split_tcp(frame)
            if transaction != self._transaction or waiter is None or waiter.done() or call is None:
                self.drop("late", unit, frame)
            elif unit != self._unit:
                self.drop("unit", data=frame)
            else:
                waiter.set_result(answer_data(call, message))
                self._tap.received(frame)
        except Mismatch as mismatch:
            self.drop(mismatch.kind, data=frame)
        except ModbusException as refusal:
            self._tap.received(frame, "exception")
            self._end(refusal)

    def _end(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


def _check_header(frame: bytes) -> None:
    if len(frame) < HEADER_BYTES + 2 or frame[2:4] != b"\0\0" or frame[4:6] != (len(frame) - HEADER_BYTES).to_bytes(2):
        raise Mismatch("noise")
