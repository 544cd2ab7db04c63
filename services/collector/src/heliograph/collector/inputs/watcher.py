"""Watches the gateway's own inputs at polling speed, switches its relay, and keeps the totals of its counters."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from heliograph.collector.account import Account
from heliograph.collector.inputs.kept import Kept
from heliograph.collector.inputs.panel import Panel
from heliograph.collector.repeated import Repeated
from heliograph.contract import Level
from heliograph.contract.records import Value
from heliograph.formats.definition import Variable
from heliograph.runtime import Clock

COMMIT_SECONDS: Final = 10.0
"""Pulses that a power cut may cost; an orderly stop costs none."""
LEAST_POLL_SECONDS: Final = 0.02

T = TypeVar("T")


class Watcher:
    """The one owner of the panel. `run` is a task; what may block has a thread of its own."""

    def __init__(
        self, panel: Panel, kept: Kept, account: Account, poll_seconds: float, clock: Clock, repeated: Repeated
    ) -> None:
        self._panel = panel
        self._kept = kept
        self._account = account
        self._poll_seconds = max(LEAST_POLL_SECONDS, poll_seconds)
        self._clock = clock
        self._repeated = repeated
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inputs")

    async def run(self) -> None:
        """Watch for ever."""
        kept_at = self._clock.monotonic()
        try:
            while True:
                began = self._clock.monotonic()
                await self._look()
                if began - kept_at >= COMMIT_SECONDS:
                    kept_at = began
                    await self._keep(self._kept.commit)
                await self._clock.sleep(max(0.0, began + self._poll_seconds - self._clock.monotonic()))
        finally:
            await asyncio.shield(self._keep(self._panel.close))
            self._thread.shutdown(wait=False)

    async def read(self, variable: Variable) -> Value:
        """Read one variable now. Raises `OSError`."""
        return await self._blocking(lambda: self._panel.value(variable))

    async def write(self, variable: Variable, *, on: bool) -> Value:
        """Switch the relay and return what it says now. Raises `OSError`."""
        return await self._blocking(lambda: self._panel.write(variable, on=on))

    async def _look(self) -> None:
        reading, cause = await self._blocking(self._panel.read)
        self._account.counts.requests += 1
        if cause:
            self._account.errors["terminal"] += 1
            self._repeated.say(Level.WARNING, ("inputs", cause), f"inputs: {cause}")
        if reading.count(None) == len(reading):
            self._account.failed(cause)
        else:
            self._account.take(reading, cause)

    async def _keep(self, work: Callable[[], None]) -> None:
        """Do what writes to the disk; when the disk refuses it is tried again at the next time."""
        try:
            await self._blocking(work)
        except OSError as error:
            self._repeated.say(
                Level.ERROR, ("inputs", "kept"), f"the totals of the S0 counters cannot be kept: {error}"
            )

    async def _blocking(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
