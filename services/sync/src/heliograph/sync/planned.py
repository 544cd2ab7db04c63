"""When schedules make the next connections: those in force, or those of a `_var.ini` that is being edited. Pure."""

import datetime as dt
import heapq
from collections.abc import Iterator
from typing import Final, Literal
from zoneinfo import ZoneInfo

from heliograph.contract.servertests import PlannedConnection, SchedulesAnswer, SchedulesRequest
from heliograph.formats.config import Config
from heliograph.formats.config_parser import read_config
from heliograph.formats.schedule import ScheduleLine, Schedules
from heliograph.formats.schedule_parser import SERVERS, PlacedLine, SchedulesReading, read_schedules
from heliograph.formats.set_checks import check_schedules
from heliograph.sync.applied import Applied
from heliograph.sync.calendar import default_line, next_instant

Number = Literal[1, 2]
LINES: Final = 200
"""Schedules of one server that are looked at: each costs a walk through a day."""
NOTHING: Final = "no configuration is in force yet: put a whole set into the set directory first"


def planned(request: SchedulesRequest, applied: Applied | None, now: int) -> SchedulesAnswer:
    """Answer what connections the schedules make after `now` (milliseconds since 1970), soonest first."""
    if applied is None:
        return SchedulesAnswer(error=NOTHING)
    config = applied.set.config
    schedules, findings = applied.set.schedules, list[str]()
    if request.text is not None:
        reading = _checked(request.text, applied)
        schedules, findings = reading.schedules, [str(finding) for finding in reading.report.findings()]
    connections = _connections(config, schedules, applied.set.uid, dt.datetime.fromtimestamp(now / 1000, dt.UTC))
    first = tuple(connection for connection, _ in zip(connections, range(request.count), strict=False))
    return SchedulesAnswer(time_zone=config.time_zone, connections=first, findings=tuple(findings))


def _checked(text: str, applied: Applied) -> SchedulesReading:
    """Read an edited `_var.ini` with the findings that the whole set would have about it, and about single lines."""
    prefix = f"CONFIG/{applied.prefix}"
    reading = read_schedules(text.encode(), f"{prefix}_var.ini")
    config = read_config(applied.set.files.get(f"{prefix}_config.ini", b""), f"{prefix}_config.ini", applied.prefix)
    check_schedules(config, reading)
    numbers = {server.number for server in applied.set.config.servers}
    told = {finding.line for finding in reading.report.findings()}
    for placed in reading.placed:
        if (why := _why_idle(placed, numbers)) and placed.count.line not in told:
            reading.report.note(placed.count, why)
    return reading


def _why_idle(placed: PlacedLine, servers: set[Number]) -> str:
    if placed.line is not None and placed.line.count == 0:
        return "this schedule never fires: its Count is 0"
    return "" if placed.server in servers else f"no connection comes of it: server {placed.server} is not configured"


def _connections(config: Config, schedules: Schedules, uid: str, now: dt.datetime) -> Iterator[PlannedConnection]:
    """Yield every connection after `now`; two lines of one server that fire together make one."""
    zone = ZoneInfo(config.time_zone)
    lists: dict[Number, tuple[ScheduleLine, ...]] = {1: schedules.server1, 2: schedules.server2}
    streams = [
        _firings(server.number, _name(server.number, line, is_default=not lists[server.number]), line, zone, now)
        for server in config.servers
        for line in lists[server.number][:LINES] or (default_line(uid),)
    ]
    before: tuple[dt.datetime, Number] | None = None
    for time, number, written in heapq.merge(*streams):
        if (time, number) != before:
            yield PlannedConnection(server=number, time=int(time.timestamp() * 1000), line=written)
        before = time, number


def _firings(
    number: Number, written: str, line: ScheduleLine, zone: ZoneInfo, after: dt.datetime
) -> Iterator[tuple[dt.datetime, Number, str]]:
    while (time := next_instant((line,), zone, after)) is not None:
        yield time, number, written
        after = time


def _name(number: Number, line: ScheduleLine, *, is_default: bool) -> str:
    said = f"{line.id}|{line.type}|{line.start:%H:%M:%S}|{line.interval_minutes}|{line.count}"
    return f"no schedule of its own: {line.start:%H:%M} each day" if is_default else f"{_variable(number)}: {said}"


def _variable(number: Number) -> str:
    return next(name for name, server in SERVERS.items() if server == number)
