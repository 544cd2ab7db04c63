"""Runs one command: looks whether it may run, writes it down, has the effect, writes down what came of it.

A command that acts is in the journal before its effect. Whatever goes wrong, there is one answer.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from heliograph.commands.actions import ACTIONS, LIMITS
from heliograph.commands.authority import is_without_effect, refuse_unauthorised
from heliograph.commands.budget import Budget
from heliograph.commands.entries import MAX_ERROR, Entry, cut, entry_of, json_text
from heliograph.commands.errors import CommandFailed, JournalUnavailable
from heliograph.commands.followup import Followed, FollowUp
from heliograph.commands.functions import Functions, refuse_unknown
from heliograph.commands.gateway import Gateway
from heliograph.commands.journal import Journal
from heliograph.commands.language import BUILT_IN, COMMANDS, check
from heliograph.commands.rate import A_MINUTE, Rate
from heliograph.contract import CommandText, Way
from heliograph.formats import Command
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

COMMAND_SECONDS: Final = 180.0
"""No command takes longer but those of `LIMITS`."""
EARLIEST_CLOCK: Final = 1_735_689_600_000
"""2025-01-01: a clock that shows an earlier moment was never set."""
_FROM: Final = {Way.FILE: "command file", Way.MQTT: "command on topic", Way.LOCAL: "local command of"}

_log = logging.getLogger("heliograph.commands")


@dataclass(frozen=True, slots=True)
class Asked:
    """A command and where it stands in its text."""

    text: CommandText
    position: int
    command: Command


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command."""

    entry: Entry
    follow_up: FollowUp | None = None


class Runner:
    """Runs commands, side by side when they came in different ways."""

    def __init__(self, journal: Journal, gateway: Gateway, functions: Functions, clock: Clock) -> None:
        self._journal = journal
        self._gateway = gateway
        self._functions = functions
        self._clock = clock
        self._rates: defaultdict[Way, Rate] = defaultdict(lambda: Rate(clock))
        self._stopping = asyncio.Event()
        self._running: dict[str, str] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.executed = 0
        self.failed = 0

    @property
    def running(self) -> str:
        """The names of the commands running now."""
        return ", ".join(self._running.values())

    async def stop(self, seconds: float) -> None:
        """Begin no further command and return when none is running, or after so many seconds."""
        self._stopping.set()
        try:
            async with asyncio.timeout(seconds):
                await self._quiet.wait()
        except TimeoutError:
            _log.warning("still running at the end: %s", self.running)

    async def refuse(self, asked: Asked, budget: Budget, error: str) -> Done:
        """Answer a command that is not to run."""
        return await self._end(self._new(asked), budget, error=error)

    async def run(self, asked: Asked, budget: Budget) -> Done:
        """Run a command that was not run before."""
        await self._gateway.configured()
        entry = self._new(asked)
        try:
            parameters = self._admitted(asked, entry)
        except CommandFailed as error:
            return await self._end(entry, budget, error=str(error))
        if self._stopping.is_set():
            await asyncio.Event().wait()  # until cancelled: the text stays on the bus, and this command unstarted
        with self._shown_as_running(asked):
            try:
                entry = await self._journal.begin(entry, acts=not is_without_effect(asked.command.name))
            except JournalUnavailable as error:
                return await self._end(entry, budget, error=f"not run: {error}")
            return await self._act(asked, parameters, entry, budget)

    def _new(self, asked: Asked) -> Entry:
        return entry_of(asked.text, asked.position, asked.command, milliseconds(self._clock))

    def _admitted(self, asked: Asked, entry: Entry) -> dict[str, Any]:
        """Return the checked parameters, or raise `CommandFailed`."""
        command, way = asked.command, asked.text.way
        if not self._rates[way].admits():
            raise CommandFailed(f"not run: more than {A_MINUTE} commands a minute came this way; send it again later")
        refuse_unauthorised(command.name, way, self._gateway.in_force.revision)
        parameters = self._checked(command)
        _refuse_expired(command, entry.started)
        return parameters

    def _checked(self, command: Command) -> dict[str, Any]:
        if command.script == BUILT_IN:
            return dict(check(command))
        refuse_unknown(self._functions, command, tuple(COMMANDS))
        return command.parameters

    async def _act(self, asked: Asked, parameters: dict[str, Any], entry: Entry, budget: Budget) -> Done:
        """Have the effect, and keep what came of it."""
        seconds = LIMITS.get(asked.command.function, COMMAND_SECONDS)
        follow_up = None
        try:
            async with asyncio.timeout(seconds):
                result = await self._call(asked, parameters)
            if isinstance(result, Followed):
                result, follow_up = result.result, result.follow_up
            written = json_text(result)
        except CommandFailed as error:
            return await self._end(entry, budget, error=str(error))
        except TimeoutError:
            return await self._end(entry, budget, error=f"not finished after {seconds:g} s; it may have run")
        except Exception as error:  # noqa: BLE001  # whatever went wrong, the sender gets an answer
            _log.exception("command %s failed", entry.name)
            return await self._end(
                entry, budget, error=f"failed by a fault of the gateway ({error!r}); it may have run"
            )
        return replace(await self._end(entry, budget, result=written), follow_up=follow_up)

    async def _call(self, asked: Asked, parameters: dict[str, Any]) -> Any:
        command = asked.command
        if command.script != BUILT_IN:
            return await self._functions.call(command.script, command.function, parameters)
        gateway = self._gateway.asked_by(f"{_FROM[asked.text.way]} {asked.text.origin}")
        return await ACTIONS[command.function](gateway, parameters)

    async def _end(self, entry: Entry, budget: Budget, *, result: str | None = None, error: str | None = None) -> Done:
        ended, told = max(milliseconds(self._clock), entry.started), None if error is None else cut(error, MAX_ERROR)
        result, told = budget.within(result, told)
        entry = await self._journal.note(replace(entry, ended=ended, result=result, error=told))
        self.executed += 1
        self.failed += error is not None
        return Done(entry)

    @contextmanager
    def _shown_as_running(self, asked: Asked) -> Iterator[None]:
        self._running[asked.text.identity] = asked.command.name
        self._quiet.clear()
        try:
            yield
        finally:
            del self._running[asked.text.identity]
            if not self._running:
                self._quiet.set()


def _refuse_expired(command: Command, now: int) -> None:
    """Raise `CommandFailed` when it is too late, or when nobody knows whether it is."""
    if command.expires is None:
        return
    if now < EARLIEST_CLOCK:
        raise CommandFailed(f"{command.name}: not run: the gateway's clock is not set yet, so it may have expired")
    if now > command.expires:
        late = (now - command.expires) / 1000
        raise CommandFailed(f"{command.name}: expired {late:.1f} s before it was to run; not run")
