"""The commands service over a real broker, with sync and the collector played by the test."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest

from heliograph.commands.app import main
from heliograph.commands.settings import Settings
from heliograph.contract import (
    Authorities,
    Authority,
    CommandResults,
    CommandsState,
    CommandText,
    Service,
    ServiceState,
    Way,
)
from heliograph.contract.channels import COMMAND_TEXTS, CONFIGURATION, RESULTS, STATE
from heliograph.runtime import Bus, Context, EventLog, SystemClock
from support.plausible import Peers, revision

LIMIT = 60


class Desk:
    """Hands texts in as sync does and takes the results out of the queue."""

    def __init__(self, sync: Bus, peers: Peers) -> None:
        self.sync = sync
        self.peers = peers
        self.results: dict[str, list[CommandResults]] = {}
        self.revision: int | None = None
        """In force in the service."""
        self.news = asyncio.Event()
        self._numbers = count(1)

    async def hand_in(self, commands: object, way: Way = Way.FILE, identity: str = "") -> str:
        """Store a text (what is no str is written as JSON) and return its identity."""
        identity = identity or f"text-{next(self._numbers)}"
        text = commands if isinstance(commands, str) else json.dumps(commands)
        payload = CommandText(
            identity=identity, way=way, time=int(time.time() * 1000), origin="WPM00C44F_cmd.json", text=text
        )
        await self.sync.store(COMMAND_TEXTS, payload, way=way)
        return identity

    async def results_of(self, identity: str, times: int = 1) -> list[dict]:
        """Wait for the results of a text and return the last ones that came."""
        async with asyncio.timeout(LIMIT):
            while len(self.results.get(identity, ())) < times:
                self.news.clear()
                await self.news.wait()
        return json.loads(self.results[identity][-1].text)

    async def ask(self, *commands: dict, way: Way = Way.FILE) -> list[dict]:
        return await self.results_of(await self.hand_in(list(commands), way))

    async def call(self, function: str, **parameters: object) -> dict:
        (answer,) = await self.ask({"rpcName": f"sunpm.{function}", "parameters": parameters})
        return answer

    async def configure(self, number: int, **authorities: Authority) -> None:
        """Put a revision in force and wait until the service has it."""
        offered = revision(number).model_copy(update={"authorities": Authorities(**authorities)})
        await self.sync.store(CONFIGURATION, offered)
        async with asyncio.timeout(LIMIT):
            while self.revision != number:
                self.news.clear()
                await self.news.wait()

    async def take_state(self, state: ServiceState) -> None:
        if isinstance(state, CommandsState):
            self.revision = state.revision
            self.news.set()

    async def take(self, some: list[CommandResults]) -> None:
        for results in some:
            self.results.setdefault(results.identity, []).append(results)
        self.news.set()

    async def keep(self, message: object) -> None:
        raise AssertionError(message)


@pytest.fixture
async def desk(connect) -> AsyncIterator[Desk]:
    sync, collector = await connect(Service.SYNC), await connect(Service.COLLECTOR)
    peers = Peers(sync, collector)
    await peers.configure()
    await peers.serve()
    desk = Desk(sync, peers)
    await sync.watch(STATE, desk.take_state)
    reading = asyncio.create_task(sync.consume(RESULTS, desk.take, desk.keep))
    yield desk
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


@pytest.fixture
async def started(broker, connect, tmp_path) -> AsyncIterator[Callable]:
    """Give `await started()`: the service in this process, and its task; all end in order at the end."""
    running: list[tuple[Context, asyncio.Task]] = []

    async def start(state_dir=tmp_path / "commands") -> tuple[Context, asyncio.Task]:
        state_dir.mkdir(exist_ok=True)
        bus = await connect(Service.COMMANDS)
        clock = SystemClock()
        events = EventLog(Service.COMMANDS, clock)
        context = Context(Service.COMMANDS, bus, clock, events, asyncio.Event(), int(time.time() * 1000))
        settings = Settings(bus_url=broker.url, bus_password="secret-commands", state_dir=state_dir)
        running.append((context, asyncio.create_task(main(settings, context))))
        return running[-1]

    yield start
    for context, task in running:
        context.stopping.set()
        await asyncio.wait({task}, timeout=LIMIT)
        assert task.cancelled() or task.result() is None


@pytest.fixture
async def service(started, desk) -> Context:
    """A service that answers."""
    context, _ = await started()
    async with asyncio.timeout(LIMIT):
        while desk.revision is None:
            desk.news.clear()
            await desk.news.wait()
    return context
