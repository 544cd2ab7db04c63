"""Makes certificates and looks at them, in a process that ends: what does it takes more memory than all else here.

    python -m heliograph.api.tls.worker make DIRECTORY NAME…      a new key and certificate in DIRECTORY/page.pem
    python -m heliograph.api.tls.worker look CERTIFICATE KEY      what they are, and whether they fit

Both print one JSON document: `Looked`, or `{"error": "…"}` with a text for people.
"""

import datetime as dt
import ipaddress
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heliograph.runtime import write_atomically

FILE: Final = "page.pem"
"""Key and certificate in one, so that they always fit."""
CERTIFICATE_FILE: Final = "certificate.pem"
"""The certificate alone, for those who shall trust it."""
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


def make(directory: Path, names: list[str], now: dt.datetime) -> Looked:
    """Make a key (P-256) and a certificate signed by itself."""
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
    public = certificate.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(directory / FILE, private + public, mode=0o600)
    write_atomically(directory / CERTIFICATE_FILE, public)
    return _looked(certificate)


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


def _main(arguments: list[str]) -> dict[str, object]:
    try:
        match arguments:
            case ["make", directory, *names] if names:
                return asdict(make(Path(directory), names, dt.datetime.now(dt.UTC)))
            case ["look", certificate, key]:
                return asdict(look(Path(certificate), Path(key)))
            case _:
                return {"error": "make DIRECTORY NAME… or look CERTIFICATE KEY"}
    except (Unfit, OSError, ValueError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(sys.argv[1:])))
