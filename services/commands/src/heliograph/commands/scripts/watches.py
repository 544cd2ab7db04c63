"""`wd.onChange`: a script is told when a value changed; what changes faster than it looks is told once, the newest."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from heliograph.commands.errors import CommandFailed
from heliograph.commands.scripts.messages import Reference, Watch
from heliograph.commands.scripts.points import Points

MAX_WATCHES: Final = 256

Send = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _Watched:
    number: int
    device: Reference
    variable: Reference
    index: str
    """Of the device."""
    told: Any = None
    """The value that the script knows."""
    is_busy: bool = False
    """The script was told, and has not done with it."""


class Watches:
    """Those of one run of a script."""

    def __init__(self, points: Points, send: Send) -> None:
        self._points = points
        self._send = send
        self._watched: dict[int, _Watched] = {}
        points.listeners.add(self._look)

    def close(self) -> None:
        """Tell nothing any more."""
        self._points.listeners.discard(self._look)

    def add(self, asked: Watch) -> None:
        """Begin with the value of now: only what differs from it is a change. Raises `CommandFailed`."""
        if len(self._watched) >= MAX_WATCHES or asked.number in self._watched:
            raise CommandFailed(f"at most {MAX_WATCHES} variables are watched")
        point = self._points.find(asked.device, asked.variable)
        last = self._points.last(point)
        watched = _Watched(asked.number, asked.device, asked.variable, point.target.entry.device.index)
        watched.told = last[0] if last else None
        self._watched[asked.number] = watched

    def ran(self, number: int) -> None:
        """The script has done with what it was told; tell it what changed since."""
        watched = self._watched.get(number)
        if watched is not None and watched.is_busy:
            watched.is_busy = False
            self._tell(watched)

    def find_again(self) -> None:
        """Another plant is in force: the same names may mean other devices."""
        for watched in self._watched.values():
            watched.index = ""
            with suppress(CommandFailed):
                watched.index = self._points.find(watched.device, watched.variable).target.entry.device.index

    def _look(self, device: str) -> None:
        for watched in self._watched.values():
            if watched.index == device and not watched.is_busy:
                self._tell(watched)

    def _tell(self, watched: _Watched) -> None:
        if not watched.index:
            return
        last = self._points.last(self._points.find(watched.device, watched.variable))
        if last is None or last[0] == watched.told:
            return
        watched.told, watched.is_busy = last[0], True
        self._send({"kind": "changed", "number": watched.number, "value": last[0], "age": last[1]})
