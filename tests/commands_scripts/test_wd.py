"""The `wd` table of spec 4.3: what a script sees of the plant and what it does to it."""

import asyncio
import time

from heliograph.contract import AlarmSource, ScriptCondition, VariableValue
from heliograph.contract.channels import ALARMS
from support.waiting import until

GET = "function get(p) local v, a = wd.get(p.device, p.variable) return {v, a} end"
SET = """
function set(p)
  local ok, message = wd.set(p.device, p.variable, p.value, p.lifetime, p.fallback)
  return { ok = ok, message = message }
end
"""


async def test_get_gives_the_last_engineering_value_and_its_age(bench):
    await bench.running(GET)
    assert await bench.call("get", device="roof_1", variable="RealPower") == {}
    await bench.live("1", v1=4210, v2=998)
    bench.clock.passed += 30
    for device, variable in (("roof_1", "AC power"), (1, "RealPower"), ("1", 1)):
        value, age = await bench.call("get", device=device, variable=variable)
        assert value == 42.1
        assert 29 < age < 60


async def test_get_knows_what_was_read_before_the_script_asked_the_first_time(bench):
    await bench.live("1", v1=4210)
    await bench.running(GET)
    value, _ = await bench.call("get", device="roof_1", variable="RealPower")
    assert value == 42.1


async def test_get_keeps_the_last_value_of_a_variable_that_newer_readings_lack(bench):
    await bench.running(GET)
    await bench.call("get", device="roof_1", variable="RealPower")
    await bench.live("1", v1=4210)
    bench.clock.passed += 100
    await bench.live("1", v2=990)
    value, age = await bench.call("get", device="roof_1", variable="RealPower")
    assert value == 42.1
    assert age >= 100


async def test_a_revision_that_leaves_a_device_as_it_is_leaves_its_values(bench):
    """Else each edit of the set would look like a silent meter."""
    await bench.running(GET)
    await bench.call("get", device="roof_1", variable="RealPower")
    await bench.live("1", v1=4210)
    await bench.put(other="-- another script")
    value, _ = await bench.call("get", device="roof_1", variable="RealPower")
    assert value == 42.1


async def test_get_scales_by_the_scale_factor_of_the_device(bench):
    await bench.running(GET)
    await bench.live("1", v7=6000)
    assert await bench.call("get", device="roof_1", variable="cmdPwrPercent") == {}
    await bench.live("1", v7=6000, v8=-2)
    value, _ = await bench.call("get", device="roof_1", variable="cmdPwrPercent")
    assert value == 60


async def test_get_of_what_is_not_there_is_nil_and_told_once(bench):
    await bench.running("function get(p) return {select('#', wd.get(p.d, p.v)), select(2, wd.get(p.d, p.v))} end")
    for _ in range(3):
        count, message = await bench.call("get", d="roof_11", v=1)
        assert count == 2
        assert message == "unknown device 'roof_11' (is 'roof_1' meant?)"
    told = "wd.get: unknown device 'roof_11' (is 'roof_1' meant?)"
    assert (await bench.lines()).count(told) == 1
    assert bench.events.count(f"warning: script s: {told}") == 1


async def test_set_writes_the_raw_value_and_says_who(bench):
    await bench.running(SET)
    await bench.live("1", v8=-2)
    answer = await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60)
    assert answer == {"ok": True}
    (write,) = bench.peers.writes
    assert (write.device, write.variable, write.raw, write.verify) == ("1", "7", 6000, True)
    assert write.caller == "script s"
    assert (write.lifetime_seconds, write.fallback) == (None, None)


async def test_set_with_a_lifetime_hands_the_raw_fallback_to_the_collector(bench):
    await bench.running(SET)
    await bench.live("1", v8=-2)
    await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60, lifetime=30, fallback=20)
    (write,) = bench.peers.writes
    assert (write.raw, write.lifetime_seconds, write.fallback) == (6000, 30, 2000)


async def test_set_takes_the_nearest_step_of_the_device(bench):
    """What a script computes lies between the steps of a register."""
    await bench.running(SET)
    await bench.live("1", v8=-2)
    await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=59.3749, lifetime=30, fallback=19.999)
    (write,) = bench.peers.writes
    assert (write.raw, write.fallback) == (5937, 2000)


