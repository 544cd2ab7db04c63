"""`POWER ON` and `POWER OFF` (spec 3.3), told from a mark on disk.

The mark holds which broker the gateway last ran with. Every start of the broker has an identity of its own: sync that
starts and finds the broker of its mark was restarted alone; another broker means that the whole stack was started.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heliograph.runtime import write_atomically


@dataclass(frozen=True, slots=True)
class Mark:
    """What the disk remembers of the last run."""

    state: Literal["running", "stopped"]
    broker: str
    time: int
    """When it was written, or when the stop was asked for: milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class PowerAlarm:
    """An alarm to be raised."""

    info: Literal["POWER ON", "POWER OFF"]
    time: int
    identity: str
    """The same however often the start is repeated by kills."""


def alarm_at_start(mark: Mark | None, broker: str, now: int) -> PowerAlarm | None:
    """Return what a start with this broker tells, if anything: nothing at the very first, nothing of sync alone."""
    if mark is None or mark.broker == broker:
        return None
    if mark.state == "stopped":
        return PowerAlarm("POWER OFF", mark.time, f"power-off-{mark.broker}-{mark.time}")
    return PowerAlarm("POWER ON", now, f"power-on-{mark.broker}-{mark.time}")


def read_mark(path: Path) -> Mark | None:
    """Read the mark; one that cannot be read counts as none."""
    try:
        content = json.loads(path.read_bytes())
        state: Literal["running", "stopped"] = "stopped" if content["state"] == "stopped" else "running"
        return Mark(state, str(content["broker"]), int(content["time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_mark(path: Path, mark: Mark) -> None:
    """Write the mark, safely. Raises `OSError`."""
    content = {"state": mark.state, "broker": mark.broker, "time": mark.time}
    write_atomically(path, json.dumps(content).encode())
