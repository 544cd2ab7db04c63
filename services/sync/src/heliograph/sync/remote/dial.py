"""Reaching a server over TCP and TLS, and saying in an operator's words why it could not be reached."""

import socket
import ssl
from collections.abc import Iterator
from typing import Protocol

from heliograph.formats.config import ServerType
from heliograph.sync.remote.errors import CertificateRefused, RemoteError, Unreachable
from heliograph.sync.remote.names import printable


class Peer(Protocol):
    """What is to be known of a server to reach it."""

    @property
    def type(self) -> ServerType:
        """How it is spoken to."""
        ...

    @property
    def address(self) -> str:
        """Name or IP address."""
        ...

    @property
    def port(self) -> int:
        """TCP port."""
        ...

    @property
    def ca_file(self) -> str:
        """Name of the authorities' file, empty for the system's."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """Limit of each operation."""
        ...


def dial(server: Peer) -> socket.socket:
    """Return a connected socket with the server's time limit on each operation. Raises `Unreachable`."""
    try:
        connection = socket.create_connection((server.address, server.port), timeout=server.timeout_seconds)
    except (OSError, UnicodeError) as error:
        raise why_unreachable(server, error) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # A server that stops to take data is left even by a library that would write for ever.
        milliseconds = int(server.timeout_seconds * 1000)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return connection


def tls_context(server: Peer, authorities: bytes | None) -> ssl.SSLContext:
    """Return a context that verifies the server's certificate and name, with TLS 1.2 or newer.

    `authorities` (PEM) replaces the system's; it may also hold the server's own certificate. Raises
    `CertificateRefused` when it holds none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if authorities is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise CertificateRefused(f"CaFile {server.ca_file} holds no certificate in PEM form; replace it") from error
    return context


def where(server: Peer) -> str:
    """Name a server in a message."""
    return f"{server.type} server {server.address}:{server.port}"


def why_unreachable(server: Peer, error: BaseException) -> RemoteError:
    """Say why no session could be opened."""
    for cause in _causes(error):
        if isinstance(cause, RemoteError):
            return cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateRefused(f"{where(server)}: {_why_certificate(server, cause)}")
        if (said := _why(server, cause)) is not None:
            return Unreachable(f"{where(server)} {said}")
    return Unreachable(f"{where(server)} cannot be reached: {printable(str(error)) or type(error).__name__}")


def _why(server: Peer, error: BaseException) -> str | None:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "has a name that cannot be resolved; check Address and the name server"
    if isinstance(error, ConnectionRefusedError):
        return "refuses connections: nothing listens there; check Address and Port, and that the server runs"
    if isinstance(error, TimeoutError):
        return f"did not answer within {server.timeout_seconds:g} s; check Address, Port and firewalls on the way"
    if isinstance(error, ssl.SSLError):
        reason = printable(str(error.reason or error))
        return f"and the gateway agree on no TLS 1.2 or newer ({reason}); check Port and the server's TLS settings"
    if isinstance(error, ConnectionError | EOFError):
        return "closed the connection at once; check Port and the server's list of allowed addresses"
    return None


def _why_certificate(server: Peer, error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message
    if "expired" in said or "not yet valid" in said:
        return f"its certificate is not valid now ({said}); renew it, or check the clocks of both sides"
    if "mismatch" in said or "not valid for" in said:
        return f"its certificate is made out to another name ({said}); check Address"
    trusted = f"the authorities of CaFile {server.ca_file}" if server.ca_file else "the system's authorities"
    return f"its certificate is not trusted by {trusted} ({said}); set CaFile to the certificate of its authority"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
