"""`/api/v1/scripts` and `/api/v1/set-points`; the services behind them are played."""

from heliograph.api.commanded import SetPointList
from heliograph.api.scripted import ScriptDone, ScriptList, ScriptLog
from heliograph.contract import ScriptAction, SetPointState
from heliograph.contract.channels import STATE
from support.plausible import collector_state, now
from support.waiting import until

PATH = "/api/v1/scripts"


async def test_scripts_are_listed_with_their_state(api, commands):
    listed = ScriptList.model_validate_json((await api.get(PATH)).content)
    assert listed.scripts == commands.scripts


async def test_a_log_comes_in_pages_newest_first(api, commands):
    del commands
    first = ScriptLog.model_validate_json((await api.get(f"{PATH}/zero%20export/log?limit=300")).content)
    query = f"limit=300&before={first.before}"
    rest = ScriptLog.model_validate_json((await api.get(f"{PATH}/zero%20export/log?{query}")).content)
    assert [line.number for line in (*first.lines, *rest.lines)] == list(range(400, 0, -1))
    assert rest.before is None


async def test_a_script_is_acted_on_with_the_token_alone(api, commands):
    for action in ScriptAction:
        assert (await api.post(f"{PATH}/zero%20export/{action}")).status_code == 401
        answer = await api.send("POST", f"{PATH}/zero%20export/{action}", headers={"Heliograph-Client": "web page"})
        done = ScriptDone.model_validate_json(answer.content)
        assert (done.script, done.action) == ("zero export", action)
        assert done.detail.startswith("Script zero export is ")
    asked = [(act.script, act.action, act.origin) for act in commands.acts]
    assert asked == [("zero export", action, "web page") for action in ScriptAction]


async def test_a_refusal_is_told_and_unknown_scripts_and_actions_are_not_there(api, commands):
    commands.refusal = "night is disabled: enable it first"
    answer = await api.send("POST", f"{PATH}/night/start")
    assert (answer.status_code, answer.json()["detail"]) == (409, commands.refusal)
    assert (await api.send("POST", f"{PATH}/nothing/start")).status_code == 404
    assert (await api.get(f"{PATH}/nothing/log")).status_code == 404
    assert (await api.send("POST", f"{PATH}/night/explode")).status_code == 422
    assert len(commands.acts) == 1


async def test_without_the_services_it_is_said(serve, peers):
    del peers
    api = await serve()
    for path in (PATH, f"{PATH}/night/log"):
        assert "commands does not report" in (await api.get(path)).json()["detail"]
    assert "collector does not report" in (await api.get("/api/v1/set-points")).json()["detail"]


async def test_set_points_have_names_engineering_values_and_their_end(api, peers):
    kept = SetPointState(device="1", variable="7", raw=6000, fallback=0, until=now() + 3_600_000, caller="script zero")
    foreign = SetPointState(device="77", variable="1", raw=5, fallback=0, until=now() - 1, lapsed=True, cause="silent")

    async def told() -> bool:
        await peers.collector.store(STATE, collector_state(set_points=(foreign, kept)), service="collector")
        return bool((await api.get("/api/v1/set-points")).json()["set_points"])

    await until(told)
    lapsed, now_ = SetPointList.model_validate_json((await api.get("/api/v1/set-points")).content).set_points
    assert (lapsed.raw, lapsed.value, lapsed.device_name, lapsed.seconds_left) == (5, None, "", 0)
    assert (lapsed.lapsed, lapsed.cause) == (True, "silent")
    assert (now_.device_name, now_.variable_name, now_.unit) == ("roof_1", "Power limit", "%")
    assert (now_.value, now_.fallback, now_.raw) == (60, 0, 6000)
    assert 0 < now_.seconds_left <= 3600
