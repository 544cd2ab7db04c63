"""Child processes kept running: started in stages, restarted when they die, stopped in reverse order.

`heliograph up` and the demo stand on it. It must live in the main thread: on Linux a child is bound to the thread that
started it and is killed when that is gone, so that nothing stays behind even when the supervisor is killed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from heliograph.cli.logfile import LogFile
from heliograph.runtime import Backoff, Clock, SystemClock

STOP_SECONDS = 45.0
"""How long a child may take to stop before it is killed; a service allows itself less."""
READY_SECONDS = 20.0
STEADY_SECONDS = 60.0
"""A child that lived so long starts again at once when it dies; the wait grows for one that dies sooner."""
SILENT_SECONDS = 120.0
"""A child whose `alive` file is not touched for so long hangs, and is killed to start again."""
CHECK_SECONDS = 5.0
TETHER = Path(__file__).with_name("tether.py")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """One child: what to start, with which environment, and where its output goes."""

    name: str
    command: tuple[str, ...]
    """Absolute path of the program, then its arguments."""
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[bool]] | None = None
    """Tells whether the next stage may start."""
    alive: Path | None = None
    """A file that the child touches while it is well."""


class Supervisor:
    """Keeps programs running. `stages` start in order; within a stage all start and stop together."""

    def __init__(
        self,
        stages: Sequence[Sequence[Program]],
        say: Say,
        *,
        echo: Say | None = None,
        pass_fds: Sequence[int] = (),
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._stages = [
            [_Keeper(program, say, echo, tuple(pass_fds), self._clock) for program in stage] for stage in stages
        ]
        self._say = say

    async def run(self, stopping: asyncio.Event) -> None:
        """Run everything until `stopping` is set, then stop it in reverse order and return."""
        tasks: list[list[asyncio.Task[None]]] = []
        try:
            for stage in self._stages:
                tasks.append([asyncio.create_task(keeper.keep(), name=f"keep {keeper.name}") for keeper in stage])
                await self._until_ready(stage, stopping)
            await stopping.wait()
            self._say("Stopping; the services finish what they have begun.")
        finally:
            for stage, keeping in zip(reversed(self._stages[: len(tasks)]), reversed(tasks), strict=True):
                await asyncio.gather(*(keeper.stop() for keeper in stage))
                await asyncio.gather(*keeping, return_exceptions=True)

    def processes(self) -> dict[str, int]:
        """Process number of each child that runs now, by name."""
        return {k.name: k.pid for stage in self._stages for k in stage if k.pid is not None}

    async def _until_ready(self, stage: "list[_Keeper]", stopping: asyncio.Event) -> None:
        deadline = self._clock.monotonic() + READY_SECONDS
        while not stopping.is_set() and not all([await keeper.is_ready() for keeper in stage]):
            if self._clock.monotonic() > deadline:
                names = ", ".join(keeper.name for keeper in stage)
                self._say(f"{names}: not ready after {READY_SECONDS:.0f} s; going on without")
                return
            await self._clock.sleep(0.05)


class _Keeper:
    """Keeps one program running until told to stop."""

    def __init__(self, program: Program, say: Say, echo: Say | None, pass_fds: tuple[int, ...], clock: Clock) -> None:
        self.name = program.name
        self._program = program
        self._say = say
        self._log = LogFile(program.log, echo)
        self._pass_fds = pass_fds
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def is_ready(self) -> bool:
        return self._program.ready is None or await self._program.ready()

    async def keep(self) -> None:
        """Start, wait for the end, start again; until `stop`."""
        backoff = Backoff(0.5, 30)
        while not self._stopping.is_set():
            begin = self._clock.monotonic()
            cause = await self._live()
            if self._stopping.is_set():
                return
            if self._clock.monotonic() - begin > STEADY_SECONDS:
                backoff.reset()
            wait = backoff.wait()
            self._say(f"{self.name} {cause}; it starts again in {wait:.1f} s (its log: {self._program.log})")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def stop(self) -> None:
        """Ask the program to stop; kill it and all it started when it takes too long."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _send(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._say(f"{self.name} did not stop within {STOP_SECONDS:.0f} s and is killed")
            _kill(process)

    async def _live(self) -> str:
        """One life of the program; return how it ended, for people."""
        output, child_end = os.pipe()
        try:
            process = self._process = await self._start(child_end)
        except OSError as error:
            os.close(output)
            return f"cannot be started ({error.strerror})"
        finally:
            os.close(child_end)
        if self._stopping.is_set():
            _kill(process)
        pump = asyncio.create_task(self._pump(output), name=f"log of {self.name}")
        watch = asyncio.create_task(self._watch(process), name=f"watch {self.name}")
        try:
            status = await process.wait()
        finally:
            _kill(process)
            await asyncio.wait({pump}, timeout=1)
            for task in (pump, watch):
                task.cancel()
            await asyncio.gather(pump, watch, return_exceptions=True)
        return _ending(status)

    async def _start(self, output: int) -> asyncio.subprocess.Process:
        # A pipe of ours: `wait` would else not return before the child's children have closed its output.
        return await asyncio.create_subprocess_exec(
            sys.executable, "-IS", str(TETHER), str(os.getpid()), *self._program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(self._program.environment),
            start_new_session=True,
            pass_fds=self._pass_fds,
        )  # fmt: skip

    async def _pump(self, output: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", buffering=0)
        )
        try:
            while data := await reader.read(65536):
                self._log.write(data)
        finally:
            transport.close()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill a child that touched its `alive` file once and then no more."""
        if self._program.alive is None:
            return
        seen, since = _touched(self._program.alive), self._clock.monotonic()
        active = False
        while True:
            await self._clock.sleep(CHECK_SECONDS)
            now = _touched(self._program.alive)
            if now != seen:
                seen, since, active = now, self._clock.monotonic(), True
            elif active and self._clock.monotonic() - since > SILENT_SECONDS:
                self._say(f"{self.name} hangs: no sign of life for {SILENT_SECONDS:.0f} s")
                _kill(process)


def _touched(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the program and whatever it started: each child leads its own process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
