"""uvicorn inside a service: on sockets of our own, without its signal handlers, ending when the service does."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

MAX_CONNECTIONS: Final = 400
GRACE_SECONDS: Final = 5


class Server(uvicorn.Server):
    """Leaves signals to `run_service`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


class CannotListen(Exception):
    """The address or the port cannot be had; the message says what to do."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of a name. Raises `CannotListen`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [_listening(family, address, only=len(addresses) > 1) for family, address in addresses]
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"cannot listen on port {port} of {host}: {reason}; see API_HOST and API_PORT") from error


async def serve(
    app: ASGIApp, sockets: list[socket.socket], stopping: asyncio.Event, tls: ssl.SSLContext | None = None
) -> None:
    """Serve until `stopping`, then end within a few seconds."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        http="h11",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=32 * 1024,
    )
    config.load()
    config.ssl = tls
    server = Server(config)
    work = asyncio.create_task(server.serve(sockets), name="api: http")
    stop = asyncio.create_task(stopping.wait(), name="api: stop")
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await work
    finally:
        stop.cancel()


def _listening(family: int, address: tuple[object, ...], *, only: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and only:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
