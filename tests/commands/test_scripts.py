"""Scripts through the whole service: by command, in the state, in the journal, over a restart and a kill."""

import asyncio
import json

from heliograph.contract import (
    JournalRequest,
    ScriptAction,
    ScriptCondition,
    ScriptLogRequest,
    ScriptRequest,
    Service,
)
from heliograph.contract.channels import JOURNAL, SCRIPT, SCRIPT_LOG, STATE
from support.plausible_services import service_process
from support.plausible_set import FILES, UID
from support.waiting import until

LIMIT = 60
SCRIPT_TEXT = """
function limit(p)
  local ok, message = wd.set(p.device, 'State', p.percent)
  return ok or message
end
function count() local n = (wd.store('n') or 0) + 1; return wd.store('n', n) end
function wrong() local x = nil; return x.y end
"""
SET = {**FILES, f"CONFIG/{UID}_scl.ini": "SCRIPT_File[0]=plant limit.lua\n", "SCRIPT/plant limit.lua": SCRIPT_TEXT}


async def reach(bus, condition: ScriptCondition) -> None:
    """Wait until the service tells that its one script is in a condition."""
    states = []

    async def take(state) -> None:
        if state.service == Service.COMMANDS:
            states.append(state)

    await bus.watch(STATE, take)

    async def reached() -> bool:
        return bool(states and states[-1].scripts and states[-1].scripts[0].condition is condition)

    await until(reached)


def call(function: str, **parameters: object) -> dict:
    return {"rpcName": f"plant limit.{function}", "parameters": parameters}


async def test_a_function_of_a_script_is_a_command(connect, service, desk):
    api = await connect(Service.API)
    await desk.peers.configure(4, SET)
    await reach(api, ScriptCondition.RUNNING)
    done, missing, unknown, failed = await desk.ask(
        call("limit", device="roof_1", percent=6), call("limitt"), {"rpcName": "plant limt.limit"}, call("wrong")
    )
    assert done == {"result": True, "callerId": None}
    assert [(write.raw, write.caller) for write in desk.peers.writes] == [(6, "script plant limit")]
    assert "is 'limit' meant?" in missing["error"]
    assert "is 'plant limit' meant?" in unknown["error"]
    assert failed["error"] == "plant limit.lua:7: attempt to index a nil value (local 'x')"
    page = await api.request(JOURNAL, JournalRequest(), timeout=LIMIT)
    change = next(entry for entry in page.entries if entry.way == "script")
    assert (change.origin, change.name, change.error) == ("plant limit", "writeVariable", None)
    assert json.loads(change.parameters) == {"device": "roof_1", "variable": "State", "value": 6}


async def test_the_api_starts_stops_and_reads_the_log_of_a_script(connect, service, desk):
    api = await connect(Service.API)
    await desk.peers.configure(4, SET)
    await reach(api, ScriptCondition.RUNNING)
    for action, condition in (
        (ScriptAction.STOP, ScriptCondition.STOPPED),
        (ScriptAction.START, ScriptCondition.RUNNING),
        (ScriptAction.DISABLE, ScriptCondition.DISABLED),
    ):
        request = ScriptRequest(script="plant limit", action=action, origin="web page")
        assert (await api.request(SCRIPT, request, timeout=LIMIT)).error == ""
        await reach(api, condition)
    page = await api.request(SCRIPT_LOG, ScriptLogRequest(script="plant limit", limit=2), timeout=LIMIT)
    assert [line.text for line in page.lines] == ["disabled by web page", "runs"]
    older = ScriptLogRequest(script="plant limit", before=page.lines[-1].number)
    page = await api.request(SCRIPT_LOG, older, timeout=LIMIT)
    assert [line.text for line in page.lines] == ["started by web page", "stopped by web page", "runs"]


async def test_what_is_stored_and_disabled_survives_a_kill_of_the_service(broker, connect, desk, tmp_path):
    state = tmp_path / "commands"
    api = await connect(Service.API)
    await desk.peers.configure(4, SET)
    with service_process(broker, Service.COMMANDS, state) as process:
        await reach(api, ScriptCondition.RUNNING)
        assert [answer["result"] for answer in await desk.ask(call("count"), call("count"))] == [1, 2]
        process.kill()
        await asyncio.to_thread(process.wait, LIMIT)
    with service_process(broker, Service.COMMANDS, state) as process:
        await reach(api, ScriptCondition.RUNNING)
        (answer,) = await desk.ask(call("count"))
        assert answer["result"] == 3
        request = ScriptRequest(script="plant limit", action=ScriptAction.DISABLE, origin="REST")
        assert (await api.request(SCRIPT, request, timeout=LIMIT)).error == ""
        process.kill()
        await asyncio.to_thread(process.wait, LIMIT)
    with service_process(broker, Service.COMMANDS, state) as process:
        await reach(api, ScriptCondition.DISABLED)
        (answer,) = await desk.ask(call("count"))
        assert "script 'plant limit' is disabled, not running" in answer["error"]
        process.terminate()
        assert await asyncio.to_thread(process.wait, LIMIT) == 0
