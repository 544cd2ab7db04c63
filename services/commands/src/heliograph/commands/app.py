"""The wiring of commands: one consumer for each way in, one executor behind them, the journal under all."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from heliograph.commands.authoring import language, script_check
from heliograph.commands.changes import Changes, entry_of_script
from heliograph.commands.executor import Executor
from heliograph.commands.followup import followed
from heliograph.commands.gateway import Gateway
from heliograph.commands.journal import Journal
from heliograph.commands.journal_file import JournalFile
from heliograph.commands.language import quoted
from heliograph.commands.local import LocalWay
from heliograph.commands.runner import Runner
from heliograph.commands.scripts.keeping import Keeping
from heliograph.commands.scripts.listed import read_plant_and_scripts
from heliograph.commands.scripts.scripts import Scripts
from heliograph.commands.scripts.setting import Change, Note
from heliograph.commands.settings import Settings
from heliograph.contract import CommandsState, CommandText, JournalEntry, PlantChange, Way
from heliograph.contract.channels import (
    CHANGES,
    COMMAND_TEXTS,
    EXECUTE,
    JOURNAL,
    JOURNAL_ENTRY,
    LANGUAGE,
    RESULTS,
    SCRIPT,
    SCRIPT_CHECK,
    SCRIPT_LOG,
)
from heliograph.runtime import BusError, Context, Unreadable

STOP_SECONDS = 15.0
"""How long a stop waits for the running command, below the time after which the service is cancelled."""


async def main(settings: Settings, context: Context) -> None:
    """Execute what comes until told to stop."""
    file = JournalFile(settings.state_dir / "commands.sqlite", context.now())
    keeping = Keeping(settings.state_dir / "scripts.sqlite")
    try:
        _tell_opened(context, file)
        await _serve(context, file, keeping)
    finally:
        keeping.close()
        file.close()


async def _serve(context: Context, file: JournalFile, keeping: Keeping) -> None:
    journal = Journal(file, _announcer(context), context.events, context.clock)
    gateway = Gateway(context.bus, context.clock, context.events, context.stopping, read_plant_and_scripts)
    scripts = Scripts(gateway, keeping, _noter(journal), context.clock, context.events)
    runner = Runner(journal, gateway, scripts, context.clock)
    executor = Executor(journal, runner, context.events)
    local = LocalWay(executor, context.clock)
    await gateway.watch()
    await context.bus.serve(JOURNAL, journal.page)
    await context.bus.serve(EXECUTE, local.answer)
    await context.bus.serve(SCRIPT, scripts.act)
    await context.bus.serve(SCRIPT_LOG, scripts.log)
    await context.bus.serve(LANGUAGE, language)
    await context.bus.serve(SCRIPT_CHECK, script_check)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_consume(context, executor, way), name=f"commands: {way}") for way in (Way.FILE, Way.MQTT)
        ]
        changes = context.bus.consume(CHANGES, _changes_taker(journal, gateway), _refuser(context))
        tasks.append(group.create_task(changes, name="commands: changes"))
        tasks.append(group.create_task(journal.keep(), name="commands: journal"))
        tasks.append(group.create_task(scripts.run(), name="commands: scripts"))
        report = context.report(lambda: _state(context, runner, gateway, scripts), gateway.in_force.changed)
        tasks.append(group.create_task(report, name="commands: state"))
        await context.stopping.wait()
        await runner.stop(STOP_SECONDS)
        await local.stop()
        for task in tasks:
            task.cancel()
    await journal.settle()


async def _consume(context: Context, executor: Executor, way: Way) -> None:
    await context.bus.consume(COMMAND_TEXTS, _handler(context, executor), _refuser(context), key=way, batch=1)


def _handler(context: Context, executor: Executor) -> Callable[[list[CommandText]], Awaitable[None]]:
    """Execute, store the results, do what follows them, and only then let the text go."""

    async def handle(texts: list[CommandText]) -> None:
        for text in texts:
            executed = await executor.execute(text)
            results = executed.results
            await context.bus.store(RESULTS, results, identity=results.identity, way=results.way)
            if executed.follow_up is not None:
                await followed(executed.follow_up)

    return handle


def _changes_taker(journal: Journal, gateway: Gateway) -> Callable[[list[PlantChange]], Awaitable[None]]:
    """Take down what others wrote; what a script says again after that is a change."""
    changes = Changes(journal)

    async def take(some: list[PlantChange]) -> None:
        await changes.take(some)
        for change in some:
            gateway.written.pop((change.device or "", change.variable), None)

    return take


def _noter(journal: Journal) -> Note:
    async def note(change: Change) -> None:
        result = {"raw": change.raw}
        entry = entry_of_script(
            change.script, change.parameters, change.started, change.ended, result=result, error=change.error or ""
        )
        await journal.note(entry)

    return note


def _refuser(context: Context) -> Callable[[Unreadable], Awaitable[None]]:
    async def refuse(message: Unreadable) -> None:
        context.events.error(f"a message on {message.subject} does not fit and is dropped: {message.reason}")

    return refuse


def _announcer(context: Context) -> Callable[[JournalEntry], Awaitable[None]]:
    """Tell whoever looks on; nobody waits for it, and the journal has it anyway."""

    async def announce(entry: JournalEntry) -> None:
        with suppress(BusError):
            await context.bus.publish(JOURNAL_ENTRY, entry)

    return announce


def _tell_opened(context: Context, file: JournalFile) -> None:
    """Say what the last run left behind."""
    if file.moved_aside is not None:
        context.events.error(
            f"the journal of commands was damaged: it is kept as {file.moved_aside.name} and a new one is begun; "
            "a command text that may have been running then is refused, see its answer"
        )
    for entry in file.interrupted:
        context.events.warning(f"command {quoted(entry.name)} of {quoted(entry.origin)}: {entry.error}")


def _state(context: Context, runner: Runner, gateway: Gateway, scripts: Scripts) -> CommandsState:
    return CommandsState(
        time=context.now(),
        started=context.started,
        revision=gateway.in_force.number,
        rejected=gateway.in_force.rejected,
        rejected_revision=gateway.in_force.rejected_revision,
        executed=runner.executed,
        failed=runner.failed,
        running=runner.running,
        scripts=scripts.states(),
    )
