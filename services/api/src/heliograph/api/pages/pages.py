"""Renders the page of the view: as a whole for the first look, as sections for the stream of events."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.api import configuration as asked
from heliograph.api import detections
from heliograph.api.detected import DetectionNow
from heliograph.api.errors import NotThere, Problem
from heliograph.api.models import Device
from heliograph.api.pages.operating import JournalFilter, Operating
from heliograph.api.pages.rendering import Renderer
from heliograph.api.plantview import PlantView
from heliograph.api.view import View
from heliograph.contract import (
    AlarmPage,
    Connection,
    ConnectionPage,
    DeviceCondition,
    PageRequest,
    RevisionPage,
    StatusDocument,
    SyncState,
)
from heliograph.contract.records import Alarm

SECTIONS: Final = (
    "identity",
    "attention",
    "summary",
    "services",
    "devices",
    "detection",
    "servers",
    "history",
    "alarms",
    "configuration",
)
HISTORY_ROWS: Final = 12
ALARM_ROWS: Final = 12
REVISION_ROWS: Final = 10
DETECTION_LINES: Final = 12
HEADLINES: Final = 5
OLD_SECONDS: Final = 30
FOLLOW_SECONDS: Final = 2.0
FIRST_LOOK_SECONDS: Final = 1.0
ALARM_TURNS: Final = 3
"""Connections are asked for anew at each turn, alarms and revisions every so many."""


@dataclass(slots=True)
class Picture:
    """The page at one moment. Values of devices in full are rendered once, for all who look at them."""

    time: int
    sections: dict[str, str]
    _pages: "Pages"
    _values: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Characters of the sections."""
        return sum(map(len, self.sections.values()))

    def with_devices(self, opened: Iterable[str]) -> dict[str, str]:
        """The sections, and the values in full of the devices that one page has open."""
        return self.sections | {f"values-{index}": self._full(index) for index in opened}

    def of_device(self, index: str) -> dict[str, str]:
        """The sections of one device's own page."""
        return {"identity": self.sections["identity"], **self._pages.device_sections(index)}

    def of_commands(self, wanted: JournalFilter) -> dict[str, str]:
        """The sections of the page of commands."""
        return self._pages.operating.commands(wanted)

    def of_scripts(self) -> dict[str, str]:
        """The sections of the page of scripts."""
        return self._pages.operating.scripts()

    def of_script(self, name: str) -> dict[str, str]:
        """The sections of one script's page."""
        return self._pages.operating.script(name)

    def _full(self, index: str) -> str:
        if index not in self._values:
            self._values[index] = self._pages.values(index)
        return self._values[index]


