"""Which devices the list shows and in which order, as its address says. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from heliograph.api.models import Device
from heliograph.api.pages.page import Query
from heliograph.contract import DeviceCondition

FIRST: Final = 50
"""Devices on a page that nobody asked to hold all."""
MOST_LETTERS: Final = 64
UNKNOWN: Final = "unknown"
TROUBLE: Final = "trouble"
STATES: Final = {
    "": "All",
    TROUBLE: "In trouble",
    DeviceCondition.ANSWERING.value: "Answering",
    DeviceCondition.RESTING.value: "Not answering",
    DeviceCondition.ASLEEP.value: "Asleep",
    DeviceCondition.ABSENT.value: "Absent",
    DeviceCondition.STARTING.value: "Starting",
    UNKNOWN: "Unknown",
}
"""What a list can be limited to."""


def _errors(device: Device) -> int:
    return sum(device.errors.values())


def _gravity(device: Device) -> int:
    order = (DeviceCondition.RESTING, DeviceCondition.ABSENT, None, DeviceCondition.STARTING, DeviceCondition.ASLEEP)
    return order.index(device.condition) if device.condition in order else len(order)


def _oldest(device: Device) -> float:
    return float("-inf") if device.age_seconds is None else -device.age_seconds


ORDERS: Final[dict[str, tuple[str, Callable[[Device], Any] | None]]] = {
    "": ("Configuration", None),
    "name": ("Name", lambda device: device.name.casefold()),
    "state": ("State, the worst first", _gravity),
    "age": ("Age, the oldest first", _oldest),
    "errors": ("Errors, the most first", lambda device: -_errors(device)),
}


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which devices, in which order."""

    text: str = ""
    state: str = ""
    sort: str = ""
    whole: bool = False
    """All of them, not the first ones alone."""

    @classmethod
    def of_query(cls, query: Query) -> "DeviceFilter":
        """Read a page's address; what does not fit is as if it were not there."""
        state, sort = query.get("state", ""), query.get("sort", "")
        return cls(
            query.get("text", "").strip()[:MOST_LETTERS],
            state if state in STATES else "",
            sort if sort in ORDERS else "",
            query.get("whole") == "true",
        )

    @property
    def query(self) -> dict[str, str]:
        """As in the page's address."""
        given = {
            "text": self.text,
            "state": self.state,
            "sort": self.sort,
            "whole": "true" if self.whole else "",
        }
        return {name: value for name, value in given.items() if value}

    @property
    def href(self) -> str:
        """The address of the list."""
        return f"/devices?{urlencode(self.query)}" if self.query else "/devices"

    def of(self, state: str) -> "DeviceFilter":
        """Devices of another state."""
        return replace(self, state=state)

    def by(self, sort: str) -> "DeviceFilter":
        """In another order."""
        return replace(self, sort=sort)

    def all(self) -> "DeviceFilter":
        """Not the first ones alone."""
        return replace(self, whole=True)


def chosen(devices: Iterable[Device], wanted: DeviceFilter) -> list[Device]:
    """The devices that are looked for, in their order."""
    found = [device for device in devices if _fits(device, wanted)]
    _, key = ORDERS[wanted.sort]
    return sorted(found, key=key) if key else found


def _fits(device: Device, wanted: DeviceFilter) -> bool:
    said = (device.name, device.index, device.interface, device.category, device.model, device.definition)
    return _is_of(device, wanted.state) and wanted.text.casefold() in " ".join(said).casefold()


def _is_of(device: Device, state: str) -> bool:
    if state == TROUBLE:
        return device.condition in {DeviceCondition.RESTING, DeviceCondition.ABSENT} or device.condition is None
    return not state or (device.condition.value if device.condition else UNKNOWN) == state
