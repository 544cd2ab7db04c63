"""Communication traces: what went over a line, as lines of text, written and read back (spec 3.4).

    24/06/2026 12:00:00.123;=> 192.168.1.20:502 00 01 00 00 00 06 01 03 00 00 00 02
    24/06/2026 12:00:00.151;<= 192.168.1.20:502 *** EXCEPTION *** 00 01 00 00 00 03 01 83 02
    24/06/2026 12:00:04.900;-- 192.168.1.20:502 the device closed the connection

A serial line's trace has no address. Times are UTC. What the specification has no word for is ours: `--` and the last
marks (docs/decisions/0017).
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from heliograph.formats.findings import Finding, Severity

LARGEST_TRACE_BYTES: Final = 64 * 1024 * 1024
MOST_FINDINGS: Final = 50


class Flow(StrEnum):
    """Which way it went."""

    SENT = "=>"
    RECEIVED = "<="
    EVENT = "--"
    """Nothing went: something happened to the line or connection."""


class Mark(StrEnum):
    """What is wrong with a frame that was received."""

    NONE = ""
    CRC = "CRC"
    """Also for noise and half frames: no check sum is right."""
    BAD_SLAVE = "BAD SLAVE"
    EXCEPTION = "EXCEPTION"
    INVALID_FUNCTION = "INVALID FCT"
    LATE = "LATE"
    """A sound answer to a request that was given up."""
    ECHO = "ECHO"
    """The request itself."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of a trace."""

    time: int
    """Milliseconds since 1970, UTC."""
    flow: Flow
    frame: bytes = b""
    address: str = ""
    """`host:port` on Ethernet."""
    mark: Mark = Mark.NONE
    text: str = ""
    """What happened, for `EVENT`."""

    def __str__(self) -> str:
        moment = dt.datetime.fromtimestamp(self.time / 1000, dt.UTC)
        date = f"{moment:%d/%m/%Y %H:%M:%S}.{self.time % 1000:03}"
        mark = f"*** {self.mark} ***" if self.mark else ""
        shown = " ".join(self.text.split()) if self.flow is Flow.EVENT else self.frame.hex(" ").upper()
        return f"{date};{' '.join(part for part in (self.flow, self.address, mark, shown) if part)}"


def read_trace(content: bytes, name: str) -> tuple[list[TraceLine], list[Finding]]:
    """Read an unpacked trace; a line that is none is left out, with an error that names it."""
    lines: list[TraceLine] = []
    findings: list[Finding] = []
    for number, text in enumerate(content.decode(errors="replace").splitlines(), 1):
        if not text.strip():
            continue
        line = parse_trace_line(text)
        if line is not None:
            lines.append(line)
        elif len(findings) < MOST_FINDINGS:
            reason = "no line of a trace: DD/MM/YYYY hh:mm:ss.mmm;=> or <=, and a frame in hexadecimal"
            findings.append(Finding(name, number, 1, Severity.ERROR, reason))
    return lines, findings


def parse_trace_line(text: str) -> TraceLine | None:
    """Read one line, None where it is none. The mark may stand before or after the address."""
    match = _LINE.fullmatch(text.strip())
    moment = _moment(match[1]) if match else None
    if match is None or moment is None:
        return None
    flow, rest = Flow(match[2]), match[3].strip()
    if flow is Flow.EVENT:
        address, _, said = rest.partition(" ")
        return TraceLine(moment, flow, address=address, text=said) if ":" in address else _event(moment, rest)
    found = _MARK.search(rest)
    mark = Mark(found[1]) if found else Mark.NONE
    words = _MARK.sub(" ", rest).split()
    address = words.pop(0) if words and ":" in words[0] else ""
    frame = _hexadecimal(words)
    return None if frame is None else TraceLine(moment, flow, frame, address, mark)


def trace_bytes(lines: Iterable[TraceLine]) -> bytes:
    """Return the text of a trace."""
    return "".join(f"{line}\n" for line in lines).encode()


_LINE: Final = re.compile(r"([0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3});(=>|<=|--) ?(.*)")
_MARK: Final = re.compile(rf"\*\*\* ({'|'.join(mark for mark in Mark if mark)}) \*\*\*")


def _event(moment: int, text: str) -> TraceLine:
    return TraceLine(moment, Flow.EVENT, text=" ".join(text.split()))


def _moment(text: str) -> int | None:
    try:
        found = dt.datetime.strptime(text, "%d/%m/%Y %H:%M:%S.%f").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return round((found - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1))


def _hexadecimal(words: list[str]) -> bytes | None:
    try:
        return bytes.fromhex("".join(words)) if words else None
    except ValueError:
        return None
