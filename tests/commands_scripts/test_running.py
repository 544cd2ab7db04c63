"""When scripts run: start, failure, restart, revisions, and what people do to them."""

import os
import signal
from pathlib import Path

from heliograph.contract import ScriptAction, ScriptCondition
from support.waiting import until

FAILING = "wd.after(0, function() error('no more') end)"
COUNTING = """
local n = 0
wd.every(0.01, function() n = n + 1 end)
function count() return n end
function crash() local x = nil; return x.y end
"""


async def test_what_people_see_of_a_script(bench):
    await bench.running("""
header = { version = 1.1, label = "Injection limit" }
local function hidden() end
function wsInit() wd.log("begun") end
function setLimit(p) return p end
value = 3
""")
    state = bench.state()
    assert (state.label, state.version, state.functions) == ("Injection limit", "1.1", ("setLimit",))
    assert await bench.lines() == ["begun", "runs (Injection limit)"]

    async def counted() -> bool:
        return bench.state().memory_bytes > 1000 and bench.state().cpu_seconds > 0

    await until(counted)


async def test_wsinit_and_header_may_be_missing(bench):
    await bench.running("-- nothing at all")
    assert bench.state().functions == ()


async def test_a_byte_order_mark_and_a_first_line_for_a_shell_are_no_mistakes(bench):
    await bench.running("\ufeff#!/usr/bin/lua\nfunction f() error('here') end")
    assert await bench.refused("f") == "s.lua:2: here"


async def test_a_failed_script_waits_a_minute_and_starts_again(bench):
    cause = await bench.failing(FAILING)
    assert cause == "s.lua:1: no more"

    async def waits() -> bool:
        return bench.clock.sleepers == 1

    await until(waits)
    for restarts in (1, 2):
        runs = (await bench.lines()).count("runs")
        bench.clock.pass_a_minute()

        async def again(runs: int = runs) -> bool:
            return (await bench.lines()).count("runs") == runs + 1 and bench.clock.sleepers == 1

        await until(again)
        assert bench.state().restarts == restarts


async def test_a_waiting_script_may_be_started_by_hand(bench):
    await bench.failing("if not wd.store('tried') then wd.store('tried', true) error('first') end")
    assert await bench.act(ScriptAction.START) == ""
    assert (await bench.reach(ScriptCondition.RUNNING)).cause == ""


async def test_a_timer_that_is_late_runs_once(bench):
    """It does not make up for what it missed."""
    await bench.running("""
local runs = 0
wd.every(0.05, function() runs = runs + 1 end)
function hold() local before = runs; local from = os.clock(); while os.clock() - from < 0.15 do end return before end
function read() return runs end
""")
    before = await bench.call("hold")
    assert await bench.call("read") - before <= 2


async def test_after_runs_once_and_every_again_and_again(bench):
    await bench.running("""
local once, again = 0, 0
wd.after(0, function() once = once + 1; wd.after(0.01, function() once = once + 10 end) end)
wd.every(0.01, function() again = again + 1 end)
function counts() return {once, again} end
""")

    async def three() -> bool:
        once, again = await bench.call("counts")
        return once == 11 and again >= 3

    await until(three)
    assert (await bench.call("counts"))[0] == 11


async def test_a_revision_touches_only_the_scripts_that_it_changes(bench):
    await bench.put(same=COUNTING, changed=COUNTING, gone=COUNTING)
    for name in ("same", "changed", "gone"):
        await bench.reach(ScriptCondition.RUNNING, name)
    since = bench.state("same").since
    before = await bench.call("count", "same")
    await bench.put(changed=COUNTING + "-- newer", gone=None, new="function f() return 'new' end")
    await bench.reach(ScriptCondition.RUNNING, "changed")
    await bench.reach(ScriptCondition.RUNNING, "new")
    assert [state.name for state in bench.scripts.states()] == ["same", "changed", "new"]
    assert bench.state("same").since == since
    assert await bench.call("count", "same") >= before
    assert await bench.call("f", "new") == "new"
    assert "unknown script 'gone'" in await bench.refused("count", "gone")
    assert (await bench.lines("changed")).count("runs") == 2


