"""Finds the answer to a call among the bytes that a serial line gave, and names what the other bytes are. Pure.

RTU frames carry neither a mark nor a length, but the answer to a known call has a known beginning and size: it is
looked for at every place, so that noise before it costs only the noise.
"""

from dataclasses import dataclass

from heliograph.collector.links.calls import Call, RawCall, ReadCall
from heliograph.collector.links.errors import DropKind
from heliograph.collector.links.modbus import EXCEPTION_BIT, SMALLEST_FRAME_BYTES, is_rtu_frame, rtu_frame, split_rtu

EXCEPTION_FRAME_BYTES = 5
WRITE_ANSWER_BYTES = 8
LARGEST_FRAME_BYTES = 256


@dataclass(frozen=True, slots=True)
class Found:
    """An answer with a right check sum."""

    message: bytes
    """From the function code to before the check sum."""
    start: int
    end: int

    @property
    def is_refusal(self) -> bool:
        """Whether the device answered with an exception."""
        return bool(self.message[0] & EXCEPTION_BIT)


@dataclass(frozen=True, slots=True)
class Hunt:
    """What the answer to one call looks like."""

    call: Call
    request: bytes
    head: bytes
    """How a right answer begins."""
    size: int
    """Bytes of a right answer."""
    ends_by_silence = False
    """Whether only the silence behind an answer tells that it is whole."""

    def find(self, data: bytes, start: int = 0) -> Found | None:
        """Return the first right answer or exception from `start` on."""
        refusal = bytes((self.head[0], self.head[1] | EXCEPTION_BIT))
        found = [_first(data, self.head, self.size, start), _first(data, refusal, EXCEPTION_FRAME_BYTES, start)]
        return min((f for f in found if f), key=lambda f: f.start, default=None)

    def missing(self, data: bytes) -> int:
        """Return how many bytes to wait for: never more than the shortest answer that may be under way needs."""
        if data.startswith(self.request):
            return self.missing(data[len(self.request) :])
        wanted = []
        if self.request.startswith(data):
            wanted.append(len(self.request))
        if self.head.startswith(data[: len(self.head)]) and len(data) < self.size:
            wanted.append(EXCEPTION_FRAME_BYTES if len(data) < EXCEPTION_FRAME_BYTES else self.size)
        return max(1, min(wanted, default=0) - len(data))

    def classify(self, data: bytes) -> DropKind:
        """Name bytes that hold no right answer."""
        if data.startswith(self.request):
            rest = data[len(self.request) :]
            return self.classify(rest) if rest else "echo"
        unit, function = self.head[0], self.head[1]
        whole = split_rtu(data) if len(data) >= SMALLEST_FRAME_BYTES else None
        if whole is not None:
            if whole[0] != unit:
                return "unit"
            return "late" if whole[1][0] & ~EXCEPTION_BIT == function else "function"
        if len(data) < 2 or data[0] != unit or data[1] & ~EXCEPTION_BIT != function:
            return "noise"
        if data.startswith(self.head):
            return "short" if len(data) < self.size else "crc"
        return "crc" if len(data) >= EXCEPTION_FRAME_BYTES else "short"


@dataclass(frozen=True, slots=True)
class OpenHunt:
    """What is known of the answer to a message of any function: unit, function, and a check sum before a silence."""

    call: RawCall
    request: bytes
    head: bytes
    size: int = LARGEST_FRAME_BYTES
    ends_by_silence = True

    def find(self, data: bytes, start: int = 0) -> Found | None:
        """Return the frame of this unit and function that ends where the data ends, or an exception."""
        unit, function = self.head
        for place in range(max(start, len(data) - self.size), len(data) - SMALLEST_FRAME_BYTES + 1):
            if data[place] == unit and data[place + 1] & ~EXCEPTION_BIT == function and is_rtu_frame(data[place:]):
                return Found(data[place + 1 : -2], place, len(data))
        return None

    def missing(self, data: bytes) -> int:  # noqa: ARG002 - any byte may be the last one
        """See `Hunt.missing`."""
        return 1

    def classify(self, data: bytes) -> DropKind:
        """See `Hunt.classify`."""
        if data.startswith(self.request):
            rest = data[len(self.request) :]
            return self.classify(rest) if rest else "echo"
        unit, function = self.head
        if is_rtu_frame(data):
            return "unit" if data[0] != unit else "late" if data[1] & ~EXCEPTION_BIT == function else "function"
        if len(data) < 2 or data[0] != unit or data[1] & ~EXCEPTION_BIT != function:
            return "noise"
        return "crc" if len(data) >= EXCEPTION_FRAME_BYTES else "short"


AnyHunt = Hunt | OpenHunt


def hunt(call: Call) -> AnyHunt:
    """Prepare a call; raises `ValueError` where Modbus knows no such request."""
    request = rtu_frame(call)
    if isinstance(call, RawCall):
        return OpenHunt(call, request, request[:2])
    if isinstance(call, ReadCall):
        head = bytes((call.unit, call.function, call.byte_count))
        return Hunt(call, request, head, EXCEPTION_FRAME_BYTES + call.byte_count)
    return Hunt(call, request, request[:6], WRITE_ANSWER_BYTES)


def _first(data: bytes, head: bytes, size: int, start: int) -> Found | None:
    start = data.find(head, start)
    while start >= 0 and start + size <= len(data):
        frame = split_rtu(data[start : start + size])
        if frame is not None:
            return Found(frame[1], start, start + size)
        start = data.find(head, start + 1)
    return None
