"""Modbus TCP: one socket to one host and port, however many units and callers stand behind it.

Connects, reconnects with growing waits, and judges silences; what passes on the socket is `tcp_socket`'s business. Time
is the event loop's, since it is its timers that end a wait.
"""

import asyncio
import socket

from heliograph.collector.links.calls import Call, RawCall, ReadCall, WriteCall
from heliograph.collector.links.errors import DROP_TEXTS, BadFrame, DropKind, LinkDown, ModbusException, Silence
from heliograph.collector.links.link import Counters, OnDrop
from heliograph.collector.links.modbus import tcp_frame
from heliograph.collector.links.tap import Tap
from heliograph.collector.links.tcp_socket import ModbusSocket, SocketLost
from heliograph.runtime.retry import Backoff

CONNECT_SECONDS = 3.0
SILENCES_BEFORE_NEW_SOCKET = 3
"""After so many time limits in a row without a byte the socket may be half open: a new one is made."""

_TRANSACTIONS = 65535
_CACHED_CALLS = 4096
_KEEP_ALIVE_SECONDS = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class TcpLink:
    """See `Link`. Connects at its first call and again when needed; between failed tries all calls fail at once."""

    def __init__(
        self,
        host: str,
        port: int = 502,
        *,
        keep_alive: bool = True,
        connect_timeout: float = CONNECT_SECONDS,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.counters = Counters()
        self.on_drop: OnDrop | None = None
        self.tap = Tap()
        self._host, self._port = host, port
        self._keep_alive = keep_alive
        self._connect_timeout = connect_timeout
        self._backoff = backoff or Backoff(0.5, 30)
        self._retry_at = 0.0
        self._lock = asyncio.Lock()
        self._socket: ModbusSocket | None = None
        self._transaction = 0
        self._tails: dict[Call, bytes] = {}
        self._silences = 0
        self._closed = False

    async def read(self, call: ReadCall, timeout: float) -> bytes:  # noqa: ASYNC109 - begins with the exchange
        """See `Link.read`. A socket that the device closed between two requests is replaced without a failure."""
        async with self._lock:
            before = self._socket
            try:
                return await self._exchange(call, timeout)
            except LinkDown:
                if before is None or self._socket is not None or not before.answers or self._closed:
                    raise
            return await self._exchange(call, timeout)

    async def write(self, call: WriteCall, timeout: float) -> None:  # noqa: ASYNC109 - as above
        """See `Link.write`."""
        async with self._lock:
            await self._exchange(call, timeout)

    async def forward(self, call: RawCall, timeout: float) -> bytes:  # noqa: ASYNC109 - as above
        """See `Link.forward`."""
        async with self._lock:
            return await self._exchange(call, timeout)

    async def close(self) -> None:
        """See `Link.close`."""
        self._closed = True
        self._drop_socket()

    async def _exchange(self, call: Call, timeout: float) -> bytes:  # noqa: ASYNC109 - as above
        wire = self._socket
        if wire is None or wire.lost:
            wire = await self._connect()
        self._transaction = self._transaction % _TRANSACTIONS + 1
        frame = self._frame(call)
        self.counters.requests += 1
        began = wire.loop.time()
        try:
            data = await wire.ask(call, self._transaction, frame, timeout)
        except ModbusException:
            self._answered(wire)
            raise
        except SocketLost as cut:
            raise self._down(wire, str(cut)) from None
        except TimeoutError:
            raise self._failure(wire, timeout) from None
        finally:
            self.counters.busy_seconds += wire.loop.time() - began
        self._answered(wire)
        return data

    def _frame(self, call: Call) -> bytes:
        """Return the request; the same calls come again and again, only their transaction differs."""
        tail = self._tails.get(call)
        if tail is None:
            if len(self._tails) >= _CACHED_CALLS:
                self._tails.clear()
            tail = self._tails[call] = tcp_frame(call, 0)[2:]
        return self._transaction.to_bytes(2) + tail

    def _answered(self, wire: ModbusSocket) -> None:
        wire.answers += 1
        self.counters.answers += 1
        self._silences = 0
        self._backoff.reset()

    def _failure(self, wire: ModbusSocket, timeout: float) -> Silence | BadFrame:
        if wire.filled:
            wire.drop_rest("short")
            self._drop_socket()
        if wire.dropped is not None:
            self._silences = 0
            text = f"{self.name}: within {timeout:g} s only {DROP_TEXTS[wire.dropped]}"
            return BadFrame(wire.dropped, text)
        self._silences += 1
        if self._silences >= SILENCES_BEFORE_NEW_SOCKET:
            self._silences = 0
            self._drop_socket()
        return Silence(f"{self.name}: no answer within {timeout:g} s")

    def _down(self, wire: ModbusSocket, cause: str) -> LinkDown:
        """Say that a connection ended; where it never carried an answer, the next one has to wait."""
        self._drop_socket()
        self.tap.happened(cause)
        if not wire.answers:
            self._retry_at = wire.loop.time() + self._backoff.wait()
        return LinkDown(f"{self.name}: {cause}", max(0.0, self._retry_at - wire.loop.time()))

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._socket.abort()
            self._socket = None

    async def _connect(self) -> ModbusSocket:
        loop = asyncio.get_running_loop()
        self._socket = None
        if self._closed:
            raise LinkDown(f"{self.name}: closed")
        waits = self._retry_at - loop.time()
        if waits > 0:
            raise LinkDown(f"{self.name}: not connected, next try in {waits:.1f} s", waits)
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, self._socket = await loop.create_connection(
                    lambda: ModbusSocket(loop, self._count_drop, self.tap),
                    self._host,
                    self._port,
                    happy_eyeballs_delay=0.25,
                )
        except (OSError, UnicodeError) as error:
            waits = self._backoff.wait()
            self._retry_at = loop.time() + waits
            cause = _cause(error, self._connect_timeout)
            self.tap.happened(cause)
            raise LinkDown(f"{self.name}: {cause}", waits) from error
        self.counters.connections += 1
        self.tap.happened("connected")
        self._set_keep_alive(self._socket)
        return self._socket

    def _set_keep_alive(self, wire: ModbusSocket) -> None:
        raw = wire.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, self._keep_alive)
        for option, value in _KEEP_ALIVE_SECONDS.items():
            if hasattr(socket, option):
                raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def _count_drop(self, unit: int, kind: DropKind) -> None:
        self.counters.drops[kind] += 1
        if self.on_drop is not None:
            self.on_drop(unit, kind)


def _cause(error: Exception, limit: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no connection within {limit:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "this name is not known to the name service"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