REFUSED = {
    "unknown device": ({"device": "roof_11"}, "unknown device 'roof_11'"),
    "unknown variable": ({"variable": "cmdPwr"}, "unknown variable 'cmdPwr'"),
    "an input": ({"device": 1, "variable": "Grid frequency"}, "cannot be written: it is a"),
    "too large": ({"value": 1e6}, "which holds 0 to 65535 there"),
    "a text": ({"value": "much"}, "'much' is no number|much"),
    "nothing": ({"value": None}, "the value is to be a number or a text"),
    "a table": ({"value": {"a": 1}}, "the value is to be a number or a text"),
    "a lifetime without a fallback": ({"lifetime": 30}, "a lifetime needs a fallback"),
    "a fallback without a lifetime": ({"fallback": 30}, "a fallback needs a lifetime"),
    "a lifetime of nothing": ({"lifetime": 0, "fallback": 1}, "a lifetime is 0 to 86400 s, more than 0"),
    "a lifetime of years": ({"lifetime": 1e9, "fallback": 1}, "a lifetime is 0 to 86400 s, more than 0"),
    "a fallback that does not fit": ({"lifetime": 30, "fallback": -5}, "which holds 0 to 65535 there"),
}


async def test_set_says_what_it_cannot_write_and_the_script_goes_on(bench):
    await bench.running(SET)
    await bench.live("1", v8=-2)
    since = bench.state().since
    good = {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}
    for name, (changes, text) in REFUSED.items():
        answer = await bench.call("set", **{**good, **changes})
        assert "ok" not in answer, name
        assert any(part in answer["message"] for part in text.split("|")), (name, answer)
    assert bench.peers.writes == []
    assert bench.state().since == since


async def test_set_of_no_number_is_refused(bench):
    await bench.running(
        "function f() return {wd.set('roof_1', 'Power limit', 0 / 0) == nil, select(2, wd.set(1, 7, 1 / 0))} end"
    )
    assert await bench.call("f") == [True, "inf is no value to write"]


async def test_set_gives_the_error_of_the_collector(bench):
    async def refuse(_) -> VariableValue:
        return VariableValue(error="roof_1: 60 is above its limit of 50")

    bench.peers.on_write = refuse
    await bench.running(SET)
    await bench.live("1", v8=-2)
    answer = await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60)
    assert answer == {"message": "roof_1: 60 is above its limit of 50"}


async def test_set_gives_what_was_read_back_where_it_is_another_value(bench):
    async def other(_) -> VariableValue:
        return VariableValue(raw=5000, verified=False)

    bench.peers.on_write = other
    await bench.running(SET)
    await bench.live("1", v8=-2)
    answer = await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60)
    assert answer["message"].endswith("was written with raw value 6000, but reads back as 5000")


async def test_waiting_for_a_slow_device_takes_nothing_of_a_calls_time(bench):
    """The write takes longer than a call may compute."""

    async def slowly(_) -> None:
        await asyncio.sleep(0.5)

    bench.peers.on_write = slowly
    await bench.running(SET)
    await bench.live("1", v8=-2)
    assert await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60) == {"ok": True}


async def test_changes_are_told_to_the_journal_and_refreshes_are_not(bench):
    await bench.running(SET)
    await bench.live("1", v8=-2)
    for value in (60, 60, 60.001, 40, 60):
        await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=value, lifetime=9, fallback=0)
    assert [change.raw for change in bench.changes] == [6000, 4000, 6000]
    assert len(bench.peers.writes) == 5
    change = bench.changes[0]
    assert change.script == "s"
    assert change.parameters == {
        "device": "roof_1", "variable": "Power limit", "value": 60, "lifetime": 9, "fallback": 0,
    }  # fmt: skip
    assert change.error is None
    assert change.started <= change.ended


async def test_a_refresh_after_somebody_elses_write_is_a_change(bench):
    await bench.running(SET)
    await bench.live("1", v8=-2)
    await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60)
    bench.gateway.written["1", "7"] = 1000
    await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60)
    assert [change.raw for change in bench.changes] == [6000, 6000]


async def test_a_write_that_fails_again_and_again_is_one_entry(bench):
    errors = ["silent", "silent", "refused", ""]

    async def fail(_) -> VariableValue | None:
        error = errors.pop(0)
        return VariableValue(error=error) if error else None

    bench.peers.on_write = fail
    await bench.running(SET)
    await bench.live("1", v8=-2)
    for _ in range(4):
        await bench.call("set", device="roof_1", variable="cmdPwrPercent", value=60)
    assert [(change.raw, change.error) for change in bench.changes] == [
        (None, "silent"), (None, "refused"), (6000, None),
    ]  # fmt: skip


