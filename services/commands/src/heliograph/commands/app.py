"""The wiring of commands: one consumer for each way in, one executor behind them."""

import asyncio
from collections.abc import Awaitable, Callable

from heliograph.commands.executor import Executor
from heliograph.commands.gateway import Gateway
from heliograph.commands.journal import Journal
from heliograph.commands.scripts.keeping import Keeping
from heliograph.commands.scripts.noting import entry_of_change
from heliograph.commands.scripts.scripts import Scripts
from heliograph.commands.scripts.setting import Change, Note
from heliograph.commands.settings import Settings
from heliograph.contract import CommandsState, CommandText, Way
from heliograph.contract.channels import COMMAND_TEXTS, RESULTS, SCRIPT, SCRIPT_LOG
from heliograph.runtime import Context, Unreadable

STOP_SECONDS = 15.0
"""How long a stop waits for the running command, below the time after which the service is cancelled."""


async def main(settings: Settings, context: Context) -> None:
    """Execute what comes until told to stop."""
    journal = Journal(settings.state_dir / "commands.sqlite")
    gateway = Gateway(context.bus, context.clock, context.events)
    executor = Executor(journal, gateway, context.events, context.clock)
    keeping = Keeping(settings.state_dir / "scripts.sqlite")
    scripts = Scripts(gateway, keeping, _note(journal), context.clock, context.events)
    await gateway.watch()
    await context.bus.serve(SCRIPT, scripts.act)
    await context.bus.serve(SCRIPT_LOG, scripts.log)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_consume(context, executor, way), name=f"commands: {way}")
                for way in (Way.FILE, Way.MQTT)
            ]
            tasks.append(group.create_task(scripts.run(), name="commands: scripts"))
            report = context.report(lambda: _state(context, executor, gateway, scripts), gateway.in_force.changed)
            tasks.append(group.create_task(report, name="commands: state"))
            await context.stopping.wait()
            await executor.stop(STOP_SECONDS)
            for task in tasks:
                task.cancel()
    finally:
        keeping.close()
        journal.close()


async def _consume(context: Context, executor: Executor, way: Way) -> None:
    async def refuse(message: Unreadable) -> None:
        context.events.error(f"a message on {message.subject} is no command text and is dropped: {message.reason}")

    await context.bus.consume(COMMAND_TEXTS, _handler(context, executor), refuse, key=way, batch=1)


def _handler(context: Context, executor: Executor) -> Callable[[list[CommandText]], Awaitable[None]]:
    """Execute, store the results, and only then let the text go."""

    async def handle(texts: list[CommandText]) -> None:
        for text in texts:
            results = await executor.execute(text)
            await context.bus.store(RESULTS, results, identity=results.identity, way=results.way)

    return handle


def _note(journal: Journal) -> Note:
    async def note(change: Change) -> None:
        await asyncio.to_thread(journal.keep, entry_of_change(change))

    return note


def _state(context: Context, executor: Executor, gateway: Gateway, scripts: Scripts) -> CommandsState:
    return CommandsState(
        time=context.now(),
        started=context.started,
        revision=gateway.in_force.number,
        rejected=gateway.in_force.rejected,
        rejected_revision=gateway.in_force.rejected_revision,
        executed=executor.executed,
        failed=executor.failed,
        running=executor.running,
        scripts=scripts.states(),
    )
