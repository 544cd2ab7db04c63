"""Tells what the gateway runs on, as this service sees it: its version, memory and clock."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heliograph.api.clockstate import ClockState
from heliograph.api.metrics import installed_version
from heliograph.api.systemnow import SystemNow
from heliograph.api.view import View

_CLOCK: Final = ClockState()


def system_now(view: View, clock: ClockState = _CLOCK) -> SystemNow:
    """Tell it."""
    now, zone = view.now(), view.time_zone
    return SystemNow(
        version=installed_version(),
        time=now,
        time_zone=zone,
        utc_offset=utc_offset(zone, now),
        clock_kept=clock.synchronised,
        memory_bytes={state.service: state.memory_bytes for state in view.states()},
    )


def utc_offset(zone: str, now: int) -> str:
    """How far a time zone is from UTC at a moment, e.g. `+0200`."""
    try:
        moment = dt.datetime.fromtimestamp(now / 1000, ZoneInfo(zone))
    except (ValueError, OSError, OverflowError, ZoneInfoNotFoundError):
        return "+0000"
    return f"{moment:%z}"
