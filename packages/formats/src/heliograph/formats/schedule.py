"""`<uid>_var.ini`: when to connect (spec 1.8)."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class DayType(StrEnum):
    """On which days a line is active."""

    EVERYDAY = "everyday"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One `SCHEDULE_Params[n]`: on an active day at start + k × interval for k below count, none past midnight."""

    id: int
    type: DayType = DayType.EVERYDAY
    start: dt.time = dt.time(0, 0, 0)
    interval_minutes: int = 1440
    count: int = 1


@dataclass(frozen=True, slots=True)
class Schedules:
    """A `_var.ini`, validated: one list a server, empty where it has no line."""

    server1: tuple[ScheduleLine, ...] = ()
    server2: tuple[ScheduleLine, ...] = ()
