"""One connection to a forwarded port: whole requests go to the port, its answers come back; nothing piles up.

A client is read from only as far as there is room for what it asks and as it takes its answers, so that one that talks
without end, or never listens, costs a few kilobytes and then its connection.
"""

import asyncio
import struct
from typing import Final, Protocol, cast

HEADER: Final = struct.Struct(">HHHB")
HEADER_BYTES: Final = 7
LARGEST_LENGTH: Final = 254
BUFFER_BYTES: Final = 2048
MOST_UNSENT_BYTES: Final = 4096
HALF_FRAME_SECONDS: Final = 10.0
"""So long the rest of a request may take."""
STUCK_SECONDS: Final = 10.0
"""So long a client may not take its answers."""


class Server(Protocol):
    """The port behind a connection."""

    def enter(self, client: "Client") -> bool:
        """Take a new client, or not."""
        ...

    def take(self, client: "Client", transaction: int, unit: int, message: bytes) -> bool:
        """Take a request; False where there was no room and the client shall be read from later."""
        ...

    def leave(self, client: "Client") -> None:
        """Forget a client and all that it asked."""
        ...

    def rude(self, client: "Client", what: str) -> None:
        """Learn why a client is thrown out."""
        ...


class Client(asyncio.BufferedProtocol):
    """One other master."""

    def __init__(self, server: Server) -> None:
        self.peer = "?"
        self.pending = 0
        """Requests of this client that are not answered yet."""
        self.heard = 0.0
        """Loop time at which it sent something last."""
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._buffer = bytearray(BUFFER_BYTES)
        self._filled = 0
        self._held: set[str] = set()
        """Why nothing is taken from it now."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ended = False

    def answer(self, transaction: int, unit: int, message: bytes) -> None:
        """Send an answer."""
        if not self._transport.is_closing():
            self._transport.write(HEADER.pack(transaction, 0, len(message) + 1, unit) + message)

    def done(self) -> None:
        """Learn that one of its requests is over, answered or not."""
        self.pending -= 1
        self._close_if_over()

    def make_room(self) -> None:
        """Learn that there may be room for what could not be taken."""
        if "room" in self._held:
            self._release("room")

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=MOST_UNSENT_BYTES)
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self.peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.heard = self._loop.time()
        if not self._server.enter(self):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended makes no difference
        """See `asyncio.BaseProtocol`."""
        for timer in self._timers.values():
            timer.cancel()
        self._server.leave(self)

    def eof_received(self) -> bool:
        """See `asyncio.BufferedProtocol`: what it asked before is answered, then the connection ends."""
        self._ended = True
        return self.pending > 0 or self._frame_end() > 0

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - requests are small, the buffer is fixed
        """See `asyncio.BufferedProtocol`."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        self._filled += nbytes
        self.heard = self._loop.time()
        self._take_whole()

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`: it does not take its answers."""
        self._hold("answers")
        self._begin("answers", STUCK_SECONDS, "it does not take its answers")

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._end("answers")
        self._release("answers")

    def _take_whole(self) -> None:
        """Hand over every whole request, as long as there is room."""
        while not self._held and (end := self._frame_end()) > 0:
            transaction, protocol, length, unit = HEADER.unpack_from(self._buffer)
            if protocol != 0 or not 2 <= length <= LARGEST_LENGTH:
                self._throw_out("it does not speak Modbus TCP")
                return
            message = bytes(self._buffer[HEADER_BYTES:end])
            self._buffer[: self._filled - end] = self._buffer[end : self._filled]
            self._filled -= end
            if not self._server.take(self, transaction, unit, message):
                self._hold("room")
        if self._filled and not self._held:
            self._begin("half", HALF_FRAME_SECONDS, "it sent half a request")
        else:
            self._end("half")

    def _frame_end(self) -> int:
        """Return how long the first request is, 0 while it is not whole; a wrong header is whole at once."""
        if self._filled < HEADER_BYTES:
            return 0
        _, protocol, length, _ = HEADER.unpack_from(self._buffer)
        if protocol != 0 or not 2 <= length <= LARGEST_LENGTH:
            return HEADER_BYTES
        end: int = HEADER_BYTES - 1 + length
        return end if end <= self._filled else 0

    def _hold(self, why: str) -> None:
        if not self._held:
            self._transport.pause_reading()
        self._held.add(why)

    def _release(self, why: str) -> None:
        self._held.discard(why)
        if self._held or self._transport.is_closing():
            return
        self._take_whole()
        if not self._held and not self._ended and not self._transport.is_closing():
            self._transport.resume_reading()
        self._close_if_over()

    def _begin(self, what: str, seconds: float, text: str) -> None:
        if what not in self._timers:
            self._timers[what] = self._loop.call_later(seconds, self._throw_out, text)

    def _end(self, what: str) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()

    def _throw_out(self, what: str) -> None:
        self._server.rude(self, what)
        self.abort()

    def _close_if_over(self) -> None:
        if self._ended and not self.pending and not self._held:
            self._transport.close()
