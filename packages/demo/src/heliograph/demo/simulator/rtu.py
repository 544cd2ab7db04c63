"""An RS-485 line with simulated devices: a pseudo terminal served by a thread that paces every byte.

The thread keeps a model of the wire: when the master's last byte will have passed, when a device may begin, when its
last byte ends. It notes every request that began before 3.5 characters of silence had passed.
"""

import asyncio
import contextlib
import os
import select
import shutil
import tempfile
import threading
import time
import tty
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from heliograph.demo.simulator.answers import request_size
from heliograph.demo.simulator.banks import Bank
from heliograph.demo.simulator.crc import crc16
from heliograph.demo.simulator.faults import BROADCAST_UNIT, Faults, Respond, Units
from heliograph.demo.simulator.timing import LineTiming, wait_until

LARGEST_FRAME_BYTES = 256
SMALLEST_FRAME_BYTES = 4
UNPACED_SECONDS = 0.02
LOOK_SECONDS = 0.05
"""How often the thread looks whether it shall end."""
UART_FIFO_SECONDS = 0.001
"""Answers reach the reader in portions of about this length, as from a UART with its FIFO; the last byte on time."""


@dataclass(slots=True)
class Silences:
    """What was seen between frames."""

    requests: int = 0
    early: int = 0
    """Requests that began before 3.5 characters of silence."""
    seconds: list[float] = field(default_factory=list)
    """Silence before each request, from the end of the last byte on the wire."""


