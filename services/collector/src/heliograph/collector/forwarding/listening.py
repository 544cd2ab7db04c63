"""Listening on the port of a forwarded line: a port that cannot be had is told and tried again, never a crash."""

import asyncio
import errno
import socket
from collections.abc import Callable

from heliograph.runtime import Clock
from heliograph.runtime.retry import Backoff


async def listen(
    make_client: Callable[[], asyncio.BaseProtocol], host: str, port: int, clock: Clock, tell: Callable[[str], None]
) -> asyncio.Server:
    """Return a server that listens, however long that takes; `tell` hears the cause of each failure, then nothing."""
    backoff = Backoff(0.5, 30)
    loop = asyncio.get_running_loop()
    while True:
        try:
            server = await loop.create_server(make_client, host, port)
        except (OSError, ValueError) as error:
            tell(_cause(error, host, port))
            await clock.sleep(backoff.wait())
        else:
            tell("")
            return server


def _cause(error: OSError | ValueError, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} is taken by another program or another line"
    if number == errno.EACCES:
        return f"no right to listen on port {port}; choose one above 1023"
    if number == errno.EADDRNOTAVAIL or isinstance(error, ValueError | socket.gaierror):
        return f"this machine has no address {host!r} (FORWARDED_HOST)"
    return str(error)