async def test_tags_lists_what_carries_a_tag_in_words_that_get_and_set_take(bench):
    await bench.running("""
function list() return wd.tags('cmdPwrPercent') end
function none() return wd.tags('nothing') end
function all()
  for _, t in ipairs(wd.tags('RealPower')) do wd.get(t.device, t.variable) end
  return #wd.tags('RealPower')
end
""")
    names = [{"device": f"roof_{n}", "variable": "Power limit"} for n in (1, 2, 3)]
    assert await bench.call("list") == names
    assert await bench.call("none") == {}
    assert await bench.call("all") == 3
    assert not any("unknown" in line for line in await bench.lines())


async def test_on_change_runs_at_each_change_and_at_nothing_else(bench):
    await bench.live("1", v1=100)
    await bench.running("""
local seen = {}
wd.onChange('roof_1', 'RealPower', function(value, age) seen[#seen + 1] = value end)
wd.onChange('roof_2', 'RealPower', function(value, age) seen[#seen + 1] = -value end)
function list() return seen end
""")

    async def seen(count: int) -> object:
        async def enough() -> bool:
            return len(await bench.call("list")) >= count

        await until(enough)
        return await bench.call("list")

    await bench.live("1", v1=100)
    await bench.live("1", v1=200)
    assert await seen(1) == [2]
    await bench.live("1", v1=200, v2=1)
    await bench.live("2", v1=300)
    assert await seen(2) == [2, -3]
    assert len(await seen(2)) == 2


async def test_changes_faster_than_the_script_are_told_once(bench):
    """While it is busy the newest value alone waits."""
    hold, release = asyncio.Event(), asyncio.Event()

    async def slowly(_) -> None:
        hold.set()
        await release.wait()

    bench.peers.on_write = slowly
    await bench.running("""
local seen = {}
wd.onChange('roof_1', 'RealPower', function(value)
  seen[#seen + 1] = value
  if #seen == 1 then wd.set('roof_1', 'State', 1) end
end)
function list() return seen end
""")
    for raw in range(100, 120):
        await bench.live("1", v1=raw)
        await asyncio.wait_for(hold.wait(), 60)
    release.set()

    async def newest() -> bool:
        return (await bench.call("list"))[-1] == 1.19

    await until(newest)
    assert await bench.call("list") == [1, 1.19]


async def test_an_alarm_is_raised_as_one_of_the_gateway(bench):
    alarms = []

    async def take(some) -> None:
        alarms.extend(some)

    async def drop(message) -> None:
        raise AssertionError(message)

    reading = asyncio.create_task(bench.peers.sync.consume(ALARMS, take, drop))
    await bench.running("function f() return wd.alarm('feeds in\\ntoo much') end")
    assert await bench.call("f") is True

    async def raised() -> bool:
        return bool(alarms)

    await until(raised)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    (alarm,) = alarms
    assert (alarm.source, alarm.info) == (AlarmSource.GATEWAY, "SCRIPT s: feeds in too much")
    assert "alarm: feeds in\ntoo much" in await bench.lines()


VALUES = [1, 2.5, "two", True, [1, "x", [2]], {"a": {"b": 1}}, {}]


async def test_what_is_stored_survives_the_script(bench):
    script = "function keep(p) return wd.store(p.k, p.v) end function kept(p) return wd.store(p.k) end"
    await bench.running(script)
    for number, value in enumerate(VALUES):
        assert await bench.call("keep", k=f"k{number}", v=value) == value
    await bench.put(s=script + "-- anew")
    await bench.reach(ScriptCondition.RUNNING)
    for number, value in enumerate(VALUES):
        assert await bench.call("kept", k=f"k{number}") == value


async def test_nil_takes_a_key_away_and_scripts_do_not_share_keys(bench):
    script = "function keep(p) return wd.store('k', p.v) end function kept() return wd.store('k') end"
    await bench.put(one=script, two=script)
    for name in ("one", "two"):
        await bench.reach(ScriptCondition.RUNNING, name)
    await bench.call("keep", "one", v=1)
    assert await bench.call("kept", "two") is None
    await bench.call("keep", "one")
    assert await bench.call("kept", "one") is None


async def test_now_is_the_time_of_the_gateway(bench):
    await bench.running("function f() return wd.now() end")
    before = time.time()
    assert before - 1 <= await bench.call("f") <= time.time() + 1
