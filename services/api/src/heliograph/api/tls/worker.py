"""Makes certificates and looks at them, in a process that ends: what does it takes more memory than all else here.

    python -m heliograph.api.tls.worker make NAME…             a new `key` and `certificate`, both as PEM
    python -m heliograph.api.tls.worker look CERTIFICATE KEY   what they are, and whether they fit: `Looked`

Each prints one JSON document; `{"error": "…"}` with a text for people where it cannot be done.
"""

import datetime as dt
import ipaddress
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS: Final = 365
MAX_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Looked:
    """What a certificate is."""

    fingerprint: str
    begins: int
    """Milliseconds since 1970."""
    expires: int
    names: tuple[str, ...]


class Unfit(Exception):
    """Certificate and key cannot be used; the message says why."""


def make(names: list[str], now: dt.datetime) -> dict[str, str]:
    """Make a key (P-256) and a certificate signed by itself, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Heliograph {names[0]}"[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))  # clocks of gateways and phones differ
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"key": private.decode(), "certificate": certificate.public_bytes(Encoding.PEM).decode()}


def look(certificate_file: Path, key_file: Path) -> Looked:
    """Tell what a certificate is. Raises `Unfit` where it or its key is none, or where they do not fit."""
    try:
        certificate = x509.load_pem_x509_certificates(_read(certificate_file))[0]
    except ValueError as error:
        raise Unfit(f"{certificate_file} holds no certificate (PEM)") from error
    try:
        key = serialization.load_pem_private_key(_read(key_file), None)
    except TypeError as error:
        raise Unfit(
            f"the key in {key_file} has a password: store it without one, readable by the gateway alone"
        ) from error
    except ValueError as error:
        raise Unfit(f"{key_file} holds no private key (PEM)") from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise Unfit(f"the key in {key_file} is not that of the certificate in {certificate_file}")
    return _looked(certificate)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError as error:
        raise Unfit(f"{path} cannot be read: {error.strerror}") from error


def _looked(certificate: x509.Certificate) -> Looked:
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    begins, expires = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Looked(digest, _milliseconds(begins), _milliseconds(expires), _names(certificate))


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*found.get_values_for_type(x509.DNSName), *map(str, addresses))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)


def answer(arguments: Sequence[str]) -> dict[str, object]:
    """What is printed."""
    try:
        match arguments:
            case ["make", *names] if names:
                return {**make(names, dt.datetime.now(dt.UTC))}
            case ["look", certificate, key]:
                return asdict(look(Path(certificate), Path(key)))
            case _:
                return {"error": "make NAME… or look CERTIFICATE KEY"}
    except (Unfit, OSError, ValueError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(sys.argv[1:])))
