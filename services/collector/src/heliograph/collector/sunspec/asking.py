"""How detection reads registers: in turns on a line that is polled, else through a link of its own (spec 2.4).

A line has one owner. Where devices behind an interface are polled, each request of detection goes between two polls of
that owner, so that polling never stops and no second socket or port is opened. This is looked at before each request:
a revision may begin or end the polling meanwhile.
"""

from collections.abc import Callable
from typing import Protocol

from heliograph.collector.line import Line
from heliograph.collector.links import Link, ReadCall


class Asker(Protocol):
    """Reads registers of the units behind one interface, one request at a time."""

    async def read(self, call: ReadCall, seconds: float) -> bytes:
        """Return the data of the answer. Raises as `Link.read` does."""
        ...

    async def close(self) -> None:
        """Let go of whatever was opened for it."""
        ...


class OwnLink:
    """An interface that nobody polls."""

    def __init__(self, open_link: Callable[[], Link]) -> None:
        self._open_link = open_link
        self._link: Link | None = None

    async def read(self, call: ReadCall, seconds: float) -> bytes:
        """See `Asker.read`."""
        if self._link is None:
            self._link = self._open_link()
        return await self._link.read(call, seconds)

    async def close(self) -> None:
        """See `Asker.close`."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()


class PolledLine:
    """An interface that may be polled: `find` gives its line as long as it is."""

    def __init__(self, find: Callable[[], Line | None], own: OwnLink) -> None:
        self._find = find
        self._own = own

    async def read(self, call: ReadCall, seconds: float) -> bytes:
        """See `Asker.read`."""
        line = self._find()
        if line is None:
            return await self._own.read(call, seconds)
        await self._own.close()
        return await line.ask(lambda link: link.read(call, seconds))

    async def close(self) -> None:
        """See `Asker.close`."""
        await self._own.close()
