"""Planned connections: by the schedules in force or by edited ones, soonest first; what never fires is a finding."""

import datetime as dt

from heliograph.contract import SchedulesRequest
from heliograph.formats.config import ServerMode
from heliograph.formats.schedule import DayType, ScheduleLine, Schedules
from heliograph.sync.planned import planned
from support.syncing import NOON, applied, file_server

MAIN, BACKUP = file_server(1, ServerMode.MAIN), file_server(2, ServerMode.BACKUP)
HOURLY = ScheduleLine(1, start=dt.time(0, 30), interval_minutes=60, count=24)
SUNDAYS = ScheduleLine(2, DayType.SUNDAY, start=dt.time(8, 30))
CONFIG = "CONFIG/WPM00C44F_config.ini"
WRITTEN = b"SERVER_Type=sftp\nFTP_Address=server1\n"


def ask(servers, schedules=None, *, zone="UTC", **request):
    in_force = applied(servers, schedules=schedules, zone=zone, files={CONFIG: WRITTEN})
    return planned(SchedulesRequest(**request), in_force, int(NOON * 1000))


def times(answer) -> list[str]:
    """Server and time of each; noon is Saturday, 1 June 2024."""
    moments = [(c.server, dt.datetime.fromtimestamp(c.time / 1000, dt.UTC)) for c in answer.connections]
    return [f"{server} {moment:%a %H:%M}" for server, moment in moments]


def test_both_servers_soonest_first_in_the_time_zone_of_the_plant():
    answer = ask([MAIN, BACKUP], Schedules((HOURLY,), (SUNDAYS,)), zone="Europe/Paris", count=20)
    assert answer.time_zone == "Europe/Paris"
    assert times(answer)[:3] == ["1 Sat 12:30", "1 Sat 13:30", "1 Sat 14:30"]
    assert times(answer)[-3:] == ["1 Sun 05:30", "1 Sun 06:30", "2 Sun 06:30"]
    assert answer.connections[0].line == "SCHEDULE_Params: 1|everyday|00:30:00|60|24"
    assert answer.findings == ()


def test_a_server_without_a_schedule_connects_once_a_day():
    answer = ask([MAIN], count=2)
    assert [c.time for c in answer.connections][1] - answer.connections[0].time == 86_400_000
    assert answer.connections[0].line.startswith("no schedule of its own: ")


def test_two_lines_that_fire_together_make_one_connection():
    both = Schedules((HOURLY, ScheduleLine(3, start=dt.time(12, 30))))
    assert times(ask([MAIN], both, count=2)) == ["1 Sat 12:30", "1 Sat 13:30"]


def test_edited_lines_are_planned_with_findings_at_their_places():
    text = "SCHEDULE_Params[0]=1|everyday|18:00:00|1440|1\nSCHEDULE_Params[1]=2|monday|07:00:00|60|0\n"
    answer = ask([MAIN], text=f"{text}SCHEDULE2_Params[0]=1\nSCHEDULE_Params[2]=x\n", count=1)
    assert times(answer) == ["1 Sat 18:00"]
    found = [finding.removeprefix("CONFIG/WPM00C44F_var.ini:") for finding in answer.findings]
    assert any(line.startswith("2:") and "never fires: its Count is 0" in line for line in found)
    assert any(line.startswith("3:") and "server 2 is not configured" in line for line in found)
    assert any(line.startswith("4:") and ": error: " in line for line in found)


def test_a_main_server_that_would_never_be_visited_is_an_error():
    answer = ask([MAIN], text="SCHEDULE_Params[0]=1|everyday|18:00:00|1440|0\n")
    assert answer.connections == ()
    assert any(": error: " in finding for finding in answer.findings)


def test_many_lines_are_planned_in_a_moment_and_nothing_in_force_is_said():
    text = "\n".join(f"SCHEDULE_Params[{n}]={n}|last|{n % 24:02}:00:00|1440|1" for n in range(5000))
    assert len(ask([MAIN], text=text, count=100).connections) <= 100
    assert "no configuration is in force yet" in planned(SchedulesRequest(), None, 0).error
