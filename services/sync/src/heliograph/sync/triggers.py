"""What makes a connection to one server due, and when (spec 1.5, 3.3). No tasks, no waiting: only the decision."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.contract import Trigger
from heliograph.formats.schedule import ScheduleLine
from heliograph.runtime import Backoff, Clock
from heliograph.sync.calendar import next_instant

ALARM_SHARE_SECONDS: Final = 10.0
RETRY_FIRST_SECONDS: Final = 30.0
RETRY_MOST_SECONDS: Final = 900.0
TRIAL_MOST_SECONDS: Final = 120.0
"""A revision on trial is tried again no later than this (spec 1.7)."""
STEP_SECONDS: Final = 2.0
"""The wall clock went back by more than this since the last look: the schedule is computed anew."""
REPEAT_SECONDS: Final = 900.0
"""A clock that goes back by no more than this repeats nothing; further back, the schedule follows it: a connection too
many does no harm, but a plant that is silent until the clock has caught up does."""


@dataclass(frozen=True, slots=True)
class Due:
    """The next connection: in how many seconds, and why."""

    seconds: float
    trigger: Trigger


class Triggers:
    """The reasons to connect to one server. Times inside are of the monotonic clock, but the schedule's."""

    def __init__(self, clock: Clock, backoff: Backoff | None = None) -> None:
        self._clock = clock
        self._backoff = backoff or Backoff(RETRY_FIRST_SECONDS, RETRY_MOST_SECONDS)
        self._asked: dict[Trigger, float] = {}
        self._alarms_share_until = float("-inf")
        self._lines: tuple[ScheduleLine, ...] = ()
        self._zone = ZoneInfo("UTC")
        self._scheduled: dt.datetime | None = None
        self._looked = clock.time()
        self._served: tuple[float, float] | None = None
        """When the schedule last made a connection, by the wall clock and by the monotonic one."""

    @property
    def failures(self) -> int:
        """Failed connections in a row."""
        return self._backoff.failures

    def schedule(self, lines: Sequence[ScheduleLine], zone: ZoneInfo) -> None:
        """Take the lines of the server's schedule."""
        if (tuple(lines), zone) != (self._lines, self._zone):
            if self._until_schedule() == 0:  # what is due stays due
                self._asked.setdefault(Trigger.SCHEDULE, self._clock.monotonic())
            self._lines, self._zone = tuple(lines), zone
            self._reschedule()

    def start(self, seconds: float) -> None:
        """Ask for the connection of the gateway's start, in so many seconds."""
        at = self._clock.monotonic() + seconds
        self._asked[Trigger.START] = min(at, self._asked.get(Trigger.START, at))

    def request(self, trigger: Trigger = Trigger.REQUEST) -> None:
        """Ask for a connection now; one that runs already does not count."""
        self._asked.setdefault(trigger, self._clock.monotonic())

    def hurry(self, *, on_trial: bool, anew: bool = True) -> None:
        """Go at the pace of a trial, or no longer: the first try at once, the next after shorter waits (spec 1.7).

        `anew`: another trial than before.
        """
        most = TRIAL_MOST_SECONDS if on_trial else RETRY_MOST_SECONDS
        if most != self._backoff.most or (on_trial and anew):
            self._backoff.most = most
            self._backoff.reset()
            self._asked.pop(Trigger.RETRY, None)
        if on_trial and anew:
            self.request(Trigger.TRIAL)

    def alarm(self) -> None:
        """Ask for a connection because of an alarm: at once, or shared by all of the ten seconds after one."""
        now = self._clock.monotonic()
        if now >= self._alarms_share_until:
            self._alarms_share_until = now + ALARM_SHARE_SECONDS
            self._asked[Trigger.ALARM] = now
        else:
            self._asked.setdefault(Trigger.ALARM, self._alarms_share_until)

    def next(self) -> Due | None:
        """Return the connection that falls due first; 0 seconds when it is due now."""
        now = self._clock.monotonic()
        waits = [Due(max(0.0, self._paced(trigger, at) - now), trigger) for trigger, at in self._asked.items()]
        wait = self._until_schedule()
        if wait is not None:
            waits.append(Due(wait, Trigger.SCHEDULE))
        return min(waits, key=lambda due: due.seconds, default=None)

    def begun(self) -> None:
        """A connection begins: it serves everything that was asked for until now."""
        self._asked.clear()
        if self._until_schedule() == 0:
            self._served = (self._clock.time(), self._clock.monotonic())
            self._reschedule()

    def ended(self, *, failed: bool) -> None:
        """A connection ended: after a failure another follows, after growing waits."""
        if failed:
            self._asked[Trigger.RETRY] = self._clock.monotonic() + self._backoff.wait()
        else:
            self._backoff.reset()
            self._asked.pop(Trigger.RETRY, None)

    def _paced(self, trigger: Trigger, at: float) -> float:
        """Return when a connection may come: after a failed try of a trial only a person is quicker than the next one.

        Else a few alarms in a row, or a start without a network, would use up all tries in a moment.
        """
        on_trial = self._backoff.most == TRIAL_MOST_SECONDS
        retry = self._asked.get(Trigger.RETRY)
        return at if not on_trial or retry is None or trigger is Trigger.REQUEST else max(at, retry)

    def _until_schedule(self) -> float | None:
        """Seconds to the schedule's next instant by the wall clock, which may be set at any time."""
        now = self._clock.time()
        if now < self._looked - STEP_SECONDS:
            self._reschedule()
        self._looked = now
        return None if self._scheduled is None else max(0.0, self._scheduled.timestamp() - now)

    def _reschedule(self) -> None:
        try:
            after = dt.datetime.fromtimestamp(self._beginning(), dt.UTC)
        except (ValueError, OverflowError, OSError):  # a clock behind the end of the calendar
            self._scheduled = None
        else:
            self._scheduled = next_instant(self._lines, self._zone, after)

    def _beginning(self) -> float:
        """Return the time after which the schedule counts: now, or what was served before the clock went back a bit."""
        now = self._clock.time()
        if self._served is None:
            return now
        wall, monotonic = self._served
        gone_back = wall + self._clock.monotonic() - monotonic - now
        return max(now, wall) if gone_back <= REPEAT_SECONDS else now
