"""What happens on the gateway, as it comes, for programs that follow it: one bounded backlog that all of them read.

Nothing is kept while nobody follows. After the last one left it goes on for a while, so that who comes back with the
number of the last event misses nothing.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from heliograph.api.errors import Silent
from heliograph.api.models import Answer
from heliograph.contract import DeviceKey
from heliograph.contract.identifiers import Milliseconds
from heliograph.contract.records import Value
from heliograph.runtime import Clock

MAX_CLIENTS: Final = 128
MOST_EVENTS: Final = 5000
MOST_BYTES: Final = 2 * 1024 * 1024
AFTERWARDS_SECONDS: Final = 60.0


class Kind(StrEnum):
    """What an event is about."""

    READING = "reading"
    STATE = "state"
    ALARM = "alarm"
    LOG = "log"


class ReadingNews(Answer):
    """The data of an event `reading`: one device was read."""

    device: DeviceKey
    name: str
    time: Milliseconds
    values: dict[str, Value]
    """Engineering values by variable index; `null` where one is missing."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, written once for all who follow."""

    number: int
    kind: Kind
    device: str
    data: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events one client follows; empty filters let everything pass."""

    kinds: Collection[Kind] = ()
    devices: Collection[str] = ()

    def passes(self, event: Happening) -> bool:
        """Whether an event is wanted: a filter of devices says nothing of events without a device."""
        is_kind = not self.kinds or event.kind in self.kinds
        return is_kind and (not self.devices or not event.device or event.device in self.devices)


class Feed:
    """The backlog, and those who follow it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.era = secrets.token_hex(4)
        """Another one after each start: numbers begin anew."""
        self._backlog: deque[Happening] = deque()
        self._bytes = 0
        self._number = 0
        self._clients = 0
        self._left: float | None = None
        self.wanted = asyncio.Event()
        """Set while somebody follows."""
        self._made = asyncio.Condition()
        self._waking: asyncio.Task[None] | None = None
        self.closed = False

    def tell(self, kind: Kind, news: BaseModel | Callable[[], BaseModel], device: str = "") -> None:
        """Take an event in; it is made and kept only while somebody follows, or did a moment ago."""
        if not self._is_wanted():
            return
        self._number += 1
        told = news if isinstance(news, BaseModel) else news()
        event = Happening(self._number, kind, device, told.model_dump_json())
        self._backlog.append(event)
        self._bytes += len(event.data)
        while len(self._backlog) > MOST_EVENTS or self._bytes > MOST_BYTES:
            self._bytes -= len(self._backlog.popleft().data)
        if self._waking is None or self._waking.done():
            self._waking = asyncio.create_task(self._wake(), name="api: events are there")

    def enter(self, last_event_id: str) -> tuple[int, bool]:
        """Let one more client follow; return after which event, and whether it missed some. Raises `Silent`."""
        if self.closed or self._clients >= MAX_CLIENTS:
            raise Silent(f"{self._clients} clients follow the events of this gateway already: end one and try again.")
        self._clients += 1
        self.wanted.set()
        era, _, number = last_event_id.partition("-")
        if not last_event_id:
            return self._number, False
        if era != self.era or not number.isdecimal() or int(number) > self._number:
            return self._number, True
        return int(number), int(number) < self._oldest() - 1

    def leave(self) -> None:
        """A client follows no more."""
        self._clients -= 1
        if not self._clients:
            self._left = self._clock.monotonic()
            self.wanted.clear()

    def since(self, number: int) -> tuple[list[Happening], bool]:
        """The events after a number, and whether some between are gone."""
        missed = number < self._oldest() - 1
        newer = self._number - number
        skipped = max(0, len(self._backlog) - newer)
        return [self._backlog[at] for at in range(skipped, len(self._backlog))], missed

    async def news(self, number: int, seconds: float) -> None:
        """Wait for an event after this number, so long at most."""
        try:
            async with asyncio.timeout(seconds), self._made:
                await self._made.wait_for(lambda: self.closed or self._number > number)
        except TimeoutError:
            return

    async def close(self) -> None:
        """End every stream, for the orderly stop."""
        self.closed = True
        await self._wake()

    async def _wake(self) -> None:
        async with self._made:
            self._made.notify_all()

    def _oldest(self) -> int:
        return self._backlog[0].number if self._backlog else self._number + 1

    def _is_wanted(self) -> bool:
        if self._clients:
            return True
        if self._left is not None and self._clock.monotonic() - self._left > AFTERWARDS_SECONDS:
            self._backlog.clear()
            self._bytes, self._left = 0, None
        return self._left is not None
