"""The figures of what acts on the plant: commands, the journal, scripts, set points."""

from collections.abc import Iterator

from heliograph.api.journalling import JournalView
from heliograph.api.metrics.samples import Sample, Seen, of_each
from heliograph.contract import CommandsState, JournalWay, ScriptCondition, ScriptState, SetPointState


def operating(now: Seen) -> Iterator[Sample]:
    """All of them."""
    yield from _journal(now.view.journal)
    if now.commands is not None:
        yield from _commands(now.commands)
    if now.collector is not None:
        yield from _set_points(now.collector.set_points)


def _commands(commands: CommandsState) -> Iterator[Sample]:
    yield "heliograph_commands_executed_total", (), commands.executed
    yield "heliograph_commands_failed_total", (), commands.failed
    for condition in ScriptCondition:
        many = sum(script.condition is condition for script in commands.scripts)
        yield "heliograph_scripts", (condition,), many
    for script in commands.scripts:
        yield from _script(script)


def _script(script: ScriptState) -> Iterator[Sample]:
    yield from of_each(
        (script.name,),
        {
            "heliograph_script_up": script.condition is ScriptCondition.RUNNING,
            "heliograph_script_restarts_total": script.restarts,
            "heliograph_script_calls_total": script.calls,
            "heliograph_script_cpu_seconds_total": script.cpu_seconds,
            "heliograph_script_memory_bytes": script.memory_bytes,
        },
    )


def _journal(journal: JournalView) -> Iterator[Sample]:
    for way in JournalWay:
        yield "heliograph_journal_entries_total", (way, "done"), journal.done[way]
        yield "heliograph_journal_entries_total", (way, "failed"), journal.failed[way]


def _set_points(points: tuple[SetPointState, ...]) -> Iterator[Sample]:
    yield "heliograph_set_points", (), len(points)
    yield "heliograph_set_points_lapsed", (), sum(point.lapsed for point in points)
    yield "heliograph_set_points_unwritten", (), sum(point.lapsed and bool(point.cause) for point in points)
