"""Figures and states in words and digits that a person reads at a glance."""

import datetime as dt
import json
import math
from typing import Any, Final

from heliograph.contract import (
    AlarmSource,
    Connection,
    ConnectionResult,
    DeviceCondition,
    JournalWay,
    RevisionState,
    ScriptCondition,
    ServerState,
    Trigger,
)

NARROW: Final = "\u202f"
"""A narrow blank that no line breaks at: between thousands, and before a unit."""
NOTHING: Final = "–"

CONDITIONS: Final = {
    DeviceCondition.ANSWERING: ("good", "Answering"),
    DeviceCondition.STARTING: ("idle", "Starting"),
    DeviceCondition.RESTING: ("bad", "Not answering"),
    DeviceCondition.ASLEEP: ("idle", "Asleep"),
    DeviceCondition.ABSENT: ("poor", "Absent"),
    None: ("idle", "Unknown"),
}
RESULTS: Final = {
    ConnectionResult.RUNNING: ("idle", "Running"),
    ConnectionResult.DONE: ("good", "Done"),
    ConnectionResult.PARTIAL: ("poor", "Partly done"),
    ConnectionResult.FAILED: ("bad", "Failed"),
}
TRIGGERS: Final = {
    Trigger.SCHEDULE: "Schedule",
    Trigger.ALARM: "Alarm",
    Trigger.REQUEST: "Request",
    Trigger.START: "Start",
    Trigger.RETRY: "Retry",
    Trigger.TRIAL: "Trial of a revision",
    Trigger.RESULTS: "Results of commands",
}
REVISIONS: Final = {
    RevisionState.IN_FORCE: ("good", "In force"),
    RevisionState.TRIAL: ("poor", "On trial"),
    RevisionState.PAST: ("idle", "Past"),
    RevisionState.TAKEN_BACK: ("bad", "Taken back"),
}
SCRIPTS: Final = {
    ScriptCondition.STARTING: ("idle", "Starting"),
    ScriptCondition.RUNNING: ("good", "Running"),
    ScriptCondition.WAITING: ("bad", "Waits after a failure"),
    ScriptCondition.STOPPED: ("idle", "Stopped"),
    ScriptCondition.DISABLED: ("idle", "Disabled"),
}
WAYS: Final = {
    JournalWay.FILE: "File",
    JournalWay.MQTT: "MQTT",
    JournalWay.LOCAL: "Local",
    JournalWay.SCRIPT: "Script",
    JournalWay.FORWARDED: "Forwarded port",
    JournalWay.FALLBACK: "Fallback",
}
SOURCES: Final = {
    AlarmSource.GATEWAY: "Gateway",
    AlarmSource.IO: "Own input",
    AlarmSource.MODBUS: "Device",
}
MOST_LETTERS: Final = 200
"""Of a JSON value in a table."""
MQTT_TYPES: Final = ("mqtt", "mqtts")
_MODES = {
    "strategy_wsun1_compliant": "main",
    "strategy_wsun1_compliant_backup": "backup",
    "strategy_mqtt": "MQTT",
}


def number(value: Any) -> str:
    """A value of a device: about four digits that matter, thousands apart; a text as it is."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _decimal(value)
    return f"{value:,}".replace(",", NARROW).replace("-", "−")


def watts(value: float | None) -> str:
    """A power in the unit that fits it."""
    if value is None:
        return NOTHING
    for unit, size in (("MW", 1e6), ("kW", 1e3)):
        if abs(value) >= size:
            return f"{_decimal(value / size)}{NARROW}{unit}"
    return f"{value:.0f}{NARROW}W".replace("-", "−")


def kilowatt_hours(value: float | None) -> str:
    """An energy in the unit that fits it."""
    if value is None:
        return NOTHING
    return f"{_decimal(value / 1000)}{NARROW}MWh" if abs(value) >= 10_000 else f"{_decimal(value)}{NARROW}kWh"


def brief(value: Any) -> str:
    """A JSON value on one line, shortened where it is long; a text as it is, nothing for an empty object."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "" if value == {} else text
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def size(count: float) -> str:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f}{NARROW}{unit}" if unit == "B" or count >= 100 else f"{count:.1f}{NARROW}{unit}"
        count /= 1000
    return f"{count:.1f}{NARROW}GB"


def span(seconds: float) -> str:
    """A stretch of time in its two largest units at most."""
    if seconds < 10 and seconds % 1:
        return f"{seconds:.1f}{NARROW}s"
    whole = int(seconds)
    for unit, length, below in (("d", 86400, 3600), ("h", 3600, 60), ("min", 60, 1)):
        if whole >= length:
            rest = whole % length // below
            lesser = {"d": "h", "h": "min", "min": "s"}[unit]
            first = f"{whole // length}{NARROW}{unit}"
            return f"{first} {rest}{NARROW}{lesser}" if rest else first
    return f"{whole}{NARROW}s"


def utc(milliseconds: int) -> str:
    """A moment in UTC, to the second; a moment no calendar has is shown as its number."""
    try:
        moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    except (OverflowError, OSError, ValueError):
        return str(milliseconds)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{number(count)}{NARROW if count == 1 else ' '}{one if count == 1 else many or one + 's'}"


def mode(text: str) -> str:
    """A server's mode (spec 1.1)."""
    return _MODES.get(text, text)


def delivered(connection: Connection | None) -> str:
    """What a connection carried."""
    transfers = connection.transfers if connection else ()
    files, weight = sum(t.files for t in transfers), sum(t.bytes for t in transfers)
    return f"{plural(files, 'file')}, {size(weight)}" if files else "no files"


def server_chip(server: ServerState) -> tuple[str, str]:
    """How a server is doing: a tone and a word."""
    if server.connecting:
        return ("idle", "Connecting")
    if server.failures:
        return ("bad", "Failing")
    if server.problems or (server.last and server.last.result is ConnectionResult.PARTIAL):
        return ("poor", "Needs a hand")
    if server.connected:
        return ("good", "Connected")
    return ("good", "In order") if server.last_success else ("idle", "Not yet connected")


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return NOTHING
    weight = abs(value)
    if weight and not 0.001 <= weight < 1e12:
        return f"{value:.4g}".replace("-", "−")
    digits = 0 if weight >= 10_000 else 1 if weight >= 100 else 2 if weight >= 10 else 3
    return f"{value:,.{digits}f}".replace(",", NARROW).replace("-", "−")