async def test_a_set_with_a_script_that_lua_cannot_read_is_refused_and_the_old_one_runs_on(bench):
    """A slip of the pen must not take the power control of a plant away."""
    await bench.running(COUNTING)
    since = bench.state().since
    cause = await bench.refused_set(s="\nx = = 1", other="\x1bLuaT")
    assert "SCRIPT/s.lua:2:1: error: Lua cannot read it: unexpected symbol near '='" in cause
    assert "SCRIPT/other.lua:1:1: error: Lua cannot read it: attempt to load a binary chunk" in cause
    assert await bench.call("count") >= 0
    assert bench.state().since == since


async def test_a_stopped_script_stays_so_until_started(bench):
    await bench.running(COUNTING)
    assert await bench.act(ScriptAction.STOP) == ""
    assert bench.state().condition is ScriptCondition.STOPPED
    assert await bench.refused("count") == "script 's' is stopped, not running"
    await bench.put(other="-- a revision does not start it")
    assert bench.state().condition is ScriptCondition.STOPPED
    assert await bench.act(ScriptAction.START) == ""
    await bench.reach(ScriptCondition.RUNNING)
    assert [line for line in await bench.lines() if "REST" in line] == ["stopped by REST", "started by REST"]


async def test_a_disabled_script_stays_so_through_revisions(bench):
    await bench.running(COUNTING)
    assert await bench.act(ScriptAction.DISABLE) == ""
    await bench.put(s=COUNTING + "-- newer")
    await bench.reach(ScriptCondition.DISABLED)
    assert await bench.act(ScriptAction.START) == "script 's' is disabled: enable it, then it starts"
    assert await bench.act(ScriptAction.ENABLE) == ""
    await bench.reach(ScriptCondition.RUNNING)


async def test_nothing_can_be_done_to_a_script_that_is_not_there(bench):
    await bench.running(COUNTING, "zero_export")
    assert await bench.act(ScriptAction.STOP, "zero_exprt") == "unknown script 'zero_exprt' (is 'zero_export' meant?)"


async def test_a_killed_process_is_a_failure_like_others(bench):
    await bench.running(COUNTING)
    os.kill(bench.scripts._lives["s"]._process.pid, signal.SIGKILL)
    assert (await bench.reach(ScriptCondition.WAITING)).cause == "it was killed"


async def test_when_the_host_is_killed_all_scripts_end_and_start_again_by_another(bench):
    await bench.put(one=COUNTING, two=COUNTING)
    for name in ("one", "two"):
        await bench.reach(ScriptCondition.RUNNING, name)
    host = bench.scripts._host._process.pid
    pids = [bench.scripts._lives[name]._process.pid for name in ("one", "two")]
    os.kill(host, signal.SIGKILL)
    for name in ("one", "two"):
        assert (await bench.reach(ScriptCondition.WAITING, name)).cause == "the host of scripts ended"
    bench.clock.pass_a_minute()
    for name in ("one", "two"):
        await bench.reach(ScriptCondition.RUNNING, name)
    assert bench.scripts._host._process.pid != host

    async def gone() -> bool:
        return not any(_lives(pid) for pid in pids)

    await until(gone)


async def test_without_scripts_there_is_no_host(bench):
    assert bench.scripts._host._process is None
    await bench.running(COUNTING)
    assert bench.scripts._host._process is not None
    await bench.put(s=None)
    assert bench.scripts._host._process is None


async def test_the_process_of_a_script_holds_its_line_alone(bench):
    """No file of the service, no environment, no right to have another child or file, and it goes first."""
    await bench.running(COUNTING)
    process = Path(f"/proc/{bench.scripts._lives['s']._process.pid}")
    limits = {line[:25].strip(): line[26:].split()[:2] for line in (process / "limits").read_text().splitlines()}
    assert limits["Max open files"] == ["4", "4"]
    assert limits["Max processes"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max address space"][0] != "unlimited"
    assert "NoNewPrivs:\t1" in (process / "status").read_text()
    assert (process / "oom_score_adj").read_text().strip() == "1000"
    try:
        opened = sorted(link.name for link in (process / "fd").iterdir())
        environment = (process / "environ").read_bytes()
    except PermissionError:  # not dumpable: only root may look
        return
    assert opened == ["0", "1", "2", "3"]
    assert b"SECRET" not in environment


def _lives(pid: int) -> bool:
    """A zombie whom nobody has buried yet lives no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
