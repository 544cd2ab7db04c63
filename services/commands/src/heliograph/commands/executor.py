"""Executes command texts: each command once, in order, one at a time per way (spec 4.1).

When a text comes again, after a kill or because its results could not be handed on, what is in the journal answers as
before, and the rest is executed. `factory` and `reboot` run last, and what they do after their answer is handed to
whoever hands on the results.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.commands.authority import is_without_effect
from heliograph.commands.budget import Budget
from heliograph.commands.entries import MAX_ERROR, Entry, cut, entry_of, is_shortened
from heliograph.commands.followup import FollowUp
from heliograph.commands.journal import Journal
from heliograph.commands.journal_file import KEPT
from heliograph.commands.language import quoted
from heliograph.commands.runner import Asked, Runner
from heliograph.contract import CommandResults, CommandText
from heliograph.formats import Command, CommandError, CommandResult, parse_commands, write_results
from heliograph.runtime import EventLog

MAX_COMMANDS: Final = KEPT
"""As many as a ring of the journal holds, so that each is known when the text comes again."""
TOLD: Final = 20
"""Texts of more commands are told in one line of the log; the journal has each."""
LAST: Final = ("sunpm.reboot", "sunpm.factory")
NO_LONGER_KEPT: Final = "done, but its long result is no longer kept whole"
DOUBTED: Final = (
    "not run: the gateway's journal of commands was damaged and begun anew, so that it is not known whether this "
    "command ran before; look at the plant, and send it again if it is still wanted"
)


@dataclass(frozen=True, slots=True)
class Executed:
    """The results of a text, and what is to be done once they are handed over."""

    results: CommandResults
    follow_up: FollowUp | None = None


class Executor:
    """Executes; several texts side by side when they came in different ways."""

    def __init__(self, journal: Journal, runner: Runner, events: EventLog) -> None:
        self._journal = journal
        self._runner = runner
        self._events = events

    async def execute(self, text: CommandText) -> Executed:
        """Execute a text, or what of it was not executed yet. Raises `JournalUnavailable` where nothing is known."""
        try:
            commands = await asyncio.to_thread(_parse, text.text)
            known = await self._journal.find(text.identity)
            await asyncio.to_thread(_refuse_another, text, commands, known)
        except CommandError as error:
            self._events.warning(f"command text {quoted(text.origin)} refused: {error}")
            return Executed(_results(text, [CommandResult(error=cut(str(error), MAX_ERROR))]))
        answers = {position: _answer(commands[position], entry) for position, entry in known.items()}
        follow_up = await self._run_rest(text, commands, answers)
        if any(not is_without_effect(command.name) for command in commands):
            await self._journal.settle()
        return Executed(await asyncio.to_thread(_results, text, [answers[n] for n in range(len(commands))]), follow_up)

    async def _run_rest(
        self, text: CommandText, commands: Sequence[Command], answers: dict[int, CommandResult]
    ) -> FollowUp | None:
        """Add the answers that are missing; return what is to follow the last command that asked for it."""
        budget, follow_up = Budget(answers.values()), None
        doubted = text.time <= await self._journal.doubted(text.way)
        for position in _in_order(commands):
            if position not in answers:
                asked = Asked(text, position, commands[position])
                done = await (
                    self._runner.refuse(asked, budget, DOUBTED) if doubted else self._runner.run(asked, budget)
                )
                answers[position] = _answer(commands[position], done.entry)
                follow_up = done.follow_up or follow_up
                if len(commands) <= TOLD:
                    self._tell(done.entry)
                await asyncio.sleep(0)  # thousands that are refused wait for nothing else
        if len(commands) > TOLD:
            self._tell_all(text, answers.values())
        return follow_up

    def _tell(self, entry: Entry) -> None:
        came = f"command {quoted(entry.name)} of {quoted(entry.origin)}"
        seconds = ((entry.ended or entry.started) - entry.started) / 1000
        if entry.error is not None:
            self._events.warning(f"{came}: {entry.error}")
        else:
            self._events.info(f"{came}: done in {seconds:.1f} s, {quoted(json.loads(entry.result or 'null'))}")

    def _tell_all(self, text: CommandText, answers: Collection[CommandResult]) -> None:
        errors = [answer.error for answer in answers if answer.error is not None]
        first = f"; the first error: {errors[0]}" if errors else ""
        line = f"{len(answers)} commands of {quoted(text.origin)}: {len(errors)} failed{first}"
        (self._events.warning if errors else self._events.info)(line)


def _parse(text: str) -> list[Command]:
    commands = parse_commands(text)
    if len(commands) > MAX_COMMANDS:
        raise CommandError(f"refused: {len(commands)} commands in one text, at most {MAX_COMMANDS} are taken")
    return commands


def _refuse_another(text: CommandText, commands: Sequence[Command], known: dict[int, Entry]) -> None:
    """An identity that somebody chose stands for one text; what the journal says of it answers no other."""
    for position, entry in known.items():
        command = commands[position] if position < len(commands) else None
        same = command and entry_of(text, position, command, entry.started)
        if not same or (same.way, same.name, same.parameters) != (entry.way, entry.name, entry.parameters):
            raise CommandError(f"refused: the identity {quoted(text.identity)} belongs to another command text")


def _in_order(commands: Sequence[Command]) -> list[int]:
    """The positions as they are run: restart and reset at the end, reset last of all."""
    return sorted(
        range(len(commands)), key=lambda n: LAST.index(commands[n].name) + 1 if commands[n].name in LAST else 0
    )


def _answer(command: Command, entry: Entry) -> CommandResult:
    result, error = entry.result, entry.error
    if result is not None and is_shortened(result):
        result, error = None, NO_LONGER_KEPT
    return CommandResult(
        result=None if result is None else json.loads(result), error=error, caller_id=command.caller_id
    )


def _results(text: CommandText, answers: Sequence[CommandResult]) -> CommandResults:
    return CommandResults(identity=text.identity, way=text.way, text=write_results(answers))
