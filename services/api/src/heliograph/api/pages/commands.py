"""The page of commands at `/commands`: what sends one, and the journal as it is filtered."""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.api import commands as asking
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import JournalRequest, JournalWay

JOURNAL_ROWS: Final = 50
QUIET_TURNS: Final = 3
"""Without news on the bus the journal is asked for anew every so many turns."""


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries are shown."""

    way: JournalWay | None = None
    failed: bool = False
    before: int | None = None

    @classmethod
    def of_query(cls, query: Query) -> "JournalFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        way, before = query.get("way", ""), query.get("before", "")
        return cls(
            JournalWay(way) if way in list(JournalWay) else None,
            query.get("failed") == "true",
            int(before) if before.isascii() and before.isdecimal() and len(before) < _DIGITS else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given = {"way": self.way, "failed": "true" if self.failed else None, "before": self.before}
        return {name: str(value) for name, value in given.items() if value is not None}

    @property
    def text(self) -> str:
        """The query as it is written."""
        return urlencode(self.query)

    def of(self, way: JournalWay | None) -> "JournalFilter":
        """The newest of another way."""
        return replace(self, way=way, before=None)

    def only(self, *, failed: bool) -> "JournalFilter":
        """The newest, of the failed alone or of all."""
        return replace(self, failed=failed, before=None)

    def older(self, before: int) -> "JournalFilter":
        """The page after this one."""
        return replace(self, before=before)


_DIGITS: Final = 16
"""Numbers of entries have fewer."""


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""
    view = parts.view

    def sections(query: Query) -> dict[str, str]:
        wanted = JournalFilter.of_query(query)
        request = JournalRequest(limit=JOURNAL_ROWS, before=wanted.before, way=wanted.way, failed=wanted.failed)
        asked = parts.asked.get(
            ("journal", wanted),
            lambda: asking.journal(view, request),
            every=QUIET_TURNS,
            news=lambda: view.journal.heard,
        )
        facts = {"journal": asked.value, "problem": asked.problem, "filter": wanted, "ways": list(JournalWay)}
        return {"journal": parts.render("journal", facts)}

    return (Page("commands", "commands_page", ("journal",), sections, facts=_filter),)


def _filter(query: Query) -> dict[str, Any]:
    return {"filter": JournalFilter.of_query(query)}
