"""Whatever a command holds that it must not hold: one answer for each, an error that is short, and never an effect.

Made from the table of built-in commands, so that a new command is tried without a line here.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.commands.executor import Executor
from heliograph.commands.functions import NoFunctions
from heliograph.commands.gateway import Gateway
from heliograph.commands.journal import Journal
from heliograph.commands.journal_file import JournalFile
from heliograph.commands.language import COMMANDS, Kind
from heliograph.commands.runner import Runner
from heliograph.contract import CommandText, Service, Way
from heliograph.formats import parse_results
from heliograph.runtime import EventLog, SystemClock
from support.plausible import revision

POOL: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, 3, -1, 1.5, 10, 502, 10**6, 10**30, 1e300, "", " ", "roof_1", "AC power", "serial1",
    "ethernet1", "sunspec", "tic", "x" * 3000, "WPM00C44F", "http://a/b.bin", "0" * 32, [], [1], ["127.0.0.1"],
    ["127.0.0.1"] * 1100, {}, {"a": [1]},
)  # fmt: skip


class Recorder:
    """A bus that only notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def request(self, channel, payload, **_: object) -> None:
        self.asked.append((channel.name, payload))
        raise AssertionError(channel.name)


def good(kind: Kind) -> Any:
    return next((value for value in POOL if value is not None and kind.fits(value)), None)


def bad(kind: Kind) -> list[Any]:
    return [value for value in POOL if value is not None and not kind.fits(value)]


def faults(function: str) -> st.SearchStrategy[Mapping[str, Any]]:
    """Parameters of a command with at least one fault."""
    declared = COMMANDS[function]
    fine = {parameter.name: good(parameter.kind) for parameter in declared}
    strange = st.tuples(st.text(max_size=9).filter(lambda n: n not in fine), st.sampled_from(POOL[1:]))
    kinds = [st.builds(lambda pair: {**fine, pair[0]: pair[1]}, strange)]
    for parameter in declared:
        if parameter.required:
            kinds.append(st.just({name: value for name, value in fine.items() if name != parameter.name}))
        kinds.append(st.sampled_from(bad(parameter.kind)).map(lambda value, name=parameter.name: {**fine, name: value}))
    return st.one_of(kinds)


def command(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda given: {"rpcName": f"sunpm.{name}", "parameters": given}, faults(name))


def executed(tmp_path, text: str, way: Way = Way.FILE) -> tuple[list, Recorder]:
    """Execute a text without any bus; return its results and what would have gone over the bus."""

    async def run() -> list:
        clock = SystemClock()
        events = EventLog(Service.COMMANDS, clock)
        gateway = Gateway(recorder, clock, events)
        await gateway._take_revision(revision())
        file = JournalFile(tmp_path / "commands.sqlite", 0)
        journal = Journal(file, _nobody, events, clock)
        try:
            executor = Executor(journal, Runner(journal, gateway, NoFunctions(), clock), events)
            done = await executor.execute(CommandText(identity="t", way=way, time=1, origin="x", text=text))
        finally:
            file.close()
            (tmp_path / "commands.sqlite").unlink()
        return parse_results(done.results.text)

    recorder = Recorder()
    return asyncio.run(run()), recorder


async def _nobody(_: object) -> None:
    return None


def all_faults(function: str) -> list[dict[str, Any]]:
    """Each fault by itself: every required parameter missing, every parameter with every bad value, one unknown."""
    declared = COMMANDS[function]
    fine = {parameter.name: good(parameter.kind) for parameter in declared}
    given = [{**fine, "nonsense": 1}]
    for parameter in declared:
        given += [{**fine, parameter.name: value} for value in bad(parameter.kind)]
        if parameter.required:
            given.append({**fine, parameter.name: None})
    return [{"rpcName": f"sunpm.{function}", "parameters": parameters} for parameters in given]


@pytest.mark.parametrize("function", COMMANDS)
def test_each_fault_of_each_command_gets_one_error_and_no_effect(tmp_path, function):
    commands = all_faults(function)
    results, recorder = executed(tmp_path, json.dumps(commands))
    assert len(results) == len(commands)
    assert recorder.asked == []
    for result in results:
        assert result.error is not None
        assert len(result.error) <= 1000
        assert f"sunpm.{function}" in result.error


@settings(max_examples=15)
@given(data=st.data())
def test_any_mixture_of_faults_gets_one_error_each_and_no_effect(tmp_path_factory, data):
    names = st.sampled_from(sorted(COMMANDS))
    commands = data.draw(st.lists(names.flatmap(command), min_size=1, max_size=6))
    strange = st.builds(
        lambda n: {"rpcName": f"sunpm.{n}"}, st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
    )
    unknown = [c for c in data.draw(st.lists(strange, max_size=2)) if c["rpcName"][6:] not in COMMANDS]
    text = json.dumps([*commands, *unknown])
    if len(text) > 1024 * 1024:
        return
    results, recorder = executed(tmp_path_factory.mktemp("fuzz"), text, data.draw(st.sampled_from(list(Way))))
    assert len(results) == len(commands) + len(unknown)
    assert all(result.error and len(result.error) <= 1000 for result in results)
    assert recorder.asked == []


def test_a_password_that_does_not_fit_stands_in_no_answer(tmp_path, monkeypatch):
    from heliograph.commands import language

    text = language.Parameter("password", language.VARIABLE, required=True, secret=True)
    monkeypatch.setattr(language, "COMMANDS", {**COMMANDS, "login": (text,)})
    results, _ = executed(tmp_path, json.dumps({"rpcName": "sunpm.login", "parameters": {"password": 1234567.5}}))
    assert "1234567" not in results[0].error
    assert "password is to be" in results[0].error
