"""The set points that the collector keeps, in memory and on its disk: on the disk before a value goes to its device.

The disk is the outbox's file, so that the end of one and what is told of it are one commit. Where the disk refuses, a
new set point is refused; what ends or lapses goes on all the same and is written down when the disk allows it again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

from heliograph.collector.drafts import Draft, SetPointDraft, Verdict
from heliograph.collector.errors import NotNow, OutboxUnavailable, Refusal
from heliograph.collector.setpoint import NEVER, SetPoint, read_set_point
from heliograph.contract import SetPointState
from heliograph.runtime import Backoff, Clock, EventLog

MOST_SET_POINTS: Final = 1000
WAIT_SECONDS: Final = 25.0
"""So long a write waits for an earlier one to the same device."""
LOOK_SECONDS: Final = 0.25


class Disk(Protocol):
    """What keeps them: the outbox."""

    @property
    def append(self) -> Callable[[Sequence[Draft]], Awaitable[list[Verdict]]]:
        """Commit drafts, all or none. Raises `OutboxUnavailable`."""
        ...

    @property
    def set_points(self) -> Callable[[], Awaitable[list[bytes]]]:
        """Return what is kept. Raises `OutboxUnavailable`."""
        ...


class SetPoints:
    """By device and variable."""

    def __init__(self, disk: Disk, clock: Clock, events: EventLog) -> None:
        self._disk = disk
        self._clock = clock
        self._events = events
        self._points: dict[tuple[str, str], SetPoint] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._owed: deque[Draft] = deque()
        """What the disk has not taken yet, oldest first."""
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Read what the disk keeps; what cannot be read is told and left there."""
        try:
            bodies = await self._disk.set_points()
        except OutboxUnavailable as error:
            self._events.error(f"the set points cannot be read: {error}")
            return
        for body in bodies:
            try:
                point = read_set_point(body, self._clock)
            except ValueError as error:
                self._events.error(f"a set point on the disk cannot be read: {str(error).partition(chr(10))[0]}")
            else:
                self._points[point.key] = point

    @asynccontextmanager
    async def turn(self, device: str) -> AsyncIterator[None]:
        """Be the only one that changes a device and its set points. Raises `NotNow` where an earlier one lasts."""
        lock = self._locks[device]
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise NotNow(f"an earlier write to the device lasts longer than {WAIT_SECONDS:g} s") from None
        try:
            yield
        finally:
            lock.release()

    def of(self, device: str, variable: str) -> SetPoint | None:
        """Return the set point of a variable."""
        return self._points.get((device, variable))

    def all(self) -> list[SetPoint]:
        """Return every set point."""
        return list(self._points.values())

    def of_device(self, device: str) -> list[SetPoint]:
        """Return the set points of a device."""
        return [point for point in self._points.values() if point.device == device]

    def answers(self, device: str) -> None:
        """Learn that a device answers again, or for the first time: what is in force is to be written again."""
        for point in self.of_device(device):
            point.want(self._clock.monotonic())

    def disturbed(self, device: str) -> None:
        """Learn that another master wrote to a device: what is in force may no longer be there."""
        for point in self.of_device(device):
            point.seen_at = NEVER

    async def keep(self, point: SetPoint) -> None:
        """Keep a set point instead of an earlier one of its variable: it is on the disk then. Raises `Refusal`."""
        if point.key not in self._points and len(self._points) >= MOST_SET_POINTS:
            raise Refusal(f"{MOST_SET_POINTS} values with a lifetime are kept already, the most there may be")
        try:
            await self._write([point.draft(self._clock)])
        except OutboxUnavailable as error:
            raise Refusal(
                f"nothing was written: the value and its fallback cannot be kept on the disk: {error}"
            ) from None
        point.kept_due = point.due
        self._points[point.key] = point

    def prolong(self, point: SetPoint, due: float) -> None:
        """Let a set point live on; the disk learns of it now and then."""
        point.due = due
        if point.lags():
            point.kept_due = due
            self.owe([point.draft(self._clock)])

    def put_back(self, key: tuple[str, str], before: SetPoint | None) -> None:
        """Have again what was kept before, or nothing."""
        if before is None:
            self.end(key)
        else:
            self._points[key] = before
            self.owe([before.draft(self._clock)])

    def end(self, key: tuple[str, str], *told: Draft) -> None:
        """Keep a set point no more."""
        if self._points.pop(key, None) is not None:
            self.owe([SetPointDraft(*key), *told])

    def owe(self, drafts: Iterable[Draft]) -> None:
        """Have something written as one commit, now or as soon as the disk allows it."""
        self._owed.extend(drafts)

    async def flush(self) -> bool:
        """Write what is owed; tell whether nothing is."""
        try:
            await self._write([])
        except OutboxUnavailable:
            return False
        return True

    async def run(self) -> None:
        """Write what is owed, for ever; a disk that refuses is tried again."""
        backoff = Backoff(1, 30)
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            if self._owed:
                if await self.flush():
                    backoff.reset()
                else:
                    await self._clock.sleep(backoff.wait())

    def states(self) -> tuple[SetPointState, ...]:
        """Tell how each is doing, those that lapsed first."""
        points = sorted(self._points.values(), key=lambda point: (not point.lapsed, point.due))
        return tuple(point.state(self._clock) for point in points)

    async def _write(self, drafts: Sequence[Draft]) -> None:
        """Commit what is owed, and this behind it. Raises `OutboxUnavailable`."""
        async with self._writing:
            owed, self._owed = list(self._owed), deque()
            if not owed and not drafts:
                return
            try:
                await self._disk.append([*owed, *drafts])
            except BaseException:
                self._owed.extendleft(reversed(owed))
                raise
