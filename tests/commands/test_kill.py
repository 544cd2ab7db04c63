"""SIGKILL in the middle of a text: what was done answers, what had begun says so, the rest is executed, each once."""

import asyncio

import pytest

from heliograph.contract import Service, VariableValue
from support.plausible_services import service_process

LIMIT = 60


def write(value: int) -> dict:
    parameters = {"device": 1, "variable": 1, "value": value, "raw": True}
    return {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": f"w{value}"}


@pytest.mark.parametrize("after_effect", [False, True], ids=["before the effect", "after the effect"])
async def test_a_kill_in_the_middle_of_a_command(broker, desk, tmp_path, after_effect):
    state = tmp_path / "commands"
    held = asyncio.Event()

    async def hold(request) -> VariableValue | None:
        if request.raw == 2 and not held.is_set():
            if after_effect:
                desk.peers.registers[request.device, request.variable] = request.raw
            held.set()
            await asyncio.sleep(3600)
        return None

    desk.peers.on_write = hold
    with service_process(broker, Service.COMMANDS, state) as process:
        identity = await desk.hand_in([write(1), write(2), write(3), {"rpcName": "sunpm.nothing"}])
        await asyncio.wait_for(held.wait(), LIMIT)
        process.kill()
        await asyncio.to_thread(process.wait, 60)
    assert desk.results == {}
    with service_process(broker, Service.COMMANDS, state) as process:
        answers = await desk.results_of(identity)
        following = await desk.ask(write(4))
        process.terminate()
        assert await asyncio.to_thread(process.wait, 60) == 0
    assert [a["callerId"] for a in answers] == ["w1", "w2", "w3", None]
    assert answers[0]["result"]["raw"] == 1
    assert "it may have run, and is not run again" in answers[1]["error"]
    assert answers[2]["result"]["raw"] == 3
    assert "unknown command" in answers[3]["error"]
    assert following[0]["result"]["raw"] == 4
    assert [w.raw for w in desk.peers.writes] == [1, 2, 3, 4]


async def test_kills_at_any_moment_never_run_a_command_twice(broker, desk, tmp_path):
    """Four kills while thirty writes are under way: each write at most once, each answered, in order."""
    state = tmp_path / "commands"
    identity = await desk.hand_in([write(n) for n in range(1, 31)])
    for target in (3, 9, 16, 23):
        with service_process(broker, Service.COMMANDS, state) as process:
            async with asyncio.timeout(LIMIT):
                while len(desk.peers.writes) < target:
                    await asyncio.sleep(0.002)
            process.kill()
            await asyncio.to_thread(process.wait, 60)
    with service_process(broker, Service.COMMANDS, state):
        answers = await desk.results_of(identity)
    written = [w.raw for w in desk.peers.writes]
    assert written == sorted(set(written))
    assert [a["callerId"] for a in answers] == [f"w{n}" for n in range(1, 31)]
    for number, answer in enumerate(answers, 1):
        assert answer.get("result", {}).get("raw") == number or "may have run" in answer["error"]
        assert number in written or "may have run" in answer["error"]
    assert sum("error" in answer for answer in answers) <= 4
