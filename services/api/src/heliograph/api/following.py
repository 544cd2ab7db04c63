"""Server-sent events for programs: what is wanted of the feed, with its number, and a beat where nothing happens."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from heliograph.api.alarmed import alarm_row
from heliograph.api.errors import Problem
from heliograph.api.feed import Feed, Happening, Kind, Wanted
from heliograph.api.pouring import pour_events, send_piece
from heliograph.api.view import View
from heliograph.contract import AlarmRequest

BEAT_SECONDS: Final = 10.0
GATHER_SECONDS: Final = 0.25
"""Events that come within so long are sent together: a hundred clients are not woken for each."""
LONGEST_SECONDS: Final = 600.0
"""A stream ends then, and the program comes back: no line is held for ever."""
ALARM_SECONDS: Final = 2.0
ALARMS: Final = 50
MOST_AT_ONCE: Final = 500


class Following(Response):
    """One client's stream."""

    def __init__(self, feed: Feed, wanted: Wanted, last_event_id: str, still_may: Callable[[], bool]) -> None:
        super().__init__()
        self._feed = feed
        self._still_may = still_may
        self._wanted = wanted
        self._number, self._missed = feed.enter(last_event_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification; ends when the client goes, does not read, may no more, or the service stops."""
        del scope
        try:
            await pour_events(self._pour(send), receive, send, "events of a program")
        finally:
            self._feed.leave()

    async def _pour(self, send: Send) -> None:
        await send_piece(send, b"retry: 3000\n\n")
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_SECONDS
        while not self._feed.closed and loop.time() < end and self._still_may():
            text = "".join(self._next())
            await send_piece(send, text.encode() if text else b": beat\n\n")
            await asyncio.sleep(GATHER_SECONDS)
            await self._feed.news(self._number, BEAT_SECONDS)

    def _next(self) -> list[str]:
        events, missed = self._feed.since(self._number)
        events = events[:MOST_AT_ONCE]
        texts = [_GAP] if missed or self._missed else []
        self._missed = False
        texts.extend(self._written(event) for event in events if self._wanted.passes(event))
        self._number = events[-1].number if events else self._number
        return texts

    def _written(self, event: Happening) -> str:
        return f"id: {self._feed.era}-{event.number}\nevent: {event.kind}\ndata: {event.data}\n\n"


async def tell_alarms(view: View, feed: Feed) -> None:
    """Ask for new alarms while somebody follows, for ever: they come with the numbers of the history."""
    newest: int | None = None
    while True:
        await feed.wanted.wait()
        with suppress(Problem):
            rows = (await view.alarms(AlarmRequest(limit=ALARMS))).alarms
            for row in reversed(rows if newest is not None else ()):
                if row.number > (newest or 0):
                    told = alarm_row(row, view.in_force.plant)
                    feed.tell(Kind.ALARM, told, row.alarm.device or "")
            newest = max((row.number for row in rows), default=0)
        await asyncio.sleep(ALARM_SECONDS)


_GAP: Final = "event: gap\ndata: {}\n\n"
