"""One serial line or host and port: its one owner, and the turns of the devices behind it (spec 2.3).

One task polls, device by device; what is asked on demand goes between two polls, ahead of them, and what other masters
send through a forwarded port takes turns with the polls. While the port or the connection is away only the line itself
tries again, whatever the devices wait for.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final, TypeVar

from heliograph.collector.links import Link, LinkDown
from heliograph.collector.turns import Guest, Turn
from heliograph.contract import LineState
from heliograph.runtime import Clock, EventLog

FAILURES_TO_REST: Final = 3
LEAST_RETRY_SECONDS: Final = 0.2
IDLE_SECONDS: Final = 60.0
FAULT_SECONDS: Final = 60.0
UTILISATION_SECONDS: Final = 60.0

T = TypeVar("T")

_log = logging.getLogger("heliograph.collector")


@dataclass(slots=True)
class _Job:
    work: Callable[[Link], Awaitable[Any]]
    answer: "asyncio.Future[Any]"


class Line:
    """The owner of one link."""

    def __init__(self, link: Link, clock: Clock, events: EventLog) -> None:
        self.link = link
        self.name = link.name
        self._clock = clock
        self._events = events
        self._members: set[Turn] = set()
        """The devices behind this line."""
        self._turns: list[tuple[float, int, Turn]] = []
        """A heap of those whose turn is not under way, who waits longest first."""
        self._numbers = count()
        self._jobs: deque[_Job] = deque()
        self._late_jobs: deque[_Job] = deque()
        """For devices that are silent: whoever else waits is served before."""
        self._guest: Guest | None = None
        self._guest_is_next = True
        """Guests and turns alternate while both wait."""
        self._news = asyncio.Event()
        self._failures = 0
        self._cause = ""
        self._retry_at = 0.0
        self._ending = False
        self._since = clock.monotonic()
        self._busy: deque[tuple[float, float]] = deque(maxlen=64)
        link.on_drop = self._dropped

    def add(self, turn: Turn) -> None:
        """Let a device take turns from now on."""
        self._members.add(turn)
        heappush(self._turns, (turn.due, next(self._numbers), turn))
        self._news.set()

    def remove(self, turn: Turn) -> None:
        """Let a device take no more turns; one under way is finished."""
        self._members.discard(turn)
        self._turns = [entry for entry in self._turns if entry[2] is not turn]
        self._turns.sort()

    async def ask(self, work: Callable[[Link], Awaitable[T]], *, last: bool = False) -> T:
        """Do something with the link between two polls, ahead of them; raises what `work` raises.

        All of `work` is one turn: nothing else goes over the line until it is done. `last` lets what others ask go
        before.
        """
        job = _Job(work, asyncio.get_running_loop().create_future())
        (self._late_jobs if last else self._jobs).append(job)
        self._news.set()
        answer: T = await job.answer
        return answer

    def invite(self, guest: Guest | None) -> None:
        """Let others send requests to the line, or nobody any more."""
        self._guest = guest
        if guest is not None:
            guest.wake = self._news.set
            self._news.set()

    def end(self) -> None:
        """Finish the turn that is under way and what was asked on demand, and end then."""
        self._ending = True
        self._news.set()

    async def run(self) -> None:
        """Own the link until `end` or a cancellation, then close it."""
        try:
            while (jobs := self._jobs or self._late_jobs) or not self._ending:
                if jobs:
                    await self._do(jobs.popleft())
                    continue
                seconds = self._seconds_to_next()
                if self._guest is not None and self._guest.waits and (self._guest_is_next or seconds > 0):
                    self._guest_is_next = False
                    await self._pass_one(self._guest)
                elif seconds > 0:
                    await self._wait(seconds)
                else:
                    self._guest_is_next = True
                    await self._next()
        finally:
            for job in (*self._jobs, *self._late_jobs):
                _refuse(job, LinkDown(f"{self.name}: closed"))
            with suppress(Exception):
                await self.link.close()

    def state(self) -> LineState:
        """Tell how the line is doing."""
        counters = self.link.counters
        return LineState(
            name=self.name,
            open=not self._cause and counters.connections > 0,
            cause=self._cause,
            requests=counters.requests,
            utilisation=self._utilisation(self._clock.monotonic(), counters.busy_seconds),
            forwarding=None if self._guest is None else self._guest.state(),
        )

    async def _next(self) -> None:
        """Give the device that waits longest its turn."""
        _, _, turn = heappop(self._turns)
        try:
            await turn.turn(self.link, shared=len(self._members) > 1)
        except LinkDown as down:
            turn.due = self._clock.monotonic()
            self._down(down)
        except Exception:  # noqa: BLE001  # a fault of ours with one device must not end the line for the others
            _log.exception("%s: a turn failed", self.name)
            turn.due = self._clock.monotonic() + FAULT_SECONDS
        else:
            self._up()
        if turn in self._members:
            heappush(self._turns, (turn.due, next(self._numbers), turn))

    async def _pass_one(self, guest: Guest) -> None:
        """Pass a request of another master on; while devices are polled here, they alone tell how the line is."""
        try:
            await guest.pass_one(self.link, shared=bool(self._members))
        except LinkDown as down:
            if not self._members:
                self._down(down)
        except Exception:  # noqa: BLE001  # as with a turn
            _log.exception("%s: a forwarded request failed", self.name)
        else:
            if not self._members:
                self._up()

    async def _do(self, job: _Job) -> None:
        if job.answer.cancelled():
            return
        try:
            result = await job.work(self.link)
        except asyncio.CancelledError:
            _refuse(job, LinkDown(f"{self.name}: closed"))
            raise
        except Exception as error:  # noqa: BLE001  # whoever asked gets whatever went wrong
            _refuse(job, error)
        else:
            if not job.answer.done():
                job.answer.set_result(result)

    def _seconds_to_next(self) -> float:
        if not self._turns:
            return IDLE_SECONDS
        due = self._retry_at if self._cause else self._turns[0][0]
        return due - self._clock.monotonic()

    async def _wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as somebody asks."""
        self._news.clear()
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        sleeper.add_done_callback(lambda _: self._news.set())
        try:
            await self._news.wait()
        finally:
            sleeper.cancel()

    def _down(self, down: LinkDown) -> None:
        self._failures += 1
        self._cause = down.cause
        self._retry_at = self._clock.monotonic() + max(LEAST_RETRY_SECONDS, down.retry_in)
        if self._failures == FAILURES_TO_REST:
            self._events.warning(f"{self.name} is away: {down.cause}; tried again until it is back")
        if self._failures >= FAILURES_TO_REST:
            for turn in self._members:
                turn.link_lost(down.cause)

    def _up(self) -> None:
        if not self._cause:
            return
        if self._failures >= FAILURES_TO_REST:
            self._events.info(f"{self.name} is back after {self._failures} failed tries")
            for turn in self._members:
                turn.link_found()
            self._turns = [(turn.due, number, turn) for _, number, turn in self._turns]
            self._turns.sort()
        self._failures, self._cause = 0, ""

    def _dropped(self, unit: int, kind: str) -> None:
        for turn in self._members:
            turn.count_drop(unit, kind)
        if self._guest is not None:
            self._guest.count_drop(unit, kind)

    def _utilisation(self, now: float, busy: float) -> float | None:
        """Return the busy share of the time since a look up to a minute ago."""
        while len(self._busy) > 1 and self._busy[1][0] <= now - UTILISATION_SECONDS:
            self._busy.popleft()
        before, then = self._busy[0] if self._busy else (self._since, 0.0)
        self._busy.append((now, busy))
        return min(1.0, max(0.0, (busy - then) / (now - before))) if now > before else None


def _refuse(job: _Job, error: Exception) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
