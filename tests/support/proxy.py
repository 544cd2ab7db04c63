"""A TCP proxy between a client and a real server that cuts, hangs, slows down or swallows, and counts what passes."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["up", "down"]
"""`up`: to the server."""
CHUNK = 4096
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass
class Faults:
    """What the proxy does; set at run time. Counts run over all connections."""

    cut_after: dict[Direction, int] = field(default_factory=dict)
    """Bytes after which every connection is cut; then it is forgotten."""
    hang_after: dict[Direction, int] = field(default_factory=dict)
    """Bytes after which nothing passes any more in that direction, until it is forgotten."""
    bytes_per_second: float | None = None
    swallow_after: int | None = None
    """Bytes up after which the rest of each connection other than the first port's vanishes, as if it had arrived."""
    passed: dict[Direction, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    cuts: int = 0


@dataclass(frozen=True)
class Traffic:
    """What passed, over all connections."""

    connections: int = 0
    round_trips: int = 0
    """How often the server spoke after the client had: as often somebody waited for the way there and back."""
    up: int = 0
    """Bytes to the server."""
    down: int = 0

    def __sub__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.connections - other.connections,
            self.round_trips - other.round_trips,
            self.up - other.up,
            self.down - other.down,
        )


class Proxy:
    """Listens on ports of `host` and hands on to the same ports of `target`, or to those of `targets`."""

    def __init__(self, ports: Sequence[int], host: str = "127.0.0.2", target: str = "127.0.0.1") -> None:
        self.host = host
        self.target = target
        self.port = ports[0]
        self.faults = Faults()
        self._connections = 0
        self._round_trips = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads: list[threading.Thread] = []
        self._listeners = [socket.create_server((host, port)) for port in ports]
        for listener in self._listeners:
            listener.settimeout(0.1)
            self._start(self._accept, listener, listener is not self._listeners[0])

    @property
    def traffic(self) -> Traffic:
        """What passed until now; the difference of two is what passed between."""
        passed = self.faults.passed
        with self._lock:
            return Traffic(self._connections, self._round_trips, passed["up"], passed["down"])

    def close(self) -> None:
        """End all connections and listen no more."""
        self._ended.set()
        self.cut()
        for listener in self._listeners:
            listener.close()
        for thread in list(self._threads):
            thread.join(5)

    def cut(self) -> None:
        """Cut every connection hard."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, data: bool) -> None:
        port = listener.getsockname()[1]
        while not self._ended.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                server = socket.create_connection((self.target, port), timeout=5)
            except OSError:
                client.close()
                continue
            self._start(self._serve, client, server, data)

    def _serve(self, client: socket.socket, server: socket.socket, data: bool) -> None:
        client.settimeout(0.1)
        server.settimeout(0.1)
        with self._lock:
            self._pairs.add((client, server))
            self._connections += 1
        spoken: set[Direction] = set()
        with client, server:
            up = threading.Thread(target=self._pump, args=(client, server, "up", data, spoken), daemon=True)
            up.start()
            self._pump(server, client, "down", data, spoken)
            up.join()
        with self._lock:
            self._pairs.discard((client, server))

    def _pump(
        self, source: socket.socket, sink: socket.socket, direction: Direction, data: bool, spoken: set[Direction]
    ) -> None:
        done = 0
        while not self._ended.is_set():
            try:
                content = source.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                content = b""
            if not content:
                with suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
                return
            self._count(direction, spoken)
            content, cut = self._allowed(content, direction)
            if direction == "up" and data and self.faults.swallow_after is not None:
                content, done = content[: max(0, self.faults.swallow_after - done)], done + len(content)
            try:
                self._send(sink, content)
            except OSError:
                return
            if cut:
                self.cut()
                return

    def _count(self, direction: Direction, spoken: set[Direction]) -> None:
        """Count the server's first word after one of the client's; `spoken` holds who spoke last on a connection."""
        with self._lock:
            self._round_trips += direction == "down" and "up" in spoken
            spoken.clear()
            spoken.add(direction)

    def _allowed(self, content: bytes, direction: Direction) -> tuple[bytes, bool]:
        """Apply the faults; return what may pass, and whether the line is cut behind it."""
        faults = self.faults
        if faults.bytes_per_second:
            time.sleep(len(content) / faults.bytes_per_second)
        with self._lock:
            left = faults.cut_after.get(direction)
            if left is not None:
                faults.cut_after[direction] = left - len(content)
                if left <= len(content):
                    del faults.cut_after[direction]
                    faults.cuts += 1
                    return content[:left], True
        while faults.passed[direction] >= faults.hang_after.get(direction, 1 << 62) and not self._ended.is_set():
            time.sleep(0.02)
        faults.passed[direction] += len(content)
        return content, False

    def _send(self, sink: socket.socket, content: bytes) -> None:
        view = memoryview(content)
        while view and not self._ended.is_set():
            with suppress(TimeoutError):
                view = view[sink.send(view) :]


@contextmanager
def proxy(*ports: int) -> Iterator[Proxy]:
    """A proxy at 127.0.0.2 to the same ports of 127.0.0.1."""
    between = Proxy(ports)
    try:
        yield between
    finally:
        between.close()
