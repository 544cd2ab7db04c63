"""Connecting a TCP socket so that none is lost: whatever ends a try, its socket is closed or handed over.

`loop.create_connection` loses the socket of the try that won when it is cancelled at that very moment.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

STAGGER_SECONDS: Final = 0.25
"""The next address is tried so long after the one before (RFC 8305), or at once when that failed."""

_Address: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]
_Try: TypeAlias = asyncio.Task[socket.socket]


async def connected_socket(host: str, port: int) -> socket.socket:
    """Return a connected socket, which is the caller's from then on. Raises `OSError` and `UnicodeError`."""
    loop = asyncio.get_running_loop()
    tries: list[_Try] = []
    try:
        for address in await _addresses(loop, host, port):
            tries.append(loop.create_task(_connect(loop, address), name=f"connect to {host}"))
            await _one_ends(tries, STAGGER_SECONDS)
            if any(_has_won(each) for each in tries):
                break
        while not any(_has_won(each) for each in tries) and not all(each.done() for each in tries):
            await _one_ends(tries, None)
        won = next((each for each in tries if _has_won(each)), tries[0])
        found = won.result()
        tries.remove(won)
        return found
    finally:
        for each in tries:
            _give_up(each)


async def _addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> Sequence[_Address]:
    """Return the addresses of a host; a plain one needs no name service and no thread."""
    try:
        plain = ipaddress.ip_address(host)
    except ValueError:
        plain = None
    if plain is not None and "%" not in host:
        return [(socket.AF_INET if plain.version == 4 else socket.AF_INET6, (host, port))]
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


async def _connect(loop: asyncio.AbstractEventLoop, address: _Address) -> socket.socket:
    family, place = address
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # said: only then asyncio sets TCP_NODELAY
    try:
        made.setblocking(False)
        await loop.sock_connect(made, place)
    except BaseException:
        made.close()
        raise
    return made


async def _one_ends(tries: Sequence[_Try], seconds: float | None) -> None:
    running = [each for each in tries if not each.done()]
    if running:
        await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _has_won(each: _Try) -> bool:
    return each.done() and not each.cancelled() and each.exception() is None


def _give_up(each: _Try) -> None:
    """Close what a try has connected, now or when it ends."""
    if each.cancel():
        each.add_done_callback(_give_up)
    elif _has_won(each):
        each.result().close()
