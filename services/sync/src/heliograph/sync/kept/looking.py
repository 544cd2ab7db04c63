"""Answers what the api asks of the kept records: beside the event loop, few at once, each within its time."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from heliograph.contract.channels import ROWS, SERIES
from heliograph.contract.recorded import RowsAnswer, RowsRequest, SeriesAnswer, SeriesRequest
from heliograph.runtime import Bus
from heliograph.sync.kept.kept import Kept
from heliograph.sync.kept.reading import TooMuch, read_rows, read_series
from heliograph.sync.threads import in_thread

LOOK_SECONDS: Final = 10.0
AT_ONCE: Final = 2
MOST_WAITING: Final = 32
T = TypeVar("T")

_log = logging.getLogger("heliograph.sync.kept")


class Looking:
    """The two requests."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.serve(SERIES, self.series)
        await bus.serve(ROWS, self.rows)

    async def series(self, request: SeriesRequest) -> SeriesAnswer:
        """Return variables over time."""
        found = await self._look(lambda connection: read_series(connection, request))
        return SeriesAnswer(error=found) if isinstance(found, str) else found

    async def rows(self, request: RowsRequest) -> RowsAnswer:
        """Return the next rows."""
        found = await self._look(lambda connection: read_rows(connection, request))
        return RowsAnswer(error=found) if isinstance(found, str) else found

    async def _look(self, read: Callable[[sqlite3.Connection], T]) -> T | str:
        """Return what was read, or why not, for a person."""
        if not self._kept.is_on:
            return "this gateway keeps no records for looking back (HISTORY_DAYS=0)"
        if self._waiting >= MOST_WAITING:
            return "too many ask for kept records at once; try again in a moment"
        self._waiting += 1
        try:
            async with self._places:
                return await in_thread("sync: looking back", lambda: self._kept.look(read, LOOK_SECONDS))
        except TooMuch as error:
            return str(error)
        except sqlite3.Error as error:
            return self._said(error)
        finally:
            self._waiting -= 1

    def _said(self, error: sqlite3.Error) -> str:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return f"this takes longer than {LOOK_SECONDS:.0f} s on this gateway; ask for a shorter span"
        _log.info("a look at the kept records failed: %s", error)
        return self._kept.state().problem or f"the kept records cannot be read now ({error}); try again in a moment"
