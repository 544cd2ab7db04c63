"""The pages of the servers: how they do at `/servers`, the settings and schedules of one at `/servers/1` and `/2`."""

from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlencode

from heliograph.api import configuration
from heliograph.api import servers as asking
from heliograph.api.errors import NotThere
from heliograph.api.pages.asked import Answer
from heliograph.api.pages.logs import LogFilter
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.api.pages.serverforms import ROLES, TYPES, groups, settings_of
from heliograph.contract import Connection, Level, PageRequest
from heliograph.contract.servertests import ServerTestState, StepState
from heliograph.formats.schedule import DayType

HISTORY_ROWS: Final = 25
SELDOM: Final = 10
"""Turns between two looks at what changes with a revision alone."""
STEPS: Final = {
    StepState.WAITING: ("idle", "Waiting"),
    StepState.RUNNING: ("idle", "Running"),
    StepState.DONE: ("good", "Done"),
    StepState.FAILED: ("bad", "Failed"),
    StepState.SKIPPED: ("idle", "Not tried"),
}


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which connections are shown."""

    server: Literal["1", "2"] | None = None
    failed: bool = False
    before: int | None = None

    @classmethod
    def of_query(cls, query: Query) -> "HistoryFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        server, before = query.get("server", ""), query.get("before", "")
        return cls(
            "1" if server == "1" else "2" if server == "2" else None,
            query.get("failed") == "true",
            int(before) if before.isascii() and before.isdecimal() and len(before) < _DIGITS else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given = {"server": self.server, "failed": "true" if self.failed else None, "before": self.before}
        return {name: str(value) for name, value in given.items() if value is not None}

    def address(self, **changes: Any) -> str:
        """The address of the page with some of it changed, from the newest on unless `before` says otherwise."""
        given = {"server": self.server, "failed": self.failed, "before": None, **changes}
        query = urlencode(HistoryFilter(**given).query)
        return f"/servers?{query}" if query else "/servers"

    @property
    def request(self) -> PageRequest:
        """What is asked of sync."""
        number: Literal[1, 2] | None = None if self.server is None else 1 if self.server == "1" else 2
        return PageRequest(limit=HISTORY_ROWS, before=self.before, server=number, failed=self.failed)


_DIGITS: Final = 16
_SOON_MS: Final = 2_000
"""So long after its end a connection's last lines are said at the latest."""


def lines_of(connection: Connection) -> str:
    """The address of the log with what was said of one connection."""
    until = None if connection.end is None else connection.end + _SOON_MS
    server: Literal["1", "2"] = "1" if connection.server == 1 else "2"
    return LogFilter(level=Level.DEBUG, server=server, since=connection.start, until=until).address()


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the pages."""
    made = _Servers(parts)
    return (
        Page("servers", "servers_page", ("servers", "test", "planned", "history"), made.all),
        Page("server", "server_page", ("test",), made.one, facts=_form_facts),
    )


def _form_facts(query: Query) -> dict[str, Any]:
    number = 2 if query.get("number") == "2" else 1
    return {"number": number, "groups": groups(number), "types": TYPES, "roles": ROLES, "days": list(DayType)}


class _Servers:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._view = parts.view

    def all(self, query: Query) -> dict[str, str]:
        """How the servers do, the newest test, what is planned, and the history as it is filtered."""
        return {
            "servers": self._parts.render("servers", {"status": self._view.status(), "settings": self._settings()}),
            "planned": self._planned(),
            "history": self._history(HistoryFilter.of_query(query)),
            **self.one(query),
        }

    def one(self, query: Query) -> dict[str, str]:
        """The newest test of a server, step by step."""
        del query
        heard = self._view.server_test
        asked = self._parts.asked.get("server test", self._newest_test, every=SELDOM, news=lambda: heard.heard)
        return {"test": self._parts.render("server_test", {"test": heard.state or asked.value, "STEPS": STEPS})}

    async def _newest_test(self) -> ServerTestState | None:
        try:
            return await asking.look_at_test(self._view, None)
        except NotThere:
            return None

    def _planned(self) -> str:
        asked = self._parts.asked.get("planned", lambda: asking.planned(self._view), every=SELDOM)
        return self._parts.render("planned", {"planned": asked.value, "problem": asked.problem})

    def _history(self, wanted: HistoryFilter) -> str:
        asked: Answer = self._parts.asked.get(("connections", wanted), lambda: self._view.connections(wanted.request))
        rows: tuple[Connection, ...] = asked.value.connections if asked.value else ()
        older = rows[-1].number if len(rows) == HISTORY_ROWS else None
        facts = {
            "connections": asked.value, "history_problem": asked.problem, "filter": wanted, "older": older,
            "lines_of": lines_of,
        }  # fmt: skip
        return self._parts.render("history", facts)

    def _settings(self) -> dict[int, list[tuple[str, str]]]:
        """What is configured of each server, without secrets; empty until it was asked for."""
        revision = self._view.in_force.number
        asked = self._parts.asked.get(("settings", revision), lambda: configuration.revision(self._view), every=SELDOM)
        if asked.value is None:
            return {}
        text = next((t for path, t in asked.value[1].files.items() if path.endswith("_config.ini")), "")
        return {number: settings_of(text, number) for number in (1, 2)}
