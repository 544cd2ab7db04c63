"""The page of alarms at `/alarms`: filtered by device, source and days, live, older ones page by page."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.api.alarmed import told
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import AlarmRequest, AlarmSource

ALARM_ROWS: Final = 50
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """Which alarms are shown."""

    device: str = ""
    source: AlarmSource | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    """Days in UTC, both among those shown."""
    before: int | None = None

    @classmethod
    def of_query(cls, query: Query) -> "AlarmFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        device, source, before = query.get("device", ""), query.get("source", ""), query.get("before", "")
        return cls(
            device if device.isascii() and device.isdecimal() and len(device) < 10 else "",
            AlarmSource(source) if source in list(AlarmSource) else None,
            _day(query.get("from", "")),
            _day(query.get("to", "")),
            int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given: Mapping[str, Any] = {
            "device": self.device or None, "source": self.source, "from": self.first, "to": self.last,
            "before": self.before,
        }  # fmt: skip
        return {name: str(value) for name, value in given.items() if value is not None}

    @property
    def newest(self) -> str:
        """The query of the newest page, as it is written."""
        return urlencode(replace(self, before=None).query)

    def older(self, before: int) -> str:
        """The query of the page after this one, as it is written."""
        return urlencode(replace(self, before=before).query)

    @property
    def request(self) -> AlarmRequest:
        """As sync is asked."""
        until = _start(self.last)
        return AlarmRequest(
            limit=ALARM_ROWS,
            before=self.before,
            device=self.device or None,
            source=self.source,
            since=_start(self.first),
            until=None if until is None else until + DAY_MS,
        )


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""
    view = parts.view

    def sections(query: Query) -> dict[str, str]:
        wanted = AlarmFilter.of_query(query)
        asked = parts.asked.get(("alarms", wanted), lambda: view.alarms(wanted.request))
        rows = [(row, told(row.alarm, view.in_force.plant)) for row in (asked.value.alarms if asked.value else ())]
        facts = {
            "rows": None if asked.value is None else rows,
            "problem": asked.problem,
            "filter": wanted,
            "older": rows[-1][0].number if len(rows) == ALARM_ROWS else None,
        }
        choices = {"filter": wanted, "devices": view.devices(), "sources": list(AlarmSource)}
        return {"alarm-filter": parts.render("alarm_filter", choices), "alarms": parts.render("alarms", facts)}

    return (Page("alarms", "alarms_page", ("alarm-filter", "alarms"), sections),)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == len("2026-01-01") else None
    except ValueError:
        return None


def _start(day: dt.date | None) -> int | None:
    """When a day begins."""
    if day is None:
        return None
    start = dt.datetime.combine(day, dt.time(), dt.UTC).timestamp() * 1000
    return max(0, int(start))
