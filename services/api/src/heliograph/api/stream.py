"""Server-sent events: one picture of the page a second for all who look, and to each what changed since its last.

Nothing is made while nobody looks. A client that does not read is cut off, and their number is bounded.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from heliograph.api.errors import Silent
from heliograph.api.pages import Pages, Picture
from heliograph.api.pouring import pour_events, send_piece

TICK_SECONDS: Final = 1.0
BEAT_SECONDS: Final = 4.0
"""Something is sent at least so often, so that the page knows that it is live."""
LONGEST_SECONDS: Final = 600.0
"""A stream ends then, and the page asks for another one: no line is held for ever."""
MAX_CLIENTS: Final = 128
BYTES_PER_TICK: Final = 200_000
"""Where the page is larger than this, pictures are made less often in proportion."""


class Hub:
    """Makes the pictures and wakes the clients."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._clients = 0
        self.wanted = asyncio.Event()
        """Set while somebody looks."""
        self._missed = asyncio.Event()
        """Set while somebody waits for a first picture."""
        self._made = asyncio.Condition()
        self._picture: Picture | None = None
        self._number = 0
        self.closed = False

    async def run(self) -> None:
        """Make a picture a second while somebody looks, for ever."""
        while True:
            await self.wanted.wait()
            self._missed.clear()
            picture = self._pages.picture()
            async with self._made:
                self._picture = picture
                self._number += 1
                self._made.notify_all()
            await self._rest(TICK_SECONDS)  # those who look render what they look at meanwhile
            await self._rest(TICK_SECONDS * max(0.0, picture.size / BYTES_PER_TICK - 1))

    async def _rest(self, seconds: float) -> None:
        """Wait, but not while somebody has no picture: who looks alone, and goes from page to page, has one at once."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._missed.wait(), seconds)

    async def close(self) -> None:
        """End every stream, for the orderly stop."""
        async with self._made:
            self.closed = True
            self._made.notify_all()

    def enter(self) -> None:
        """Let one more client look; raises `Silent` when there are too many."""
        if self.closed or self._clients >= MAX_CLIENTS:
            raise Silent(f"{self._clients} pages are open on this gateway already; close one and try again.")
        self._clients += 1
        self.wanted.set()
        if self._picture is None:
            self._missed.set()

    def leave(self) -> None:
        """A client looks no more."""
        self._clients -= 1
        if not self._clients:
            self.wanted.clear()
            self._picture = None

    async def next(self, seen: int) -> tuple[int, Picture] | None:
        """Wait for a picture newer than number `seen`; None when there will be no more."""
        async with self._made:
            await self._made.wait_for(lambda: self.closed or (self._number > seen and self._picture is not None))
            return None if self.closed or self._picture is None else (self._number, self._picture)


class EventStream(Response):
    """One client's stream."""

    def __init__(self, hub: Hub, look: Callable[[Picture], dict[str, str]], still_may: Callable[[], bool]) -> None:
        super().__init__()
        self._hub = hub
        self._still_may = still_may
        self._look = look
        """Takes the sections of the page that is open."""
        hub.enter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification; ends when the client goes, does not read, may no more, or the service stops."""
        del scope
        try:
            await pour_events(self._pour(send), receive, send, "events")
        finally:
            self._hub.leave()

    async def _pour(self, send: Send) -> None:
        sent: dict[str, str] = {}
        number, beat = 0, 0.0
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_SECONDS
        while loop.time() < end and (news := await self._hub.next(number)) is not None:
            if not self._still_may():
                return
            number, picture = news
            sections = self._look(picture)
            changed = {name: html for name, html in sections.items() if sent.get(name) != html}
            if changed or loop.time() - beat >= BEAT_SECONDS:
                await send_piece(send, _event(picture.time, changed))
                sent, beat = sections, loop.time()


def _event(time: int, sections: dict[str, str]) -> bytes:
    return f"data: {json.dumps({'time': time, 'sections': sections})}\n\n".encode()
