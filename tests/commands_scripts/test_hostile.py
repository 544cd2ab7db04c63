"""A script that means harm, or is merely wrong, harms itself alone: it ends with a cause, and all others go on."""

import os
import re
import signal

import pytest

from heliograph.contract import ScriptCondition

NEIGHBOUR = "function add(p) return p.a + p.b end"


@pytest.fixture
async def beside(bench):
    """A bench on which a good script runs; at the end of the test it still does, undisturbed."""
    await bench.running(NEIGHBOUR, "good")
    since = bench.state("good").since
    yield bench
    assert await bench.call("add", "good", a=1, b=2) == 3
    assert bench.state("good").since == since


ENDED = {
    "allocates": ("local t = {} while true do t[#t + 1] = string.rep('x', 1000) .. #t end", "not enough memory"),
    "one large text": ("local s = string.rep('x', 1 << 40)", "s.lua:1: resulting string too large|not enough memory"),
    "loops": ("local n = 0\nwhile true do n = n + 1 end", "s.lua:2: more than 0.2 s of computing in one call"),
    "loops and swallows": (
        "while true do pcall(function() while true do end end) end",
        "more than 0.2 s of computing",
    ),
    "loops in the handler of its errors": (
        "while true do xpcall(error, function() while true do end end) end",
        "more than 0.2 s|error in error handling|stack overflow",
    ),
    "loops in a coroutine": (
        "while true do local co = coroutine.create(function() while true do end end) coroutine.resume(co) end",
        "more than 0.2 s of computing",
    ),
    "loops in a wrapped coroutine": (
        "pcall(coroutine.wrap(function() while true do end end)) while true do end",
        "more than 0.2 s of computing",
    ),
    "loops in a metamethod": (
        "local t = setmetatable({}, {__len = function() while true do end end}) while true do pcall(#t) end",
        "more than 0.2 s of computing",
    ),
    "loops in a to-be-closed variable": (
        "do local c <close> = setmetatable({}, {__close = function() while true do end end}) end",
        "more than 0.2 s of computing",
    ),
    "recurses": ("local function f() return 1 + f() end f()", "stack overflow|not enough memory"),
    "errs": ("local x = nil\nlocal y = x.field", "s.lua:2: attempt to index a nil value"),
    "throws a table": ("\nerror({})", "s.lua:2: an error that is a table"),
    "throws nothing": ("error()", "an error that is a nil"),
    "throws what cannot be shown": (
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
        "s.lua:1: an error that is a table",
    ),
    "os.execute": ("os.execute('reboot')", "s.lua:1: attempt to call a nil value .field 'execute'"),
    "opens a file": ("io.open('/etc/passwd')", "s.lua:1: attempt to index a nil value .global 'io'"),
    "loads a library": ("require 'socket'", "attempt to call a nil value .global 'require'"),
    "loads code": ("load('x = 1')()", "attempt to call a nil value .global 'load'"),
    "looks for Python": ("python.eval('1')", "attempt to index a nil value .global 'python'"),
    "debugs": ("debug.getregistry()", "attempt to index a nil value .global 'debug'"),
    "finalizes": ("setmetatable({}, {__gc = function() end})", "s.lua:1: __gc is not supported here"),
    "dumps bytecode": ("string.dump(print)", "attempt to call a nil value .field 'dump'"),
    "a million timers": (
        "for n = 1, 1000000 do wd.every(60, print) end",
        "s.lua:1: wd.every: at most 64 timers at a time",
    ),
    "too fast a timer": (
        "wd.every(0, print)",
        "s.lua:1: wd.every: the first argument is to be 0.01 to 2678400 seconds",
    ),
    "a timer that is nothing": ("wd.after('soon', print)", "s.lua:1: wd.after: the first argument is to be"),
    "a timer without a function": ("wd.every(1)", "s.lua:1: wd.every: the last argument is to be a function, not a n"),
    "10,000 watches": (
        "for n = 1, 10000 do wd.onChange('roof_1', 1, print) end",
        "s.lua:1: wd.onChange: at most 256 variables are watched",
    ),
    "watches what is not there": (
        "wd.onChange('roof_11', 1, print)",
        "s.lua:1: wd.onChange: unknown device 'roof_11' .is 'roof_1' meant",
    ),
    "stores 10 MB": (
        "wd.store('k', string.rep('x', 10 * 1024 * 1024))",
        "not enough memory|s.lua:1: wd.store: a text of 10,485,760 bytes, at most 65,536 pass",
    ),
    "stores 1 MB": (
        "wd.store('k', string.rep('x', 1024 * 1024))",
        "s.lua:1: wd.store: a text of 1,048,576 bytes, at most 65,536 pass",
    ),
    "stores more than its share": (
        "wd.store('k', string.rep('x', 5000))",
        "s.lua:1: wd.store: a value of more than 4,096 bytes of JSON is not stored",
    ),
    "stores many keys": (
        "for n = 1, 100 do wd.store('k' .. n, n) end",
        "s.lua:1: wd.store: a script stores at most 64 keys",
    ),
    "stores a function": ("wd.store('k', print)", "s.lua:1: wd.store: a function is no JSON"),
    "stores what is no number": ("wd.store('k', 0 / 0)", "s.lua:1: wd.store: -?nan is no number of JSON"),
    "lives in its first call": ("function wsInit() while true do end end", "s.lua:1: more than 0.2 s of computing"),
}


