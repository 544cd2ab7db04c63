"""A certificate authority of one's own, and server certificates signed by it."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heliograph.runtime import write_atomically

AUTHORITY_DAYS = 3650
SERVER_DAYS = 365
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority, kept in one file that its owner alone can read."""

    key: Key
    certificate: x509.Certificate

    @classmethod
    def at(cls, file: Path) -> Self:
        """Read the authority of an earlier run, or make one."""
        if file.exists():
            content = file.read_bytes()
            key = serialization.load_pem_private_key(content, None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return cls(key, x509.load_pem_x509_certificate(content))
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Heliograph demo authority")
        certificate = (
            _draft(name, name, key, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_atomically(file, _pem(key) + certificate.public_bytes(serialization.Encoding.PEM), mode=0o600)
        return cls(key, certificate)

    @property
    def pem(self) -> bytes:
        """The certificate that a client needs to trust this authority."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, file: Path, hosts: tuple[str, ...]) -> None:
        """Write key and certificate of a server that is reached under these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _draft(_name(hosts[0]), self.certificate.subject, key, SERVER_DAYS)
            .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )  # fmt: skip
        write_atomically(file, _pem(key) + certificate.public_bytes(serialization.Encoding.PEM), mode=0o600)


def _draft(name: x509.Name, issuer: x509.Name, key: Key, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
