"""Functions of scripts as commands: parameters in, JSON out, errors with file and line."""

import asyncio
import os
import signal

from heliograph.contract import ScriptCondition


async def test_parameters_come_as_a_table_and_the_result_goes_as_json(bench):
    await bench.running("function echo(p) return p end\nfunction nothing() end")
    given = {
        "whole": 1,
        "broken": 1.5,
        "text": "Größe 😀",
        "yes": True,
        "list": [1, [2, 3]],
        "object": {"x": {"y": "z"}},
    }
    assert await bench.call("echo", **given) == given
    assert await bench.call("echo", gone=None, kept=1) == {"kept": 1}
    assert await bench.call("nothing") is None


TABLES = {
    "return {}": {},
    "return {1, 2, 3}": [1, 2, 3],
    "return {[1] = 'a', [2] = 'b'}": ["a", "b"],
    "return {[0] = 'a', 'b'}": {"0": "a", "1": "b"},
    "return {1, nil, 3}": {"1": 1, "3": 3},
    "return {1, x = 2}": {"1": 1, "x": 2},
    "return {[1.5] = 1}": {"1.5": 1},
    "return 1 << 62": 1 << 62,
    "return '\\xff'": "�",
    "return 1, 2": 1,
}


async def test_tables_become_arrays_or_objects(bench):
    await bench.running("\n".join(f"function f{n}() {body} end" for n, body in enumerate(TABLES)))
    for number, (body, expected) in enumerate(TABLES.items()):
        assert await bench.call(f"f{number}") == expected, body


async def test_an_error_is_the_commands_and_the_script_goes_on(bench):
    """What a stranger may call must not be a way to stop a script."""
    await bench.running("n = 0\nfunction f(p)\n  n = n + 1\n  return p.a.b\nend\nfunction count() return n end")
    since = bench.state().since
    expected = "s.lua:4: attempt to index a nil value (field 'a')"
    assert await bench.refused("f") == expected
    assert await bench.call("count") == 1
    assert bench.state().since == since
    assert f"called by command: {expected}" in await bench.lines()


async def test_a_limit_ends_the_script_and_answers_the_command(bench):
    await bench.running("function f() while true do end end")
    assert await bench.refused("f") == "s.lua:1: more than 0.2 s of computing in one call"
    assert (await bench.reach(ScriptCondition.WAITING)).cause == "s.lua:1: more than 0.2 s of computing in one call"
    assert await bench.refused("f") == (
        "script 's' is waiting, not running: s.lua:1: more than 0.2 s of computing in one call"
    )


async def test_a_command_whose_script_ends_meanwhile_is_answered(bench):
    asked = asyncio.Event()

    async def never(_) -> None:
        asked.set()
        await asyncio.Event().wait()

    bench.peers.on_write = never
    await bench.running("function f() wd.set('roof_1', 'State', 1) end")
    calling = asyncio.create_task(bench.refused("f"))
    await asyncio.wait_for(asked.wait(), 60)
    os.kill(bench.scripts._lives["s"]._process.pid, signal.SIGKILL)
    assert await calling == "script 's' ended: it was killed"


async def test_what_is_no_function_of_the_script_cannot_be_called(bench):
    await bench.running("local function hidden() end\nvalue = 1\nheader = {}\nfunction wsInit() end\nfunction f() end")
    for name in ("wsInit", "wd", "header", "print", "pairs", "_G", "hidden", "value", "nothing", ""):
        assert await bench.refused(name) == "no such function", name
    assert bench.scripts.known() == {"s": ("f",)}


async def test_too_large_parameters_are_refused_before_they_are_sent(bench):
    await bench.running("function f() return 'well' end")
    assert "bytes in one message" in await bench.refused("f", text="x" * 1_000_000)
    assert await bench.call("f") == "well"