async def test_each_ends_with_a_cause_and_the_others_go_on(beside):
    """File and line where there is one, in its state, its log and the gateway's log; all at the same time."""
    names = {what: f"s{number}" for number, what in enumerate(ENDED)}
    await beside.put(**{names[what]: script for what, (script, _) in ENDED.items()})
    for what, (_, cause) in ENDED.items():
        name = names[what]
        shown = (await beside.reach(ScriptCondition.WAITING, name)).cause
        assert re.search(cause.replace("s.lua", f"{name}.lua"), shown), (what, shown)
        assert any(shown in line for line in await beside.lines(name)), what
        assert any(event.startswith(f"error: script {name}: ") and shown[:40] in event for event in beside.events), what


async def test_what_no_hook_can_stop_is_stopped_by_the_system(beside):
    """A pattern that backtracks for ages never leaves C."""
    cause = await beside.failing("string.find(string.rep('a', 60), string.rep('a?', 60) .. string.rep('a', 60) .. 'b')")
    assert cause == "more than 0.2 s of computing in one call: ended by the system"


async def test_a_crash_of_the_interpreter_is_told_as_such(beside):
    await beside.running("function f() end")
    os.kill(beside.scripts._lives["s"]._process.pid, signal.SIGSEGV)
    state = await beside.reach(ScriptCondition.WAITING)
    assert state.cause == "the interpreter of Lua crashed (SIGSEGV)"


async def test_flooding_its_log_costs_a_script_the_lines_alone(beside):
    await beside.running("function flood() for n = 1, 500 do wd.log('line ' .. n) end return 'done' end")
    assert await beside.call("flood") == "done"
    lines = await beside.lines()
    assert lines[0] == "runs"
    assert lines[1] == "line 1"
    assert len(lines) < 250
    assert sum("script s: line" in event for event in beside.events) < 250


async def test_alarms_are_limited(beside):
    await beside.running(
        "function f() local n = 0 for _ = 1, 50 do if wd.alarm('x') then n = n + 1 end end return n end"
    )
    assert await beside.call("f") <= 11


RESULTS = {
    "a cycle": ("local t = {} t.t = t return t", "tables nested deeper than 16, or within themselves"),
    "a depth": ("local t = {} for n = 1, 100 do t = {t} end return t", "tables nested deeper than 16"),
    "no number": ("return 0 / 0", "nan is no number of JSON"),
    "an endless number": ("return {1 / 0}", "inf is no number of JSON"),
    "a function": ("return {f = print}", "a function is no JSON"),
    "a coroutine": ("return coroutine.create(print)", "is no JSON"),
    "a huge text": ("return string.rep('x', 1000000)", "a text of 1,000,000 bytes, at most 65,536 pass"),
    "huge together": (
        "local t = {} for n = 1, 100 do t[n] = string.rep('x', 60000) end return t",
        "bytes in one message",
    ),
    "many values": ("local t = {} for n = 1, 20000 do t[n] = n end return t", "more than 10,000 values"),
    "a key that is a table": ("return {[{}] = 1}", "a key of a table that is neither a text nor a number"),
    "a key that is true": ("return {[true] = 1}", "a key of a table that is neither a text nor a number"),
}


async def test_results_that_json_does_not_have_are_refused_and_the_script_goes_on(beside):
    names = {name: f"f{number}" for number, name in enumerate(RESULTS)}
    await beside.running("\n".join(f"function {names[name]}() {body} end" for name, (body, _) in RESULTS.items()))
    since = beside.state().since
    for name, (_, expected) in RESULTS.items():
        text = await beside.refused(names[name])
        assert text.startswith("its result cannot be given: "), (name, text)
        assert expected in text, (name, text)
    assert beside.state().since == since


async def test_what_a_script_does_to_its_world_is_its_own_affair(beside):
    """It may break every name that it has: what stands round it keeps its own."""
    await beside.running("""
for name in pairs(string) do string[name] = nil end
for name in pairs(table) do table[name] = nil end
error, type, tostring, next, rawget, pcall = nil, nil, nil, nil, nil, nil
setmetatable(_G, {__index = function() return 1 end, __pairs = 1})
local log = wd.log
for name in pairs(wd) do if name ~= 'log' then wd[name] = nil end end
function f() log('still here') return {1, 'two'} end
""")
    assert await beside.call("f") == [1, "two"]
    assert "still here" in await beside.lines()
    assert await beside.call("add", "good", a=2, b=2) == 4
