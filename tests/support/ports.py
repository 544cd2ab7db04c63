"""Free ports for servers that tests start."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress


def free_port() -> int:
    """Return a TCP port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, ended: Callable[[], object], seconds: float = 15, host: str = "127.0.0.1") -> None:
    """Return when something listens; `ended()` tells when the server has given up (a truthy value)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ended() is not None:
            raise RuntimeError(f"the server for port {port} ended at once")
        with suppress(OSError), socket.create_connection((host, port), timeout=0.2):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")
