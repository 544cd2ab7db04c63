"""`heliograph journal` and `heliograph script`: what a terminal is shown, what is asked for, and the exit status."""

import json

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.contract import ScriptCondition, ScriptLine, ScriptState
from support.ports import free_port
from support.restpage import answering, problem

NOON = 1_717_243_200_000
ENTRY = {
    "number": 812, "identity": "local-1", "position": 0, "way": "local", "origin": "REST, 127.0.0.1",
    "callerId": "req-41", "name": "sunpm.writeVariable", "parameters": {"device": "roof_1", "value": 60},
    "started": NOON, "ended": NOON + 190, "seconds": 0.19, "result": {"value": 60.0, "raw": 60}, "error": None,
}  # fmt: skip
FAILED = {**ENTRY, "number": 811, "result": None, "error": "roof_1 \x1b[31mis silent", "callerId": None}
RUNNING = {**ENTRY, "number": 813, "ended": None, "seconds": None, "result": None}
SCRIPT = ScriptState(
    name="zero export", label="Nothing", version="1.1", condition=ScriptCondition.RUNNING, since=NOON,
    memory_bytes=212_992, functions=("target",),
)  # fmt: skip
WAITING = ScriptState(name="night", condition=ScriptCondition.WAITING, since=NOON, cause="night.lua:12: nil")


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"HELIOGRAPH_URL": url, "GATEWAY_API_TOKEN": "t"})


def scripts(*states: ScriptState) -> tuple[int, dict]:
    return 200, {"scripts": [json.loads(state.model_dump_json()) for state in states]}


def test_the_journal_is_shown_newest_first():
    with answering((200, {"entries": [RUNNING, ENTRY, FAILED], "before": None})) as (url, asked):
        result = run(url, "journal", "--way", "local", "--failed", "--limit", "3", "--before", "900")
    assert result.exit_code == 0
    running, done, failed = [line for line in result.stdout.splitlines() if "sunpm" in line]
    assert "running" in running
    for part in ("812", "local", "REST, 127.0.0.1", "req-41", "sunpm.writeVariable", "0.19 s", '"raw": 60'):
        assert part in done
    assert "error: roof_1 \\x1b[31mis silent" in failed
    assert asked[0].path == "/api/v1/commands?limit=3&way=local&before=900&failed=true"


def test_an_empty_journal_says_so_and_json_is_the_page():
    with answering((200, {"entries": [], "before": None})) as (url, _):
        assert run(url, "journal").stdout == "No such entry in the journal.\n"
    with answering((200, {"entries": [ENTRY], "before": 812})) as (url, _):
        assert json.loads(run(url, "journal", "--json").stdout) == {"entries": [ENTRY], "before": 812}


def test_scripts_are_listed_and_one_that_waits_gives_status_1():
    with answering(scripts(SCRIPT, WAITING)) as (url, _):
        every, one, none = run(url, "script"), run(url, "script", "zero export"), run(url, "script", "nothing")
    assert every.exit_code == 1
    for part in ("zero export", "running", "213 kB", "target", "night.lua:12: nil", "waiting"):
        assert part in every.stdout
    assert one.exit_code == 0
    assert "night" not in one.stdout
    assert none.exit_code == 1
    assert "there is: zero export, night" in none.stderr
    with answering(scripts()) as (url, _):
        assert "SCRIPT_File[0]" in run(url, "script").stdout


def test_a_log_is_shown_with_the_newest_line_last():
    lines = [
        ScriptLine(number=2, time=NOON + 1, level="error", text="b\x07"),
        ScriptLine(number=1, time=NOON, text="a"),
    ]
    with answering((200, {"lines": [json.loads(line.model_dump_json()) for line in lines]})) as (url, asked):
        result = run(url, "script", "zero export", "log", "--limit", "2")
    first, last = result.stdout.splitlines()
    assert first.endswith(" a")
    assert last.endswith(" error: b\\x07")
    assert asked[0].path == "/api/v1/scripts/zero%20export/log?limit=2"


@pytest.mark.parametrize("action", ["start", "stop", "enable", "disable"])
def test_a_script_is_acted_on(action):
    with answering((200, {"script": "a ü", "action": action, "detail": "Script a ü is done."})) as (url, asked):
        result = run(url, "script", "a ü", action)
    assert (result.exit_code, result.stdout) == (0, "Script a ü is done.\n")
    assert (asked[0].method, asked[0].path) == ("POST", f"/api/v1/scripts/a%20%C3%BC/{action}")


def test_what_is_refused_silent_or_wrong_has_its_own_status():
    with answering(problem(404, "There is no script 'x'.")) as (url, _):
        refused = run(url, "script", "x", "start")
    assert (refused.exit_code, refused.stderr) == (1, "heliograph script: There is no script 'x'.\n")
    nobody = f"http://127.0.0.1:{free_port()}"
    assert [run(nobody, *words).exit_code for words in (("script",), ("journal",))] == [3, 3]
    assert run(nobody, "script", "x", "explode").exit_code == 2
    assert run(nobody, "journal", "--limit", "1001").exit_code == 2
