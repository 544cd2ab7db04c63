"""Tests of servers, as they are asked for over the bus: one at a time, beside the connections, and nothing comes of it.

Nothing in force is changed by one; no trial and no retry depends on it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from heliograph.contract import Outcome
from heliograph.contract.channels import SERVER_TEST_PROGRESS
from heliograph.contract.servertests import (
    ServerTestAnswer,
    ServerTestQuery,
    ServerTestRequest,
    ServerTestState,
    StepState,
    StopServerTest,
    TestStep,
)
from heliograph.formats.config import FileServer, Server
from heliograph.runtime import Bus, BusError, Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.access import Pins
from heliograph.sync.applied import Applied
from heliograph.sync.edited import server_of
from heliograph.sync.errors import AccessError
from heliograph.sync.remote import Access
from heliograph.sync.trying.course import Told
from heliograph.sync.trying.job import Job
from heliograph.sync.trying.process import TestProcess
from heliograph.sync.trying.steps import names_of

TEST_SECONDS: Final = 300.0
"""What a test may take altogether."""
KEPT: Final = 10
"""The newest tests are remembered."""
_OPEN: Final = (StepState.WAITING, StepState.RUNNING)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a test gets from what it needs to know."""

    applied: Callable[[], Applied | None]
    access: Callable[[Server, Applied], Access]
    """Resolves what opens a server. Raises `AccessError`."""
    pins: Pins
    is_connected: Callable[[int], bool]
    """Whether the server of this number is being visited now."""


class ServerTests:
    """`run` and `tell` are to run for ever; all else answers at once."""

    def __init__(self, bus: Bus, clock: Clock, sources: Sources) -> None:
        self._bus = bus
        self._clock = clock
        self._sources = sources
        self._states: dict[int, ServerTestState] = {}
        self._number = 0
        self._current: TestProcess | None = None
        self._jobs: asyncio.Queue[tuple[int, TestProcess]] = asyncio.Queue()
        self._untold: set[int] = set()
        self._news = asyncio.Event()

    async def begin(self, request: ServerTestRequest) -> ServerTestAnswer:
        """Begin a test."""
        if self._current is not None:
            return ServerTestAnswer(error=f"test {self._number} is not over: wait for its end, or stop it")
        applied = self._sources.applied()
        if applied is None:
            return ServerTestAnswer(error="no configuration is in force yet: put a whole set into the set directory")
        number = self._number = self._number + 1
        current = self._current = TestProcess(self._clock, lambda told: self._take(number, told))
        try:
            job = await asyncio.to_thread(self._job, request, applied)
        except AccessError as error:
            self._current = None
            return ServerTestAnswer(error=str(error))
        except BaseException:
            self._current = None
            raise
        self._remember(number, job)
        current.give(job)
        self._jobs.put_nowait((number, current))
        return ServerTestAnswer(test=number)

    async def look(self, query: ServerTestQuery) -> ServerTestState:
        """Say how a test is doing."""
        number = query.test or max(self._states, default=0)
        if number in self._states:
            return self._states[number]
        known = f"there is no test {number}: the last {KEPT} since the start of the service are kept"
        return ServerTestState(error=known if query.test else "")

    async def stop(self, request: StopServerTest) -> Outcome:
        """End a test; what it put on the server it takes away."""
        state = self._states.get(request.test)
        if state is None:
            return Outcome(error=f"there is no test {request.test}")
        if state.ended is None and self._current is not None:
            self._current.stop()
            self._end(request.test, stopped=True)
        return Outcome()

    async def run(self) -> None:
        """Make the tests that are asked for, for ever."""
        while True:
            number, process = await self._jobs.get()
            try:
                await self._make(number, process)
            finally:
                self._current = None

    async def tell(self) -> None:
        """Tell of each step, for ever; steps that follow quickly are told together."""
        while True:
            await self._news.wait()
            self._news.clear()
            untold, self._untold = sorted(self._untold), set()
            for number in untold:
                if number in self._states:
                    with suppress(BusError):
                        await self._bus.publish(SERVER_TEST_PROGRESS, self._states[number])

    def _job(self, request: ServerTestRequest, applied: Applied) -> Job:
        server = server_of(request.server, request.config, applied)
        pinned = self._sources.pins.pinned(f"{server.address}:{server.port}") or ""
        return Job(
            server=server,
            access=self._access(server, request, applied),
            uid=applied.set.uid,
            prefixes=applied.uids,
            pinned=pinned if isinstance(server, FileServer) else "",
            is_busy=self._sources.is_connected(server.number),
        )

    def _access(self, server: Server, request: ServerTestRequest, applied: Applied) -> Access:
        """What opens the server, with the certificates and the key that are given and not in force yet."""
        given = {f"CERT/{name}": text.encode() for name, text in request.certificates.items()}
        tried = replace(applied, set=replace(applied.set, files={**applied.set.files, **given}))
        key = request.keys.get(server.key_file.removeprefix("file:"))
        if key is None:
            return self._sources.access(server, tried)
        return replace(self._sources.access(replace(server, key_file=""), tried), private_key=key.encode())

    def _remember(self, number: int, job: Job) -> None:
        server = job.server
        self._states[number] = ServerTestState(
            test=number,
            server=server.number,
            address=f"{server.type} {server.address}:{server.port}",
            begun=milliseconds(self._clock),
            steps=tuple(TestStep(name=name) for name in names_of(server, job.uid)),
        )
        for old in sorted(self._states)[:-KEPT]:
            del self._states[old]
        self._changed(number)

    async def _make(self, number: int, process: TestProcess) -> None:
        work = asyncio.ensure_future(process.run())
        try:
            await asyncio.wait({work}, timeout=TEST_SECONDS)
            if not work.done():
                process.stop()
                self._end(number, error=f"the test took longer than {TEST_SECONDS / 60:g} minutes and was ended")
            is_whole = await work
            self._end(number, error="" if is_whole else "the process of the test was ended; try again")
        except OSError as error:
            self._end(number, error=f"the test could not be started ({error}); free memory on the gateway")
        except ValueError as error:
            self._end(number, error=f"what the process of the test tells cannot be read ({error}); try again")
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def _take(self, number: int, told: Told) -> None:
        """Take in what the process tells of a step."""
        state = self._states[number]
        if state.ended is not None or not 0 <= told.step < len(state.steps):
            return
        steps = list(state.steps)
        name = steps[told.step].name
        steps[told.step] = TestStep(name=name, state=StepState(told.state), text=told.text, seconds=told.seconds)
        self._states[number] = state.model_copy(update={"steps": tuple(steps)})
        self._changed(number)

    def _end(self, number: int, *, error: str = "", stopped: bool = False) -> None:
        state = self._states[number]
        if state.ended is not None:
            return
        steps = tuple(
            step.model_copy(update={"state": StepState.SKIPPED}) if step.state in _OPEN else step
            for step in state.steps
        )
        end = {"ended": milliseconds(self._clock), "stopped": stopped, "steps": steps, "error": error}
        self._states[number] = state.model_copy(update=end)
        self._changed(number)

    def _changed(self, number: int) -> None:
        self._untold.add(number)
        self._news.set()
