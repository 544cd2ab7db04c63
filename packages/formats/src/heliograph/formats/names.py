"""Names of the files that go out, made and read back (spec 1.3)."""

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

EARLIEST = 946_684_800_000
"""2000-01-01 UTC in milliseconds. Stamps have two digits of the year, so that no name may be older than this."""


class FileKind(StrEnum):
    """What a file holds: the part of its name between uid and timestamp."""

    MODBUS = "MODBUS"
    IO = "IO"
    TIC = "TIC"
    MODBUS_PARAMETERS = "MODBUS_P"
    IO_PARAMETERS = "IO_P"
    TIC_PARAMETERS = "TIC_P"
    ALARMS = "AL"
    LOG = "LOG"
    RESULTS = "ACK"
    BUNDLE = "SYSTEME"
    TRACE_SERIAL1 = "serial1"
    TRACE_SERIAL2 = "serial2"
    TRACE_SERIAL3 = "serial3"
    TRACE_ETHERNET = "ethernet"

    @property
    def suffix(self) -> str:
        """The end of the name, from the first dot on."""
        return _SUFFIXES.get(self, ".csv.gz")

    @property
    def is_parameters(self) -> bool:
        """Whether it is a parameter file (spec 3.2)."""
        return self.value.endswith("_P")


_SUFFIXES = {
    FileKind.LOG: ".log.gz",
    FileKind.RESULTS: ".json",
    FileKind.BUNDLE: ".tar.gz",
    FileKind.TRACE_SERIAL1: ".log.gz",
    FileKind.TRACE_SERIAL2: ".log.gz",
    FileKind.TRACE_SERIAL3: ".log.gz",
    FileKind.TRACE_ETHERNET: ".log.gz",
}
_NAME = re.compile(rf"([A-Za-z0-9_-]{{1,32}})_({'|'.join(FileKind)})_([0-9]{{6}}_[0-9]{{6}})(\.[a-z.]+)")


@dataclass(frozen=True, slots=True)
class OutgoingName:
    """The name of a file that goes out, in its parts."""

    uid: str
    kind: FileKind
    time: int
    """When the file was closed: milliseconds since 1970, UTC, whole seconds."""

    def __str__(self) -> str:
        return f"{self.uid}_{self.kind}_{timestamp(self.time)}{self.kind.suffix}"


def timestamp(time: int) -> str:
    """Print an instant (milliseconds since 1970) as `YYMMDD_HHMMSS`, UTC."""
    return dt.datetime.fromtimestamp(time // 1000, dt.UTC).strftime("%y%m%d_%H%M%S")


def next_stamp(last: int | None, now: int) -> int:
    """Return the instant that names the next file in a directory of a server: max(last + 1 s, now) (spec 1.3).

    All in milliseconds since 1970; the result is a whole second. A clock that stands before 2000 (no battery, not yet
    set) counts as 2000, so that the order of names stays the order of time.
    """
    stamp = max(now, EARLIEST) // 1000
    if last is not None:
        stamp = max(stamp, last // 1000 + 1)
    return stamp * 1000


def command_file_name(uid: str) -> str:
    """Name of the command file of a gateway."""
    return f"{uid}_cmd.json"


def old_command_file_name(uid: str) -> str:
    """Name of the older form of command file, which is reported as unsupported."""
    return f"{uid}_cmd.csv"


def parse_name(name: str) -> OutgoingName | None:
    """Read a file name back into its parts, or None where it is not one of ours.

    A uid may hold underscores; a data file that was unpacked (no `.gz` any more) is recognised as well.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    kind = FileKind(match[2])
    time = _instant(match[3])
    if time is None or match[4] not in {kind.suffix, kind.suffix.removesuffix(".gz")}:
        return None
    return OutgoingName(match[1], kind, time)


def _instant(stamp: str) -> int | None:
    try:
        moment = dt.datetime.strptime(f"20{stamp}", "%Y%m%d_%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000
