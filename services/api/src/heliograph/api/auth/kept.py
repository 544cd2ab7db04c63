"""Rows kept in one file of the state directory: read at the start, written as a whole before a change holds."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from heliograph.api.errors import Silent
from heliograph.runtime import EventLog, write_atomically

Row = TypeVar("Row")


class Kept(Generic[Row]):
    """The rows of one file, closed to others (mode 0600)."""

    def __init__(self, path: Path, adapter: TypeAdapter[tuple[Row, ...]], events: EventLog) -> None:
        self._path = path
        self._aside = path.with_name(f"{path.name}.broken")
        self._adapter = adapter
        """Of the rows, as they are written."""
        self._events = events
        self._turn = asyncio.Lock()
        self.was_broken = False
        """Whether the file could not be understood, now or at an earlier start, and nothing took its place."""
        self.rows = self._read()

    async def change(self, make: Callable[[tuple[Row, ...]], tuple[Row, ...]]) -> None:
        """Put other rows in the place of these; they hold when they are on the disk. Raises what `make` does, `Silent`.

        Changes come one after the other, and each sees what the one before made.
        """
        async with self._turn:
            rows = make(self.rows)
            if rows != self.rows:
                await self._write(rows)
                self.rows = rows

    async def _write(self, rows: tuple[Row, ...]) -> None:
        content = self._adapter.dump_json(rows, indent=1)
        try:
            await asyncio.to_thread(write_atomically, self._path, content, 0o600)
        except OSError as error:
            text = f"{self._path.name} could not be written, and nothing was changed: {error.strerror}"
            self._events.error(text)
            raise Silent(f"{text}. Look after the disk of the gateway.") from error

    def _read(self) -> tuple[Row, ...]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            self.was_broken = self._aside.exists()
            return ()
        try:
            return self._adapter.validate_json(content)
        except ValidationError:
            self._put_aside()
            return ()

    def _put_aside(self) -> None:
        self.was_broken = True
        self._path.replace(self._aside)
        self._events.error(
            f"{self._path.name} could not be understood: it lies as {self._aside.name} beside, and is empty now"
        )
