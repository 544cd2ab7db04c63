"""The page at `/`: the plant at a glance, and what needs attention with the page where it is mended."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.api.alarmed import told
from heliograph.api.models import Device
from heliograph.api.pages.asked import Answer
from heliograph.api.pages.attention import needs
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import (
    AlarmRequest,
    Connection,
    ConnectionPage,
    DeviceCondition,
    PageRequest,
    StatusDocument,
)

SECTIONS: Final = ("attention", "figures", "summary", "states", "delivery", "news", "clockwork")
DELIVERIES: Final = 12
"""Connections among which the last delivery is looked for."""
ALARMS: Final = 5
MOST_STATES: Final = 60
"""Of more devices only those in trouble are shown one by one."""
IN_TROUBLE: Final = frozenset({DeviceCondition.RESTING, DeviceCondition.ABSENT, None})


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        facts = _facts(parts)
        return {name: parts.render(name, facts) for name in SECTIONS}

    return (Page("overview", "overview_page", SECTIONS, sections),)


def _facts(parts: Parts) -> dict[str, object]:
    view = parts.view
    status, devices = view.status(), view.devices()
    parts.asked.get("counters", parts.plant.refresh, every=5)
    connections = parts.asked.get("deliveries", lambda: view.connections(PageRequest(limit=DELIVERIES)))
    alarms = parts.asked.get("newest alarms", lambda: view.alarms(AlarmRequest(limit=ALARMS)), every=5)
    return {
        "status": status,
        "revision": view.revision,
        "needs": needs(status.attention, devices),
        "plant": parts.plant.now(),
        "devices": devices,
        **_states(devices),
        "delivery": _last_delivery(status, connections.value),
        "next": min((s for s in status.servers if s.next), key=lambda s: s.next or 0, default=None),
        **_news(parts, alarms),
        "local": _local(view.now(), view.time_zone),
        "time_zone": view.time_zone,
    }


def _states(devices: tuple[Device, ...]) -> dict[str, object]:
    """How many are in each condition, and those that are shown one by one."""
    conditions = [device.condition for device in devices]
    counts = {condition: conditions.count(condition) for condition in dict.fromkeys(conditions)}
    trouble = [device for device in devices if device.condition in IN_TROUBLE]
    return {
        "answering": counts.get(DeviceCondition.ANSWERING, 0),
        "resting": [device for device in devices if device.condition is DeviceCondition.RESTING],
        "counts": counts,
        "shown": devices if len(devices) <= MOST_STATES else trouble[:MOST_STATES],
    }


def _news(parts: Parts, alarms: Answer) -> dict[str, object]:
    rows = [
        (row.alarm, told(row.alarm, parts.view.in_force.plant)) for row in (alarms.value.alarms if alarms.value else ())
    ]
    return {"alarms": None if alarms.value is None else rows, "alarms_problem": alarms.problem}


def _local(now: int, zone: str) -> str:
    try:
        moment = dt.datetime.fromtimestamp(now / 1000, ZoneInfo(zone))
    except (LookupError, OSError, ValueError):
        return ""
    return f"{moment:%Y-%m-%d %H:%M}"


def _last_delivery(status: StatusDocument, page: ConnectionPage | None) -> Connection | None:
    """The newest connection that carried files, of those that are known here."""
    rows = [*(page.connections if page else ()), *(server.last for server in status.servers if server.last)]
    carried = [row for row in rows if row.end and any(transfer.files for transfer in row.transfers)]
    return max(carried, key=lambda row: row.end or 0, default=None)
