"""The page of the system at `/system`: the services, what they run on, the certificates, and the restart."""

from typing import Final

from heliograph.api import configuration
from heliograph.api.certified import SetCertificate, Validity, certificates
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.api.systemview import system_now

SELDOM: Final = 30
"""Turns between two looks at what changes with a revision alone."""
CHIPS: Final = {
    Validity.VALID: ("good", "Valid"),
    Validity.ENDS_SOON: ("poor", "Ends soon"),
    Validity.EXPIRED: ("bad", "Expired"),
    Validity.UNREADABLE: ("bad", "No certificate"),
}


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        system = system_now(parts.view)
        memory = system.memory_bytes
        facts = {
            "status": parts.view.status(),
            "memory": memory,
            "whole": sum(count or 0 for count in memory.values()),
            "version": system.version,
            "zone": system.time_zone,
            "offset": f"UTC{system.utc_offset}",
        }
        names = ("services", "storage", "streams", "clock")
        return {name: parts.render(name, facts) for name in names} | {"certificates": _certificates(parts)}

    return (Page("system", "system_page", ("services", "storage", "streams", "clock", "certificates"), sections),)


def _certificates(parts: Parts) -> str:
    async def ask() -> tuple[SetCertificate, ...]:
        return certificates((await configuration.revision(parts.view))[1].files, parts.view.now())

    asked = parts.asked.get(("certificates", parts.view.in_force.number), ask, every=SELDOM)
    facts = {"rows": asked.value, "problem": asked.problem, "chips": CHIPS, "status": parts.view.status()}
    return parts.render("certificates", facts)
