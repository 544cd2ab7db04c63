"""The pages of devices: the list at `/devices`, one device, and the search for new ones at `/devices/new`."""

from typing import Final

from heliograph.api import detections
from heliograph.api.detected import DetectionNow
from heliograph.api.errors import NotThere
from heliograph.api.models import Device, VariableNow
from heliograph.api.pages.devicelist import FIRST, ORDERS, STATES, DeviceFilter, chosen
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.api.plots import Sparklines

OLD_SECONDS: Final = 30
RECORDED: Final = 14
"""Bits of the actions whose variables stand in records (spec 2.2)."""
SPARKLINES_SECONDS: Final = 15
"""They are asked for anew so often; records come once a minute at most."""
DETECTION_LINES: Final = 12


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the pages."""
    made = _Devices(parts)
    return (
        Page("devices", "devices_page", ("devices",), made.listed, facts=_filter),
        Page("device", "device_page", ("device", "values", "plan"), made.one, made.is_there, _index),
        Page("new device", "new_device_page", ("detection",), made.detection),
    )


def _is_plotted(variable: VariableNow) -> bool:
    """Whether records hold it as a number."""
    return bool(variable.action & RECORDED) and not isinstance(variable.value, str)


def _filter(query: Query) -> dict[str, object]:
    return {"filter": DeviceFilter.of_query(query), "states": STATES, "orders": ORDERS}


def _index(query: Query) -> dict[str, object]:
    return {"index": query.get("index", "")}


class _Devices:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._view = parts.view
        self._sparklines = Sparklines(parts.view)

    def listed(self, query: Query) -> dict[str, str]:
        """The list, as it is filtered and sorted."""
        wanted, every = DeviceFilter.of_query(query), self._view.devices()
        found = chosen(every, wanted)
        shown = found if wanted.whole else found[:FIRST]
        facts = {
            "revision": self._view.revision,
            "filter": wanted,
            "devices": [self._row(device) for device in shown],
            "count": len(every),
            "more": len(found) - len(shown),
            "lines": self._view.status().lines if self._view.collector() else (),
        }
        return {"devices": self._parts.render("devices", facts)}

    def one(self, query: Query) -> dict[str, str]:
        """What stands on the page of one device; it says so where there is no such device any more."""
        index = query.get("index", "")
        try:
            points = [point for point in self._view.set_points() if point.device == index]
            facts = {"device": self._view.device(index), "set_points": points}
        except NotThere as gone:
            return {"device": self._parts.render("gone", {"text": gone.detail}), "values": "", "plan": ""}
        sections = {name: self._parts.render(name, facts) for name in ("device", "plan")}
        return sections | {"values": self._values(index)}

    def is_there(self, query: Query) -> bool:
        """Whether there is such a device."""
        return any(device.index == query.get("index") for device in self._view.devices())

    def detection(self, _: Query) -> dict[str, str]:
        """The newest search: how it goes and what it found."""
        asked = self._parts.asked.get(
            "detection", lambda: detections.newest(self._view), news=lambda: self._view.detection.heard
        )
        facts = {"detection": asked.value, "detection_lines": self._lines(asked.value)}
        return {"detection": self._parts.render("detection", facts)}

    def _lines(self, detection: DetectionNow | None) -> tuple[str, ...]:
        """Return the newest lines of progress: as they are heard, else as they were asked for."""
        if detection is None:
            return ()
        heard = self._view.detection
        is_same = heard.progress is not None and heard.progress.detection == detection.detection
        lines = tuple(heard.lines) if is_same else detection.lines
        return lines[-DETECTION_LINES:]

    def _values(self, index: str) -> str:
        """The values of one device in full."""
        now = self._view.variables(index)
        plotted = [variable.index for variable in now.variables if _is_plotted(variable)]
        sparklines = self._parts.asked.get(
            ("sparklines", index), lambda: self._sparklines.of(index, plotted), every=SPARKLINES_SECONDS
        )
        headline = self._view.headline(index)
        first = headline.index if headline and headline.index in plotted else next(iter(plotted), "")
        facts = {"now": now, "plotted": plotted, "first": first, "sparklines": sparklines.value or {}}
        return self._parts.render("values", facts)

    def _row(self, device: Device) -> dict[str, object]:
        is_old = device.age_seconds is None or device.age_seconds > OLD_SECONDS
        shown = self._view.headline(device.index)
        return {"device": device, "shown": shown if shown and shown.raw is not None else None, "is_old": is_old}
