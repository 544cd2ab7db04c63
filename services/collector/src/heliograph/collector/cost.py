"""What a read costs in bus time: frames, silences, and what the device itself needs. Pure, in whole nanoseconds.

Whole numbers, so that equal plans cost exactly the same in whatever order they are summed.
"""

from dataclasses import dataclass
from typing import Final

from heliograph.collector.links.timing import character_seconds, pause_seconds, silence_seconds
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import Table

SECOND: Final = 1_000_000_000
"""In nanoseconds."""
RTU_FRAME_BYTES: Final = 8 + 5
"""A request, and what an answer carries beside its data: unit, function, byte count, check sum."""
TCP_FRAME_BYTES: Final = 12 + 9
TCP_BYTE_SECONDS: Final = 8e-7
"""Ethernet at 10 Mbit/s; what stands behind a gateway shows when it is measured."""
TCP_TURNAROUND_SECONDS: Final = 0.002
"""Assumed until it is measured."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a device needs beside the frames, as measured."""

    turnaround_seconds: float
    """From the end of the request to the begin of the answer."""
    byte_seconds: float
    """One more byte of data; more than the line's own time where the device or a line behind it is slower."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What frames take on the way to a device, and what is assumed of the device until it is measured."""

    frame_bytes: int
    """Of a request and its answer, beside the data."""
    byte_seconds: float
    pause_seconds: float
    """Silence before each request: that which ends a frame, and the line's interframe time."""
    turnaround_seconds: float
    """The least: on a serial line the silence that the standard demands before an answer."""

    def cost(self, pace: Pace | None = None) -> "BusCost":
        """Return what reads cost, of a device with this pace."""
        pace = pace or Pace(self.turnaround_seconds, self.byte_seconds)
        overhead = self.pause_seconds + self.frame_bytes * self.byte_seconds + pace.turnaround_seconds
        return BusCost(self.frame_bytes, round(overhead * SECOND), round(pace.byte_seconds * SECOND))


@dataclass(frozen=True, slots=True)
class BusCost:
    """What reads cost."""

    frame_bytes: int
    request_nanoseconds: int
    """One more request, whatever it reads."""
    byte_nanoseconds: int
    """One more byte of data."""

    def of(self, table: Table, count: int) -> int:
        """Return the nanoseconds of one request for so many registers or bits."""
        return self.request_nanoseconds + data_bytes(table, count) * self.byte_nanoseconds


def wire_of(line: SerialLine | None) -> Wire:
    """Return the wire of a serial line, or that of Modbus TCP where there is none."""
    if line is None:
        return Wire(TCP_FRAME_BYTES, TCP_BYTE_SECONDS, 0.0, TCP_TURNAROUND_SECONDS)
    return Wire(RTU_FRAME_BYTES, character_seconds(line), pause_seconds(line), silence_seconds(line))


def data_bytes(table: Table, count: int) -> int:
    """Return the bytes of data that so many registers or bits take in an answer."""
    return (count + 7) // 8 if table.is_bits else 2 * count
