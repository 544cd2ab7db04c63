"""A Modbus TCP server for simulated devices: one port, any number of units and clients, in the running event loop."""

import asyncio
import socket
import struct
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, cast

from heliograph.demo.simulator.banks import Bank
from heliograph.demo.simulator.faults import Faults, Respond, Units

HEADER_BYTES = 7
_HEADER = struct.Struct(">HHHB")
_LINGER_RESET = struct.pack("ii", 1, 0)


class TcpSimulator:
    """Serves `units` on `host:port`; port 0 takes a free one, kept over `stop` and `start`."""

    def __init__(
        self, units: Mapping[int, Bank], host: str = "127.0.0.1", port: int = 0, answer_delay: float = 0.0
    ) -> None:
        self.units = Units(units)
        self.host = host
        self.port = port
        self.answer_delay = answer_delay
        """Seconds that every answer takes."""
        self.most_connections: int | None = None
        """So many clients at a time; who comes beyond it is accepted and cut at once, as small devices do."""
        self.respond: Respond | None = None
        self.connections: set[_Connection] = set()
        self.accepted = 0
        """How many connections were made since the start."""
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def faults(self) -> dict[int, Faults]:
        """The faults by unit; `faults[3].dead = True` switches one on."""
        return self.units.faults

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection; new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset_connections()
        await self._empty.wait()

    def reset_connections(self) -> None:
        """Cut every connection with a TCP reset."""
        for connection in list(self.connections):
            connection.reset()

    def enter(self, connection: "_Connection") -> None:
        """Note a new client."""
        if self.most_connections is not None and len(self.connections) >= self.most_connections:
            connection.reset()
        self.connections.add(connection)
        self.accepted += 1
        self._empty.clear()

    def leave(self, connection: "_Connection") -> None:
        """Forget a client."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, simulator: TcpSimulator) -> None:
        self.simulator = simulator
        self.transport: asyncio.Transport | None = None
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.simulator.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended makes no difference
        self.transport = None
        self.simulator.leave(self)

    def reset(self) -> None:
        """Cut with a TCP reset."""
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) > HEADER_BYTES:
            transaction, protocol, length, unit = _HEADER.unpack_from(self.buffer)
            if protocol != 0 or not 2 <= length <= 254:
                self.reset()
                return
            if len(self.buffer) < 6 + length:
                return
            frame, self.buffer = self.buffer[: 6 + length], self.buffer[6 + length :]
            if self.simulator.respond is not None:
                self._respond(self.simulator.respond(frame))
            else:
                self._handle(transaction, unit, frame[HEADER_BYTES:])

    def _handle(self, transaction: int, unit: int, request: bytes) -> None:
        reply = self.simulator.units.answer(unit, request, gateway=True)
        if reply is None:
            return
        fault = self.simulator.faults.get(unit)
        frame = (
            _frame(transaction, unit, reply) if fault is None else _spoiled(fault, transaction, unit, request, reply)
        )
        delay = self.simulator.answer_delay + (fault.late if fault else 0.0)
        if fault is not None and fault.drip:
            for place in range(len(frame)):
                self._send_after(delay + (place + 1) * fault.drip, frame[place : place + 1])
        else:
            self._send_after(delay, frame)

    def _send_after(self, seconds: float, data: bytes) -> None:
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._send, data)
        else:
            self._send(data)

    def _respond(self, answers: Sequence[tuple[float, bytes | None]]) -> None:
        for seconds, frame in answers:
            if frame is None:
                asyncio.get_running_loop().call_later(seconds, self.reset)
            else:
                asyncio.get_running_loop().call_later(seconds, self._send, frame)

    def _send(self, frame: bytes) -> None:
        if self.transport is not None:
            self.transport.write(frame)


def _frame(transaction: int, unit: int, data: bytes) -> bytes:
    return _HEADER.pack(transaction, 0, len(data) + 1, unit) + data


def _spoiled(fault: Faults, transaction: int, unit: int, request: bytes, reply: bytes) -> bytes:
    other = (transaction ^ 0x8000) if fault.bad_crc else transaction
    sent = fault.sent(_frame(other, unit + fault.wrong_unit & 0xFF, reply))
    return _frame(transaction, unit, request) + sent if fault.echo else sent
