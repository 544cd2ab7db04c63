"""Asks one device in one turn: waits where it is busy, counts, and measures how fast it answers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from heliograph.collector.links import Busy, Link, ModbusException, ReadCall, WriteCall
from heliograph.collector.pace import PaceMeter
from heliograph.runtime import Clock

BUSY_WAITS_SECONDS: Final = (0.05, 0.1, 0.2)
"""A device that says it is busy is asked again after these, in all of one turn."""

ACCEPTED: Final = 5
"""The exception of a device that does what it was told, but not yet."""


@dataclass(slots=True)
class Tally:
    """What a device was asked and how it failed, since it was configured."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    """By kind, as `DeviceState` tells them."""

    def note(self, refusal: ModbusException) -> None:
        """Count an exception."""
        self.errors[f"exception {refusal.code}"] += 1


class Asker:
    """Reads from one device, as long as its turn lasts."""

    def __init__(
        self, link: Link, clock: Clock, meter: PaceMeter, tally: Tally, seconds: float, patient: float
    ) -> None:
        """Wait `seconds` for an answer at first, and `patient` seconds at most, in all, while the device is busy."""
        self._link = link
        self._clock = clock
        self._meter = meter
        self._tally = tally
        self._waits = _waits(patient)
        self.seconds = seconds
        """How long the next request waits for its answer."""
        self.stayed_busy = False
        """Whether the newest request found the device busy to the last."""

    async def read(self, call: ReadCall) -> bytes:
        """Return the data of the answer. Raises as `Link.read`; every exception is counted."""
        while True:
            try:
                return await self._read(call)
            except ModbusException as refusal:
                await self._wait_or_raise(refusal)

    async def write(self, call: WriteCall) -> None:
        """Write; a device that has accepted it and is still working is given its time, and the read-back tells.

        Raises as `Link.write`; every exception is counted.
        """
        while True:
            self._tally.requests += 1
            try:
                return await self._link.write(call, self.seconds)
            except ModbusException as refusal:
                await self._wait_or_raise(refusal)
                if refusal.code == ACCEPTED:
                    return None

    async def _wait_or_raise(self, refusal: ModbusException) -> None:
        self._tally.note(refusal)
        if not isinstance(refusal, Busy):
            raise refusal
        wait = next(self._waits, None)
        if wait is None:
            self.stayed_busy = True
            raise refusal
        await self._clock.sleep(wait)

    async def _read(self, call: ReadCall) -> bytes:
        counters = self._link.counters
        requests, busy = counters.requests, counters.busy_seconds
        self._tally.requests += 1
        data = await self._link.read(call, self.seconds)
        self.stayed_busy = False
        if counters.requests == requests + 1:
            self._meter.note(len(data), counters.busy_seconds - busy)
        return data


def _waits(limit: float) -> Iterator[float]:
    """Yield the waits of one turn, no longer in all than the device's time limit."""
    for wait in BUSY_WAITS_SECONDS:
        limit -= wait
        if limit >= 0:
            yield wait