class Pages:
    """Renders; keeps only the last page of each history for those who look."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.plant = PlantView(view)
        self._connections: ConnectionPage | None = None
        self._alarms: AlarmPage | None = None
        self._revisions: RevisionPage | None = None
        self._detection: DetectionNow | None = None
        self._detection_heard = -1
        self._history_problem = ""
        self._revisions_problem = ""
        self._renderer = Renderer(view)
        self._render = self._renderer.render
        self.operating = Operating(view, self._renderer)

    async def whole(self, token_place: str) -> str:
        """The page with all it knows now; the histories are asked for first if nobody looked before."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                if self._alarms is None:
                    await self._refresh(with_alarms=True)
                elif self._view.detection.heard != self._detection_heard:
                    await self._refresh_detection()
        return self._renderer.shell("page", self._sections(), token_place, is_locked=False)

    def locked(self, token_place: str) -> str:
        """The page without data, for who has yet to give the token."""
        return self._renderer.shell("page", dict.fromkeys(SECTIONS, ""), token_place, is_locked=True)

    def device(self, index: str, token_place: str) -> str:
        """The page of one device; it says so where there is no such device."""
        sections = {"identity": self._renderer.identity(), **self.device_sections(index)}
        return self._renderer.shell("device_page", sections, token_place, is_locked=False, index=index)

    def knows(self, index: str) -> bool:
        """Whether there is such a device."""
        return any(device.index == index for device in self._view.devices())

    def device_locked(self, index: str, token_place: str) -> str:
        """The page of one device without data, for who has yet to give the token."""
        sections = dict.fromkeys(("identity", "device", "values"), "")
        return self._renderer.shell("device_page", sections, token_place, is_locked=True, index=index)

    def device_sections(self, index: str) -> dict[str, str]:
        """What stands on the page of one device, as of now; it says so where there is no such device any more."""
        try:
            points = [point for point in self._view.set_points() if point.device == index]
            device = self._render("device", {"device": self._view.device(index), "set_points": points})
        except NotThere as gone:
            device = self._render("gone", {"text": gone.detail})
        return {"device": device, "values": self.values(index)}

    def picture(self) -> Picture:
        """The sections as of now."""
        return Picture(self._view.now(), self._sections(), self)

    def values(self, index: str) -> str:
        """The values of one device in full; empty when there is no such device."""
        try:
            return self._render("values", {"now": self._view.variables(index)})
        except NotThere:
            return ""

    async def follow(self, wanted: asyncio.Event) -> None:
        """Keep the histories fresh while somebody looks, for ever."""
        turn = 0
        while True:
            await wanted.wait()
            await self._refresh(with_alarms=turn % ALARM_TURNS == 0)
            turn += 1
            await asyncio.sleep(FOLLOW_SECONDS)

    async def _refresh(self, *, with_alarms: bool) -> None:
        try:
            self._connections = await self._view.connections(PageRequest(limit=HISTORY_ROWS))
            if with_alarms:
                self._alarms = await self._view.alarms(PageRequest(limit=ALARM_ROWS))
        except Problem as problem:
            self._history_problem = problem.detail
        else:
            self._history_problem = ""
        if with_alarms:
            await self._refresh_revisions()
        await self._refresh_detection()

    async def _refresh_detection(self) -> None:
        """Ask for what a detection found, where there is one or may be one."""
        heard = self._view.detection.heard
        if self._detection is None and heard == self._detection_heard:
            return
        with suppress(Problem):
            self._detection = await detections.newest(self._view)
            self._detection_heard = heard

    async def _refresh_revisions(self) -> None:
        try:
            self._revisions = await asked.revisions(self._view, PageRequest(limit=REVISION_ROWS))
        except Problem as problem:
            self._revisions_problem = problem.detail
        else:
            self._revisions_problem = ""

    def _sections(self) -> dict[str, str]:
        facts = self._facts()
        return {name: self._render(name, facts) for name in SECTIONS}

    def _facts(self) -> dict[str, Any]:
        status, devices = self._view.status(), self._view.devices()
        return {
            **self._configuration_facts(status),
            "detection": self._detection,
            "detection_lines": self._detection_lines(),
            "status": status,
            "revision": self._view.revision,
            "devices": [self._card(device) for device in devices],
            "answering": sum(device.condition is DeviceCondition.ANSWERING for device in devices),
            "resting": [device for device in devices if device.condition is DeviceCondition.RESTING],
            "lines": status.lines if self._view.collector() else (),
            "connections": self._connections,
            "alarms": self._alarms,
            "history_problem": self._history_problem,
            "alarm_words": self._alarm_words,
            "delivery": _last_delivery(status, self._connections),
            "next": min((s for s in status.servers if s.next), key=lambda s: s.next or 0, default=None),
        }

    def _detection_lines(self) -> tuple[str, ...]:
        """Return the newest lines of progress: as they are heard, else as they were asked for."""
        if self._detection is None:
            return ()
        heard = self._view.detection
        is_same = heard.progress is not None and heard.progress.detection == self._detection.detection
        lines = tuple(heard.lines) if is_same else self._detection.lines
        return lines[-DETECTION_LINES:]

    def _configuration_facts(self, status: StatusDocument) -> dict[str, Any]:
        sync, offered = self._view.sync(), self._view.in_force.offered
        return {
            "told": offered if offered and status.revision in (None, offered.number) else None,
            "rejected": sync is not None and sync.rejected,
            "not_taken": [s for s in self._view.states() if not isinstance(s, SyncState) and s.rejected],
            "revisions": self._revisions,
            "revisions_problem": self._revisions_problem,
        }

    def _card(self, device: Device) -> dict[str, Any]:
        now, count = self._view.headlines(device.index, HEADLINES)
        is_old = device.age_seconds is None or device.age_seconds > OLD_SECONDS
        return {"device": device, "shown": now.variables, "count": count, "is_old": is_old, "read": now.time}

    def _alarm_words(self, alarm: Alarm) -> str:
        """What an alarm is about: its text, or the name of its variable where it is known."""
        if alarm.info:
            return alarm.info
        with suppress(NotThere):
            for variable in self._view.variables(alarm.device or "").variables:
                if variable.index == alarm.variable:
                    return variable.name
        return f"variable {alarm.variable}"


def _last_delivery(status: StatusDocument, page: ConnectionPage | None) -> Connection | None:
    """The newest connection that carried files, of those that are known here."""
    rows = [*(page.connections if page else ()), *(server.last for server in status.servers if server.last)]
    carried = [row for row in rows if row.end and any(transfer.files for transfer in row.transfers)]
    return max(carried, key=lambda row: row.end or 0, default=None)
