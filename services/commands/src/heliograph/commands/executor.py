"""Executes command texts: each command once, in order, one at a time per way (spec 4.1).

A command is in the journal before it has an effect, and its answer after. When a text comes again, after a kill or
because its results could not be handed on, what was done answers as before, what had begun is answered with the error
that it may have run, and the rest is executed.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from heliograph.commands.actions import ACTIONS, LIMITS
from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.journal import Entry, Journal
from heliograph.commands.language import check, quoted
from heliograph.contract import CommandResults, CommandText
from heliograph.formats import Command, CommandError, CommandResult, parse_commands, write_results
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.clock import milliseconds

MAX_COMMANDS: Final = 1000
MAX_ERROR: Final = 1000
MAX_RESULTS_BYTES: Final = 2 * 1024 * 1024
COMMAND_SECONDS: Final = 180.0
"""No command takes longer, whatever its own limits say."""

MAY_HAVE_RUN: Final = (
    "interrupted: the gateway stopped in the middle of this command; it may have run, and is not run again"
)
LEFT_OUT: Final = "done, but its result is left out: the results of this text would become too large"

_log = logging.getLogger("heliograph.commands")


class Executor:
    """Executes; several texts side by side when they came in different ways."""

    def __init__(self, journal: Journal, gateway: Gateway, events: EventLog, clock: Clock) -> None:
        self._journal = journal
        self._gateway = gateway
        self._events = events
        self._clock = clock
        self._stopping = asyncio.Event()
        self._texts: set[str] = set()
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

    async def execute(self, text: CommandText) -> CommandResults:
        """Execute a text, or what of it was not executed yet, and return its results."""
        self._texts.add(text.identity)
        try:
            answers = await self._answers(text)
            await self._in_journal(self._journal.prune, tuple(self._texts))
        finally:
            self._texts.discard(text.identity)
        return CommandResults(identity=text.identity, way=text.way, text=write_results(_within_limits(answers)))

    async def _answers(self, text: CommandText) -> list[CommandResult]:
        try:
            commands = _parse(text.text)
        except CommandError as error:
            self._events.warning(f"command text {quoted(text.origin)} refused: {error}")
            return [CommandResult(error=str(error)[:MAX_ERROR])]
        known = await self._in_journal(self._journal.find, text.identity)
        return [
            await self._answer(text, position, command, known.get(position))
            for position, command in enumerate(commands)
        ]

    async def _answer(self, text: CommandText, position: int, command: Command, entry: Entry | None) -> CommandResult:
        if entry is None:
            entry = await self._run(command, _new_entry(text, position, command, self._now()))
        elif not entry.is_done:
            entry = await self._done(entry, error=MAY_HAVE_RUN)
        return _result(entry)

    async def _run(self, command: Command, entry: Entry) -> Entry:
        try:
            parameters = check(command)
            _refuse_expired(command, max(self._now(), entry.started))
        except CommandFailed as error:
            return await self._done(entry, error=str(error))
        if self._stopping.is_set():
            await asyncio.Event().wait()  # until cancelled: the text stays on the bus, and this command unstarted
        self._running[entry.text] = command.name
        self._quiet.clear()
        try:
            entry = await self._in_journal(self._journal.keep, entry)
            return await self._act(command, parameters, entry)
        finally:
            del self._running[entry.text]
            if not self._running:
                self._quiet.set()

    async def _act(self, command: Command, parameters: Any, entry: Entry) -> Entry:
        """Have the effect, and keep what came of it."""
        try:
            async with asyncio.timeout(LIMITS.get(command.function, COMMAND_SECONDS)):
                result = await ACTIONS[command.function](self._gateway, parameters)
        except CommandFailed as error:
            return await self._done(entry, error=str(error))
        except TimeoutError:
            return await self._done(entry, error=f"not finished after {COMMAND_SECONDS:g} s; it may have run")
        except Exception as error:  # noqa: BLE001  # whatever went wrong, the sender gets an answer
            _log.exception("command %s failed", command.name)
            return await self._done(entry, error=f"failed by a fault of the gateway ({error!r}); it may have run")
        return await self._done(entry, result=json.dumps(result, ensure_ascii=False))

    async def _done(self, entry: Entry, *, result: str | None = None, error: str | None = None) -> Entry:
        ended, told = max(self._now(), entry.started), None if error is None else error[:MAX_ERROR]
        done = replace(entry, ended=ended, result=result, error=told)
        entry = await self._in_journal(self._journal.keep, done)
        self.executed += 1
        self.failed += error is not None
        self._tell(entry)
        return entry

    def _tell(self, entry: Entry) -> None:
        came = f"command {quoted(entry.name)} of {quoted(entry.origin)}"
        seconds = ((entry.ended or entry.started) - entry.started) / 1000
        if entry.error is not None:
            self._events.warning(f"{came}: {entry.error}")
        else:
            self._events.info(f"{came}: done in {seconds:.1f} s, {quoted(json.loads(entry.result or 'null'))}")

    async def _in_journal(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run a step of the journal beside the event loop: it waits for the disk."""
        return await asyncio.to_thread(step, *arguments)

    def _now(self) -> int:
        return milliseconds(self._clock)


def _parse(text: str) -> list[Command]:
    commands = parse_commands(text)
    if len(commands) > MAX_COMMANDS:
        raise CommandError(f"refused: {len(commands)} commands in one text, at most {MAX_COMMANDS} are taken")
    return commands


def _new_entry(text: CommandText, position: int, command: Command, now: int) -> Entry:
    return Entry(
        text=text.identity,
        position=position,
        way=text.way,
        origin=text.origin,
        name=command.name,
        caller_id=command.caller_id,
        started=now,
    )


def _refuse_expired(command: Command, now: int) -> None:
    if command.expires is not None and now > command.expires:
        late = (now - command.expires) / 1000
        raise CommandFailed(f"{command.name}: expired {late:.1f} s before it arrived; not run")


def _result(entry: Entry) -> CommandResult:
    result = None if entry.result is None else json.loads(entry.result)
    return CommandResult(result=result, error=entry.error, caller_id=entry.caller_id)


def _within_limits(answers: list[CommandResult]) -> list[CommandResult]:
    """Leave out results that would make the whole too large for a message; commands stay answered, each."""
    size, kept = 0, []
    for answer in answers:
        length = len(json.dumps(answer.result))
        fits = size + length <= MAX_RESULTS_BYTES
        size += length * fits
        kept.append(answer if fits else CommandResult(error=LEFT_OUT, caller_id=answer.caller_id))
    return kept
