"""Schedules round every change of the clocks, second by second, and over the days of a century (spec 1.8).

The reference is a clock on the wall: a line fires at the first second at which the clock shows its time or is past it.
"""

import datetime as dt
from bisect import bisect_left
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.formats import parse_schedules
from heliograph.formats.schedule import DayType, ScheduleLine
from heliograph.sync.calendar import next_instant

SECOND = dt.timedelta(seconds=1)
SECONDS = [second * SECOND for second in range(60)]
DAY = dt.timedelta(days=1)
HOURS_BEFORE, HOURS_AFTER = 26, 26
CHANGES = [
    ("Europe/Paris", "2024-03-31 01:00"), ("Europe/Paris", "2024-10-27 01:00"),
    ("America/New_York", "2024-03-10 07:00"), ("America/New_York", "2024-11-03 06:00"),
    ("Australia/Lord_Howe", "2024-10-05 15:30"), ("Australia/Lord_Howe", "2024-04-06 15:00"),  # by half an hour
    ("Antarctica/Troll", "2024-03-31 01:00"), ("Antarctica/Troll", "2024-10-27 01:00"),  # by two hours
    ("America/Havana", "2024-03-10 05:00"), ("America/Havana", "2024-11-03 05:00"),  # at midnight, and back to it
    ("Asia/Beirut", "2024-03-30 22:00"), ("Asia/Beirut", "2024-10-26 21:00"),  # at midnight, and back before it
    ("America/Santiago", "2024-09-08 04:00"), ("America/Santiago", "2024-04-07 03:00"),
    ("America/St_Johns", "2010-03-14 03:31"), ("America/St_Johns", "2010-11-07 02:31"),  # a minute past midnight
    ("Africa/Casablanca", "2024-03-10 02:00"), ("Africa/Casablanca", "2024-04-14 02:00"),  # the other way round
    ("Asia/Kathmandu", "2024-01-01 00:00"), ("UTC", "2024-02-29 00:00"), ("Asia/Pyongyang", "2018-05-04 15:00"),
]  # fmt: skip


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@cache
def walk(zone: str, change: str) -> tuple[dt.datetime, list[dt.datetime]]:
    """Return the first second of a walk, and the latest that a clock on the wall has shown at each of them."""
    start = at(change) - HOURS_BEFORE * 60 * 60 * SECOND
    minutes = (start + n * 60 * SECOND for n in range((HOURS_BEFORE + HOURS_AFTER) * 60))
    walls = (wall for minute in minutes for wall in shown_in(minute, ZoneInfo(zone)))
    return start, list(accumulate(walls, max))


def shown_in(minute: dt.datetime, zone: ZoneInfo) -> list[dt.datetime]:
    """What a clock on the wall shows at each second of a minute: most have no change, and are not asked one by one."""
    first, last = (moment.astimezone(zone).replace(tzinfo=None) for moment in (minute, minute + 59 * SECOND))
    if last - first == 59 * SECOND:
        return [first + second for second in SECONDS]
    return [(minute + second).astimezone(zone).replace(tzinfo=None) for second in SECONDS]


def is_active(kind: str, day: dt.date) -> bool:
    if kind in {"first", "middle", "last"}:
        return {"first": day.day == 1, "middle": day.day == 15, "last": (day + DAY).day == 1}[kind]
    return kind == "everyday" or day.strftime("%A").lower() == kind


def times(lines, day: dt.date) -> set[dt.datetime]:
    midnight = dt.datetime.combine(day, dt.time())
    found = set()
    for line in lines:
        for k in range(line.count if is_active(line.type, day) else 0):
            time = dt.datetime.combine(day, line.start) + k * line.interval_minutes * 60 * SECOND
            if time >= midnight + DAY:
                break
            found.add(time)
    return found


def reference(lines, zone: str, change: str) -> list[dt.datetime]:
    start, shown = walk(zone, change)
    days = {shown[0].date() + n * DAY for n in range(-1, 5)}
    wanted = {time for day in days for time in times(lines, day) if shown[0] < time <= shown[-1]}
    return sorted({start + bisect_left(shown, time) * SECOND for time in wanted})


def found(lines, zone: str, change: str) -> list[dt.datetime]:
    after, end = walk(zone, change)[0], walk(zone, change)[0] + (HOURS_BEFORE + HOURS_AFTER) * 3600 * SECOND - SECOND
    instants = []
    while (after := next_instant(lines, ZoneInfo(zone), after)) is not None and after <= end:
        instants.append(after)
    return instants


