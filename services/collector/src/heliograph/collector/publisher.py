"""From the outbox to the bus: in order, in atomic batches, let go only after the broker has them on disk."""

import asyncio
from typing import Final

from heliograph.collector.errors import OutboxUnavailable
from heliograph.collector.outbox import Outbox
from heliograph.collector.outbox_file import Entry, StreamName
from heliograph.contract.channels import ALARMS, CHANGES, RECORDS
from heliograph.runtime import Backoff, Bus, BusError, BusUnavailable, Clock, EventLog, Outgoing, StoreFull
from heliograph.runtime.bus import BATCH_BYTES, BATCH_MESSAGES

LOOK_SECONDS: Final = 30.0
"""How often the outbox is looked at without news."""
FULL_SECONDS: Final = 30.0
"""Longest wait while the bus has no room."""


class Publisher:
    """Carries one stream of the outbox; each has its own, so that none waits for another."""

    def __init__(self, stream: StreamName, outbox: Outbox, bus: Bus, clock: Clock, events: EventLog) -> None:
        self._stream = stream
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self._events = events
        self._full = False

    async def run(self) -> None:
        """Carry what is committed, for ever."""
        news = self._outbox.news[self._stream]
        backoff = Backoff(0.2, 10)
        while True:
            try:
                while await self.publish_some():
                    backoff.reset()
            except (BusError, OutboxUnavailable) as error:
                await self._wait_after(error, backoff)
                continue
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()
            except TimeoutError:
                continue
            news.clear()

    async def publish_some(self) -> bool:
        """Carry one batch; tell whether there was one.

        Raises `BusError` or `OutboxUnavailable`; the batch then stays in the outbox and comes again.
        """
        entries = await self._outbox.take(self._stream, BATCH_MESSAGES, BATCH_BYTES)
        if not entries:
            return False
        await self._bus.store_batch([self._outgoing(entry) for entry in entries])
        await self._outbox.remove(self._stream, entries)
        if self._full:
            self._full = False
            self._events.info(f"the bus takes {self._stream} again")
        return True

    def _outgoing(self, entry: Entry) -> Outgoing:
        if self._stream == "records":
            return Outgoing(RECORDS, {"device": entry.device}, entry.payload, entry.identity)
        channel = ALARMS if self._stream == "alarms" else CHANGES
        return Outgoing(channel, {"service": "collector"}, entry.payload, entry.identity)

    async def _wait_after(self, error: Exception, backoff: Backoff) -> None:
        if isinstance(error, StoreFull) and not self._full:
            self._full = True
            self._events.warning(f"the bus has no room for {self._stream}; they wait on the collector's disk")
        if isinstance(error, BusUnavailable) and not self._bus.connected:
            await self._bus.wait_connected()
            return
        await self._clock.sleep(min(backoff.wait(), FULL_SECONDS))
