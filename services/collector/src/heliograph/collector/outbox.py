"""The outbox for the event loop: one thread owns the file; opening is tried again until the disk allows it."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar, get_args

from heliograph.collector import runs
from heliograph.collector.drafts import Draft, Verdict
from heliograph.collector.errors import OutboxUnavailable
from heliograph.collector.outbox_file import DEVICE_LIMIT_BYTES, Entry, OutboxFile, StreamName

FILE_NAME: Final = "outbox.sqlite3"

T = TypeVar("T")


class Outbox:
    """Holds records, alarms and changes from their commit to the confirmation of the bus, and set points to their end.

    Every coroutine raises `OutboxUnavailable` when the disk refuses, and opens the file first where it is not open.
    """

    def __init__(self, directory: Path, total_limit: int, device_limit: int = DEVICE_LIMIT_BYTES) -> None:
        self.path = directory / FILE_NAME
        self._limits = (total_limit, device_limit)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._file: OutboxFile | None = None
        self.news: dict[StreamName, asyncio.Event] = {name: asyncio.Event() for name in get_args(StreamName)}
        """Set when something was committed for the bus."""
        self.on_moved_aside: Callable[[Path], None] = lambda _: None
        """Told in the event loop where a damaged file was put."""

    async def append(self, drafts: Sequence[Draft]) -> list[Verdict]:
        """Commit drafts in order, all or none; tell what became of each."""
        verdicts = await self._in_thread(lambda file: file.append(drafts))
        for news in self.news.values():
            news.set()
        return verdicts

    async def take(self, stream: StreamName, most: int, most_bytes: int) -> list[Entry]:
        """Return the oldest entries of a stream; they stay until `remove`."""
        return await self._in_thread(lambda file: file.take(stream, most, most_bytes))

    async def remove(self, stream: StreamName, entries: Sequence[Entry]) -> None:
        """Let go of entries that the bus has confirmed."""
        await self._in_thread(lambda file: file.remove(stream, entries))

    async def known(self) -> dict[tuple[str, str], str]:
        """Return the last known raw values (JSON) by device name and Index."""
        return await self._in_thread(lambda file: file.known())

    async def set_points(self) -> list[bytes]:
        """Return what is kept of every set point."""
        return await self._in_thread(lambda file: file.set_points())

    def is_recorded(self, device: str, date: int) -> bool:
        """Tell whether a device's record of this date was committed, as far as is known now."""
        return self._file is not None and runs.holds(self._file.recorded.get(device, ()), date)

    @property
    def waiting(self) -> int:
        """Records, alarms and changes that the bus has not confirmed."""
        return self._file.waiting if self._file else 0

    @property
    def is_full(self) -> bool:
        """Whether a limit is reached or near."""
        return self._file is not None and self._file.is_full()

    async def close(self) -> None:
        """Let go of the file and the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[OutboxFile], T]) -> T:
        loop = asyncio.get_running_loop()
        opened = self._file
        try:
            return await asyncio.shield(loop.run_in_executor(self._thread, self._with_file, work))
        finally:
            if self._file is not opened and self._file is not None and self._file.moved_aside is not None:
                self.on_moved_aside(self._file.moved_aside)

    def _with_file(self, work: Callable[[OutboxFile], T]) -> T:
        if self._file is None:
            self._file = OutboxFile(self.path, *self._limits)
        try:
            return work(self._file)
        except OutboxUnavailable:
            self._close()  # a new opening tells a damaged file from a full disk, and mends what can be mended
            raise

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
