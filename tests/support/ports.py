"""Free ports for servers that tests start.

Each process has a block of ports of its own for as long as it lives. They lie below those that the kernel gives to
outgoing connections, so that nobody takes a port before its server listens, or while that is stopped for a while.
"""

import fcntl
import os
import random
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

LOWEST = 10_000
END = 20_000
"""From here on the gateway itself looks for ports."""
BLOCK = 100
LIMIT_SECONDS = 60.0
_LOCKS = Path(tempfile.gettempdir()) / f"heliograph-ports-{os.getuid()}"


def free_port() -> int:
    """Return a TCP port of the loopback on which nothing listens, and nothing will unless this process has it so."""
    return free_ports(1)[0]


def free_ports(count: int) -> Sequence[int]:
    """Return so many free ports in a row."""
    for _ in range(BLOCK):
        ports = _own.take(count)
        if all(map(_is_free, ports)):
            return ports
    raise RuntimeError(f"no {count} ports in a row are free among {_own.first} to {_own.first + BLOCK - 1}")


def wait_for_port(port: int, ended: Callable[[], object], host: str = "127.0.0.1") -> None:
    """Return when something listens; `ended()` tells when the server has given up (a truthy value)."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if ended() is not None:
            raise RuntimeError(f"the server for port {port} ended at once")
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port} after {LIMIT_SECONDS} s")


class _Block:
    """The block of this process: its lock is held until the process ends. Ports are given out in turn."""

    def __init__(self) -> None:
        self.first = 0
        self._next = 0

    def take(self, count: int) -> Sequence[int]:
        if not self.first:
            self.first = _reserve()
        if self._next + count > BLOCK:
            self._next = 0
        ports = range(self.first + self._next, self.first + self._next + count)
        self._next += count
        return ports


_own = _Block()


def _reserve() -> int:
    _LOCKS.mkdir(exist_ok=True)
    firsts = list(range(LOWEST, END, BLOCK))
    random.SystemRandom().shuffle(firsts)
    for first in firsts:
        lock = os.open(_LOCKS / str(first), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return first
    raise RuntimeError("every block of ports belongs to another process of tests")


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: connections that ended linger
        probe.bind(("", port))
        return True
    return False
