"""How the certificate of a gateway is judged: by authorities, by its fingerprint, or not at all."""

import hashlib
import hmac
import socket
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure

DIGITS: Final = 64
"""Of a SHA-256 in hexadecimal."""


def read_fingerprint(text: str) -> str:
    """Return 64 hexadecimal digits. Raises `ValueError`."""
    digits = text.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    if len(digits) != DIGITS or not set(digits) <= set("0123456789abcdef"):
        raise ValueError("a fingerprint is the certificate's SHA-256: 64 hexadecimal digits, with colons or without")
    return digits


def context_of(url: str, *, ca: Path | None, fingerprint: str, insecure: bool, seconds: float) -> ssl.SSLContext:
    """Return what judges the certificate behind an https address. Raises `OSError`, and `Failure` for a wrong one."""
    if insecure:
        return _trusting_all()
    if fingerprint:
        return _trusting_only(url, fingerprint, seconds)
    return ssl.create_default_context(cafile=ca)


def _trusting_all() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting_only(url: str, fingerprint: str, seconds: float) -> ssl.SSLContext:
    """Trust the one certificate of this fingerprint: it is fetched, compared, and is the only authority from then on.

    So the connection that carries the token is judged by the handshake itself, before anything is sent.
    """
    certificate = _shown(url, seconds)
    found = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(found, fingerprint):
        said = f"the certificate of {url} has another fingerprint ({found}): is that your gateway? Nothing was sent"
        raise Failure(said, Exit.NOT_REACHED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context


def _shown(url: str, seconds: float) -> bytes:
    """Return the certificate that a server shows, not judged."""
    place = urlsplit(url)
    with (
        socket.create_connection((place.hostname or "", place.port or 443), timeout=seconds) as plain,
        _trusting_all().wrap_socket(plain, server_hostname=place.hostname) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""
