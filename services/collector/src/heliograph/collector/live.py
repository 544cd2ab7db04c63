"""Live readings for the page and scripts: at most one a second of each device, never stored, never waited for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic_core import to_json

from heliograph.collector.alarms import as_recorded
from heliograph.contract.channels import LIVE
from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Variable
from heliograph.runtime import Bus, BusError, Clock

LOOK_SECONDS: Final = 0.2
LEAST_SECONDS: Final = 1.0
"""Least time between two live readings of one device."""


@dataclass(slots=True, eq=False)
class Feed:
    """The newest reading of one device, until it is published or a newer one comes."""

    device: str
    head: bytes
    variables: Sequence[Variable]
    reading: Sequence[Value] | None = None
    time: int = 0
    published: float = 0.0
    """When the last one was published, by the monotonic clock."""

    def offer(self, reading: Sequence[Value], time: int) -> None:
        """Replace the newest reading."""
        self.reading, self.time = reading, time

    def encoded(self) -> bytes:
        """Write the newest reading as the channel carries it; what is missing has no key."""
        values = {
            variable.index: as_recorded(variable, value)
            for variable, value in zip(self.variables, self.reading or (), strict=True)
            if value is not None
        }
        return b'%b,"time":%d,"values":%b}' % (self.head, self.time, to_json(values))


class Live:
    """Publishes the newest readings of all devices."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._feeds: set[Feed] = set()

    def feed(self, device: Device, variables: Sequence[Variable]) -> Feed:
        """Return what publishes the readings of a device once begun; `variables` are in the order of its readings."""
        return Feed(device.index, to_json({"version": 1, "device": device.index, "name": device.name})[:-1], variables)

    def begin(self, feed: Feed) -> None:
        """Publish from now on."""
        self._feeds.add(feed)

    def forget(self, feed: Feed) -> None:
        """Publish no more of it."""
        self._feeds.discard(feed)

    async def run(self) -> None:
        """Publish, for ever; while the bus is away readings are only replaced by newer ones."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            if self._bus.connected:
                await self._publish(self._clock.monotonic())

    async def _publish(self, now: float) -> None:
        for feed in tuple(self._feeds):
            if feed.reading is None or now < feed.published + LEAST_SECONDS:
                continue
            payload, feed.reading, feed.published = feed.encoded(), None, now
            try:
                await self._bus.publish(LIVE, payload, device=feed.device)
            except BusError:
                return
