"""The way `local`: executed at once, in order, beside the other ways, once an identity, and answered in time."""

import asyncio
import json
import time

import pytest

from heliograph.commands import local
from heliograph.contract import (
    CommandText,
    ExecuteAnswer,
    ExecuteRequest,
    JournalEntry,
    JournalRequest,
    LanguageRequest,
    ScriptCheckRequest,
    Service,
    VariableValue,
    Way,
)
from heliograph.contract.channels import EXECUTE, JOURNAL, JOURNAL_ENTRY, LANGUAGE, SCRIPT_CHECK
from heliograph.formats import COMMAND_FILE_LIMIT
from heliograph.runtime import NoAnswer

CONNECT = {"rpcName": "sunpm.connect"}


def write(value: int) -> dict:
    parameters = {"device": 1, "variable": 1, "value": value, "raw": True}
    return {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": f"w{value}"}


class Asker:
    """Asks as the api does."""

    def __init__(self, bus) -> None:
        self.bus = bus

    async def ask(self, commands, identity="a", wait=30.0, **fields) -> ExecuteAnswer:
        content = commands if isinstance(commands, str) else json.dumps(commands)
        given = {"identity": identity, "way": Way.LOCAL, "time": int(time.time() * 1000), "origin": "127.0.0.1"}
        text = CommandText(**given | fields, text=content)
        async with asyncio.timeout(60):
            while True:
                try:
                    return await self.bus.request(EXECUTE, ExecuteRequest(text=text, wait_seconds=wait), timeout=60)
                except NoAnswer:  # the service has not begun yet
                    await asyncio.sleep(0.02)

    async def results(self, commands, identity="a", **options) -> list[dict]:
        answer = await self.ask(commands, identity, **options)
        assert answer.finished, answer
        return json.loads(answer.text)


@pytest.fixture
async def api(connect) -> Asker:
    return Asker(await connect(Service.API))


class Hold:
    """Holds the write of a value until it is let go."""

    def __init__(self, peers, value: int) -> None:
        self.value = value
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()
        peers.on_write = self

    async def __call__(self, request) -> VariableValue | None:
        if request.raw == self.value:
            self.held.set()
            await self.let_go.wait()
        return None


async def test_a_local_text_is_answered_with_its_results_and_its_way_and_caller_are_in_the_journal(desk, service, api):
    told: list[JournalEntry] = []

    async def see(entry: JournalEntry) -> None:
        told.append(entry)

    await api.bus.subscribe(JOURNAL_ENTRY, see)
    answers = await api.results([write(5), {"rpcName": "sunpm.statu"}], way=Way.FILE)
    assert (answers[0]["result"]["raw"], answers[0]["callerId"]) == (5, "w5")
    assert "is 'status' meant?" in answers[1]["error"]
    page = await api.bus.request(JOURNAL, JournalRequest(text="a"), timeout=60)
    assert [(e.way, e.origin, e.caller, e.position) for e in page.entries] == [
        ("local", "127.0.0.1", "", 1),
        ("local", "127.0.0.1", "w5", 0),
    ]
    async with asyncio.timeout(60):
        while len(told) < 3:
            await asyncio.sleep(0.02)
    assert [(e.position, e.ended is None) for e in told] == [(0, True), (0, False), (1, False)]
    assert [e for e in told if e.ended is not None] == list(reversed(page.entries))
    assert [w.caller for w in desk.peers.writes] == ["local command of 127.0.0.1"]


async def test_who_writes_commands_and_scripts_is_helped_over_the_bus(service, api):
    assert (await api.results([CONNECT]))[0], "it serves by now"
    told = await api.bus.request(LANGUAGE, LanguageRequest(), timeout=60)
    assert "sunpm.connect" in [command.name for command in told.commands]
    request = ScriptCheckRequest(scripts={"SCRIPT/a.lua": "x ="})
    (finding,) = (await api.bus.request(SCRIPT_CHECK, request, timeout=60)).findings
    assert finding.startswith("SCRIPT/a.lua:1:1: error: ")


async def test_who_does_not_wait_long_hears_that_it_still_runs_and_asks_again_without_a_second_effect(
    desk, service, api
):
    hold = Hold(desk.peers, 1)
    assert await api.ask([write(1)], wait=0) == ExecuteAnswer()
    await asyncio.wait_for(hold.held.wait(), 60)
    assert await api.ask([write(1)], wait=0.01) == ExecuteAnswer()
    waiting = asyncio.create_task(api.results([write(1)]))
    await asyncio.sleep(0)
    hold.let_go.set()
    assert (await waiting)[0]["result"]["raw"] == 1
    assert (await api.results([write(1)]))[0]["result"]["raw"] == 1
    assert len(desk.peers.writes) == 1


async def test_local_texts_go_one_at_a_time_beside_the_other_ways(desk, service, api):
    hold = Hold(desk.peers, 1)
    first = asyncio.create_task(api.results([write(1)], "first"))
    await asyncio.wait_for(hold.held.wait(), 60)
    second = asyncio.create_task(api.results([write(2)], "second"))
    assert (await desk.ask(write(3)))[0]["result"]["raw"] == 3
    assert (await desk.ask(write(4), way=Way.MQTT))[0]["result"]["raw"] == 4
    hold.let_go.set()
    await asyncio.gather(first, second)
    assert [w.raw for w in desk.peers.writes] == [1, 3, 4, 2]


async def test_an_identity_stands_for_one_text_running_or_done(desk, service, api):
    hold = Hold(desk.peers, 1)
    await api.ask([write(1)], "same", wait=0)
    await asyncio.wait_for(hold.held.wait(), 60)
    assert "belongs to another text" in (await api.ask([write(2)], "same")).error
    hold.let_go.set()
    await api.results([write(1)], "same")
    for other in ([write(2)], [CONNECT], [], [CONNECT, write(1)]):
        (answer,) = await api.results(other, "same")
        assert "belongs to another command text" in answer["error"]
    assert [w.raw for w in desk.peers.writes] == [1]


async def test_a_long_queue_is_refused_and_says_so(desk, service, api, monkeypatch):
    monkeypatch.setattr(local, "MOST_WAITING", 2)
    hold = Hold(desk.peers, 1)
    assert not (await api.ask([write(1)], "a", wait=0)).error
    assert not (await api.ask([write(2)], "b", wait=0)).error
    assert "2 local texts are waiting already" in (await api.ask([CONNECT], "c", wait=0)).error
    hold.let_go.set()
    await api.results([write(2)], "b")
    assert (await api.results([CONNECT], "c"))[0]["result"] == "OK"


async def test_a_text_that_is_too_large_or_no_text_is_answered(desk, service, api):
    (large,) = await api.results(json.dumps([CONNECT]) + " " * COMMAND_FILE_LIMIT)
    (bad,) = await api.results("[1", "b")
    assert "larger than 1024 KiB" in large["error"]
    assert "line 1, column" in bad["error"]


async def test_a_stop_answers_who_waits_and_the_next_start_knows_what_was_done(desk, started, api, monkeypatch):
    monkeypatch.setattr("heliograph.commands.app.STOP_SECONDS", 0.1)
    context, ending = await started()
    hold = Hold(desk.peers, 2)
    waiting = asyncio.create_task(api.ask([write(1), write(2), write(3)]))
    queued = asyncio.create_task(api.ask([write(4)], "queued"))
    await asyncio.wait_for(hold.held.wait(), 60)
    context.stopping.set()
    assert "stopping" in (await waiting).error
    assert "stopping" in (await queued).error
    await asyncio.wait_for(ending, 60)
    await context.bus.__aexit__()
    desk.peers.on_write = None
    await started()
    done, doubtful, rest = await api.results([write(1), write(2), write(3)])
    assert (done["result"]["raw"], rest["result"]["raw"]) == (1, 3)
    assert "it may have run, and is not run again" in doubtful["error"]
    assert [w.raw for w in desk.peers.writes] == [1, 2, 3]


async def test_cut_off_in_the_middle_a_local_text_that_is_asked_for_again_runs_nothing_twice(desk, started, api):
    context, ending = await started()
    hold = Hold(desk.peers, 2)
    assert not (await api.ask([write(1), write(2), write(3)], wait=0)).error
    await asyncio.wait_for(hold.held.wait(), 60)
    ending.cancel()
    await asyncio.gather(ending, return_exceptions=True)
    for task in [task for task in asyncio.all_tasks() if "local" in task.get_name()]:
        task.cancel()
    await context.bus.__aexit__()
    desk.peers.on_write = None
    await started()
    done, doubtful, rest = await api.results([write(1), write(2), write(3)])
    assert (done["result"]["raw"], rest["result"]["raw"]) == (1, 3)
    assert "it may have run, and is not run again" in doubtful["error"]
    assert [w.raw for w in desk.peers.writes] == [1, 2, 3]
