"""What `_var.ini` and `_scl.ini` mean when they are right."""

import datetime as dt

from heliograph.formats import DayType, ScheduleLine, Schedules, parse_schedules, parse_scripts


def test_two_independent_lists():
    content = (
        b"# comment\nSCHEDULE_Params[4]=7|Middle|06:30:15|20|3\nSCHEDULE2_Params[4]= 7 \nSCHEDULE2_Params[0]=2||||0\n"
    )
    schedules, findings = parse_schedules(content, "CONFIG/a_var.ini")
    assert findings == []
    assert schedules == Schedules(
        (ScheduleLine(7, DayType.MIDDLE, dt.time(6, 30, 15), 20, 3),), (ScheduleLine(7), ScheduleLine(2, count=0))
    )


def test_no_line_is_no_error():
    assert parse_schedules(b"", "x") == (Schedules(), [])


def test_scripts_may_hold_blanks():
    assert parse_scripts(b"SCRIPT_File[0]=limit power.lua\n\n;x\n", "x") == (("limit power.lua",), [])
