"""Communication traces: what goes over an interface, for some minutes, into files that sync brings to the servers.

Links tell their taps in their own threads; once a second what was told is written to the collector's disk. A trace is
closed at its end, at its size, or in parts; a part leaves the disk after the bus holds it: a restart loses none.
"""

import asyncio
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal

from heliograph.collector.links import Link, OnBytes
from heliograph.contract import Outcome, TraceInterface, TracePart, TraceRequest, TraceState
from heliograph.contract.channels import TRACES
from heliograph.formats.tracefile import Flow, Mark, TraceLine, trace_bytes
from heliograph.runtime import Backoff, Bus, BusError, Clock, EventLog
from heliograph.runtime.clock import milliseconds

PART_BYTES: Final = 2 * 1024 * 1024
"""A longer trace is sent in parts, each a file of its own."""
TRACE_BYTES: Final = 32 * 1024 * 1024
"""A trace ends at this size."""
WAITING_BYTES: Final = 64 * 1024 * 1024
"""What may wait on the collector's disk; none is begun beyond it."""
MOST_TOLD: Final = 50_000
"""Lines between two looks; more are counted and left out."""
LINES_TOGETHER: Final = 1000
LOOK_SECONDS: Final = 1.0

_MARKS: Final[dict[str, Mark]] = {
    "": Mark.NONE, "exception": Mark.EXCEPTION, "crc": Mark.CRC, "noise": Mark.CRC, "short": Mark.CRC,
    "unit": Mark.BAD_SLAVE, "function": Mark.INVALID_FUNCTION, "late": Mark.LATE, "echo": Mark.ECHO,
}  # fmt: skip


class Traces:
    """The traces of all interfaces. `links` gives the links that are open now; `listen` is told of each new one."""

    def __init__(
        self, directory: Path, bus: Bus, clock: Clock, events: EventLog, links: Callable[[], Iterable[Link]]
    ) -> None:
        self._directory = directory
        self._bus = bus
        self._clock = clock
        self._events = events
        self._links = links
        self._running: dict[TraceInterface, _Trace] = {}
        self._closed = asyncio.Event()
        self._closed.set()

    async def answer(self, request: TraceRequest) -> Outcome:
        """Begin a trace, give one that runs another end, or end it."""
        until = self._clock.monotonic() + 60 * request.minutes
        running = self._running.get(request.interface)
        if running is not None:
            running.until = until
        elif refusal := await self._refusal(request):
            return Outcome(error=refusal)
        elif request.interface not in self._running:
            self._begin(request, until)
        return Outcome()

    def listen(self, link: Link) -> None:
        """Let a trace of its interface hear a link, if there is one."""
        trace = self._running.get(_interface(link))
        link.tap.on_bytes = trace.hearer(link) if trace is not None else None

    def states(self) -> tuple[TraceState, ...]:
        """Tell what is being written."""
        now, monotonic = milliseconds(self._clock), self._clock.monotonic()
        return tuple(
            TraceState(
                interface=name, until=now + round(1000 * max(0.0, trace.until - monotonic)), bytes=trace.size
            )
            for name, trace in self._running.items()
        )  # fmt: skip

    async def run(self) -> None:
        """Write what is told, and end what is over, for ever."""
        while True:
            for interface, trace in list(self._running.items()):
                await self._look(interface, trace)
            await self._clock.sleep(LOOK_SECONDS)

    async def publish(self) -> None:
        """Bring closed parts to the bus, for ever; those of an earlier run first."""
        with suppress(OSError):  # what cannot be closed now is at the next start
            await asyncio.to_thread(_close_left_over, self._directory)
        backoff = Backoff(0.5, 30)
        while True:
            try:
                await self._closed.wait()
                self._closed.clear()
                while (part := await asyncio.to_thread(_oldest, self._directory)) is not None:
                    await self._bring(part)
                backoff.reset()
            except (BusError, OSError) as error:
                self._closed.set()
                self._events.debug(f"a trace waits on the collector's disk: {error}")
                await self._clock.sleep(backoff.wait())

    async def end(self) -> None:
        """Close every trace, since the service stops; what is closed is brought after the next start."""
        for interface, trace in list(self._running.items()):
            await self._finish(interface, trace, "the collector stops")

    async def _refusal(self, request: TraceRequest) -> str:
        """Return why a trace that is not being written cannot be begun or ended, or nothing."""
        if request.minutes == 0:
            return f"no trace of {request.interface} is being written"
        if not any(_interface(link) is request.interface for link in self._links()):
            return f"there is nothing to trace: no device of the set is on {request.interface}"
        try:
            waiting = await asyncio.to_thread(_waiting_bytes, self._directory)
        except OSError as error:
            return f"the collector's own disk refuses a trace ({error.strerror}); free it"
        return "traces that wait for the bus fill their room; try again later" if waiting > WAITING_BYTES else ""

    def _begin(self, request: TraceRequest, until: float) -> None:
        self._running[request.interface] = _Trace(request.interface, self._directory, until)
        for link in self._links():
            self.listen(link)
        self._events.info(
            f"{request.interface} is traced for {request.minutes} minutes (asked for by {request.origin}); "
            "the trace goes to the /LOG of the servers"
        )

    async def _look(self, interface: TraceInterface, trace: "_Trace") -> None:
        try:
            if await asyncio.to_thread(trace.write, milliseconds(self._clock)):
                self._closed.set()
        except OSError as error:
            await self._finish(interface, trace, f"the disk refuses it ({error.strerror})")
            return
        if trace.size >= TRACE_BYTES:
            await self._finish(interface, trace, f"it has {TRACE_BYTES // 2**20} MiB")
        elif self._clock.monotonic() >= trace.until:
            await self._finish(interface, trace, "its time is over")

    async def _finish(self, interface: TraceInterface, trace: "_Trace", why: str) -> None:
        if self._running.pop(interface, None) is None:
            return
        for link in self._links():
            if _interface(link) is interface:
                link.tap.on_bytes = None
        try:
            await asyncio.to_thread(trace.close, milliseconds(self._clock))
        except OSError as error:
            self._events.warning(f"the end of the trace of {interface} is lost: {error.strerror}")
        self._closed.set()
        self._events.info(f"the trace of {interface} ended: {why}; {trace.lines} lines")

    async def _bring(self, file: Path) -> None:
        text = await asyncio.to_thread(file.read_text, "utf-8", "replace")
        interface, time, _ = file.stem.split("-")
        if text:
            part = TracePart(identity=file.stem, interface=TraceInterface(interface), time=int(time), text=text)
            await self._bus.store(TRACES, part, identity=f"trace-{file.stem}", interface=interface)
        await asyncio.to_thread(file.unlink, missing_ok=True)


