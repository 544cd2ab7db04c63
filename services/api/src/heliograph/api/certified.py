"""The certificates of the configuration set: what each is for, and how long it is good. Pure, but for their reading."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from heliograph.api.models import Answer
from heliograph.contract.identifiers import Milliseconds

SOON: Final = dt.timedelta(days=30)


class Validity(StrEnum):
    """How good a certificate is."""

    VALID = "valid"
    ENDS_SOON = "ends soon"
    """Within 30 days."""
    EXPIRED = "expired"
    UNREADABLE = "no certificate"


class SetCertificate(Answer):
    """One certificate of the set: what it is for and until when."""

    file: str
    subject: str = ""
    ends: Milliseconds | None = None
    validity: Validity = Validity.UNREADABLE


class SetCertificates(Answer):
    """The certificates of the configuration set in force, by file."""

    certificates: tuple[SetCertificate, ...]


def certificates(files: Mapping[str, str], now: int) -> tuple[SetCertificate, ...]:
    """Read the certificates of a set; a file may hold several, a chain. The first that ends counts."""
    moment = dt.datetime.fromtimestamp(now / 1000, dt.UTC)
    return tuple(_read(path, text, moment) for path, text in sorted(files.items()) if path.startswith("CERT/"))


def _read(path: str, text: str, now: dt.datetime) -> SetCertificate:
    from cryptography import x509  # noqa: PLC0415  # megabytes that only those who look at certificates need

    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return SetCertificate(file=path)
    first = min(found, key=lambda certificate: certificate.not_valid_after_utc)
    ends = first.not_valid_after_utc
    subject = f"{first.subject.rfc4514_string()}{f', and {len(found) - 1} more' if len(found) > 1 else ''}"
    validity = Validity.EXPIRED if ends < now else Validity.ENDS_SOON if ends - now < SOON else Validity.VALID
    return SetCertificate(file=path, subject=subject[:200], ends=int(ends.timestamp() * 1000), validity=validity)
