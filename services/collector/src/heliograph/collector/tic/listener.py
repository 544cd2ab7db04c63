"""Listens to a meter's customer output: each whole frame is a reading; silence loses the meter, like any device."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from heliograph.collector.account import Account
from heliograph.collector.fetch import Reading
from heliograph.collector.links import LinkDown, SerialPort, meter_port
from heliograph.collector.repeated import Repeated
from heliograph.collector.tic.frames import Frame, FrameParser, Mode
from heliograph.contract import Level
from heliograph.formats.definition import Variable
from heliograph.runtime import Clock
from heliograph.runtime.retry import Backoff

SILENCE_SECONDS: Final = 10.0
"""A meter sends a frame every one to three seconds, in either mode."""
PORTION_BYTES: Final = 512


class Listener:
    """The one owner of a meter's port. `run` is a task; what blocks has a thread of its own."""

    def __init__(
        self, variables: tuple[Variable, ...], mode: Mode, device: str, account: Account, clock: Clock,
        repeated: Repeated,
    ) -> None:  # fmt: skip
        self._labels = tuple(variable.info[0] for variable in variables)
        self._mode = mode
        self._device = device
        self._account = account
        self._clock = clock
        self._repeated = repeated
        self._backoff = Backoff(0.5, 30)
        self._last: dict[str, str] = {}
        self._last_at = float("-inf")

    async def read(self, variable: Variable) -> str:
        """Return what the last frame said. Raises `OSError` where it said nothing, or was too long ago."""
        label = variable.info[0]
        if self._clock.monotonic() - self._last_at > SILENCE_SECONDS:
            raise OSError(f"the meter sent no frame for {SILENCE_SECONDS:g} s")
        if label not in self._last:
            raise OSError(f"the meter's last frame has no group {label}")
        return self._last[label]

    async def run(self) -> None:
        """Listen for ever; a port that goes away is opened again after growing waits."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="meter")
        try:
            while True:
                try:
                    await self._listen(thread)
                except LinkDown as down:
                    self._account.errors["connection"] += 1
                    self._account.failed(down.cause)
                await self._clock.sleep(self._backoff.wait())
        finally:
            thread.shutdown(wait=False)

    async def _listen(self, thread: ThreadPoolExecutor) -> None:
        """Take what the port gives until it fails. Raises `LinkDown`."""
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(thread, meter_port, self._device, int(self._mode))
        try:
            port = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close)
            raise
        try:
            await self._follow(loop, thread, port)
        finally:
            await asyncio.shield(loop.run_in_executor(thread, port.close))

    async def _follow(self, loop: asyncio.AbstractEventLoop, thread: ThreadPoolExecutor, port: SerialPort) -> None:
        parser = FrameParser(self._mode)
        heard = self._clock.monotonic()
        strange = 0
        while True:
            data = await loop.run_in_executor(thread, port.read, PORTION_BYTES)
            strange += len(data)
            for frame in parser.feed(data):
                self._take(frame)
                heard, strange = self._clock.monotonic(), 0
            if self._clock.monotonic() - heard >= SILENCE_SECONDS:
                self._account.errors["timeout"] += 1
                self._account.failed(self._cause(strange))
                heard, strange = self._clock.monotonic(), 0

    def _cause(self, strange: int) -> str:
        if not strange:
            return (
                f"{self._device}: nothing came for {SILENCE_SECONDS:g} s; is the meter's output wired and switched on?"
            )
        other = Mode.STANDARD if self._mode is Mode.HISTORIC else Mode.HISTORIC
        return (
            f"{self._device}: {strange} bytes came in {SILENCE_SECONDS:g} s and no frame among them; "
            f"is the meter's mode another one ({int(other)} bit/s)?"
        )

    def _take(self, frame: Frame) -> None:
        self._backoff.reset()
        self._last, self._last_at = frame.values, self._clock.monotonic()
        self._account.counts.requests += 1
        for fault, count in frame.dropped.items():
            self._account.errors[fault] += count
            self._repeated.say(Level.WARNING, (self._device, fault), f"{self._device}: {_FAULTS[fault]}")
        missing = [label for label in self._labels if label not in frame.values]
        reading: Reading = tuple(frame.values.get(label) for label in self._labels)
        if len(missing) == len(self._labels):
            self._account.failed(f"{self._device}: no frame has a group of the definition ({', '.join(missing[:5])} …)")
        else:
            self._account.take(reading, f"not sent by the meter: {', '.join(missing)}" if missing else "")


_FAULTS: Final = {
    "check": "a group with a wrong check byte is dropped",
    "group": "a line that is no group is dropped",
    "long": "a group that does not end is dropped",
    "cut": "a group that was cut off is dropped",
}


def _close(opening: "asyncio.Future[SerialPort]") -> None:
    """Close a port that was opened for nobody."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
