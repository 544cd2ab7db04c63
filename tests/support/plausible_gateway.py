"""An api with a plausible gateway played round it, for tests that look at its pages: few rows, and always the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from pathlib import Path

import pytest

from heliograph.api import view
from heliograph.contract import DetectionState, Service, status
from heliograph.contract.channels import SERIES
from heliograph.contract.logbook import NumberedEvent
from heliograph.runtime import Bus
from support.apis import Api, served
from support.nats import Broker
from support.plausible import Peers
from support.plausible_commands import Commands
from support.plausible_detection import Collector
from support.plausible_series import waves
from support.waiting import LIMIT_SECONDS, until

ROWS = 8
"""Of each list: what a hundred rows look like, eight do."""
SAID = (
    "device roof_3 is resting: nothing came within 0.2 s, 3 times in a row",
    "server 1: 3 files delivered, 19.4 kB; the next connection at 12:05:00",
    "server 1: connected to data.example.org:22 as plant, revision 3",
    "serial line SERIAL1: the meter answered late, 412 ms",
    "server 2: 3 files delivered, 19.4 kB; the next connection at 12:10:00",
    "server 2: connected to backup.example.net:443 as plant, revision 3",
    "the definition DEF/inv.csv has a decimal comma in line 11",
    "revision 3 is in force: 4 devices, 2 servers <from the set directory>",
)
"""Lines of the log, the newest first: every third is a warning of the collector."""
SERVICES = (Service.SYNC, Service.COLLECTOR, Service.COMMANDS, Service.API)


class Gateway:
    """The api and who is played round it."""

    def __init__(self, broker: Broker, api: Api, peers: Peers, commands: Commands, detection: Collector) -> None:
        self.broker, self.api, self.peers, self.commands, self.detection = broker, api, peers, commands, detection
        self._played = (peers, peers.revisions, peers.servers, commands, detection)
        self._kept = [_copied(vars(played)) for played in self._played]

    @property
    def url(self) -> str:
        return self.api.url

    @asynccontextmanager
    async def started_anew(self, directory: Path) -> AsyncIterator[Api]:
        """Another api beside it, as it is at a first start: nobody has an account."""
        async with Bus(self.broker.settings(Service.API), Service.API) as bus:
            await bus.wait_connected()
            async with served(self.broker, bus, directory) as api:
                yield api

    def forget(self) -> None:
        """Be as at first: nothing was asked, nothing is changed, nothing is wrong."""
        for played, kept in zip(self._played, self._kept, strict=True):
            vars(played).update(_copied(kept))


@asynccontextmanager
async def plausible_gateway(broker: Broker, directory: Path) -> AsyncIterator[Gateway]:
    """A gateway that said once how it is: on a busy machine that was a while ago."""
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for module in (status, view):
            patch.setattr(module, "SILENCE_SECONDS", 3600)
        buses = [await stack.enter_async_context(Bus(broker.settings(service), service)) for service in SERVICES]
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.gather(*(bus.wait_connected() for bus in buses))
        sync, collector, commands, own = buses
        peers, played, detection = Peers(sync, collector), Commands(commands), Collector()
        detection.state = DetectionState()
        await _serve(peers, played, detection)
        api = await stack.enter_async_context(served(broker, own, directory / "api"))
        await until(lambda: _is_seen(api, peers, played))
        _shorten(peers, played)
        yield Gateway(broker, api, peers, played, detection)


async def _serve(peers: Peers, commands: Commands, detection: Collector) -> None:
    peers.revisions.is_checking = True
    await peers.configure()
    await peers.serve()
    await peers.sync.serve(SERIES, waves)
    await commands.serve()
    await detection.serve(peers.collector)


async def _is_seen(api: Api, peers: Peers, commands: Commands) -> bool:
    await peers.report()
    await commands.report()
    known = (await api.get("/api/v1/status")).json()
    return all((known["devices"], known["servers"], known["scripts"]))


def _shorten(peers: Peers, commands: Commands) -> None:
    peers.connection_rows, peers.alarm_rows = peers.connection_rows[:ROWS], peers.alarm_rows[:ROWS]
    peers.servers.lines = [_saying(line, text) for line, text in zip(peers.servers.lines, SAID, strict=False)]
    commands.log = commands.log[:ROWS]
    commands.rows = commands.rows[:ROWS]


def _saying(line: NumberedEvent, text: str) -> NumberedEvent:
    return line.model_copy(update={"event": line.event.model_copy(update={"text": text})})


def _copied(values: dict[str, object]) -> dict[str, object]:
    return {name: copy(value) if isinstance(value, list | dict) else value for name, value in values.items()}
