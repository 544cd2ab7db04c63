"""The schedule against a slow and obvious reference: a walk through every minute with a clock on the wall."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats.schedule import DayType, ScheduleLine
from heliograph.sync.calendar import default_line, next_instant, start_share

UTC = ZoneInfo("UTC")
PARIS = ZoneInfo("Europe/Paris")
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"]
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
HALF_PAST_TWO = ScheduleLine(1, start=dt.time(2, 30))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def fires(lines, zone: ZoneInfo, after: dt.datetime, count: int) -> list[str]:
    found = []
    for _ in range(count):
        after = next_instant(lines, zone, after)
        found.append(after.strftime("%Y-%m-%d %H:%M:%S"))
    return found


def active(line: ScheduleLine, day: dt.date) -> bool:
    if line.type == "everyday":
        return True
    if line.type in ("first", "middle", "last"):
        return {"first": day.day == 1, "middle": day.day == 15, "last": (day + DAY).day == 1}[line.type]
    return day.strftime("%A").lower() == line.type


def wanted(lines, day: dt.date) -> set[dt.datetime]:
    """Local times of a day, by the sentence of the specification."""
    times = set()
    for line in lines:
        for k in range(line.count if active(line, day) else 0):
            time = dt.datetime.combine(day, line.start) + k * line.interval_minutes * MINUTE
            if time.date() == day:
                times.add(time)
    return times


def reference(lines, zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    """Every instant in (start, end]: the first minute at which a wall clock has reached the local time."""
    waiting: set[dt.datetime] = set()
    days: set[dt.date] = set()
    found: set[dt.datetime] = set()
    now = start - 2 * DAY
    while now <= end:
        wall = now.astimezone(zone).replace(tzinfo=None)
        if wall.date() not in days:
            days.add(wall.date())
            waiting |= wanted(lines, wall.date())
        reached = {time for time in waiting if time <= wall}
        waiting -= reached
        if reached and start < now <= end:
            found.add(now)
        now += MINUTE
    return sorted(found)


lines_strategy = st.lists(
    st.builds(
        ScheduleLine,
        id=st.just(1),
        type=st.sampled_from(list(DayType)),
        start=st.builds(dt.time, st.integers(0, 23), st.integers(0, 59)),
        interval_minutes=st.integers(1, 1440),
        count=st.integers(1, 40),
    ),
    min_size=1,
    max_size=3,
)
# Beside ordinary days: both changes of the clocks of each zone, and the ends of months.
starts = st.sampled_from(
    [at(f"{day} 00:00") + dt.timedelta(minutes=37) for day in (
        "2024-03-30", "2024-10-26", "2024-03-09", "2024-11-02", "2024-04-06", "2024-10-05", "2024-02-28", "2024-12-31",
        "2025-02-27", "2024-06-14",
    )]
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(lines_strategy, st.sampled_from(ZONES), starts)
def test_same_instants_as_a_walk_through_every_minute(lines, zone_name, start):
    zone = ZoneInfo(zone_name)
    end = start + 2 * DAY
    found, after = [], start
    while (after := next_instant(lines, zone, after)) is not None and after <= end:
        found.append(after)
    assert found == reference(lines, zone, start, end)


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        (ScheduleLine(1), UTC, "2024-06-01 00:00", ["2024-06-02 00:00:00", "2024-06-03 00:00:00"]),
        (
            ScheduleLine(1, DayType.EVERYDAY, dt.time(22, 30), 60, 9),
            UTC,
            "2024-06-01 12:00",
            ["2024-06-01 22:30:00", "2024-06-01 23:30:00", "2024-06-02 22:30:00"],
        ),
        (ScheduleLine(1, DayType.LAST), UTC, "2024-02-01 00:00", ["2024-02-29 00:00:00", "2024-03-31 00:00:00"]),
        (ScheduleLine(1, DayType.LAST), UTC, "2025-02-01 00:00", ["2025-02-28 00:00:00", "2025-03-31 00:00:00"]),
        (ScheduleLine(1, DayType.MIDDLE), UTC, "2024-02-15 00:00", ["2024-03-15 00:00:00"]),
        (ScheduleLine(1, DayType.FIRST), UTC, "2024-12-31 23:59", ["2025-01-01 00:00:00"]),
        (ScheduleLine(1, DayType.SUNDAY), UTC, "2024-06-01 00:00", ["2024-06-02 00:00:00", "2024-06-09 00:00:00"]),
        # 02:30 does not exist on 31 March 2024 in Paris: 03:00 local, 01:00 UTC
        (HALF_PAST_TWO, PARIS, "2024-03-30 12:00", ["2024-03-31 01:00:00", "2024-04-01 00:30:00"]),
        # 02:30 exists twice on 27 October 2024 in Paris: the first, 00:30 UTC
        (HALF_PAST_TWO, PARIS, "2024-10-26 12:00", ["2024-10-27 00:30:00", "2024-10-28 01:30:00"]),
        (
            ScheduleLine(1, DayType.EVERYDAY, dt.time(23, 59, 59), 1, 5),
            UTC,
            "2024-06-01 12:00",
            ["2024-06-01 23:59:59", "2024-06-02 23:59:59"],
        ),
    ],
)  # fmt: skip
def test_examples(line, zone, after, expected):
    assert fires([line], zone, at(after), len(expected)) == expected


def test_lines_that_meet_make_one_connection():
    lines = [ScheduleLine(1, start=dt.time(10)), ScheduleLine(2, start=dt.time(9), interval_minutes=60, count=2)]
    assert fires(lines, UTC, at("2024-06-01 08:00"), 3) == [
        "2024-06-01 09:00:00", "2024-06-01 10:00:00", "2024-06-02 09:00:00",
    ]  # fmt: skip


def test_no_line_no_connection_and_the_end_of_the_calendar_is_no_error():
    assert next_instant([], UTC, at("2024-06-01 08:00")) is None
    assert next_instant([ScheduleLine(1)], UTC, dt.datetime.max.replace(tzinfo=dt.UTC)) is None


def test_a_fleet_does_not_connect_in_the_same_second():
    lines = {default_line(f"WPM{number:06X}").start for number in range(500)}
    assert len(lines) > 350
    assert {line.second for line in lines} == {0}
    assert default_line("WPM00C44F") == default_line("WPM00C44F")
    assert {start_share(f"WPM{number:06X}", 60) for number in range(2000)} == set(range(60))
