"""From a trace to exchanges: each request with what came until the next one, and when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.demo.simulator.crc import crc16
from heliograph.formats import Unpackable, unpack
from heliograph.formats.findings import Finding
from heliograph.formats.tracefile import LARGEST_TRACE_BYTES, Flow, TraceLine, read_trace

HEADER_BYTES: Final = 7
_CUTS: Final = ("closed the connection", "connection was cut")
_GZIP: Final = b"\x1f\x8b"


class TraceFault(Exception):
    """The trace cannot be replayed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came after a request."""

    seconds: float
    """From the moment when the request was sent to the moment when this had come."""
    frame: bytes
    """As it was on the wire; empty where the connection was cut."""
    unit: int = 0
    message: bytes = b""
    """Function code and data of a sound frame; empty for one that is not."""

    @property
    def is_cut(self) -> bool:
        """Whether the device closed the connection here."""
        return not self.frame


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it; without answers the device was silent."""

    unit: int
    message: bytes
    frame: bytes
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """All exchanges with one host and port, or on one serial line."""

    exchanges: tuple[Exchange, ...]
    is_serial: bool
    findings: tuple[Finding, ...] = ()


def read_exchanges(content: bytes, name: str = "trace", address: str = "") -> Recording:
    """Read a trace, packed or not. Raises `TraceFault` where nothing can be replayed, or where `address` is missing."""
    lines, findings = read_trace(_unpacked(content), name)
    addresses = sorted({line.address for line in lines if line.flow is Flow.SENT})
    if not addresses:
        cause = f": {findings[0]}" if findings else ""
        raise TraceFault(f"{name} holds no request that was sent{cause}")
    if address and address not in addresses:
        raise TraceFault(f"{name} holds nothing of {address}; it holds {', '.join(addresses)}")
    if not address and len(addresses) > 1:
        raise TraceFault(f"{name} holds several devices: name one with --address: {', '.join(addresses)}")
    wanted = address or addresses[0]
    own = [line for line in lines if line.address == wanted or (line.flow is Flow.EVENT and not line.address)]
    exchanges = _exchanges(own, is_serial=not wanted)
    if not exchanges:
        raise TraceFault(f"{name} holds no whole request to {wanted or 'a device'}")
    return Recording(tuple(exchanges), not wanted, tuple(findings))


def split_rtu(frame: bytes) -> tuple[int, bytes] | None:
    """Return unit and message of a frame whose check sum is right."""
    if len(frame) < 4 or crc16(frame[:-2]) != frame[-2:]:
        return None
    return frame[0], frame[1:-2]


def split_tcp(frame: bytes) -> tuple[int, bytes] | None:
    """Return unit and message of a frame whose header is right."""
    if len(frame) < HEADER_BYTES + 1 or frame[2:4] != b"\0\0" or int.from_bytes(frame[4:6]) != len(frame) - 6:
        return None
    return frame[6], frame[HEADER_BYTES:]


def _unpacked(content: bytes) -> bytes:
    if content.startswith(_GZIP):
        try:
            return unpack(content, LARGEST_TRACE_BYTES)
        except Unpackable as error:
            raise TraceFault(str(error)) from error
    if len(content) > LARGEST_TRACE_BYTES:
        raise TraceFault(f"the trace has {len(content)} bytes; at most {LARGEST_TRACE_BYTES} are read")
    return content


def _exchanges(lines: Sequence[TraceLine], *, is_serial: bool) -> list[Exchange]:
    split = split_rtu if is_serial else split_tcp
    found: list[Exchange] = []
    answers: list[Answer] = []
    request: TraceLine | None = None
    for line in [*lines, None]:
        if line is not None and line.flow is not Flow.SENT:
            if request is not None and (answer := _answer(line, request, is_serial=is_serial)) is not None:
                answers.append(answer)
            continue
        whole = split(request.frame) if request is not None else None
        if request is not None and whole is not None:
            found.append(Exchange(*whole, request.frame, tuple(answers)))
        request, answers = line, []
    return found


def _answer(line: TraceLine, request: TraceLine, *, is_serial: bool) -> Answer | None:
    seconds = max(0, line.time - request.time) / 1000
    if line.flow is Flow.EVENT:
        return None if is_serial or not any(cut in line.text for cut in _CUTS) else Answer(seconds, b"")
    whole = split_rtu(line.frame) if is_serial else split_tcp(line.frame)
    return Answer(seconds, line.frame, *(whole or (0, b"")))
