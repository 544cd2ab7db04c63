"""What a server shows of itself before any login: its certificate. For a test of a server.

Nothing is sent to the server but what begins TLS.
"""

import datetime as dt
import ftplib
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from heliograph.formats.config import FileServer
from heliograph.sync.remote.dial import Peer, dial, where, why_unreachable
from heliograph.sync.remote.errors import CertificateRefused, Unreachable
from heliograph.sync.remote.ftp_link import FtpLink
from heliograph.sync.remote.names import printable

SOON: Final = dt.timedelta(days=30)
NAMES: Final = 5
Shown = tuple[str, bytes]
"""The version of TLS, and the certificate (DER)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What people want to know of a certificate."""

    names: tuple[str, ...]
    issuer: str
    begins: dt.datetime
    ends: dt.datetime

    def told(self) -> str:
        """Say it in one line."""
        names, issuer = ", ".join(self.names[:NAMES]) or "nobody", self.issuer or "nobody"
        return f"a certificate for {names}, by {issuer}, valid {self.begins:%Y-%m-%d} to {self.ends:%Y-%m-%d}"


def tls_of_ftps(server: FileServer, context: ssl.SSLContext) -> Shown:
    """Begin TLS as FTPS does. Raises `Unreachable`, `CertificateRefused`."""
    link = FtpLink(server, context)
    try:
        link.open()
        return _shown(link.sock)
    except ftplib.Error as error:
        said = printable(str(error))
        what = "refuses TLS; check that FTPS is on there" if link.welcome else "refuses connections"
        raise Unreachable(f"{where(server)} {what} ({said})") from error
    except (OSError, EOFError) as error:
        raise why_unreachable(server, error) from error
    finally:
        link.close()


def tls_of(server: Peer, context: ssl.SSLContext) -> Shown:
    """Begin TLS at once, as HTTPS and MQTTS do. Raises `Unreachable`, `CertificateRefused`."""
    plain = dial(server)
    try:
        with closing(context.wrap_socket(plain, server_hostname=server.address)) as protected:
            return _shown(protected)
    except OSError as error:
        raise why_unreachable(server, error) from error
    finally:
        plain.close()


def tell_tls(begin: Callable[[ssl.SSLContext], Shown], context: ssl.SSLContext, trusts: str, now: dt.datetime) -> str:
    """Begin TLS and say what was found. Raises what `begin` does, with the certificate that was refused in the text."""
    try:
        version, der = begin(context)
    except CertificateRefused as error:
        raise CertificateRefused(f"{error}{_refused(begin)}") from error
    found = read_certificate(der)
    soon = "; it ends soon, renew it" if found.ends - now < SOON else ""
    return f"{version}; {found.told()}; trusted by {trusts}{soon}"


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate (DER). Raises `ValueError`."""
    certificate = x509.load_der_x509_certificate(der)
    return Certificate(
        names=tuple(printable(name, 100) for name in _names(certificate)),
        issuer=printable(certificate.issuer.rfc4514_string(), 120),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
    )


def _names(certificate: x509.Certificate) -> list[str]:
    """Return the alternative names, which count, or else the common name."""
    with suppress(x509.ExtensionNotFound, ValueError):
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
        return [*found.get_values_for_type(x509.DNSName), *addresses]
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _refused(begin: Callable[[ssl.SSLContext], Shown]) -> str:
    """Look at a certificate that was refused: nothing is sent over this connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return f". It shows {read_certificate(begin(context)[1]).told()}"
    except (Unreachable, ValueError):
        return ""


def _shown(connection: object) -> Shown:
    if not isinstance(connection, ssl.SSLSocket):
        raise EOFError  # noqa: TRY004  # a link that is gone
    return connection.version() or "TLS", connection.getpeercert(binary_form=True) or b""
