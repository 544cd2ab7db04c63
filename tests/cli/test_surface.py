"""What holds for every sub-command: help, JSON for programs, errors as documents, codes of one table, a quick start."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from heliograph.cli.exits import MEANINGS, Exit
from heliograph.cli.main import COMMANDS, app
from heliograph.contract import StatusDocument
from support.keptconfig import KeptConfiguration
from support.plugged import plugged_in
from support.restpage import Answer, Asked, deciding, problem

ROOT = Path(__file__).parents[2]
SET = ROOT / "examples" / "set"
GOLDEN = Path(__file__).parent / "golden" / "inverters"
TRACE = ROOT / "tests" / "demo_replay" / "golden"
LINES = {"decode", "simulate", "replay"}
"""Write a line of JSON at a time."""
WITHOUT = {"up": "it is watched, not read: its log files are what programs read"}
"""Sub-commands without `--json`, each with its reason."""
ASKED_WELL: dict[str, list[str | Path]] = {
    "account add": ("anna", "--password-stdin"),
    "account list": (),
    "account password": ("anna", "--password-stdin"),
    "account remove": ("anna",),
    "account token add": ("grafana", "--days", "365"),
    "account token list": (),
    "account token remove": ("grafana",),
    "check": [SET],
    "decode": [next(GOLDEN.glob("*_MODBUS_*")), "--def", GOLDEN],
    "plan": [SET / "DEF" / "WPM00C44F_SERIAL1_meter.csv"],
    "scan": ["127.0.0.1:1", "--units", "1", "--timeout", "50"],
    "status": [],
    "connect": [],
    "config get": [],
    "config put": [SET, "--yes"],
    "config diff": [],
    "config log": [],
    "config rollback": ["1", "--yes"],
    "command": ["status"],
    "journal": [],
    "script": [],
    "records": ["roof_1"],
    "trace": ["serial1"],
    "support-bundle": [],
    "definitions list": [],
    "definitions show": ["imt_si_rs485"],
    "definitions copy": ["imt_si_rs485", "{tmp}"],
    "import sunspec": ["1,103"],
    "import table": [ROOT / "tests/cli/importing/table_sungrow/input.csv"],
    "import telegraf": ["{telegraf}"],
    "import homeassistant": ["{homeassistant}"],
    "simulate": ["{plant}", "--for", "0", "--port", "0"],
    "replay": [TRACE / "noisy_line.log", TRACE / "meter.csv", "--tcp", "0", "--for", "0"],
    "help": ["exit-codes"],
}
ANSWERS: dict[str, Answer] = {
    "status": (200, StatusDocument(time=0).model_dump_json()),
    "connections": (202, {"server": None, "detail": "It follows."}),
    "accounts": (200, {"accounts": [], "name": "anna", "role": "viewer", "created": 1, "detail": "It is done."}),
    "tokens": (201, {"tokens": [], "name": "grafana", "role": "viewer", "created": 1, "token": "hg_x", "detail": "-"}),
    "commands": (200, {"finished": True, "results": [{"result": "OK"}], "entries": []}),
    "scripts": (200, {"scripts": []}),
    "devices": (200, {"devices": [{"index": "1", "name": "roof_1"}], "columns": [], "times": [], "rows": []}),
    "traces": (202, {"detail": "It is traced."}),
    "support-bundle": (202, {"name": "x.tar.gz", "bytes": 1, "servers": [1], "detail": "It follows."}),
}

NAMES = sorted({*ASKED_WELL, *WITHOUT})


def leaves(group: TyperGroup, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, TyperGroup):
            yield from leaves(command, (*words, name))
        else:
            yield (*words, name)


@pytest.fixture
def gateway(monkeypatch) -> Iterator[list[Asked]]:
    """One that answers everything well."""
    files = {str(path.relative_to(SET)): path.read_text() for path in SET.glob("*/*") if path.is_file()}
    kept = KeptConfiguration(files, files | {"DEF/x.csv": "x\n"})

    def decide(asked: Asked) -> Answer:
        first = asked.path.removeprefix("/api/v1/").partition("?")[0].partition("/")[0]
        return ANSWERS[first] if first in ANSWERS else kept.decide(asked)

    with deciding(decide) as (url, asked):
        monkeypatch.setenv("HELIOGRAPH_URL", url)
        yield asked


def run(name: str, *arguments: object) -> Result:
    with plugged_in("simulate", "replay"):
        return CliRunner().invoke(app, [*name.split(), *map(str, arguments)])


def arguments(name: str, directory: Path) -> list[str]:
    cases = ROOT / "tests" / "cli" / "importing"
    places = {
        "tmp": directory,
        "plant": next((ROOT / "examples").rglob("*.yaml")),
        "telegraf": next(cases.glob("telegraf*/input*")),
        "homeassistant": next(cases.glob("homeassistant*/input*")),
    }
    return [str(argument).format(**places) for argument in ASKED_WELL[name]]


def test_the_table_has_every_sub_command():
    with plugged_in("simulate", "replay"):
        assert sorted(" ".join(words) for words in leaves(typer.main.get_command(app))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_sub_command_has_help_that_begins_with_a_sentence(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: heliograph ")
    assert ("--json" in result.stdout) == (name not in WITHOUT)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT])
def test_every_sub_command_gives_json_alone_to_a_program(gateway, tmp_path, name):
    result = run(name, *arguments(name, tmp_path), "--json")
    assert result.exit_code in (Exit.DONE, Exit.REFUSED), result.output
    for line in result.stdout.splitlines() if name in LINES else [result.stdout]:
        assert json.loads(line) is not None
    if result.stderr:
        *lines, last = map(json.loads, result.stderr.splitlines())
        assert last["exit_code"] == result.exit_code
        assert all("finding" in line for line in lines)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT])
def test_every_sub_command_says_what_is_wrong_as_a_document_to_a_program(name):
    result = run(name, "--json", "--no-such-option")
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert "--no-such-option" in json.loads(result.stderr)["detail"]


def test_what_the_gateway_says_is_wrong_is_handed_on_to_a_program():
    finding = {"file": "DEF/m.csv", "line": 2, "column": 5, "severity": "error", "text": "no register"}
    with deciding(lambda _asked: problem(422, "it has an error", findings=[finding])) as (url, _):
        result = CliRunner().invoke(app, ["config", "log", "--json", "--url", url])
    document = json.loads(result.stderr)
    assert (document["status"], document["exit_code"], document["findings"]) == (422, 1, [finding])


def test_each_code_has_a_meaning_and_is_shown():
    assert set(MEANINGS) == set(Exit)
    shown = run("help", "exit-codes").stdout
    assert all(f"{int(code)} " in shown and text in shown for code, text in MEANINGS.items())
    assert "HELIOGRAPH_TOKEN" in run("help", "environment").stdout
    assert "--install-completion" in run("help", "completion").stdout


def test_the_documented_codes_are_those_of_the_table():
    text = (ROOT / "docs" / "cli.md").read_text()
    rows = text.split("## Exit codes", 1)[1].split("## ", 1)[0]
    told = dict(re.findall(r"^\| (\d+) \| (.+) \|$", rows, re.MULTILINE))
    assert told == {str(int(code)): meaning for code, meaning in MEANINGS.items()}
    decided = next((ROOT / "docs" / "decisions").glob("0028-*")).read_text()
    assert set(re.findall(r"\b\d+\b", decided.partition("`cli/exits.py`")[2].partition(". ")[0])) == set(told)


def test_what_each_command_says_of_its_exit_status_is_of_the_table():
    text = (ROOT / "docs" / "cli.md").read_text()
    said = re.findall(r"Exit status: (.*?)\n\n", text, re.DOTALL)
    assert len(said) > 20
    assert {int(code) for line in said for code in re.findall(r"\b\d+\b", line)} <= set(map(int, Exit))


def test_the_list_of_commands_and_help_import_none_of_them():
    code = (
        "import sys; sys.argv = ['heliograph', '--help']; from heliograph.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('httpx', 'pydantic', 'rich.table', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in COMMANDS)
