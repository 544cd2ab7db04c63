"""The page of the log at `/log`: live, filtered, page by page; with the debug bundle and the traces."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal
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
    server: Literal["1", "2"] | None = None
    since: int | None = None
    until: int | None = None
    before: int | None = None

    @classmethod
    def of_query(cls, query: Query) -> "LogFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        level, service, server = query.get("level", ""), query.get("service", ""), query.get("server", "")
        return cls(
            Level(level) if level in list(Level) else Level.INFO,
            Service(service) if service in list(Service) else None,
            query.get("text", "")[:MOST_TEXT],
            "1" if server == "1" else "2" if server == "2" else None,
            *(_number(query.get(name, "")) for name in ("since", "until", "before")),
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given = {
            "level": None if self.level is Level.INFO else self.level.value,
            "service": self.service,
            "text": self.text or None,
            "server": self.server,
            "since": self.since,
            "until": self.until,
            "before": self.before,
        }
        return {name: str(value) for name, value in given.items() if value is not None}

    def address(self, **changes: Any) -> str:
        """The address of the page with some of it changed, from the newest on unless `before` says otherwise."""
        query = urlencode(replace(self, **{"before": None, **changes}).query)
        return f"/log?{query}" if query else "/log"

    @property
    def is_of_a_span(self) -> bool:
        """Whether it is limited to one server or some time, as a connection's lines are."""
        return any(limit is not None for limit in (self.server, self.since, self.until))

    @property
    def whenever(self) -> str:
        """The address without the limits to a server and a time."""
        return self.address(server=None, since=None, until=None)


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(query: Query) -> dict[str, str]:
        return {"log": _lines(parts, LogFilter.of_query(query)), "traces": _traces(parts), "bundle": _bundle(parts)}

    return (Page("log", "log_page", ("log", "traces", "bundle"), sections, facts=_facts),)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else None


def _facts(query: Query) -> dict[str, Any]:
    return {"text": query.get("text", "")[:MOST_TEXT], "interfaces": INTERFACES}


def _lines(parts: Parts, wanted: LogFilter) -> str:
    request = LogRequest(
        limit=LINES, before=wanted.before, least=wanted.level, service=wanted.service, text=wanted.text,
        server=None if wanted.server is None else 1 if wanted.server == "1" else 2,
        since=wanted.since, until=wanted.until,
    )  # fmt: skip
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
    """How far the bundle is: whoever asked for one sees it made, sent to each server, and where the last one is."""
    sync = parts.view.sync()
    return parts.render("bundle", {"servers": parts.view.status().servers, "bundle": sync.bundle if sync else None})
