"""A wall clock that is set while the gateway waits for its schedule: nothing is missed for long, nothing repeated."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.contract import Trigger
from heliograph.formats.schedule import DayType, ScheduleLine
from heliograph.sync.calendar import next_instant
from heliograph.sync.triggers import REPEAT_SECONDS, Triggers
from support.syncing import NOON, HandClock

UTC = ZoneInfo("UTC")
LOOK_SECONDS = 20.0
HOURLY = ScheduleLine(1, DayType.EVERYDAY, dt.time(0, 0), 60, 24)
DAILY = ScheduleLine(1, DayType.EVERYDAY, dt.time(13, 0))


class Waiting:
    """A server's task as it waits: it looks at least every twenty seconds, and connects when it is due."""

    def __init__(self, *lines: ScheduleLine, start: float = NOON) -> None:
        self.clock = HandClock(start)
        self.triggers = Triggers(self.clock)
        self.triggers.schedule(lines, UTC)
        self.made: list[float] = []
        """The wall clock at each connection."""

    def wait(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            due = self.triggers.next()
            if due is not None and due.seconds == 0:
                assert due.trigger is Trigger.SCHEDULE
                self.made.append(self.clock.time())
                self.triggers.begun()
                self.triggers.ended(failed=False)
                continue
            wait = LOOK_SECONDS if due is None else min(due.seconds, LOOK_SECONDS)
            self.clock.move(min(wait, end - self.clock.monotonic()))

    def step(self, seconds: float) -> None:
        self.clock.set(self.clock.time() + seconds)


def instants(lines, after: float, until: float) -> list[float]:
    found, moment = [], dt.datetime.fromtimestamp(after, dt.UTC)
    while (moment := next_instant(lines, UTC, moment)) is not None and moment.timestamp() < until:
        found.append(moment.timestamp())
    return found


def clock_times(made: list[float]) -> list[str]:
    return [f"{dt.datetime.fromtimestamp(moment, dt.UTC):%d %H:%M}" for moment in made]


lines_strategy = st.lists(
    st.builds(
        ScheduleLine,
        id=st.just(1),
        start=st.builds(dt.time, st.integers(9, 14), st.integers(0, 59)),
        interval_minutes=st.integers(2, 60),
        count=st.integers(1, 300),
    ),
    min_size=1,
    max_size=3,
)
# Never on an instant of the schedule, which are whole minutes: what happens first then is of no interest.
waits = st.integers(0, 6 * 3600).map(lambda seconds: seconds + 0.5)


def steps(least: int, most: int) -> st.SearchStrategy[float]:
    return st.integers(least, most).map(lambda seconds: seconds + 0.25)


@settings(deadline=None, max_examples=60)
@given(lines=lines_strategy, wait=waits)
def test_without_a_step_each_instant_makes_one_connection(lines, wait):
    waiting = Waiting(*lines)
    waiting.wait(wait)
    assert waiting.made == pytest.approx(instants(lines, NOON, NOON + wait), abs=0.001)


@settings(deadline=None, max_examples=80)
@given(lines=lines_strategy, before=waits, step=steps(3, 400 * 86_400), wait=waits)
def test_a_step_forward_makes_one_connection_of_all_that_was_missed(lines, before, step, wait):
    waiting = Waiting(*lines)
    waiting.wait(before)
    made, now = len(waiting.made), waiting.clock.time()
    waiting.step(step)
    missed = instants(lines, now, now + step)
    waiting.wait(wait)
    at_once = [now + step] if missed else []
    assert waiting.made[made:] == pytest.approx(at_once + instants(lines, now + step, now + step + wait), abs=0.001)


@settings(deadline=None, max_examples=80)
@given(lines=lines_strategy, before=waits, step=steps(0, int(REPEAT_SECONDS) - 1), wait=waits)
@example(lines=[HOURLY], before=3605.5, step=60.25, wait=4000.5)
def test_a_small_step_back_repeats_no_connection(lines, before, step, wait):
    """As the gateway does whose clock ran fast since it lost the network: the server hears of it once an instant."""
    waiting = Waiting(*lines)
    waiting.wait(before)
    now = waiting.clock.time()
    waiting.step(-step)
    waiting.wait(wait)
    ran = instants(lines, NOON, now)
    rest = instants(lines, max([now - step, *ran[-1:]]), now - step + wait)
    assert len({*ran, *rest}) == len(waiting.made)
    assert waiting.made == pytest.approx(ran + rest, abs=0.001)


@settings(deadline=None, max_examples=80)
@given(lines=lines_strategy, before=waits, step=steps(7 * 3600, 400 * 86_400), wait=waits)
def test_after_a_large_step_back_the_schedule_follows_the_clock(lines, before, step, wait):
    """Silence until the clock has caught up would last for as long as it was wrong: years, after a flat battery."""
    waiting = Waiting(*lines)
    waiting.wait(before)
    made, now = len(waiting.made), waiting.clock.time()
    waiting.step(-step)
    waiting.wait(wait)
    assert waiting.made[made:] == pytest.approx(instants(lines, now - step, now - step + wait), abs=0.001)


def test_a_clock_that_goes_back_a_second_after_the_connection_makes_no_second_one():
    waiting = Waiting(HOURLY)
    waiting.wait(3601)
    waiting.step(-5)
    waiting.wait(3700)
    assert clock_times(waiting.made) == ["01 13:00", "01 14:00"]


def test_hours_back_an_hourly_schedule_goes_on_hourly():
    waiting = Waiting(HOURLY)
    waiting.wait(2 * 3600 + 60)
    waiting.step(-3 * 3600)
    waiting.wait(2 * 3600)
    assert clock_times(waiting.made) == ["01 13:00", "01 14:00", "01 12:00", "01 13:00"]


def test_hours_forward_and_back_again_a_daily_schedule_makes_no_more_than_one_connection_too_many():
    waiting = Waiting(DAILY)
    waiting.wait(60)
    waiting.step(5 * 3600)
    waiting.wait(600)
    waiting.step(-5 * 3600)
    waiting.wait(2 * 3600)
    assert clock_times(waiting.made) == ["01 17:01", "01 13:00"]


def test_a_step_back_past_an_instant_that_is_still_to_come_changes_nothing():
    waiting = Waiting(DAILY)
    waiting.step(-600)
    waiting.wait(3600 + 700)
    assert clock_times(waiting.made) == ["01 13:00"]


@pytest.mark.parametrize("wall", [-(10**9), 0, 253_402_300_799.0, 10.0**12, 1e18])
def test_a_clock_at_either_end_of_the_calendar_stops_nothing(wall):
    waiting = Waiting(HOURLY)
    waiting.clock.set(wall)
    waiting.wait(100)
    waiting.clock.set(NOON)
    made = len(waiting.made)
    waiting.wait(3700)
    missed = ["01 12:00"] if wall < NOON else []
    assert clock_times(waiting.made[made:]) == [*missed, "01 13:00"]


def test_what_is_due_stays_due_when_the_schedule_changes_at_that_moment():
    """A revision that comes at noon must not cost the connection of noon: the next may be a day away."""
    waiting = Waiting(DAILY)
    waiting.clock.move(3600.5)
    waiting.triggers.schedule([ScheduleLine(1, DayType.EVERYDAY, dt.time(12))], UTC)
    waiting.wait(60)
    assert clock_times(waiting.made) == ["01 13:00"]
