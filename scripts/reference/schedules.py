"""`reference/schedules-and-scripts.md`: `_var.ini` and `_scl.ini`."""

from collections.abc import Iterator
from typing import Final

from heliograph.formats.schedule import DayType
from heliograph.formats.schedule_parser import COLUMNS, DEFAULT, SERVERS
from heliograph.formats.scripts import SUFFIX, VARIABLE
from reference.tables import code, matched, page, table

WORDS: Final = {
    "Id": ("A whole number, unique in its list", ""),
    "Type": (", ".join(code(day) for day in DayType), DEFAULT.type),
    "StartTime": ("`HH:MM:SS`, local time of `NTP_TimeZone`", f"{DEFAULT.start:%H:%M:%S}"),
    "Interval": ("Minutes between connections", DEFAULT.interval_minutes),
    "Count": ("Most connections in one day", DEFAULT.count),
}
PURPOSE: Final = "When the gateway connects to its servers, and which scripts run: two small files in `CONFIG/`."


def text() -> str:
    """The page."""
    return page(
        "Schedules and scripts",
        PURPOSE,
        "`heliograph/formats/schedule_parser.py` and `scripts.py`",
        _schedules(),
        _scripts(),
    )


def _schedules() -> Iterator[str]:
    matched("_var.ini", WORDS, COLUMNS)
    yield "## `_var.ini`: when to connect"
    yield ""
    for variable, server in SERVERS.items():
        yield f"- `{variable}[n]={'|'.join(COLUMNS)}` for server {server}"
    yield ""
    yield "`n` counts from 0; a doubled one rejects the file. On an active day connections are made at StartTime + k × Interval"
    yield "for k from 0 to Count − 1, none past midnight. Without any line there is one connection a day, a moment after midnight"
    yield "that is derived from the uid."
    yield ""
    rows = ((code(name), WORDS[name][0], code(WORDS[name][1]) or "needed") for name in COLUMNS)
    yield from table(("field", "values", "default"), rows)
    yield "Every quarter of an hour from six in the morning, 57 times: `SCHEDULE_Params[0]=1|everyday|06:00:00|15|57`."
    yield ""


def _scripts() -> Iterator[str]:
    yield "## `_scl.ini`: which scripts run"
    yield ""
    yield f"`{VARIABLE}[n]=<file>{SUFFIX}`, n from 0, a file of `SCRIPT/`. [How to write one](../scripts.md)."
    yield ""
