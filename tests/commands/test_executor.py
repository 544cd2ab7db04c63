"""Texts are executed in order, each command once, and answered whatever they hold."""

import asyncio
import json
import re
import time

import pytest

from heliograph.commands import executor
from heliograph.commands import gateway as gateway_module
from heliograph.contract import CommandsState, Service, VariableValue, Way
from heliograph.contract.channels import COMMAND_TEXTS, STATE
from support.plausible_set import FILES

CONNECT = {"rpcName": "sunpm.connect"}


def write(value: int, device: int = 1) -> dict:
    parameters = {"device": device, "variable": 1, "value": value, "raw": True}
    return {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": f"w{value}"}


async def test_results_stand_in_order_with_their_caller_and_an_error_stops_nothing(desk, service):
    answers = await desk.ask(write(1), {"rpcName": "sunpm.nothing", "callerId": "é"}, write(2), CONNECT)
    assert [a["callerId"] for a in answers] == ["w1", "é", "w2", None]
    assert ["error" in a for a in answers] == [False, True, False, False]
    assert [w.raw for w in desk.peers.writes] == [1, 2]
    assert answers[3] == {"result": "OK", "callerId": None}


async def test_a_single_object_may_stand_without_brackets(desk, service):
    identity = await desk.hand_in(CONNECT)
    assert await desk.results_of(identity) == [{"result": "OK", "callerId": None}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('[{"rpcName": "sunpm.connect"},\n  oops]', "line 2, column 3"),
        ('[{"rpcName": "sunpm.connect", "parameters": []}]', "line 1, column 45"),
        ("[1]", "line 1, column 2"),
        ("[" * 5000, "column"),
        ("\x00", "line 1, column 1"),
    ],
)
async def test_what_is_no_command_text_gives_one_error_with_its_place(desk, service, text, place):
    (answer,) = await desk.results_of(await desk.hand_in(text))
    assert answer["callerId"] is None
    assert place in answer["error"]
    assert desk.peers.connects == []


async def test_too_large_and_too_many_are_refused_whole(desk, service, monkeypatch):
    monkeypatch.setattr(executor, "MAX_COMMANDS", 50)
    (large,) = await desk.results_of(await desk.hand_in(json.dumps([CONNECT]) + " " * 1024 * 1024))
    (many,) = await desk.results_of(await desk.hand_in([CONNECT] * 51))
    assert "larger than 1024 KiB" in large["error"]
    assert "at most 50" in many["error"]
    assert desk.peers.connects == []


async def test_an_empty_array_has_an_empty_answer(desk, service):
    assert await desk.results_of(await desk.hand_in("[]")) == []


async def test_an_expired_command_is_not_run(desk, service):
    now = int(time.time() * 1000)
    late, early = {**CONNECT, "expires": now - 5000}, {**CONNECT, "expires": now + 600_000}
    answers = await desk.ask(late, early)
    assert re.match(r"sunpm\.connect: expired [1-9]", answers[0]["error"])
    assert answers[1]["result"] == "OK"
    assert len(desk.peers.connects) == 1


async def test_a_text_delivered_again_gives_its_results_again_and_runs_nothing(desk, service):
    """The second copy comes past the broker's window: it has no id there."""
    identity = await desk.hand_in([write(1), {"rpcName": "sunpm.nothing"}, CONNECT])
    first = await desk.results_of(identity)
    service.bus.store = _storing_without_identity(service.bus.store)
    await desk.hand_in([write(1), {"rpcName": "sunpm.nothing"}, CONNECT], identity=identity)
    assert await desk.results_of(identity, times=2) == first
    assert len(desk.peers.writes) == len(desk.peers.connects) == 1


def _storing_without_identity(store):
    async def stored(channel, payload, identity="", **keys):
        await store(channel, payload, "", **keys)

    return stored


