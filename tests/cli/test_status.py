"""`heliograph status`: what a terminal is shown, and the exit status that a program goes by."""

import json

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.contract import (
    ApiState,
    CollectorState,
    CommandsState,
    DeviceCondition,
    DeviceState,
    ServerState,
    ServerSummary,
    StatusDocument,
    SyncState,
    Trial,
)
from heliograph.contract.status import status_document
from support.ports import free_port
from support.restpage import answering, problem

NOW = 1_717_236_000_000
TIMES = {"time": NOW, "started": NOW - 60_000}
SERVER = ServerSummary(number=1, type="sftp", mode="strategy_wsun1_compliant", address="example.org", port=22)
TOKEN = "Geheim-77"


def document(condition: DeviceCondition, name: str = "roof") -> StatusDocument:
    device = DeviceState(device="7", name=name, condition=condition, since=NOW, cause="", records=41, gaps=2)
    states = {
        "collector": CollectorState(**TIMES, devices=(device,)),
        "sync": SyncState(**TIMES, uid="WPM00C44F", site="Roof", revision=3, servers=(ServerState(server=SERVER),)),
        "commands": CommandsState(**TIMES),
        "api": ApiState(**TIMES),
    }
    return status_document(states, NOW)


def status(url: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["status", "--url", url, *options], env={"COLUMNS": "160"})


def test_a_gateway_that_is_well_is_shown_and_gives_status_0():
    with answering((200, document(DeviceCondition.ANSWERING).model_dump_json())) as (url, _):
        result = status(url)
    assert result.exit_code == 0
    for shown in (
        "Roof WPM00C44F",
        "revision 3",
        "collector",
        "roof",
        "answering",
        "41",
        "example.org",
        "All is well.",
    ):
        assert shown in result.stdout


def test_what_needs_a_hand_is_said_and_gives_status_1():
    with answering((200, document(DeviceCondition.RESTING).model_dump_json())) as (url, _):
        result = status(url)
    assert result.exit_code == 1
    assert "! Device roof does not answer." in result.stdout
    assert "All is well." not in result.stdout
    assert "docs/troubleshoot.md" in result.stdout


def test_json_is_the_document():
    known = document(DeviceCondition.RESTING)
    with answering((200, known.model_dump_json())) as (url, _):
        result = status(url, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, known.model_dump(mode="json"))


def test_names_from_devices_are_no_terminal_commands():
    with answering((200, document(DeviceCondition.RESTING, "ro\x1b[31mof [bold]").model_dump_json())) as (url, _):
        result = status(url)
    assert "\x1b" not in result.stdout
    assert "[bold]" in result.stdout


def test_where_the_token_is_missing_it_is_asked_for_and_never_shown(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    with answering(problem(401, "The token is wrong.")) as (url, asked):
        told = status(url, "--token-file", str(file))
    assert told.exit_code == 4
    assert "wants a token" in told.stderr
    assert asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in told.output


@pytest.mark.parametrize(
    ("body", "said"), [("{}", "does not fit"), ("<html>", "does not fit"), (" " * 17_000_000, "too long")]
)
def test_something_else_that_answers_is_no_gateway(body, said):
    with answering((200, body)) as (url, _):
        result = status(url)
    assert result.exit_code == 3
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_nobody_answers_and_no_address():
    assert status(f"http://127.0.0.1:{free_port()}").exit_code == 3
    assert status("ftp://example.org").exit_code == 2


def test_a_trial_is_told_with_its_way_back():
    trial = Trial(revision=8, back_to=7, since=NOW, until=NOW + 1_440_000)
    shown = StatusDocument(time=NOW, revision=8, trial=trial, attention=("Revision 8 is on trial: x.",))
    with answering((200, shown.model_dump_json())) as (url, _):
        told = status(url)
    text = " ".join(told.output.split())
    assert "configuration revision 8 (on trial: back to 7 at " in text
    assert "unless the main server is reached)" in text
    assert "! Revision 8 is on trial: x." in text
    assert told.exit_code == 1


def test_without_a_trial_the_revision_stands_alone():
    with answering((200, StatusDocument(time=0, revision=8).model_dump_json())) as (url, _):
        told = status(url)
    assert "configuration revision 8, storage" in " ".join(told.output.split())
    assert told.exit_code == 0
