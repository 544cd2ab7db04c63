"""The scripts of the set in force: which run, what is done to them, what they say of themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.language import nearest, quoted
from heliograph.commands.scripts.answering import Answering
from heliograph.commands.scripts.host.limits import Limits
from heliograph.commands.scripts.keeping import Keeping
from heliograph.commands.scripts.life import Life
from heliograph.commands.scripts.listed import Source, sources
from heliograph.commands.scripts.logbook import Logbook
from heliograph.commands.scripts.points import Points
from heliograph.commands.scripts.process import Host
from heliograph.commands.scripts.setting import Note, Setter
from heliograph.contract import Outcome, ScriptCondition, ScriptState
from heliograph.contract.commanding import (
    ScriptAction,
    ScriptLogPage,
    ScriptLogRequest,
    ScriptRequest,
)
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.clock import milliseconds

MAX_SCRIPTS: Final = 64
"""That run; the ones after it are shown, and are not started."""
STARTING_SECONDS: Final = 30.0
"""How long a command waits for a script that is just starting."""
TOO_MANY: Final = f"more than {MAX_SCRIPTS} scripts do not run at a time"


class Scripts:
    """All of them. `run` is their owner: with it they end."""

    def __init__(
        self,
        gateway: Gateway,
        keeping: Keeping,
        note: Note,
        clock: Clock,
        events: EventLog,
        limits: Limits | None = None,
    ) -> None:
        self._gateway = gateway
        self._keeping = keeping
        self._note = note
        self._clock = clock
        self._events = events
        self._limits = limits or Limits()
        self._points = Points(gateway, clock)
        self._host = Host(self._limits)
        self._lives: dict[str, Life] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._disabled: set[str] = set()
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._in_step = asyncio.Event()
        """Set while what runs is what the set in force says."""
        self._wanted: dict[str, Source] = {}
        gateway.plant_listeners.append(self._plant_changed)

    async def run(self) -> None:
        """Keep what runs in step with the set in force, until cancelled; then end all."""
        self._disabled = await asyncio.to_thread(self._keeping.disabled)
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                async with self._turn:
                    await self._follow(self._wanted)
                if not self._news.is_set():
                    self._in_step.set()
        finally:
            for name in tuple(self._tasks):
                await self._end(name)
            self._host.close()

    def states(self) -> tuple[ScriptState, ...]:
        """How they are doing, in the order of the set."""
        return tuple(life.state for life in self._lives.values())

    def known(self) -> Mapping[str, Sequence[str]]:
        """Name the functions that can be called by command, by script."""
        lives = {name: self._lives.get(name) for name in self._wanted}
        return {name: life.state.functions if life else () for name, life in lives.items()}

    async def call(self, script: str, function: str, parameters: Mapping[str, Any]) -> Any:
        """Call a function of a script; one that is just starting is waited for. Raises `CommandFailed`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STARTING_SECONDS):
                await self._in_step.wait()
                await self._life(script).begun.wait()
        return await self._life(script).call(function, parameters)

    async def act(self, request: ScriptRequest) -> Outcome:
        """Start, stop, enable or disable a script."""
        try:
            async with self._turn:
                await self._act(self._life(request.script), request)
        except CommandFailed as error:
            return Outcome(error=str(error))
        return Outcome()

    async def log(self, request: ScriptLogRequest) -> ScriptLogPage:
        """Return the newest lines of a script's log."""
        try:
            life = self._life(request.script)
        except CommandFailed as error:
            return ScriptLogPage(error=str(error))
        return ScriptLogPage(lines=life.logbook.newest(request.limit, request.before))

    def _life(self, script: str) -> Life:
        life = self._lives.get(script)
        if life is None:
            raise CommandFailed(f"unknown script {quoted(script)}{nearest(script, self._lives)}")
        return life

    async def _act(self, life: Life, request: ScriptRequest) -> None:
        name = life.name
        if request.action in (ScriptAction.ENABLE, ScriptAction.DISABLE):
            disabled = request.action is ScriptAction.DISABLE
            await asyncio.to_thread(self._keeping.disable, name, disabled=disabled)
            (self._disabled.add if disabled else self._disabled.discard)(name)
        elif request.action is ScriptAction.START and name in self._disabled:
            raise CommandFailed(f"script {quoted(name)} is disabled: enable it, then it starts")
        life.logbook.tell(f"{_DONE[request.action]} by {request.origin}")
        if request.action in (ScriptAction.STOP, ScriptAction.DISABLE):
            await self._end(name)
            resting = request.action is ScriptAction.DISABLE or name in self._disabled
            life.rest(ScriptCondition.DISABLED if resting else ScriptCondition.STOPPED)
        else:
            self._begin(life)

    def _plant_changed(self) -> None:
        revision = self._gateway.in_force.revision
        self._wanted = sources(revision.files, revision.uid) if revision else {}
        self._in_step.clear()
        self._points.forget()
        for life in self._lives.values():
            life.plant_changed()
        self._news.set()

    async def _follow(self, wanted: Mapping[str, Source]) -> None:
        """End what is no longer in the set or was changed, and begin what is new; the rest goes on."""
        for name in [name for name, life in self._lives.items() if wanted.get(name) != life.source]:
            await self._end(name)
        old, self._lives = self._lives, {}
        for name, source in wanted.items():
            kept = old.get(name)
            if kept is not None and kept.source == source:
                self._lives[name] = kept
                continue
            self._lives[name] = self._new(name, source, kept.logbook if kept else None)
            self._start(self._lives[name])
        for name in old.keys() - wanted.keys():
            self._events.info(f"script {name}: ended, it is in the set no more")
        if wanted:
            await asyncio.to_thread(self._keeping.use, list(wanted), milliseconds(self._clock))

    def _new(self, name: str, source: Source, logbook: Logbook | None) -> Life:
        logbook = logbook or Logbook(name, self._clock, self._events)
        setter = Setter(name, self._gateway, self._points, self._clock, self._note)
        answering = Answering(name, self._gateway, self._points, setter, self._keeping, logbook, self._clock)
        life = Life(name, source, self._host, self._limits, self._points, answering, logbook, self._clock)
        life.changed = self._gateway.in_force.changed
        return life

    def _start(self, life: Life) -> None:
        """Begin a script that is new or changed, unless it is not to run."""
        if life.name in self._disabled:
            life.rest(ScriptCondition.DISABLED)
        elif len(self._tasks) >= MAX_SCRIPTS:
            life.rest(ScriptCondition.STOPPED, TOO_MANY)
            life.logbook.tell_failure(TOO_MANY)
        else:
            self._begin(life)

    def _begin(self, life: Life) -> None:
        task = self._tasks.get(life.name)
        if task is not None and not task.done():
            life.wake()
        elif len(self._tasks) >= MAX_SCRIPTS:
            raise CommandFailed(TOO_MANY)
        else:
            self._tasks[life.name] = asyncio.create_task(life.live(), name=f"script: {life.name}")

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


_DONE: Final = {
    ScriptAction.START: "started",
    ScriptAction.STOP: "stopped",
    ScriptAction.ENABLE: "enabled",
    ScriptAction.DISABLE: "disabled",
}
