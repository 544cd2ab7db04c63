"""The way to a server: its name, its port, and whether it is the one that is meant."""

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import Final

from heliograph.formats.config import FileServer, Server, ServerType
from heliograph.sync.remote.dial import Peer, dial, why_unreachable
from heliograph.sync.trying.course import Course
from heliograph.sync.trying.steps import has_tls

ADDRESSES: Final = 6
"""Found addresses that are told."""


class Known:
    """The pinned host key of a test: what a server shows is told, never pinned."""

    def __init__(self, pinned: str) -> None:
        self._pinned = pinned

    def pinned(self, host: str) -> str | None:
        """See `HostKeyPins.pinned`."""
        del host
        return self._pinned or None

    def pin(self, host: str, fingerprint: str) -> None:
        """See `HostKeyPins.pin`."""


Trust = Callable[[], ssl.SSLContext | None]


def reach(course: Course, server: Server, peer: Peer, trust: Trust, pins: Known, hint: str) -> bool:
    """Go as far as one can without a login; return whether that went well. `trust` gives what verifies TLS."""
    if not course.take(lambda: _look_up(peer)) or not course.take(lambda: _reach_port(peer), hint):
        return False
    if has_tls(server):
        return course.take(lambda: _check_certificate(server, peer, trust), hint)
    if isinstance(server, FileServer) and server.type is ServerType.SFTP:
        return course.take(lambda: _check_host_key(server, pins), hint)
    return True


def _look_up(peer: Peer) -> str:
    try:
        ipaddress.ip_address(peer.address)
    except ValueError:
        pass
    else:
        return "it is an address: there is nothing to look up"
    try:
        found = socket.getaddrinfo(peer.address, peer.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise why_unreachable(peer, error) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return f"found {', '.join(addresses[:ADDRESSES])}"


def _reach_port(peer: Peer) -> str:
    with dial(peer) as connection:
        return f"{connection.getpeername()[0]} answers on port {peer.port}"


def _check_certificate(server: Server, peer: Peer, trust: Trust) -> str:
    from heliograph.sync.remote.trust import tell_tls, tls_of, tls_of_ftps  # noqa: PLC0415  # only for TLS

    def begin(with_context: ssl.SSLContext) -> tuple[str, bytes]:
        if isinstance(server, FileServer) and server.type is ServerType.FTPS:
            return tls_of_ftps(server, with_context)
        return tls_of(peer, with_context)

    if (context := trust()) is None:
        return "there is none"
    trusts = f"CaFile {peer.ca_file}" if peer.ca_file else "the system's authorities"
    return tell_tls(begin, context, trusts, dt.datetime.now(dt.UTC))


def _check_host_key(server: FileServer, pins: Known) -> str:
    from heliograph.sync.remote.sftp_session import host_key_of  # noqa: PLC0415  # only for SFTP

    fingerprint = host_key_of(server, pins)
    if server.host_key:
        return f"{fingerprint}, as HostKey says"
    if pins.pinned(""):
        return f"{fingerprint}, known from an earlier connection"
    return f"{fingerprint}, new: compare it with the server's; the first connection pins it"
