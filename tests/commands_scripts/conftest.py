"""Scripts over a real broker, with sync and the collector played by the test, and real processes behind them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.scripts.host.limits import Limits
from heliograph.commands.scripts.keeping import Keeping
from heliograph.commands.scripts.listed import read_plant_and_scripts
from heliograph.commands.scripts.scripts import Scripts
from heliograph.commands.scripts.setting import Change
from heliograph.contract import (
    Level,
    Reading,
    ScriptAction,
    ScriptCondition,
    ScriptLogRequest,
    ScriptRequest,
    ScriptState,
    Service,
)
from heliograph.contract.channels import LIVE
from heliograph.runtime import EventLog
from support.plausible import Peers
from support.plausible_set import FILES, UID
from support.waiting import until

LIMITS = Limits(call_seconds=0.2, least_period_seconds=0.01)
LIMIT_SECONDS = 60


class StillClock:
    """The wall clock goes on; a sleep of a minute or more ends when the test says so, a shorter one soon."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._minute = asyncio.Event()
        self.sleepers = 0

    def time(self) -> float:
        return time.time() + self.passed

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds < 60:
            await asyncio.sleep(min(seconds, 0.05))
            return
        self.sleepers += 1
        try:
            await self._minute.wait()
        finally:
            self.sleepers -= 1

    def pass_a_minute(self) -> None:
        self.passed += 60
        minute, self._minute = self._minute, asyncio.Event()
        minute.set()


@dataclass
class Bench:
    """Scripts and what surrounds them."""

    scripts: Scripts
    peers: Peers
    clock: StillClock
    changes: list[Change]
    events: list[str]
    gateway: Gateway
    number: int = 10
    sources: dict[str, str] = field(default_factory=dict)

    async def put(self, **sources: str | None) -> None:
        """Put scripts (None takes one away) into a new revision."""
        for name, text in sources.items():
            self.sources.pop(name, None)
            if text is not None:
                self.sources[name] = text
        await self._publish()
        await self._until(lambda: self.gateway.in_force.number == self.number)
        await self._until(lambda: {n: life.source.text for n, life in self.scripts._lives.items()} == self.sources)

    async def refused_set(self, **sources: str) -> str:
        """Put scripts into a revision that is refused; return why."""
        before = dict(self.sources)
        self.sources |= sources
        await self._publish()
        self.sources = before
        await self._until(lambda: self.gateway.in_force.rejected_revision == self.number)
        return self.gateway.in_force.rejected

    async def _publish(self) -> None:
        listed = "".join(f"SCRIPT_File[{n}]={name}.lua\n" for n, name in enumerate(self.sources))
        files = {f"SCRIPT/{name}.lua": text for name, text in self.sources.items()}
        self.number += 1
        await self.peers.configure(self.number, {**FILES, **files, f"CONFIG/{UID}_scl.ini": listed})

    def state(self, name: str = "s") -> ScriptState:
        return next(state for state in self.scripts.states() if state.name == name)

    async def reach(self, condition: ScriptCondition, name: str = "s") -> ScriptState:
        await self._until(lambda: self.state(name).condition is condition)
        return self.state(name)

    async def running(self, text: str, name: str = "s") -> None:
        await self.put(**{name: text})
        await self.reach(ScriptCondition.RUNNING, name)

    async def failing(self, text: str) -> str:
        """Run a script that cannot go on; return the cause."""
        await self.put(s=text)
        return (await self.reach(ScriptCondition.WAITING)).cause

    async def call(self, function: str, name: str = "s", **parameters: object) -> object:
        return await self.scripts.call(name, function, parameters)

    async def refused(self, function: str, name: str = "s", **parameters: object) -> str:
        with pytest.raises(CommandFailed) as caught:
            await self.call(function, name, **parameters)
        return str(caught.value)

    async def act(self, action: ScriptAction, name: str = "s") -> str:
        return (await self.scripts.act(ScriptRequest(script=name, action=action, origin="REST"))).error

    async def lines(self, name: str = "s") -> list[str]:
        page = await self.scripts.log(ScriptLogRequest(script=name))
        return [line.text for line in reversed(page.lines)]

    async def line(self, text: str, name: str = "s") -> None:
        """Wait for a line of a script's log that holds a text."""

        async def found() -> bool:
            return any(text in line for line in await self.lines(name))

        await until(found)

    async def live(self, device: str, **values: float | str | None) -> None:
        """Publish a reading, `v1=…` for the variable with Index 1, and wait until it has arrived."""
        moment = int(self.clock.time() * 1000)
        pairs = {name.removeprefix("v"): value for name, value in values.items()}
        reading = Reading(device=device, name=f"device {device}", time=moment, values=pairs)
        await self.peers.collector.publish(LIVE, reading, device=device)
        await self._until(lambda: self.gateway.reading(device) == reading)

    async def _until(self, holds: Callable[[], object]) -> None:
        async def asked() -> object:
            return holds()

        await until(asked)


class HeardLog(EventLog):
    """The gateway's log, and what was said in it."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(Service.COMMANDS, clock)
        self.heard: list[str] = []

    def say(self, level: Level, text: str) -> None:
        self.heard.append(f"{level}: {text}")
        super().say(level, text)


@pytest.fixture
async def bench(connect, tmp_path) -> AsyncIterator[Bench]:
    sync, collector, commands = [await connect(s) for s in (Service.SYNC, Service.COLLECTOR, Service.COMMANDS)]
    peers = Peers(sync, collector)
    await peers.configure()
    await peers.serve()
    clock = StillClock()
    events, changes = HeardLog(clock), []

    async def note(change: Change) -> None:
        changes.append(change)

    gateway = Gateway(commands, clock, events, read=read_plant_and_scripts)
    keeping = Keeping(tmp_path / "scripts.sqlite")
    scripts = Scripts(gateway, keeping, note, clock, events, LIMITS)
    await gateway.watch()
    running = asyncio.create_task(scripts.run())
    yield Bench(scripts, peers, clock, changes, events.heard, gateway)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    keeping.close()
