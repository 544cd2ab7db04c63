"""Goes through all that is to be searched: several hosts at once, one request at a time on each (spec 2.4)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.collector.links import LinkDown
from heliograph.collector.sunspec.asking import Asker
from heliograph.collector.sunspec.catalogue import Catalogue
from heliograph.collector.sunspec.walk import Chain, Examination, Nothing
from heliograph.formats.daq import SerialInterface, TcpInterface
from heliograph.formats.definition import Protocol
from heliograph.formats.sunspec import Made, Target, definition_of
from heliograph.formats.sunspec.progress import detection_ended, device_found, table_found
from heliograph.runtime import Clock

HOSTS_AT_ONCE: Final = 16
MOST_DEVICES: Final = 1000
"""Devices of a set (spec 1.10)."""

Interface = SerialInterface | TcpInterface

_log = logging.getLogger("heliograph.collector")


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is to be searched, and how."""

    targets: tuple[Target, ...]
    units: dict[str, tuple[int, ...]]
    """By the text of the target."""
    uid: str
    """Names of definition files begin with it."""
    seconds: float = 1.0
    """Time limit of one answer."""
    most_devices: int = MOST_DEVICES
    at_once: int = HOSTS_AT_ONCE

    @property
    def total(self) -> int:
        """How many units will be asked."""
        return sum(len(self.units[target.text]) * len(target.interfaces) for target in self.targets)


@dataclass(frozen=True, slots=True)
class Found:
    """One SunSpec device."""

    interface: Interface
    address: int
    chain: Chain
    made: Made


@dataclass(slots=True)
class Tell:
    """Who hears how the search goes; each is called in the event loop."""

    line: Callable[[str], None]
    """A line of progress (spec 2.4), without its time."""
    found: Callable[[Found], None]
    problem: Callable[[str], None]
    """What could not be searched, and why."""
    asked: Callable[[int], None]
    """So many units more have been asked, or need not be."""


@dataclass(slots=True)
class Search:
    """One search; `run` ends when all is searched, and is cancelled to stop it."""

    plan: SearchPlan
    open_asker: Callable[[Interface], Asker]
    catalogue: Catalogue
    clock: Clock
    tell: Tell
    devices: int = 0
    _counts: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Search everything."""
        hosts = asyncio.Semaphore(self.plan.at_once)
        async with asyncio.TaskGroup() as group:
            for target in self.plan.targets:
                group.create_task(self._target(target, hosts), name=f"sunspec {target.text}")

    async def _target(self, target: Target, hosts: asyncio.Semaphore) -> None:
        self._counts[target.text] = 0
        try:
            async with asyncio.TaskGroup() as group:
                for interface in target.interfaces:
                    group.create_task(self._interface(target, interface, hosts), name=f"sunspec {interface}")
        finally:
            self.tell.line(detection_ended(target.text, self._counts[target.text]))

    async def _interface(self, target: Target, interface: Interface, hosts: asyncio.Semaphore) -> None:
        if isinstance(interface, SerialInterface):
            await self._units(target, interface)
        else:
            async with hosts:
                await self._units(target, interface)

    async def _units(self, target: Target, interface: Interface) -> None:
        """Ask one unit after the other; a link that is away ends it, since all units are behind it."""
        asker = self.open_asker(interface)
        reached = False
        units = self.plan.units[target.text]
        try:
            for done, unit in enumerate(units):
                if self.devices >= self.plan.most_devices:
                    self.tell.problem(f"{interface}: not searched to its end: {self.devices} devices are the most")
                    self.tell.asked(len(units) - done)
                    return
                try:
                    reached = await self._unit(target, interface, unit, asker, reached=reached)
                except LinkDown as down:
                    self.tell.problem(_named(interface, down.cause))
                    self.tell.asked(len(units) - done)
                    return
                self.tell.asked(1)
        finally:
            await asker.close()

    async def _unit(self, target: Target, interface: Interface, unit: int, asker: Asker, *, reached: bool) -> bool:
        """Examine one unit; return whether this interface was ever open. Raises `LinkDown`."""
        examination = Examination(
            asker,
            unit,
            self.plan.seconds,
            self.catalogue,
            self.clock,
            on_device=lambda: self.tell.line(device_found(unit, interface, is_sunspec=True)),
            on_table=lambda model: self.tell.line(
                table_found(model.number, model.length, model.register, unit, interface)
            ),
            reached=reached,
        )
        try:
            outcome = await examination.run()
            if isinstance(outcome, Chain):
                await self._take(target, interface, unit, outcome)
            elif outcome is Nothing.OTHER:
                self.tell.line(device_found(unit, interface, is_sunspec=False))
        except LinkDown:
            raise
        except Exception as error:  # noqa: BLE001  # a fault of ours with one device must not end the search of the others
            _log.exception("the search of @%d %s failed", unit, interface)
            self.tell.problem(f"@{unit} {interface}: a fault of the gateway ({error!r}); its log tells more")
        return examination.reached

    async def _take(self, target: Target, interface: Interface, unit: int, chain: Chain) -> None:
        """Take a found device; its file is made in a thread, so that polling goes on."""
        found = Found(interface, unit, chain, await asyncio.to_thread(self._make, chain, interface))
        if self.devices < self.plan.most_devices:  # several hosts are searched at once
            self.devices += 1
            self._counts[target.text] += 1
            self.tell.found(found)

    def _make(self, chain: Chain, interface: Interface) -> Made:
        protocol = Protocol.MODBUS_RTU if isinstance(interface, SerialInterface) else Protocol.MODBUS_TCP
        return definition_of(chain.models, chain.identity, protocol, self.plan.uid)


def notes_of(found: Found) -> Sequence[str]:
    """Return what a person shall know of a found device before it is configured."""
    return (*found.chain.notes, *found.made.notes)


def _named(interface: Interface, cause: str) -> str:
    """Return a cause with the interface it is about, once."""
    return cause if cause.startswith(str(interface)) else f"{interface}: {cause}"
