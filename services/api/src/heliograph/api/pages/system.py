"""The page of the system at `/system`: the services, what they run on, the certificates, and the restart."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heliograph.api import configuration
from heliograph.api.metrics import installed_version
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import RevisionDetail

SELDOM: Final = 30
"""Turns between two looks at what changes with a revision alone."""
SOON: Final = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate of the set: what it is for and until when."""

    file: str
    subject: str = ""
    ends: int | None = None
    """Milliseconds since 1970."""
    tone: str = "good"
    word: str = "Valid"


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        status, states = parts.view.status(), {state.service: state for state in parts.view.states()}
        memory = {name: state.memory_bytes for name, state in states.items()}
        revision = parts.view.revision
        facts = {
            "status": status,
            "memory": memory,
            "whole": sum(count or 0 for count in memory.values()),
            "version": installed_version(),
            "zone": revision.time_zone if revision else "UTC",
            "offset": offset_of(revision.time_zone if revision else "UTC", parts.view.now()),
        }
        names = ("services", "storage", "streams", "clock")
        return {name: parts.render(name, facts) for name in names} | {"certificates": _certificates(parts)}

    return (Page("system", "system_page", ("services", "storage", "streams", "clock", "certificates"), sections),)


def offset_of(zone: str, now: int) -> str:
    """How far a time zone is from UTC at a moment, e.g. `UTC+0200`."""
    try:
        moment = dt.datetime.fromtimestamp(now / 1000, ZoneInfo(zone))
    except (ValueError, OSError, OverflowError, ZoneInfoNotFoundError):
        return "UTC"
    return f"UTC{moment:%z}"


def _certificates(parts: Parts) -> str:
    async def ask() -> tuple[CertificateRow, ...]:
        return certificates((await configuration.revision(parts.view))[1], parts.view.now())

    asked = parts.asked.get(("certificates", parts.view.in_force.number), ask, every=SELDOM)
    facts = {"rows": asked.value, "problem": asked.problem, "status": parts.view.status()}
    return parts.render("certificates", facts)


def certificates(detail: RevisionDetail, now: int) -> tuple[CertificateRow, ...]:
    """Read the certificates of a set; a file may hold several, a chain. The first that ends counts."""
    files = sorted((path, text) for path, text in detail.files.items() if path.startswith("CERT/"))
    return tuple(_row(path, text, dt.datetime.fromtimestamp(now / 1000, dt.UTC)) for path, text in files)


def _row(path: str, text: str, now: dt.datetime) -> CertificateRow:
    from cryptography import x509  # noqa: PLC0415  # megabytes that only those who look at this page need

    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return CertificateRow(path, tone="bad", word="No certificate")
    first = min(found, key=lambda certificate: certificate.not_valid_after_utc)
    ends = first.not_valid_after_utc
    subject = f"{first.subject.rfc4514_string()}{f', and {len(found) - 1} more' if len(found) > 1 else ''}"
    tone, word = ("bad", "Expired") if ends < now else ("poor", "Ends soon") if ends - now < SOON else ("good", "Valid")
    return CertificateRow(path, subject[:200], int(ends.timestamp() * 1000), tone, word)
