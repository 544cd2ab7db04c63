"""The life of one script: it starts, runs, ends by an error or a limit, waits, and starts again (spec 4.3).

starting → running → (error, limit, crash) waiting 60 s → starting      stopped and disabled ones stay so until told
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from heliograph.commands.errors import CommandFailed
from heliograph.commands.scripts.answering import Answering
from heliograph.commands.scripts.host.frames import LineBroken
from heliograph.commands.scripts.host.limits import Limits
from heliograph.commands.scripts.listed import Source
from heliograph.commands.scripts.logbook import Logbook
from heliograph.commands.scripts.messages import Failed, Message, Question, Ran, Ready, Returned, Well
from heliograph.commands.scripts.points import Points
from heliograph.commands.scripts.process import CLOSED, Host, HostGone, ScriptProcess, cause_of
from heliograph.commands.scripts.watches import Watches
from heliograph.contract import ScriptCondition, ScriptState
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

RESTART_SECONDS: Final = 60.0
START_SECONDS: Final = 90.0
"""For `wsInit`, with what it may wait for the gateway."""
LOOK_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 90.0
"""A process that says nothing for so long hangs; a call ends long before."""
LAST_WORDS_SECONDS: Final = 1.0
CALL_SECONDS: Final = 90.0
MAX_CALLS: Final = 16
"""By command, at a time."""
MAX_CAUSE: Final = 1000

_log = logging.getLogger("heliograph.commands.scripts")


class Life:
    """One script. `live` is its task; what it is asked in between is answered at once."""

    def __init__(
        self, name: str, source: Source, host: Host, limits: Limits, points: Points, answering: Answering,
        logbook: Logbook, clock: Clock,
    ) -> None:  # fmt: skip
        self.name = name
        self.source = source
        self.logbook = logbook
        self._host = host
        self._limits = limits
        self._points = points
        self._answering = answering
        self._clock = clock
        self._process: ScriptProcess | None = None
        self._watches: Watches | None = None
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = 0
        self._heard = 0.0
        self._runs = 0
        self._woken = asyncio.Event()
        self.begun = asyncio.Event()
        """Set while it is not just starting."""
        self.changed = asyncio.Event()
        """Set when its condition is another, so that the state is told at once."""
        self.state = ScriptState(name=name, condition=ScriptCondition.STARTING, since=milliseconds(clock))

    async def live(self) -> None:
        """Run it again and again, for ever."""
        while True:
            self._is(ScriptCondition.STARTING)
            try:
                cause = await self._run()
            except Exception as error:  # noqa: BLE001  # a fault of ours is one script's trouble, and is tried again
                _log.exception("script %s", self.name)
                cause = f"a fault of the gateway ({error!r:.300})"
            self.logbook.tell_failure(f"{cause}; it starts again in {RESTART_SECONDS:.0f} s")
            self._is(ScriptCondition.WAITING, cause)
            await self._wait()
            self._runs += 1

    def wake(self) -> None:
        """Begin now, if it waits."""
        self._woken.set()

    def rest(self, condition: ScriptCondition, cause: str = "") -> None:
        """Show it as stopped or disabled."""
        self._is(condition, cause)

    def plant_changed(self) -> None:
        """Another plant is in force."""
        if self._watches is not None:
            self._watches.find_again()

    async def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Call one of its functions. Raises `CommandFailed`."""
        process = self._process
        if process is None or self.state.condition is not ScriptCondition.RUNNING:
            cause = f": {self.state.cause}" if self.state.cause else ""
            raise CommandFailed(f"script {self.name!r} is {self.state.condition}, not running{cause}")
        if len(self._calls) >= MAX_CALLS:
            raise CommandFailed(f"script {self.name!r} has {MAX_CALLS} calls to answer: send it again later")
        self._numbers += 1
        number = self._numbers
        self._calls[number] = future = asyncio.get_running_loop().create_future()
        try:
            process.send({"kind": "call", "number": number, "function": function, "parameters": dict(parameters)})
            async with asyncio.timeout(CALL_SECONDS):
                return await future
        except (LineBroken, ValueError) as error:
            raise CommandFailed(f"{self.name}.{function} was not called: {error}") from error
        except TimeoutError:
            raise CommandFailed(
                f"{self.name}.{function}: no result within {CALL_SECONDS:g} s; it may still run"
            ) from None
        finally:
            self._calls.pop(number, None)

    async def _run(self) -> str:
        """Run it once; return why it ended."""
        try:
            process = await self._host.begin()
        except (HostGone, OSError) as error:
            return str(error)
        said, status = "", None
        self._watches = watches = Watches(self._points, process.send)
        self.logbook.forget()
        try:
            process.send({"kind": "start", "file": self.source.file, "source": self.source.text})
            self._process = process
            said = await self._serve(process, watches)
        except (LineBroken, ValueError) as error:
            said = "" if str(error) == CLOSED else f"its process was ended: {error}"
        finally:
            self._process = self._watches = None
            watches.close()
            status = await self._host.end(process)
            cause = (said or cause_of(status, self._limits))[:MAX_CAUSE]
            self._end_calls(cause)
        return cause

    async def _serve(self, process: ScriptProcess, watches: Watches) -> str:
        """Take what the process says until it ends; return why, or raise `LineBroken`."""
        looking = asyncio.create_task(self._look_after(process), name=f"script: look after {self.name}")
        listening = asyncio.create_task(self._listen(process, watches), name=f"script: listen to {self.name}")
        try:
            await asyncio.wait({looking, listening}, return_when=asyncio.FIRST_COMPLETED)
            # Its last words may lie unread when the line is found closed.
            await asyncio.wait({listening}, timeout=LAST_WORDS_SECONDS)
            return (listening if listening.done() else looking).result()
        finally:
            for task in (looking, listening):
                task.cancel()
            await asyncio.gather(looking, listening, return_exceptions=True)

    async def _listen(self, process: ScriptProcess, watches: Watches) -> str:
        while True:
            message = await process.receive()
            self._heard = self._clock.monotonic()
            if isinstance(message, Failed):
                return message.text or "it failed without a word"
            await self._take(process, message, watches)

    async def _take(self, process: ScriptProcess, message: Message, watches: Watches) -> None:
        match message:
            case Ready():
                names = tuple(message.functions)
                changes = {"label": message.label, "version": message.version, "functions": names}
                self.state = self.state.model_copy(update=changes)
                self.logbook.tell(f"runs{f' ({message.label})' if message.label else ''}")
                self._is(ScriptCondition.RUNNING)
            case Well():
                changes = message.model_dump(exclude={"kind"}) | {"functions": tuple(message.functions)}
                self.state = self.state.model_copy(update=changes)
            case Ran():
                watches.ran(message.number)
            case Returned():
                self._return(message)
            case Failed():
                pass
            case _:
                await self._answer(process, message, watches)

    async def _answer(self, process: ScriptProcess, question: Question, watches: Watches) -> None:
        process.send(await self._answering.answer(question, watches))
        self._heard = self._clock.monotonic()

    def _return(self, message: Returned) -> None:
        future = self._calls.get(message.number)
        if future is None or future.done():
            return
        if message.error is None:
            future.set_result(message.result)
        else:
            self.logbook.warn_once(f"called by command: {message.error[:MAX_CAUSE]}")
            future.set_exception(CommandFailed(message.error[:MAX_CAUSE]))

    async def _look_after(self, process: ScriptProcess) -> str:
        """Ask how it is, again and again; return why it is to end when it says nothing."""
        since = self._heard = self._clock.monotonic()
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            now = self._clock.monotonic()
            if now - self._heard > SILENCE_SECONDS:
                return f"it said nothing for {SILENCE_SECONDS:.0f} s and was ended"
            if self.state.condition is ScriptCondition.STARTING and now - since > START_SECONDS:
                return f"wsInit did not end within {START_SECONDS:.0f} s"
            process.send({"kind": "look"})

    async def _wait(self) -> None:
        self._woken.clear()
        waking = asyncio.create_task(self._woken.wait(), name=f"script: {self.name} told to start")
        sleeping = asyncio.create_task(_sleep(self._clock), name=f"script: {self.name} waits")
        try:
            await asyncio.wait({waking, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
            sleeping.cancel()

    def _is(self, condition: ScriptCondition, cause: str = "") -> None:
        now = milliseconds(self._clock)
        changes: dict[str, Any] = {"condition": condition, "since": now, "cause": cause, "restarts": self._runs}
        if condition is not ScriptCondition.RUNNING:
            changes |= {"calls": 0, "cpu_seconds": 0.0, "memory_bytes": 0}
        self.state = self.state.model_copy(update=changes)
        self.changed.set()
        if condition is ScriptCondition.STARTING:
            self.begun.clear()
        else:
            self.begun.set()

    def _end_calls(self, cause: str) -> None:
        for future in self._calls.values():
            if not future.done():
                future.set_exception(CommandFailed(f"script {self.name!r} ended: {cause}"))


async def _sleep(clock: Clock) -> None:
    await clock.sleep(RESTART_SECONDS)
