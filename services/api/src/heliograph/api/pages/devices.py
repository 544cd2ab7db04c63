"""The pages of devices: the list at `/devices`, one device, and the search for new ones at `/devices/new`."""

from typing import Final

from heliograph.api import detections
from heliograph.api.detected import DetectionNow
from heliograph.api.errors import NotThere
from heliograph.api.models import Device
from heliograph.api.pages.page import Page, Parts, Query

HEADLINES: Final = 5
OLD_SECONDS: Final = 30
DETECTION_LINES: Final = 12
MAX_OPEN: Final = 64
"""Devices whose values one page may follow in full."""


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the pages."""
    made = _Devices(parts)
    return (
        Page("devices", "devices_page", ("devices",), made.listed),
        Page("device", "device_page", ("device", "values"), made.one, made.is_there, _index),
        Page("new device", "new_device_page", ("detection",), made.detection),
    )


def _index(query: Query) -> dict[str, object]:
    return {"index": query.get("index", "")}


class _Devices:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._view = parts.view

    def listed(self, query: Query) -> dict[str, str]:
        """The list, and the values in full of the devices that one page has open."""
        facts = {
            "revision": self._view.revision,
            "devices": [self._card(device) for device in self._view.devices()],
            "lines": self._view.status().lines if self._view.collector() else (),
        }
        opened = [index for index in query.get("open", "").split(",") if index][:MAX_OPEN]
        values = {f"values-{index}": self._values(index) for index in opened}
        return {"devices": self._parts.render("devices", facts)} | values

    def one(self, query: Query) -> dict[str, str]:
        """What stands on the page of one device; it says so where there is no such device any more."""
        index = query.get("index", "")
        try:
            points = [point for point in self._view.set_points() if point.device == index]
            facts = {"device": self._view.device(index), "set_points": points}
            device = self._parts.render("device", facts)
        except NotThere as gone:
            device = self._parts.render("gone", {"text": gone.detail})
        return {"device": device, "values": self._values(index)}

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
        """The values of one device in full; empty when there is no such device."""
        try:
            return self._parts.render("values", {"now": self._view.variables(index)})
        except NotThere:
            return ""

    def _card(self, device: Device) -> dict[str, object]:
        now, count = self._view.headlines(device.index, HEADLINES)
        is_old = device.age_seconds is None or device.age_seconds > OLD_SECONDS
        return {"device": device, "shown": now.variables, "count": count, "is_old": is_old, "read": now.time}
