"""The pages of the configuration: what is in force at `/configuration`, its revisions, and one of them whole."""

from typing import Any, Final

from heliograph.api import configuration as asking
from heliograph.api.models import finding_rows
from heliograph.api.pages.differences import files_of
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import PageRequest, SyncState

REVISION_ROWS: Final = 20
MOST_FINDINGS: Final = 50
DETAIL_TURNS: Final = 20
"""A revision does not change: what is asked anew is its state."""
_DIGITS: Final = 16


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the pages."""
    made = _Configuration(parts)
    return (
        Page("configuration", "configuration_page", ("configuration", "revisions"), made.now),
        Page("revision", "revision_page", ("revision",), made.one, facts=_numbers),
        Page("return", "return_page", ("revision",), made.coming, facts=_numbers),
        Page("edit", "edit_page", (), lambda _: {}, facts=_place),
    )


def number_of(text: str) -> int | None:
    """A revision's number in an address; None where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS and int(text) else None


def _place(query: Query) -> dict[str, Any]:
    return {"file": query.get("file", ""), "line": number_of(query.get("line", ""))}


def _numbers(query: Query) -> dict[str, Any]:
    return {"number": number_of(query.get("number", "")), "against": number_of(query.get("against", ""))}


class _Configuration:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._view = parts.view

    def now(self, query: Query) -> dict[str, str]:
        """What is in force, and a page of the revisions."""
        before = number_of(query.get("before", ""))
        request = PageRequest(limit=REVISION_ROWS, before=before)
        asked = self._parts.asked.get(("revisions", before), lambda: asking.revisions(self._view, request))
        facts = {"revisions": asked.value, "revisions_problem": asked.problem, "before": before, "rows": REVISION_ROWS}
        return {
            "configuration": self._parts.render("configuration", self._facts()),
            "revisions": self._parts.render("revisions", facts),
        }

    def one(self, query: Query) -> dict[str, str]:
        """One revision with its difference to the one before, or to another one."""
        number, against = number_of(query.get("number", "")), number_of(query.get("against", ""))
        return self._whole(number, against, "revision")

    def coming(self, query: Query) -> dict[str, str]:
        """What a return to a revision would change."""
        sync = self._view.sync()
        return self._whole(number_of(query.get("number", "")), sync.revision if sync else None, "return")

    def _whole(self, number: int | None, against: int | None, template: str) -> dict[str, str]:
        asked = self._parts.asked.get(
            (template, number, against), lambda: self._rendered(template, number, against), every=DETAIL_TURNS
        )
        if asked.value and not asked.problem:
            return {"revision": asked.value}
        facts = {"number": number, "against": against, "summary": None, "problem": asked.problem}
        return {"revision": self._parts.render(template, facts)}

    async def _rendered(self, template: str, number: int | None, against: int | None) -> str:
        """Rendered when it is asked for, and not at each picture: a difference may be long, and does not change."""
        summary, detail = await asking.revision(self._view, number, against)
        facts = {
            "number": number,
            "against": against,
            "summary": summary,
            "problem": "",
            "difference": files_of(detail.diff),
            "files": sorted((path, len(text.encode())) for path, text in detail.files.items()),
        }
        return self._parts.render(template, facts)

    def _facts(self) -> dict[str, Any]:
        status, sync, offered = self._view.status(), self._view.sync(), self._view.in_force.offered
        services = [state for state in self._view.states() if not isinstance(state, SyncState)]
        return {
            "status": status,
            "revision": self._view.revision,
            "told": offered if offered and status.revision in (None, offered.number) else None,
            "rejected": sync is not None and sync.rejected,
            "services": services,
            "findings": finding_rows(status.findings[:MOST_FINDINGS]),
        }