near = st.one_of(
    st.times().map(lambda time: time.replace(microsecond=0)),
    st.builds(dt.time, st.sampled_from([0, 1, 2, 3, 22, 23]), st.sampled_from([0, 1, 29, 30, 31, 59]), st.just(0)),
    st.builds(dt.time, st.sampled_from([0, 1, 2, 3, 22, 23]), st.integers(0, 59), st.integers(0, 59)),
)
line = st.builds(
    ScheduleLine,
    id=st.just(1),
    type=st.sampled_from([DayType.EVERYDAY, *DayType]),
    start=near,
    interval_minutes=st.one_of(st.sampled_from([1, 7, 15, 30, 60, 90, 1439, 1440]), st.integers(1, 1440)),
    count=st.one_of(st.sampled_from([0, 1, 2, 24, 1440, 86_400]), st.integers(0, 50)),
)


@settings(deadline=None, max_examples=30)
@given(lines=st.lists(line, min_size=1, max_size=4), change=st.sampled_from(CHANGES))
@example(lines=[ScheduleLine(1, DayType.EVERYDAY, dt.time(), 1, 86_400)], change=CHANGES[4])
def test_same_instants_as_a_walk_through_every_second(lines, change):
    assert found(lines, *change) == reference(lines, *change)


@pytest.mark.parametrize("change", CHANGES)
def test_every_quarter_of_an_hour_round_each_change(change):
    """None is lost, none comes twice: those that do not exist fall together at the first second that does."""
    lines = [ScheduleLine(1, DayType.EVERYDAY, dt.time(), 15, 96)]
    instants = found(lines, *change)
    assert instants == reference(lines, *change)
    assert len(set(instants)) == len(instants) >= 4 * (HOURS_BEFORE + HOURS_AFTER - 4)


@settings(deadline=None, max_examples=80)
@given(
    lines=st.lists(line, min_size=1, max_size=3),
    day=st.one_of(
        st.dates(dt.date(1990, 1, 1), dt.date(2120, 1, 1)),
        st.sampled_from([dt.date(2000, 2, 28), dt.date(2024, 2, 28), dt.date(2100, 2, 27), dt.date(2023, 12, 30)]),
    ),
)
def test_the_days_of_sixty_days(lines, day):
    """Month ends, leap days, turns of the year: the active days, each of them and no other."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    wanted = sorted({time for n in range(60) for time in times(lines, day + n * DAY)})
    wanted = [time.replace(tzinfo=dt.UTC) for time in wanted if time.replace(tzinfo=dt.UTC) > start]
    for number, instant in [*enumerate(wanted)][:: max(1, len(wanted) // 50)]:
        after = wanted[number - 1] if number else start
        assert next_instant(lines, ZoneInfo("UTC"), after) == instant
        assert next_instant(lines, ZoneInfo("UTC"), instant - SECOND) == instant


@pytest.mark.parametrize("kind", DayType)
def test_each_type_fires_on_its_days_of_four_years(kind):
    days, after = [], at("2023-12-31 23:59")
    while (after := next_instant([ScheduleLine(1, kind)], ZoneInfo("UTC"), after)) < at("2028-01-01 00:00"):
        days.append(after.date())
    every = [dt.date(2024, 1, 1) + n * DAY for n in range(4 * 365 + 1)]
    assert days == [day for day in every if is_active(kind, day)]


@settings(deadline=None, max_examples=30)
@given(first=st.lists(line, max_size=3), second=st.lists(line, max_size=3), mixed=st.randoms(use_true_random=False))
def test_the_two_lists_of_a_file_are_independent(first, second, mixed):
    """In whatever order their lines stand, and with the same Ids and numbers in both."""
    rows = [
        f"{name}[{n}]={n}|{one.type.upper()}|{one.start:%H:%M:%S}|{one.interval_minutes}|{one.count}"
        for name, lines in (("SCHEDULE_Params", first), ("SCHEDULE2_Params", second))
        for n, one in enumerate(lines)
    ]
    mixed.shuffle(rows)
    schedules, findings = parse_schedules("\n".join(rows).encode(), "x")
    assert findings == []
    change = CHANGES[0]
    assert found(schedules.server1, *change) == reference(first, *change)
    assert found(schedules.server2, *change) == reference(second, *change)