async def test_ways_are_served_side_by_side_and_each_in_order(desk, service):
    """A write that hangs in a file delays the next file, and no MQTT command."""
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(request) -> VariableValue | None:
        if request.raw == 1:
            held.set()
            await let_go.wait()
        return None

    desk.peers.on_write = hold
    slow = await desk.hand_in([write(1)])
    after = await desk.hand_in([write(2)])
    await asyncio.wait_for(held.wait(), 60)
    assert (await desk.ask(write(3), way=Way.MQTT))[0]["result"]["raw"] == 3
    assert after not in desk.results
    let_go.set()
    assert (await desk.results_of(slow))[0]["result"]["raw"] == 1
    assert (await desk.results_of(after))[0]["result"]["raw"] == 2
    assert [r.way for r in desk.results[slow]] == [Way.FILE]


async def test_results_wait_for_a_bus_that_is_away(desk, service, broker, monkeypatch):
    monkeypatch.setattr(gateway_module, "DEVICE_SECONDS", 1)
    monkeypatch.setattr(gateway_module, "TRIES", 0)

    async def lose_the_bus(request) -> VariableValue:
        broker.kill()
        broker.start()
        return VariableValue(raw=request.raw, time=0, verified=True)

    desk.peers.on_write = lose_the_bus
    (answer,) = await desk.ask(write(1))
    assert "result" in answer or "not known whether" in answer["error"]
    assert len(desk.peers.writes) == 1


async def test_a_message_that_is_no_command_text_is_dropped_and_the_next_one_runs(desk, service):
    await desk.sync.store(COMMAND_TEXTS, b'{"nonsense": 1}', way=Way.FILE)
    assert (await desk.ask(CONNECT))[0]["result"] == "OK"


async def test_a_stop_lets_the_running_command_finish_and_the_rest_wait_for_the_next_start(desk, started, tmp_path):
    context, ending = await started()
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(request) -> None:
        held.set()
        await let_go.wait()

    desk.peers.on_write = hold
    identity = await desk.hand_in([write(1), write(2)])
    await asyncio.wait_for(held.wait(), 60)
    context.stopping.set()
    await asyncio.sleep(0.1)
    let_go.set()
    await asyncio.wait_for(ending, 60)
    await started()
    answers = await desk.results_of(identity)
    assert [a["result"]["raw"] for a in answers] == [1, 2]
    assert [w.raw for w in desk.peers.writes] == [1, 2]


async def test_the_state_counts_what_was_done(desk, service, connect):
    states: list[CommandsState] = []
    api = await connect(Service.API)

    async def see(state) -> None:
        if isinstance(state, CommandsState):
            states.append(state)

    await api.watch(STATE, see)
    await desk.ask(CONNECT, {"rpcName": "sunpm.nothing"})
    async with asyncio.timeout(60):
        while not states or states[-1].executed < 2:
            await asyncio.sleep(0.05)
    assert (states[-1].executed, states[-1].failed, states[-1].revision) == (2, 1, 3)


async def test_a_revision_that_cannot_be_read_is_rejected_at_once_and_the_old_one_stays(desk, service, connect):
    states: list[CommandsState] = []
    api = await connect(Service.API)

    async def see(state) -> None:
        if isinstance(state, CommandsState):
            states.append(state)

    await api.watch(STATE, see)
    desk.peers.registers["4", "1"] = 5
    await desk.ask(CONNECT)
    await desk.peers.configure(4, {**FILES, "DEF/meter.csv": "garbage"})
    async with asyncio.timeout(60):
        while not states or states[-1].rejected_revision != 4:
            await asyncio.sleep(0.05)
    assert "DEF/meter.csv:1:1" in states[-1].rejected
    assert states[-1].revision == 3
    assert (await desk.call("readVariable", device="grid meter", variable="Active power"))["result"]["raw"] == 5
    await desk.peers.configure(5)
    async with asyncio.timeout(60):
        while states[-1].revision != 5:
            await asyncio.sleep(0.05)
    assert (states[-1].rejected, states[-1].rejected_revision) == ("", None)
