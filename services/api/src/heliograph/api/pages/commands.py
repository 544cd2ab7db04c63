"""The page of commands at `/commands`: what sends one, and the journal as it is filtered."""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.api import commands as asking
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import JournalRequest, JournalResult, JournalWay

JOURNAL_ROWS: Final = 50
QUIET_TURNS: Final = 3
"""Without news on the bus the journal is asked for anew every so many turns."""
MOST_LETTERS: Final = 200
RESULTS: Final = {JournalResult.DONE: "Done", JournalResult.FAILED: "Failed", JournalResult.RUNNING: "Running"}
_DIGITS: Final = 16
"""Numbers of entries have fewer."""


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries are shown."""

    way: JournalWay | None = None
    device: str = ""
    command: str = ""
    who: str = ""
    text: str = ""
    result: JournalResult | None = None
    before: int | None = None

    @classmethod
    def of_query(cls, query: Query) -> "JournalFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        way, result, before = query.get("way", ""), query.get("result", ""), query.get("before", "")
        texts = {name: query.get(name, "").strip()[:MOST_LETTERS] for name in ("device", "command", "who", "text")}
        return cls(
            way=JournalWay(way) if way in list(JournalWay) else None,
            result=JournalResult(result) if result in list(JournalResult) else None,
            before=int(before) if before.isascii() and before.isdecimal() and len(before) < _DIGITS else None,
            **texts,
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given = {
            "way": self.way, "device": self.device, "command": self.command, "who": self.who, "text": self.text,
            "result": self.result, "before": self.before,
        }  # fmt: skip
        return {name: str(value) for name, value in given.items() if value not in (None, "")}

    @property
    def newest(self) -> str:
        """The query of the newest page, as it is written."""
        return urlencode(replace(self, before=None).query)

    def older(self, before: int) -> str:
        """The query of the page after this one, as it is written."""
        return urlencode(replace(self, before=before).query)


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def facts(query: Query) -> dict[str, Any]:
        return {
            "filter": JournalFilter.of_query(query),
            "devices": parts.view.devices(),
            "ways": list(JournalWay),
            "results": RESULTS,
            "functions": _functions(parts),
        }

    def sections(query: Query) -> dict[str, str]:
        return {"journal": _journal(parts, JournalFilter.of_query(query))}

    return (Page("commands", "commands_page", ("journal",), sections, facts=facts),)


def _journal(parts: Parts, wanted: JournalFilter) -> str:
    view = parts.view
    request = JournalRequest(
        limit=JOURNAL_ROWS, before=wanted.before, way=wanted.way, name=wanted.command, who=wanted.who,
        words=wanted.text, devices=asking.references(view, wanted.device or None), outcome=wanted.result,
    )  # fmt: skip
    asked = parts.asked.get(
        ("journal", wanted),
        lambda: asking.journal(view, request),
        every=QUIET_TURNS,
        news=lambda: view.journal.heard,
    )
    return parts.render("journal", {"journal": asked.value, "problem": asked.problem, "filter": wanted})


def _functions(parts: Parts) -> list[str]:
    """What can be called of scripts, as in `rpcName`."""
    return [f"{script.name}.{function}" for script in parts.view.scripts() or () for function in script.functions]
