"""One exchange after the other on an open serial port, blocking and precisely timed; runs in the line's own thread.

The frame's end is known from its expected length; before each request the line has been silent for 3.5 characters and
the interframe time, counted from the last byte that came, whatever it was and whoever sent it.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from heliograph.collector.links.calls import Call, RawCall, ReadCall, WriteCall
from heliograph.collector.links.direction import SEPARATE_PAIRS
from heliograph.collector.links.doubts import Doubts
from heliograph.collector.links.errors import (
    DROP_TEXTS,
    BadFrame,
    DropKind,
    LinkDown,
    LinkFailure,
    ModbusException,
    NoAnswer,
    Silence,
)
from heliograph.collector.links.hunt import AnyHunt, Found, hunt
from heliograph.collector.links.modbus import answer_data
from heliograph.collector.links.port import SerialPort
from heliograph.collector.links.tap import Tap
from heliograph.collector.links.timing import character_seconds, pause_seconds, silence_seconds
from heliograph.formats.daq import SerialLine

LARGEST_GARBAGE_BYTES = 1024
ACTIVE_SECONDS = 0.0001
BROADCAST_UNIT = 0
BROADCAST_SECONDS = 0.1
"""What all units get to act on a message to all, before the next one (Modbus serial line guide, 2.4.1)."""
_CACHED_CALLS = 4096


@dataclass(slots=True)
class Tally:
    """What happened during one call."""

    requests: int = 0
    busy_seconds: float = 0.0
    drops: list[tuple[int, DropKind]] = field(default_factory=list)
    """By the unit that is at fault."""


class SerialExchange:
    """Speaks with the units behind one port. `stopped` ends a wait early; `doubts` outlive the port."""

    def __init__(
        self,
        line: SerialLine,
        port: SerialPort,
        doubts: Doubts,
        stopped: Callable[[], bool],
        tap: Tap | None = None,
    ) -> None:
        self.port = port
        self.tally = Tally()
        self._stopped = stopped
        self._tap = tap or Tap()
        self._name = line.name
        self._character = character_seconds(line)
        self._silence = silence_seconds(line)
        self._pause = pause_seconds(line)
        self._quiet_since = time.perf_counter()
        self._hunts: dict[Call, AnyHunt] = {}
        self._last: AnyHunt | None = None
        self._echoes: bool | None = False if line.wires == SEPARATE_PAIRS else None
        """Whether the line gives back what is sent; None until it has been read from since it was opened."""
        self._doubts = doubts

    def ask(self, call: Call, timeout: float) -> bytes:
        """Return the data of the answer, empty for writes; raises as `Link.read` does.

        A device that stayed silent may still answer the request before. While that answer could be taken for the one
        to this call, the device is first asked something whose answer is a proof. A write is confirmed by its own bytes
        or the first of them, so before the first one it is found out whether the line echoes. What is said to all units
        is answered by none.
        """
        if call.unit == BROADCAST_UNIT:
            return self._say_to_all(call, timeout)
        if not isinstance(call, ReadCall) and self._echoes is None:
            self._look_for_echo(call, timeout)
        head = self._hunt(call).head
        if self._doubts.about(head):
            self._resolve(call, timeout)
        if self._doubts.holds(head):
            raise Silence(f"{self._name}: not asked, since the answer to an earlier request may be under way")
        return self._exchange(call, timeout)

    def _say_to_all(self, call: Call, timeout: float) -> bytes:
        target = self._hunt(call)
        self._wait_quiet(target, timeout)
        began = self._send(target)
        self.tally.busy_seconds += self._quiet_since - began
        self._quiet_since += BROADCAST_SECONDS
        return b""

    def _resolve(self, call: Call, timeout: float) -> None:
        head = self._hunt(call).head
        for probe in self._doubts.probes(call):
            with contextlib.suppress(ModbusException):
                self._exchange(probe, timeout, is_probe=True)
            if not self._doubts.about(head):
                return

    def _look_for_echo(self, call: WriteCall | RawCall, timeout: float) -> None:
        """Read something: the line echoes it or does not, whether the device answers or not."""
        with contextlib.suppress(ModbusException, NoAnswer):
            self.ask(ReadCall(call.unit, call.table, call.address, 1), timeout)

    def _exchange(self, call: Call, timeout: float, *, is_probe: bool = False) -> bytes:
        target = self._hunt(call)
        self._wait_quiet(target, timeout)
        began = self._send(target)
        deadline = self._quiet_since + self._silence + timeout + target.size * self._character
        try:
            found = self._receive(target, deadline)
            while self._is_doubtful(target, found) and not is_probe:
                self._drop_late(target, found)
                found = self._receive(target, deadline)
        except LinkFailure:
            self._doubts.add(target.head)
            raise
        finally:
            self.tally.busy_seconds += time.perf_counter() - began
        self._conclude(target, found)
        return answer_data(call, found.message)

    def _is_doubtful(self, target: AnyHunt, found: Found) -> bool:
        return found.is_refusal and self._doubts.about(target.head)

    def _drop_late(self, target: AnyHunt, found: Found) -> None:
        self.tally.drops.append((target.call.unit, "late"))
        self._doubts.came(target.head[:1] + found.message)

    def _conclude(self, target: AnyHunt, found: Found) -> None:
        if self._is_doubtful(target, found):
            self._doubts.came(target.head[:1] + found.message)
            self._doubts.add(target.head)
        else:
            self._doubts.settle(target.call.unit)

    def _hunt(self, call: Call) -> AnyHunt:
        target = self._hunts.get(call)
        if target is None:
            if len(self._hunts) >= _CACHED_CALLS:
                self._hunts.clear()
            target = self._hunts[call] = hunt(call)
        return target

    def _wait_quiet(self, target: AnyHunt, limit: float) -> None:
        """Return when the line has been silent for long enough; what comes meanwhile belongs to nobody."""
        deadline = time.perf_counter() + limit + max(0.0, self._quiet_since - time.perf_counter())
        stray = b""
        while True:
            came = self.port.pending()
            now = time.perf_counter()
            if came:
                self._quiet_since = max(self._quiet_since, now)
                stray = (stray + came)[-LARGEST_GARBAGE_BYTES:]
            is_quiet = now >= self._quiet_since + self._pause
            if is_quiet or now > deadline or self._stopped():
                break
            _sleep_until(self._quiet_since + self._pause)
        if stray:
            self._drop_stray(stray, target)
        if not is_quiet:
            raise BadFrame("noise", f"{self._name}: the line is never silent; something talks all the time")

    def _drop_stray(self, stray: bytes, target: AnyHunt) -> None:
        earlier = self._last or target
        found = None if earlier.call.unit == BROADCAST_UNIT else earlier.find(stray)
        if found is None:
            self._drop(earlier, stray)
        else:
            self._tap.received(stray, "late")
            self._drop_late(earlier, found)

    def _drop(self, target: AnyHunt, data: bytes) -> None:
        """Count bytes that are no answer to the newest request, and take a late answer for what it tells."""
        unit, kind = target.call.unit, target.classify(data)
        answer = data.removeprefix(target.request)
        if kind in ("function", "unit") and self._doubts.about(answer):
            unit, kind = answer[0], "late"
        if kind == "late" and unit == target.call.unit:  # in another one's name a faulty device may speak as well
            self._doubts.came(answer)
        self._tap.received(data, kind, time.perf_counter() - self._quiet_since)
        self.tally.drops.append((unit, kind))

    def _send(self, target: AnyHunt) -> float:
        began = time.perf_counter()
        self.port.write(target.request)
        self._tap.sent(target.request)
        self._quiet_since = began + len(target.request) * self._character
        self._last = target
        self.tally.requests += 1
        return began

    def _receive(self, target: AnyHunt, deadline: float) -> Found:
        data = b""
        more = b""
        dropped = len(self.tally.drops)
        while time.perf_counter() < deadline:
            if self._stopped():
                raise LinkDown(f"{self._name}: closed")
            chunk = more or self.port.read(target.missing(data))
            if not chunk:
                continue
            self._quiet_since = time.perf_counter()
            data = (data + chunk)[-LARGEST_GARBAGE_BYTES:]
            found = self._find(target, data)
            more = self._rest(target) if found is not None else b""
            if found is not None and not more:
                self._drop_around(target, data, found)
                return found
        if data:
            self._drop(target, data)
        if isinstance(target.call, ReadCall):
            self._echoes = target.request in data or bool(self._echoes)
        raise self._failure(self.tally.drops[dropped:])

    def _rest(self, target: AnyHunt) -> bytes:
        """Return what comes before the silence that ends a frame, where only that tells its end."""
        if not target.ends_by_silence:
            return b""
        _sleep_until(self._quiet_since + self._silence)
        return self.port.pending()

    def _find(self, target: AnyHunt, data: bytes) -> Found | None:
        """Look for the answer; on a line that echoes only behind the echo, which may look like a confirmation."""
        if not self._echoes:
            return target.find(data)
        echo = data.find(target.request)
        if echo < 0:
            return None if target.request.startswith(data) else target.find(data)
        return target.find(data, echo + len(target.request))

    def _drop_around(self, target: AnyHunt, data: bytes, found: Found) -> None:
        before = data[: found.start]
        if isinstance(target.call, ReadCall):
            self._echoes = target.request in before
        if before:
            self._drop(target, before)
        self._tap.received(data[found.start : found.end], "exception" if found.is_refusal else "")
        if rest := data[found.end :]:
            self._drop(target, rest)

    def _failure(self, drops: list[tuple[int, DropKind]]) -> NoAnswer:
        if drops:
            _, kind = drops[-1]
            return BadFrame(kind, f"{self._name}: within the time limit only {DROP_TEXTS[kind]}")
        return Silence(f"{self._name}: no answer within the time limit")


def _sleep_until(instant: float) -> None:
    """Return at an instant, never before; the scheduler's own delay is about what is waited for actively."""
    time.sleep(max(0.0, instant - time.perf_counter() - ACTIVE_SECONDS))
    while time.perf_counter() < instant:
        pass
