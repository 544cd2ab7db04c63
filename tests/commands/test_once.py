"""Once, whatever happens: cut off at each step, a journal damaged or full, a clock that is wrong, restarts.

A service is cut off here by cancelling it without an orderly stop: nothing more of it reaches the disk or the bus.
`test_kill.py` does the same with SIGKILL.
"""

import asyncio
import json
import time

import pytest

from heliograph.commands import actions, journal_file, language, runner
from heliograph.commands.followup import Followed
from heliograph.contract import CommandText, ExecuteRequest, JournalRequest, JournalResult, Service, VariableValue, Way
from heliograph.contract.channels import EXECUTE, JOURNAL, RESULTS
from support.disks import fill, small_disk

CONNECT = {"rpcName": "sunpm.connect"}


def write(value: int) -> dict:
    parameters = {"device": 1, "variable": 1, "value": value, "raw": True}
    return {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": f"w{value}"}


class Cut:
    """Stops the service for ever at one step, and says when it got there."""

    def __init__(self) -> None:
        self.there = asyncio.Event()

    async def stop(self, *_: object, **__: object) -> None:
        self.there.set()
        await asyncio.Event().wait()

    async def idle(self, *_: object) -> None:
        await asyncio.Event().wait()

    def before(self, step):
        async def stopped(*arguments: object, **options: object) -> None:
            if RESULTS in arguments:
                await self.stop()
            await step(*arguments, **options)

        return stopped

    def after(self, step):
        async def stopped(*arguments: object, **options: object) -> None:
            await step(*arguments, **options)
            if RESULTS in arguments:
                await self.stop()

        return stopped


def _cut_before_the_journal(cut, desk, context, monkeypatch):
    monkeypatch.setattr("heliograph.commands.journal.Journal.begin", cut.stop)


def _cut_before_the_effect(cut, desk, context, monkeypatch):
    monkeypatch.setattr("heliograph.commands.gateway.Gateway.write", cut.stop)


def _cut_after_the_effect(cut, desk, context, monkeypatch):
    desk.peers.on_write = cut.stop


def _cut_after_the_end_was_noted(cut, desk, context, monkeypatch):
    monkeypatch.setattr("heliograph.commands.journal.Journal.keep", cut.idle)
    monkeypatch.setattr("heliograph.commands.journal.Journal.settle", cut.stop)


def _cut_before_the_results(cut, desk, context, monkeypatch):
    context.bus.store = cut.before(context.bus.store)


def _cut_after_the_results(cut, desk, context, monkeypatch):
    context.bus.store = cut.after(context.bus.store)


@pytest.mark.parametrize(
    ("step", "may_have_run", "writes"),
    [
        (_cut_before_the_journal, False, 1),
        (_cut_before_the_effect, True, 0),
        (_cut_after_the_effect, True, 1),
        (_cut_after_the_end_was_noted, True, 1),
        (_cut_before_the_results, False, 1),
        (_cut_after_the_results, False, 1),
    ],
)
async def test_cut_off_at_each_step_a_command_runs_at_most_once_and_is_answered(
    desk, started, monkeypatch, step, may_have_run, writes
):
    context, task = await started()
    cut = Cut()
    with monkeypatch.context() as patched:
        step(cut, desk, context, patched)
        identity = await desk.hand_in([write(1)])
        await asyncio.wait_for(cut.there.wait(), 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await context.bus.__aexit__()
    desk.peers.on_write = None
    handed_over = len(desk.results.get(identity, ()))
    await started()
    (answer,) = await desk.results_of(identity, handed_over + (step is not _cut_after_the_results))
    assert ("may have run" in answer.get("error", "")) is may_have_run
    assert len(desk.peers.writes) == writes
    assert (await desk.ask(write(2)))[0]["result"]["raw"] == 2
    assert len(desk.peers.writes) == writes + 1


async def test_with_a_damaged_journal_the_first_text_of_a_way_is_refused_and_later_ones_run(desk, started, tmp_path):
    state = tmp_path / "commands"
    state.mkdir()
    (state / "commands.sqlite").write_bytes(b"garbage" * 5000)
    doubtful = await desk.hand_in([write(1), CONNECT])
    waiting = await desk.hand_in([write(2)])
    await started()
    answers = await desk.results_of(doubtful)
    assert ["was damaged" in answer["error"] for answer in answers] == [True, True]
    assert (await desk.results_of(waiting))[0]["result"]["raw"] == 2
    (by_mqtt,) = await desk.ask(write(3), way=Way.MQTT)
    assert by_mqtt["result"]["raw"] == 3, "it was taken in after the damage"
    assert [w.raw for w in desk.peers.writes] == [2, 3]
    assert len(list(state.glob("commands.sqlite.damaged-*"))) == 1


async def test_on_a_full_disk_what_acts_is_not_run_and_says_so_and_what_reads_is_answered(
    desk, started, connect, monkeypatch
):
    desk.peers.registers["1", "1"] = 7
    monkeypatch.setattr(journal_file, "BUSY_SECONDS", 1)
    with small_disk("1m") as disk:
        context, task = await started(disk / "commands")
        assert (await desk.ask(write(1)))[0]["result"]["raw"] == 1
        filler = fill(disk)
        read = {"rpcName": "sunpm.readVariable", "parameters": {"device": 1, "variable": 1}}
        # what was reserved is used up before the disk is truly full
        answers = await desk.ask(*[write(n) for n in range(2, 102)], read)
        refused = [answer for answer in answers if "error" in answer]
        assert refused
        assert all("not run: the journal of commands cannot be used" in answer["error"] for answer in refused)
        assert len(desk.peers.writes) == 1 + sum("result" in answer for answer in answers[:-1])
        assert answers[-1]["result"]["raw"] in range(1, 102)
        filler.unlink()
        assert (await desk.ask(write(200)))[0]["result"]["raw"] == 200
        api = await connect(Service.API)
        page = await api.request(JOURNAL, JournalRequest(outcome=JournalResult.FAILED, limit=200), timeout=60)
        assert len(page.entries) == len(refused)
        context.stopping.set()
        await asyncio.wait_for(task, 60)


class Unset:
    """A clock that was never set."""

    def time(self) -> float:
        return 86_400.0

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def test_with_a_clock_that_was_never_set_a_command_that_expires_is_not_run(desk, started, monkeypatch):
    monkeypatch.setattr("heliograph.commands.app.Runner", lambda j, g, f, _: runner.Runner(j, g, f, Unset()))
    await started()
    expiring = {**CONNECT, "expires": int(time.time() * 1000) + 60_000}
    answers = await desk.ask(expiring, CONNECT)
    assert "clock is not set yet" in answers[0]["error"]
    assert answers[1]["result"] == "OK"


@pytest.fixture
def ending(monkeypatch, desk):
    """Stand-ins for what restarts the gateway; what happens is noted in order."""
    events = []

    def action(name):
        async def run(gateway, parameters):
            events.append(name)

            async def follow():
                events.append(f"after {name}, results: {sorted(desk.results)}")

            return Followed("OK", follow)

        return run

    changed = {"reboot": action("reboot"), "factory": action("factory")}
    monkeypatch.setattr(runner, "ACTIONS", {**actions.ACTIONS, **changed})
    monkeypatch.setattr(language, "COMMANDS", {**language.COMMANDS, "reboot": (), "factory": ()})
    return events


async def test_restart_and_reset_run_last_and_what_follows_them_runs_after_the_results_are_handed_over(
    desk, service, ending
):
    async def noted(request) -> VariableValue | None:
        ending.append(f"write {request.raw}")
        return None

    desk.peers.on_write = noted
    answers = await desk.ask({"rpcName": "sunpm.factory"}, write(1), {"rpcName": "sunpm.reboot"}, write(2))
    assert [a["callerId"] for a in answers] == [None, "w1", None, "w2"]
    async with asyncio.timeout(60):
        while len(ending) < 5:
            await asyncio.sleep(0.01)
    assert ending[:4] == ["write 1", "write 2", "reboot", "factory"]
    assert ending[4].startswith("after factory")
    assert (await desk.ask(CONNECT))[0]["result"] == "OK"
    assert len(ending) == 5


async def test_after_a_local_restart_the_answer_leaves_first(desk, service, ending, connect):
    api = await connect(Service.API)
    text = CommandText(identity="l", way=Way.LOCAL, time=1, origin="x", text='{"rpcName": "sunpm.reboot"}')
    answer = await api.request(EXECUTE, ExecuteRequest(text=text), timeout=60)
    assert json.loads(answer.text)[0]["result"] == "OK"
    assert ending == ["reboot"]
    async with asyncio.timeout(60):
        while len(ending) < 2:
            await asyncio.sleep(0.05)


async def test_what_fails_after_the_answer_stops_nothing(desk, service, monkeypatch, ending):
    async def fail():
        raise RuntimeError("no")

    async def run(gateway, parameters):
        return Followed("OK", fail)

    monkeypatch.setattr(runner, "ACTIONS", {**runner.ACTIONS, "reboot": run})
    assert (await desk.ask({"rpcName": "sunpm.reboot"}))[0]["result"] == "OK"
    assert (await desk.ask(CONNECT))[0]["result"] == "OK"
