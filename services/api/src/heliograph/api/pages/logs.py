"""The page of the log at `/log`: live, filtered, page by page; with the debug bundle and the traces."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.api import servers as asking
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import Level, LogRequest, Service, TraceInterface

LINES: Final = 100
MOST_TEXT: Final = 200
_DIGITS: Final = 16
LEVELS: Final = {
    Level.DEBUG: "Everything",
    Level.INFO: "Information and worse",
    Level.WARNING: "Warnings and errors",
    Level.ERROR: "Errors",
}
TONES: Final = {Level.DEBUG: "idle", Level.INFO: "idle", Level.WARNING: "poor", Level.ERROR: "bad"}
INTERFACES: Final = {
    TraceInterface.SERIAL1: "Serial line 1",
    TraceInterface.SERIAL2: "Serial line 2",
    TraceInterface.SERIAL3: "Serial line 3",
    TraceInterface.ETHERNET: "Modbus TCP",
}


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are shown."""

    level: Level = Level.INFO
    service: Service | None = None
    text: str = ""
    before: int | None = None

    @classmethod
    def of_query(cls, query: Query) -> "LogFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        level, service, before = query.get("level", ""), query.get("service", ""), query.get("before", "")
        return cls(
            Level(level) if level in list(Level) else Level.INFO,
            Service(service) if service in list(Service) else None,
            query.get("text", "")[:MOST_TEXT],
            int(before) if before.isascii() and before.isdecimal() and len(before) < _DIGITS else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given = {
            "level": None if self.level is Level.INFO else self.level.value,
            "service": self.service,
            "text": self.text or None,
            "before": self.before,
        }
        return {name: str(value) for name, value in given.items() if value is not None}

    def address(self, **changes: Any) -> str:
        """The address of the page with some of it changed, from the newest on unless `before` says otherwise."""
        given = {"level": self.level, "service": self.service, "text": self.text, "before": None, **changes}
        query = urlencode(LogFilter(**given).query)
        return f"/log?{query}" if query else "/log"


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(query: Query) -> dict[str, str]:
        return {"log": _lines(parts, LogFilter.of_query(query)), "traces": _traces(parts), "bundle": _bundle(parts)}

    return (Page("log", "log_page", ("log", "traces", "bundle"), sections, facts=_facts),)


def _facts(query: Query) -> dict[str, Any]:
    return {"text": query.get("text", "")[:MOST_TEXT], "interfaces": INTERFACES}


def _lines(parts: Parts, wanted: LogFilter) -> str:
    request = LogRequest(
        limit=LINES, before=wanted.before, least=wanted.level, service=wanted.service, text=wanted.text
    )
    heard = parts.view.log
    asked = parts.asked.get(
        ("log", wanted), lambda: asking.log(parts.view, request), every=10,
        news=lambda: 0 if wanted.before else heard.heard,
    )  # fmt: skip
    facts = {
        "log": asked.value, "problem": asked.problem, "filter": wanted, "levels": LEVELS, "tones": TONES,
        "services": list(Service),
    }  # fmt: skip
    return parts.render("log", facts)


def _traces(parts: Parts) -> str:
    collector = parts.view.collector()
    return parts.render("traces", {"traces": collector.traces if collector else (), "interfaces": INTERFACES})


def _bundle(parts: Parts) -> str:
    """How far what waits for the servers is: whoever asked for a bundle sees it go."""
    return parts.render("bundle", {"servers": parts.view.status().servers})
