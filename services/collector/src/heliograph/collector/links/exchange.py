"""One exchange after the other on an open serial port, blocking and precisely timed; runs in the line's own thread.

The frame's end is known from its expected length; before each request the line has been silent for 3.5 characters and
the interframe time, counted from the last byte that came, whatever it was and whoever sent it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from heliograph.collector.links.calls import Call, ReadCall
from heliograph.collector.links.errors import (
    DROP_TEXTS,
    BadFrame,
    DropKind,
    LinkDown,
    ModbusException,
    NoAnswer,
    Silence,
)
from heliograph.collector.links.hunt import Found, Hunt, hunt
from heliograph.collector.links.modbus import answer_data
from heliograph.collector.links.port import SerialPort
from heliograph.collector.links.timing import character_seconds, pause_seconds, silence_seconds
from heliograph.formats.daq import SerialLine

LATE_SECONDS = 10.0
"""So long after its time limit an answer may still come."""
LARGEST_GARBAGE_BYTES = 1024
ACTIVE_SECONDS = 0.0001
_CACHED_CALLS = 4096

Shape = tuple[int, int]
"""Function and byte count: all that tells the answers of two reads of one unit apart."""


@dataclass(slots=True)
class Tally:
    """What happened during one call."""

    requests: int = 0
    busy_seconds: float = 0.0
    drops: list[DropKind] = field(default_factory=list)


class SerialExchange:
    """Speaks with the units behind one port. `stopped` ends a wait early."""

    def __init__(self, line: SerialLine, port: SerialPort, stopped: Callable[[], bool]) -> None:
        self.port = port
        self.tally = Tally()
        self._stopped = stopped
        self._name = line.name
        self._character = character_seconds(line)
        self._silence = silence_seconds(line)
        self._pause = pause_seconds(line)
        self._quiet_since = time.perf_counter()
        self._hunts: dict[Call, Hunt] = {}
        self._last: Hunt | None = None
        self._echoes = False
        self._unanswered: dict[int, dict[Shape, float]] = {}

    def ask(self, call: Call, timeout: float) -> bytes:
        """Return the data of the answer, empty for writes; raises as `Link.read` does.

        A device that stayed silent may still answer the request before. Where that answer would look like the one
        to this call, the device is first asked something whose answer looks different.
        """
        if isinstance(call, ReadCall) and _shape(call) in self._doubts(call.unit):
            self._resynchronise(call, timeout)
        return self._exchange(call, timeout)

    def _resynchronise(self, call: ReadCall, timeout: float) -> None:
        step = 8 if call.table.is_bits else 1
        doubts = self._doubts(call.unit)
        for size in count(step, step):
            probe = ReadCall(call.unit, call.table, min(call.address, 65536 - size), size)
            if _shape(probe) not in doubts:
                break
        try:
            self._exchange(probe, timeout)
        except ModbusException:
            return  # it refuses the odd question, and so has left the earlier one behind

    def _doubts(self, unit: int) -> dict[Shape, float]:
        now = time.perf_counter()
        shapes = {shape: until for shape, until in self._unanswered.get(unit, {}).items() if until > now}
        self._unanswered[unit] = shapes
        return shapes

    def _exchange(self, call: Call, timeout: float) -> bytes:
        target = self._hunt(call)
        self._wait_quiet(target, timeout)
        began = self._send(target)
        try:
            found = self._receive(target, self._quiet_since + self._silence + timeout + target.size * self._character)
        except NoAnswer:
            if isinstance(call, ReadCall):
                self._doubts(call.unit)[_shape(call)] = time.perf_counter() + LATE_SECONDS
            raise
        finally:
            self.tally.busy_seconds += time.perf_counter() - began
        self._unanswered.pop(call.unit, None)
        return answer_data(call, found.message)

    def _hunt(self, call: Call) -> Hunt:
        target = self._hunts.get(call)
        if target is None:
            if len(self._hunts) >= _CACHED_CALLS:
                self._hunts.clear()
            target = self._hunts[call] = hunt(call)
        return target

    def _wait_quiet(self, target: Hunt, limit: float) -> None:
        """Return when the line has been silent for long enough; what comes meanwhile belongs to nobody."""
        deadline = time.perf_counter() + limit
        while True:
            stray = self.port.pending()
            now = time.perf_counter()
            if stray:
                self._quiet_since = now
                self._drop_stray(stray, target)
            remaining = self._quiet_since + self._pause - now
            if remaining <= 0:
                return
            if now > deadline or self._stopped():
                raise BadFrame("noise", f"{self._name}: the line is never silent; something talks all the time")
            _sleep_until(self._quiet_since + self._pause)

    def _drop_stray(self, stray: bytes, target: Hunt) -> None:
        earlier = self._last or target
        self.tally.drops.append("late" if earlier.find(stray) else earlier.classify(stray))

    def _send(self, target: Hunt) -> float:
        began = time.perf_counter()
        self.port.write(target.request)
        self._quiet_since = began + len(target.request) * self._character
        self._last = target
        self.tally.requests += 1
        return began

    def _receive(self, target: Hunt, deadline: float) -> Found:
        data = b""
        dropped = len(self.tally.drops)
        while time.perf_counter() < deadline:
            if self._stopped():
                raise LinkDown(f"{self._name}: closed")
            chunk = self.port.read(target.missing(data))
            if chunk:
                self._quiet_since = time.perf_counter()
                data = (data + chunk)[-LARGEST_GARBAGE_BYTES:]
                found = self._find(target, data)
                if found is not None:
                    self._drop_around(target, data, found)
                    return found
        if data:
            self.tally.drops.append(target.classify(data))
        raise self._failure(self.tally.drops[dropped:])

    def _find(self, target: Hunt, data: bytes) -> Found | None:
        """Look for the answer; on a line that echoes, the first copy of a request that is its own answer is none."""
        echoed = self._echoes and target.answer_is_request and data.startswith(target.request)
        return target.find(data, len(target.request) if echoed else 0)

    def _drop_around(self, target: Hunt, data: bytes, found: Found) -> None:
        before = data[: found.start]
        if isinstance(target.call, ReadCall):
            self._echoes = before.startswith(target.request)
        for rest in (before, data[found.end :]):
            if rest:
                self.tally.drops.append(target.classify(rest))

    def _failure(self, drops: list[DropKind]) -> NoAnswer:
        if drops:
            return BadFrame(drops[-1], f"{self._name}: within the time limit only {DROP_TEXTS[drops[-1]]}")
        return Silence(f"{self._name}: no answer within the time limit")


def _sleep_until(instant: float) -> None:
    """Return at an instant, never before; the scheduler's own delay is about what is waited for actively."""
    time.sleep(max(0.0, instant - time.perf_counter() - ACTIVE_SECONDS))
    while time.perf_counter() < instant:
        pass


def _shape(call: ReadCall) -> Shape:
    return call.function, call.byte_count
