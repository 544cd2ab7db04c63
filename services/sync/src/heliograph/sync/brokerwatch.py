"""The broker as sync meets it: its streams are made, and its identity tells a start of the whole stack (spec 3.3)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from heliograph.contract.states import StreamState
from heliograph.runtime import BusError, Context
from heliograph.runtime.clock import milliseconds
from heliograph.sync.diary import Diary
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.power import Mark, alarm_at_start, read_mark, write_mark
from heliograph.sync.spool import Spool

STREAMS_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.5
COUNT_SECONDS: Final = 30.0
"""What lies in the streams is asked for so seldom: it is only for people to look at."""


class BrokerWatch:
    """Keeps the streams and the mark of this run. `met` is called for each broker that is new, or new to this run."""

    def __init__(
        self, context: Context, spool: Spool, diary: Diary, disk: OwnDisk, mark: Path, met: Callable[[], None]
    ) -> None:
        self._bus, self._clock = context.bus, context.clock
        self._spool = spool
        self._diary = diary
        self._disk = disk
        self._mark = mark
        self._met = met
        self._broker = ""
        self.streams: tuple[StreamState, ...] = ()
        """What lay in the streams at the last look."""

    async def keep_streams(self) -> None:
        """Make the streams whenever the broker is new, and every few seconds in case it lost its store."""
        bus, clock = self._bus, self._clock
        made, looked = "", float("-inf")
        while True:
            await bus.wait_connected()
            if bus.server_id != made or clock.monotonic() - looked >= STREAMS_SECONDS:
                with suppress(BusError), self._disk.step("the mark of this run"):
                    await bus.ensure_streams()
                    looked = clock.monotonic()
                    if bus.server_id != made:
                        broker = bus.server_id
                        await self._meet(broker)
                        made = broker
            await clock.sleep(LOOK_SECONDS)

    async def count(self) -> None:
        """Look into the streams now and then, for ever."""
        while True:
            await self._bus.wait_connected()
            seconds = LOOK_SECONDS  # the streams may not be there yet
            with suppress(BusError):
                self.streams = await self._bus.streams()
                seconds = COUNT_SECONDS
            await self._clock.sleep(seconds)

    async def leave(self, asked: int) -> None:
        """Leave the mark of an orderly stop, which was asked for at this time (milliseconds since 1970)."""
        if self._broker:
            with self._disk.step("the mark of an orderly stop"):
                await asyncio.to_thread(write_mark, self._mark, Mark("stopped", self._broker, asked))

    async def _meet(self, broker: str) -> None:
        """Tell a start of the whole stack from one of the broker alone; give the broker the revision in force."""
        now = milliseconds(self._clock)
        if not self._broker:
            alarm = alarm_at_start(read_mark(self._mark), broker, now)
            if alarm is not None and self._spool.raise_alarm(alarm.info, identity=alarm.identity, time=alarm.time):
                self._diary.info(f"{alarm.info}: the whole gateway was started")
        self._broker = broker
        await asyncio.to_thread(write_mark, self._mark, Mark("running", broker, now))
        self._met()
