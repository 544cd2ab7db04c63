"""The page at `/`: the plant at a glance, and what needs attention."""

from heliograph.api.pages.asked import Answer
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import Connection, ConnectionPage, DeviceCondition, PageRequest, StatusDocument

DELIVERIES = 12
"""Connections among which the last delivery is looked for."""


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        facts = _facts(parts)
        return {name: parts.render(name, facts) for name in ("attention", "summary")}

    return (Page("overview", "overview_page", ("attention", "summary"), sections),)


def _facts(parts: Parts) -> dict[str, object]:
    status, devices = parts.view.status(), parts.view.devices()
    connections = _connections(parts)
    return {
        "status": status,
        "devices": devices,
        "answering": sum(device.condition is DeviceCondition.ANSWERING for device in devices),
        "resting": [device for device in devices if device.condition is DeviceCondition.RESTING],
        "delivery": _last_delivery(status, connections.value),
        "next": min((s for s in status.servers if s.next), key=lambda s: s.next or 0, default=None),
    }


def _connections(parts: Parts) -> Answer:
    return parts.asked.get("deliveries", lambda: parts.view.connections(PageRequest(limit=DELIVERIES)))


def _last_delivery(status: StatusDocument, page: ConnectionPage | None) -> Connection | None:
    """The newest connection that carried files, of those that are known here."""
    rows = [*(page.connections if page else ()), *(server.last for server in status.servers if server.last)]
    carried = [row for row in rows if row.end and any(transfer.files for transfer in row.transfers)]
    return max(carried, key=lambda row: row.end or 0, default=None)
