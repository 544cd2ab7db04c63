"""The frames of a meter's customer output, out of whatever bytes come (Enedis-NOI-CPT_54E). Pure.

    STX group … group ETX          a frame; EOT ends it early
    LF label SP value SP check CR                     historic mode, 1200 bit/s; also HT for SP
    LF label HT [date HT] value HT check CR           standard mode, 9600 bit/s

A group whose check byte is wrong, or that is no group, is dropped and counted; the rest of its frame stands.
"""

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

STX: Final = 0x02
ETX: Final = 0x03
EOT: Final = 0x04
LF: Final = 0x0A
CR: Final = 0x0D
LONGEST_GROUP_BYTES: Final = 256
"""The longest group of the specification has 8 + 13 + 98 characters and its separators."""
MOST_GROUPS: Final = 200
"""Of one frame; a three-phase meter that also feeds in sends about eighty."""

GroupFault = Literal["check", "group", "long", "cut"]
"""Why a group was dropped: wrong check byte, no label or value, too long, cut off by the end of the frame."""


class Mode(IntEnum):
    """The bit rate of a mode, which decides on its separator and its sum."""

    HISTORIC = 1200
    STANDARD = 9600

    @property
    def separators(self) -> tuple[bytes, ...]:
        """What may stand between the fields of a group."""
        return (b" ", b"\t") if self is Mode.HISTORIC else (b"\t",)


@dataclass(frozen=True, slots=True)
class Frame:
    """The groups of one frame whose check byte was right."""

    values: dict[str, str]
    """By label, as printed by the meter; of a group that holds nothing but its date, the date."""
    dropped: Counter[GroupFault]


class FrameParser:
    """Takes the stream as it comes; noise, cuts and interruptions cost what they hit."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._values: dict[str, str] | None = None
        """None between frames."""
        self._group: bytearray | None = None
        """What came since the LF; None between groups."""
        self.dropped: Counter[GroupFault] = Counter()
        """Of all that came so far."""
        self._dropped: Counter[GroupFault] = Counter()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes and return the frames that they complete. Bit 7, a parity that was not taken off, is ignored."""
        frames = []
        for byte in data:
            frame = self._take(byte & 0x7F)
            if frame is not None:
                frames.append(frame)
        return frames

    def _take(self, byte: int) -> Frame | None:
        if byte in (STX, EOT):
            self._cut()
            self._values = {} if byte == STX else None
            self._dropped = Counter()
        elif self._values is None:
            return None
        elif byte == ETX:
            return self._end()
        elif byte == LF:
            self._cut()
            self._group = bytearray()
        elif byte == CR:
            self._close()
        elif self._group is not None:
            self._append(byte)
        return None

    def _append(self, byte: int) -> None:
        assert self._group is not None
        self._group.append(byte)
        if len(self._group) > LONGEST_GROUP_BYTES:
            self._group = None
            self._drop("long")

    def _close(self) -> None:
        """Take the group that a CR ends."""
        group, self._group = self._group, None
        if group is None or self._values is None:
            return
        found = read_group(bytes(group), self._mode)
        if isinstance(found, str):
            self._drop(found)
        elif len(self._values) >= MOST_GROUPS and found[0] not in self._values:
            self._drop("long")
        else:
            self._values[found[0]] = found[1]

    def _cut(self) -> None:
        if self._group is not None:
            self._group = None
            self._drop("cut")

    def _end(self) -> Frame:
        self._cut()
        values, self._values = self._values or {}, None
        return Frame(values, self._dropped)

    def _drop(self, fault: GroupFault) -> None:
        self.dropped[fault] += 1
        self._dropped[fault] += 1


def read_group(group: bytes, mode: Mode) -> tuple[str, str] | GroupFault:
    """Return label and value of what stands between LF and CR, or why it is no group."""
    separator = group[-2:-1]
    if separator not in mode.separators:
        return "group"
    if group[-1] != check_byte(group[:-2], mode):
        return "check"
    label, *fields = group[:-2].split(separator, -1 if mode is Mode.STANDARD else 1)
    if not label or not fields:
        return "group"
    value = fields[-1] or (fields[0] if len(fields) > 1 else b"")
    return label.decode("ascii"), value.decode("ascii")


def check_byte(text: bytes, mode: Mode) -> int:
    """Return the check byte of label to value: historic without, standard with the separator that follows them."""
    total = sum(text) + (ord("\t") if mode is Mode.STANDARD else 0)
    return (total & 0x3F) + 0x20
