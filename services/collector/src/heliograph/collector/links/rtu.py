"""Modbus RTU: one serial line with a thread of its own, so that no other work of the service moves its timing."""

import asyncio
import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.collector.links.calls import Call, RawCall, ReadCall, WriteCall
from heliograph.collector.links.doubts import Doubts
from heliograph.collector.links.errors import LinkDown, ModbusException
from heliograph.collector.links.exchange import SerialExchange, Tally
from heliograph.collector.links.link import Counters, OnDrop
from heliograph.collector.links.port import SerialPort
from heliograph.collector.links.tap import Tap
from heliograph.formats.daq import SerialLine
from heliograph.runtime.retry import Backoff

SWITCH_SECONDS = 0.0005
"""How long the line's thread waits for the interpreter at most; the default of 5 ms is longer than a silence."""


@dataclass(frozen=True, slots=True)
class _Job:
    call: Call
    timeout: float
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[bytes]


@dataclass(frozen=True, slots=True)
class _Outcome:
    data: bytes
    error: Exception | None
    tally: Tally
    opened: bool


class RtuLink:
    """See `Link`. The port is opened at the first call, exclusively, and again when it was lost.

    `device` is a device file, `socket://host:port` or `rfc2217://host:port`. A time limit counts the device's own
    time: what request and answer take on the line comes on top.
    """

    def __init__(self, line: SerialLine, device: str, *, backoff: Backoff | None = None) -> None:
        self.name = line.name
        self.counters = Counters()
        self.on_drop: OnDrop | None = None
        self.tap = Tap()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._worker = _Worker(line, device, backoff or Backoff(0.5, 10), self._jobs, self._settle, self.tap)
        self._thread = threading.Thread(target=self._worker.run, name=f"line {line.name}", daemon=True)
        self._closed = False

    async def read(self, call: ReadCall, timeout: float) -> bytes:  # noqa: ASYNC109 - begins with the exchange
        """See `Link.read`."""
        return await self._ask(call, timeout)

    async def write(self, call: WriteCall, timeout: float) -> None:  # noqa: ASYNC109 - as above
        """See `Link.write`."""
        await self._ask(call, timeout)

    async def forward(self, call: RawCall, timeout: float) -> bytes:  # noqa: ASYNC109 - as above
        """See `Link.forward`. A message to all units (unit 0) returns empty as soon as it is sent."""
        return await self._ask(call, timeout)

    async def close(self) -> None:
        """See `Link.close`."""
        self._closed = True
        self._worker.stopped.set()
        self._jobs.put(None)
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    async def _ask(self, call: Call, timeout: float) -> bytes:  # noqa: ASYNC109 - as above
        if self._closed:
            raise LinkDown(f"{self.name}: closed")
        if self._thread.ident is None:
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._jobs.put(_Job(call, timeout, loop, future))
        return await future

    def _settle(self, job: _Job, outcome: _Outcome) -> None:
        """Take over what the thread did; in the event loop."""
        tally = outcome.tally
        self.counters.connections += outcome.opened
        self.counters.requests += tally.requests
        self.counters.busy_seconds += tally.busy_seconds
        for unit, kind in tally.drops:
            self.counters.drops[kind] += 1
            if self.on_drop is not None:
                self.on_drop(unit, kind)
        self.counters.answers += outcome.error is None or isinstance(outcome.error, ModbusException)
        if job.future.done():
            return
        if outcome.error is None:
            job.future.set_result(outcome.data)
        else:
            job.future.set_exception(outcome.error)


class _Worker:
    """What runs in the line's thread: it alone touches the port."""

    def __init__(
        self,
        line: SerialLine,
        device: str,
        backoff: Backoff,
        jobs: "queue.SimpleQueue[_Job | None]",
        settle: Callable[[_Job, _Outcome], None],
        tap: Tap,
    ) -> None:
        self.stopped = threading.Event()
        self._line, self._device = line, device
        self._backoff = backoff
        self._jobs = jobs
        self._settle = settle
        self._tap = tap
        self._exchange: SerialExchange | None = None
        self._doubts = Doubts()
        self._retry_at = 0.0

    def run(self) -> None:
        """Do one job after the other until `stopped`; never ends by an error."""
        while not self.stopped.is_set():
            job = self._jobs.get()
            if job is not None and not job.future.cancelled():
                self._deliver(job, self._perform(job))
        self._let_go()
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    error = LinkDown(f"{self._line.name}: closed")
                    self._deliver(job, _Outcome(b"", error, Tally(), opened=False))

    def _deliver(self, job: _Job, outcome: _Outcome) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            job.loop.call_soon_threadsafe(self._settle, job, outcome)

    def _perform(self, job: _Job) -> _Outcome:
        opened = self._exchange is None
        try:
            exchange = self._open()
        except LinkDown as down:
            return _Outcome(b"", down, Tally(), opened=False)
        exchange.tally = tally = Tally()
        try:
            data = exchange.ask(job.call, job.timeout)
        except LinkDown as down:
            self._let_go()
            return _Outcome(b"", self._wait(down), tally, opened)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets it and the line goes on
            outcome = _Outcome(b"", error, tally, opened)
        else:
            outcome = _Outcome(data, None, tally, opened)
        self._backoff.reset()
        return outcome

    def _open(self) -> SerialExchange:
        if self._exchange is None:
            waits = self._retry_at - time.perf_counter()
            if waits > 0:
                raise LinkDown(f"{self._line.name}: the port is away, next try in {waits:.1f} s", waits)
            try:
                port = SerialPort(self._line, self._device)
            except LinkDown as down:
                raise self._wait(down) from down
            self._exchange = SerialExchange(self._line, port, self._doubts, self.stopped.is_set, self._tap)
            self._tap.happened(f"opened {self._device}")
        return self._exchange

    def _wait(self, down: LinkDown) -> LinkDown:
        self._tap.happened(down.cause)
        down.retry_in = self._backoff.wait()
        self._retry_at = time.perf_counter() + down.retry_in
        return down

    def _let_go(self) -> None:
        if self._exchange is not None:
            self._exchange.port.close()
            self._exchange = None
