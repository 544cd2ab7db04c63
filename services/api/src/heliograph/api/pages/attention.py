"""What needs attention, each sentence with the page where it is mended. Pure.

The sentences are those of the status document, which the command line and servers get as well.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from heliograph.api.models import Device


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs a hand."""

    text: str
    href: str
    where: str
    """What the link says."""


_PLACES: Final = (
    (re.compile(r"Server \d"), "/servers", "Servers"),
    (re.compile(r"The storage is full"), "/servers", "Servers"),
    (
        re.compile(r"Service \w+ could not take|.*\b[Cc]onfiguration\b|Revision \d|[^ ]+:\d+:\d+: "),
        "/configuration",
        "Configuration",
    ),
    (re.compile(r"Service "), "/system", "System"),
)
_DEVICE: Final = re.compile(r"Device (.+?) (?:does not answer|is absent)")
_SET_POINT: Final = re.compile(r"The set point of (.+?), variable ")
_SCRIPT: Final = re.compile(r"Script (.+?) failed and waits")


def needs(lines: Iterable[str], devices: Sequence[Device]) -> tuple[Need, ...]:
    """Give each sentence its place."""
    indexes = {device.name: device.index for device in devices}
    return tuple(_need(line, indexes) for line in lines)


def _need(line: str, indexes: dict[str, str]) -> Need:
    named = _DEVICE.match(line) or _SET_POINT.match(line)
    if named:
        index = indexes.get(named[1])
        return Need(line, f"/devices/{index}" if index else "/devices", named[1] if index else "Devices")
    if script := _SCRIPT.match(line):
        return Need(line, f"/scripts/{quote(script[1], safe='')}", script[1])
    return next(
        (Need(line, href, where) for words, href, where in _PLACES if words.match(line)),
        Need(line, "/system", "System"),
    )
