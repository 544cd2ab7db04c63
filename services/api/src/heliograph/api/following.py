"""Server-sent events for programs: what is wanted of the feed, with its number, and a beat where nothing happens."""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from heliograph.api.alarmed import alarm_row
from heliograph.api.errors import Problem
from heliograph.api.feed import Feed, Happening, Kind, Wanted
from heliograph.api.view import View
from heliograph.contract import AlarmRequest

BEAT_SECONDS: Final = 10.0
GATHER_SECONDS: Final = 0.25
"""Events that come within so long are sent together: a hundred clients are not woken for each."""
SEND_SECONDS: Final = 15.0
LONGEST_SECONDS: Final = 600.0
"""A stream ends then, and the program comes back: whether it still may follow is judged anew."""
ALARM_SECONDS: Final = 2.0
ALARMS: Final = 50
MOST_AT_ONCE: Final = 500


class Following(Response):
    """One client's stream."""

    def __init__(self, feed: Feed, wanted: Wanted, last_event_id: str) -> None:
        super().__init__()
        self._feed = feed
        self._wanted = wanted
        self._number, self._missed = feed.enter(last_event_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification; ends when the client goes, does not read, or the service stops."""
        del scope
        try:
            await self._run(receive, send)
        finally:
            self._feed.leave()

    async def _run(self, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        tasks = {
            asyncio.create_task(self._pour(send), name="api: events of a program"),
            asyncio.create_task(_until_gone(receive), name="api: program that follows"),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError, OSError):
            await _send(send, b"", more=False)

    async def _pour(self, send: Send) -> None:
        await _send(send, b"retry: 3000\n\n")
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_SECONDS
        while not self._feed.closed and loop.time() < end:
            text = "".join(self._next())
            await _send(send, text.encode() if text else b": beat\n\n")
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


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": more})
