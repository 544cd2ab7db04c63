"""What makes a connection due (spec 1.5, 3.3), with a clock whose hands the test moves."""

import datetime as dt
from random import Random
from zoneinfo import ZoneInfo

import pytest

from heliograph.contract import Trigger
from heliograph.formats.schedule import ScheduleLine
from heliograph.runtime import Backoff
from heliograph.sync.triggers import Due, Triggers
from support.syncing import NOON, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def triggers(clock) -> Triggers:
    return Triggers(clock, Backoff(30, 900, jitter=0.0, random=Random(1)))


def due(triggers: Triggers) -> tuple[float, Trigger] | None:
    found = triggers.next()
    return None if found is None else (round(found.seconds, 3), found.trigger)


def test_nothing_asked_for_nothing_due(triggers):
    assert due(triggers) is None


def test_the_schedule_makes_one_due_and_the_next_after_it(triggers, clock):
    triggers.schedule([ScheduleLine(1, start=dt.time(12, 1), interval_minutes=1, count=100)], ZoneInfo("UTC"))
    assert due(triggers) == (60, Trigger.SCHEDULE)
    clock.move(61)
    assert due(triggers) == (0, Trigger.SCHEDULE)
    triggers.begun()
    assert due(triggers) == (59, Trigger.SCHEDULE)


def test_the_schedule_follows_a_clock_that_is_set_back_or_forward(triggers, clock):
    triggers.schedule([ScheduleLine(1, start=dt.time(13))], ZoneInfo("UTC"))
    assert due(triggers) == (3600, Trigger.SCHEDULE)
    clock.set(NOON - 86400 * 400)
    assert due(triggers) == (3600, Trigger.SCHEDULE)
    clock.set(NOON + 86400 * 3650)
    assert due(triggers) == (0, Trigger.SCHEDULE)
    triggers.begun()
    assert due(triggers) == (3600, Trigger.SCHEDULE)


def test_an_alarm_connects_at_once_and_those_of_the_next_ten_seconds_share_one_more(triggers, clock):
    triggers.alarm()
    assert due(triggers) == (0, Trigger.ALARM)
    triggers.begun()
    for _ in range(3):
        clock.move(2)
        triggers.alarm()
    assert due(triggers) == (4, Trigger.ALARM)
    clock.move(4)
    assert due(triggers) == (0, Trigger.ALARM)
    triggers.begun()
    triggers.ended(failed=False)
    assert due(triggers) is None


def test_failures_are_retried_ever_more_slowly_until_one_succeeds(triggers, clock):
    waits = []
    triggers.request()
    for _ in range(8):
        triggers.begun()
        triggers.ended(failed=True)
        waits.append(due(triggers)[0])
        clock.move(waits[-1])
        assert due(triggers) == (0, Trigger.RETRY)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert triggers.failures == 8
    triggers.begun()
    triggers.ended(failed=False)
    assert (due(triggers), triggers.failures) == (None, 0)


def test_the_schedule_goes_on_beside_the_retries(triggers, clock):
    triggers.schedule([ScheduleLine(1, start=dt.time(12, 0, 10))], ZoneInfo("UTC"))
    triggers.begun()
    triggers.ended(failed=True)
    assert due(triggers) == (10, Trigger.SCHEDULE)


def test_a_request_during_a_connection_makes_one_more_follow(triggers):
    triggers.request()
    triggers.begun()
    triggers.request()
    triggers.request()
    triggers.ended(failed=False)
    assert due(triggers) == (0, Trigger.REQUEST)
    triggers.begun()
    triggers.ended(failed=False)
    assert due(triggers) is None


def test_the_start_waits_its_share(triggers, clock):
    triggers.start(42)
    assert due(triggers) == (42, Trigger.START)
    clock.move(42)
    assert due(triggers) == (0, Trigger.START)


def test_a_changed_server_is_tried_at_once_though_its_share_of_the_start_is_not_over(triggers):
    triggers.start(55)
    assert due(triggers) == (55, Trigger.START)
    triggers.start(0)
    assert due(triggers) == (0, Trigger.START)
    triggers.start(55)
    assert due(triggers) == (0, Trigger.START)


def test_on_trial_alarms_and_starts_keep_the_pace_of_the_tries_and_a_person_does_not(triggers, clock):
    triggers.hurry(on_trial=True)
    assert triggers.next() == Due(0.0, Trigger.TRIAL)
    triggers.begun()
    triggers.ended(failed=True)
    triggers.start(0)
    triggers.alarm()
    due = triggers.next()
    assert 15 < due.seconds <= 30, "a few alarms in a row must not use up the tries"
    triggers.request()
    assert triggers.next() == Due(0.0, Trigger.REQUEST)
    triggers.begun()
    triggers.ended(failed=True)
    triggers.hurry(on_trial=True, anew=False)
    assert triggers.next().seconds > 15, "a later edit on top is no other trial"
    triggers.hurry(on_trial=True)
    assert triggers.next() == Due(0.0, Trigger.TRIAL)
