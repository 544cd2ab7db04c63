"""Who takes turns on a line: the devices that are polled, and what other masters send through a forwarded port."""

from collections.abc import Callable
from typing import Protocol

from heliograph.collector.links import Link
from heliograph.contract import Forwarding


class Turn(Protocol):
    """What takes turns on a line: a device's poller."""

    due: float
    """When it wants its next turn, by the monotonic clock."""

    async def turn(self, link: Link, *, shared: bool) -> None:
        """Poll or probe once and set `due` anew; `shared` when others wait behind it. Raises `LinkDown` alone."""
        ...

    def link_lost(self, cause: str) -> None:
        """Learn that the line is away for longer."""
        ...

    def link_found(self) -> None:
        """Learn that the line is back: ask again at once."""
        ...

    def count_drop(self, unit: int, kind: str) -> None:
        """Learn that bytes were dropped while `unit` was asked."""
        ...


class Guest(Protocol):
    """What others send to the line: passed on between two turns, one request at a time."""

    wake: Callable[[], None]
    """To be called when a request came; set by the line."""

    @property
    def waits(self) -> bool:
        """Whether a request waits."""

    async def pass_one(self, link: Link, *, shared: bool) -> None:
        """Put the next request to the link and answer it; `shared` when others wait. Raises `LinkDown` alone."""

    def count_drop(self, unit: int, kind: str) -> None:
        """Learn that bytes were dropped while `unit` was asked."""

    def state(self) -> Forwarding:
        """Tell how it is doing."""
