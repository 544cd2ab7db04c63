"""When the schedule asks for a connection (spec 1.8). Pure: lines, a time zone and an instant in, an instant out."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.formats.schedule import DayType, ScheduleLine

DAY: Final = dt.timedelta(days=1)
DAY_SECONDS: Final = 86_400
LOOK_AHEAD_DAYS: Final = 70
"""Every line is active at least once in so many days."""
_WEEKDAYS: Final = (
    DayType.MONDAY, DayType.TUESDAY, DayType.WEDNESDAY, DayType.THURSDAY, DayType.FRIDAY, DayType.SATURDAY,
    DayType.SUNDAY,
)  # fmt: skip


def next_instant(lines: Iterable[ScheduleLine], zone: ZoneInfo, after: dt.datetime) -> dt.datetime | None:
    """Return the first instant (UTC) later than `after` at which a line fires, or None without lines."""
    lines = tuple(lines)
    try:
        first = after.astimezone(zone).date() - DAY
        for number in range(LOOK_AHEAD_DAYS):
            for instant in _day(lines, zone, first + number * DAY):
                if instant > after:
                    return instant
    except OverflowError:  # a clock at the end of the calendar
        return None
    return None


def default_line(uid: str) -> ScheduleLine:
    """Return the line of a server that has none: once a day, shifted by minutes derived from the uid."""
    minutes = _share(uid, "schedule", 24 * 60)
    return ScheduleLine(id=1, start=dt.time(minutes // 60, minutes % 60))


def start_share(uid: str, seconds: int) -> int:
    """Return how many of these seconds this gateway waits after its start before it connects (spec 1.5)."""
    return _share(uid, "start", max(seconds, 1))


def _share(uid: str, purpose: str, parts: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose}:{uid}".encode()).digest()[:8], "big") % parts


@lru_cache(maxsize=8)
def _day(lines: tuple[ScheduleLine, ...], zone: ZoneInfo, day: dt.date) -> tuple[dt.datetime, ...]:
    """Every instant of one local day, in order, each once."""
    times: set[int] = set()
    for line in lines:
        if _is_active(line.type, day):
            times.update(_times(line))
    midnight = dt.datetime.combine(day, dt.time())
    return tuple(sorted({_instant(midnight + dt.timedelta(seconds=time), zone) for time in times}))


def _is_active(kind: DayType, day: dt.date) -> bool:
    match kind:
        case DayType.EVERYDAY:
            return True
        case DayType.FIRST:
            return day.day == 1
        case DayType.MIDDLE:
            return day.day == 15
        case DayType.LAST:
            return (day + DAY).month != day.month
        case _:
            return _WEEKDAYS[day.weekday()] is kind


def _times(line: ScheduleLine) -> range:
    """Seconds since local midnight of each firing; none past the next midnight."""
    start = line.start.hour * 3600 + line.start.minute * 60 + line.start.second
    step = line.interval_minutes * 60 or DAY_SECONDS
    return range(start, min(start + line.count * step, DAY_SECONDS), step)


def _instant(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the instant of a local time: of one that exists twice the first, of one that does not the next."""
    early = local.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    late = local.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)
    return _first_existing(late, early, zone)


def _first_existing(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the instant at which the clocks went forward, between an instant before and one after it."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > dt.timedelta(seconds=1):
        middle = before + dt.timedelta(seconds=(after - before) // dt.timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