@dataclass(slots=True)
class _Told:
    moment: float
    flow: Literal["=>", "<=", "--"]
    data: bytes
    note: str
    address: str


@dataclass(slots=True)
class _Trace:
    """One trace: what was told and not yet written, and the part that is open."""

    interface: TraceInterface
    directory: Path
    until: float
    """By the monotonic clock."""
    size: int = 0
    lines: int = 0
    told: deque[_Told] = field(default_factory=deque)
    lost: int = 0
    part: Path | None = None
    part_bytes: int = 0
    number: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hearer(self, link: Link) -> OnBytes:
        """Return what a link's tap calls."""
        address = link.name if self.interface is TraceInterface.ETHERNET else ""
        return partial(self._hear, address=address)

    def _hear(self, moment: float, flow: Literal["=>", "<=", "--"], data: bytes, note: str, *, address: str) -> None:
        if len(self.told) < MOST_TOLD:
            self.told.append(_Told(moment, flow, data, note, address))
        else:
            self.lost += 1

    def write(self, now: int) -> bool:
        """Write what was told; tell whether a part was closed. Raises `OSError`."""
        with self.lock:
            closed = False
            while lines := self._next_lines(now):
                content = trace_bytes(lines)
                with self._open(now).open("ab") as file:
                    file.write(content)
                self.lines += len(lines)
                self.size += len(content)
                self.part_bytes += len(content)
                if self.part_bytes >= PART_BYTES:
                    closed = self._close(now)
            return closed

    def _next_lines(self, now: int) -> list[TraceLine]:
        """Return some of what was told, few enough for a part to stay below the limit of a message."""
        lines = [_line(self.told.popleft()) for _ in range(min(len(self.told), LINES_TOGETHER))]
        if self.lost and len(lines) < LINES_TOGETHER:
            lines.append(TraceLine(now, Flow.EVENT, text=f"{self.lost} lines are missing here: they came too fast"))
            self.lost = 0
        return lines

    def close(self, now: int) -> None:
        """Write the rest, and close the part. Raises `OSError`."""
        self.write(now)
        with self.lock:
            self._close(now)

    def _open(self, now: int) -> Path:
        if self.part is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.part = self.directory / f"{self.interface}-{now:013}-{self.number:03}{_OPEN}"
        return self.part

    def _close(self, now: int) -> bool:
        if self.part is None:
            return False
        self.part.replace(self.directory / f"{self.interface}-{now:013}-{self.number:03}{_CLOSED}")
        self.part, self.part_bytes = None, 0
        self.number += 1
        return True


_OPEN: Final = ".open"
_CLOSED: Final = ".trace"
_NAME: Final = re.compile(rf"({'|'.join(TraceInterface)})-[0-9]{{13,}}-[0-9]{{3,}}")


def _interface(link: Link) -> TraceInterface:
    """Return the interface of a link: `SERIALn`, or any host and port."""
    try:
        return TraceInterface(link.name.lower())
    except ValueError:
        return TraceInterface.ETHERNET


def _line(told: _Told) -> TraceLine:
    flow = Flow(told.flow)
    mark, text = (Mark.NONE, told.note) if flow is Flow.EVENT else (_MARKS.get(told.note, Mark.NONE), "")
    return TraceLine(int(told.moment * 1000), flow, told.data, told.address, mark, text)


def _waiting_bytes(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.glob(f"*{_CLOSED}")) if directory.is_dir() else 0


def _close_left_over(directory: Path) -> None:
    """Close what a run that was cut short left open."""
    for file in directory.glob(f"*{_OPEN}") if directory.is_dir() else ():
        file.replace(file.with_suffix(_CLOSED))


def _oldest(directory: Path) -> Path | None:
    """Return the closed part that waits longest: names begin with the interface, the time comes behind."""
    found = directory.glob(f"*{_CLOSED}") if directory.is_dir() else ()
    ours = (file for file in found if _NAME.fullmatch(file.stem))
    return min(ours, key=lambda file: file.stem.partition("-")[2], default=None)