class RtuSimulator:
    """Serves `units` on a line; `device` is the path for the master and stays the same over `unplug` and `plug`.

    It is `path`, which must be free or an old link, or else one of its own.
    """

    def __init__(
        self,
        units: Mapping[int, Bank],
        baudrate: int,
        parity: str = "N",
        stop_bits: int = 1,
        paced: bool = True,
        path: Path | None = None,
    ) -> None:
        self.units = Units(units)
        self.timing = LineTiming(baudrate, parity, stop_bits)
        self.paced = paced
        self.silences = Silences()
        self.answer_delay = 0.0
        """Seconds from the end of the silence after a request to the first byte of its answer."""
        self.respond: Respond | None = None
        self._directory = Path(tempfile.mkdtemp(prefix="heliograph-line-"))
        self._path = path or self._directory / "tty"
        self._wire: _Wire | None = None

    @property
    def device(self) -> str:
        """What the master opens."""
        return str(self._path)

    @property
    def faults(self) -> dict[int, Faults]:
        """The faults by unit; `faults[3].dead = True` switches one on."""
        return self.units.faults

    def plug(self) -> None:
        """Make the port and serve it."""
        self._wire = _Wire(self, Path(self.device))

    def unplug(self) -> None:
        """Take the port away, as when a USB adapter is pulled."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.unplug)
        shutil.rmtree(self._directory, ignore_errors=True)


class _Wire:
    """One life of the port: its pseudo terminal and the thread behind it."""

    def __init__(self, simulator: RtuSimulator, path: Path) -> None:
        self.simulator = simulator
        self.timing = simulator.timing
        self.path = path
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self.slave))
        self.ended = threading.Event()
        self.quiet_since = time.perf_counter() - 1.0
        self.late: list[tuple[float, bytes]] = []
        """Answers of devices that take their time, by the instant when they come."""
        self.thread = threading.Thread(target=self._serve, name=f"simulated line {path}", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """End the thread, then the port."""
        self.ended.set()
        self.thread.join()
        self.path.unlink(missing_ok=True)
        os.close(self.slave)
        os.close(self.master)

    def _serve(self) -> None:
        buffer = b""
        began = ends = 0.0
        while not self.ended.is_set():
            self._send_late()
            data = self._receive(self._end_of_frame() if buffer else LOOK_SECONDS)
            now = time.perf_counter()
            if data and not buffer:
                began = ends = now
            ends = max(ends, now) + len(data) * self.timing.character if data else ends
            buffer = (buffer + data)[-LARGEST_FRAME_BYTES:]
            frame = _first_frame(buffer, ended=not data)
            if frame:
                self._note_silence(began - self.quiet_since)
            while frame:
                # What stands behind the first one came while this thread was late: when, nobody knows.
                self._handle(frame, began, ends)
                buffer = buffer[len(frame) :]
                frame = _first_frame(buffer, ended=not data)
            if not data:
                buffer = b""

    def _end_of_frame(self) -> float:
        """Return how long a silence ends a frame; without pace the scheduler makes longer ones within a frame."""
        return self.timing.silence if self.simulator.paced else max(self.timing.silence, UNPACED_SECONDS)

    def _send_late(self) -> None:
        now = time.perf_counter()
        for begin, frame in [entry for entry in self.late if entry[0] <= now]:
            self.late.remove((begin, frame))
            self._send(frame, now)

    def _receive(self, seconds: float) -> bytes:
        if self.late:
            seconds = max(0.0, min(seconds, min(self.late)[0] - time.perf_counter()))
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return b""
        with contextlib.suppress(OSError):
            return os.read(self.master, LARGEST_FRAME_BYTES)
        self.ended.wait(seconds)
        return b""

    def _handle(self, frame: bytes, began: float, ends: float) -> None:
        if not self.simulator.paced:
            ends = time.perf_counter()
        self.quiet_since = ends
        if crc16(frame[:-2]) != frame[-2:]:
            return
        if self.simulator.respond is not None:
            self._respond(self.simulator.respond(frame), began, ends)
            return
        fault = self.simulator.faults.get(frame[0])
        if fault is not None and fault.echo:
            wait_until(ends)
            self._write(frame)
        if frame[0] == BROADCAST_UNIT:
            self.simulator.units.tell_all(frame[1:-2])
            return
        reply = self.simulator.units.answer(frame[0], frame[1:-2])
        if reply is None:
            return
        begin = ends + self.simulator.answer_delay + (self.timing.silence if self.simulator.paced else 0.0)
        if fault is None:
            self._send(_framed(frame[0], reply), begin)
        elif fault.late:
            self.late.append((begin + fault.late, _spoiled(fault, frame[0], reply)))
        elif fault.drip:
            self._drip(_spoiled(fault, frame[0], reply), begin, fault.drip)
        else:
            self._send(_spoiled(fault, frame[0], reply), begin)

    def _drip(self, data: bytes, begin: float, seconds: float) -> None:
        """Send byte by byte with a pause before each."""
        wait_until(begin)
        for place in range(len(data)):
            if self.ended.wait(seconds):
                return
            self._write(data[place : place + 1])
        self.quiet_since = time.perf_counter()

    def _respond(self, answers: Sequence[tuple[float, bytes | None]], began: float, ends: float) -> None:
        character = self.timing.character if self.simulator.paced else 0.0
        earliest = ends + self.timing.silence
        for seconds, data in answers:
            if data is not None:
                begin = max(earliest, began + seconds - len(data) * character)
                self.late.append((begin, data))
                earliest = begin + len(data) * character

    def _note_silence(self, seconds: float) -> None:
        silences = self.simulator.silences
        silences.requests += 1
        silences.early += seconds < self.timing.silence
        silences.seconds.append(seconds)

    def _send(self, frame: bytes, begin: float) -> None:
        """Send so that the last byte is there when it has passed the wire, and not before."""
        character = self.timing.character if self.simulator.paced else 0.0
        portion = max(1, int(UART_FIFO_SECONDS / character)) if character else len(frame)
        first = len(frame) % portion or portion
        for end in range(first, len(frame) + 1, portion):
            wait_until(begin + end * character)
            self._write(frame[max(0, end - portion) : end])
        self.quiet_since = begin + len(frame) * character

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.master, data)


def _first_frame(data: bytes, *, ended: bool) -> bytes:
    """Return the request that data begin with, empty while it is not whole.

    Where its function tells no length, or a wrong one, a silence and the check sum do.
    """
    size = request_size(data[1:])
    if size is not None and len(data) >= size + 3:
        return data[: size + 3]
    ends = range(SMALLEST_FRAME_BYTES, len(data) + 1) if ended else ()
    return next((data[:end] for end in ends if crc16(data[: end - 2]) == data[end - 2 : end]), b"")


def _framed(unit: int, data: bytes) -> bytes:
    body = bytes((unit,)) + data
    return body + crc16(body)


def _spoiled(fault: Faults, unit: int, reply: bytes) -> bytes:
    frame = _framed(unit + fault.wrong_unit & 0xFF, reply)
    if fault.bad_crc:
        frame = frame[:-1] + bytes((frame[-1] ^ 1,))
    return fault.sent(frame)
