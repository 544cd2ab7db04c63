"""`heliograph command`: what is sent, how results are shown, and the exit status that a program goes by."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from heliograph.cli.command import _parameter
from heliograph.cli.main import app
from support.ports import free_port
from support.restpage import answering, problem

WRITE = ("writeVariable", "device=roof_1", "variable=cmdPwrPercent", "value=60")
DONE = {"identity": "local-1", "finished": True, "results": [{"result": {"value": 60.0, "raw": 60}, "callerId": None}]}
RUNNING = {"identity": "local-1", "finished": False, "detail": "Still running."}
TOKEN = "Geheim-77"


def ask(url: str, *arguments: str, text: str | None = None) -> Result:
    environment = {"GATEWAY_API_TOKEN": TOKEN, "HELIOGRAPH_URL": url}
    return CliRunner().invoke(app, ["command", *arguments], env=environment, input=text)


def test_a_command_is_sent_with_its_parameters_and_its_result_is_shown():
    with answering((200, DONE)) as (url, asked):
        result = ask(url, *WRITE, "--caller-id", "me", "--key", "order 7")
    assert (result.exit_code, result.stdout) == (0, "sunpm.writeVariable: value 60.0, raw 60\n")
    (request,) = asked
    assert (request.method, request.path) == ("POST", "/api/v1/commands")
    parameters = {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}
    assert json.loads(request.body) == [
        {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": "me"}
    ]  # fmt: skip
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["idempotency-key"] == "order 7"
    assert request.headers["heliograph-client"] == "CLI"


def test_a_name_with_a_dot_is_a_function_of_a_script():
    with answering((200, DONE)) as (url, asked):
        ask(url, "zero export.target", 'limit={"percent": 10}')
    (sent,) = json.loads(asked[0].body)
    assert (sent["rpcName"], sent["parameters"]) == ("zero export.target", {"limit": {"percent": 10}})


def test_an_error_is_shown_and_gives_status_1():
    results = [{"result": "OK", "callerId": None}, {"error": "no device 'x'\x1b[31m", "callerId": None}]
    text = '[{"rpcName": "sunpm.connect"}, {"rpcName": "sunpm.status"}]'
    with answering((200, {**DONE, "results": results})) as (url, asked):
        result = ask(url, "-", text=text)
    assert result.exit_code == 1
    assert result.stdout == "sunpm.connect: OK\nsunpm.status: error: no device 'x'\\x1b[31m\n"
    assert asked[0].body.decode() == text


def test_json_is_the_results_as_in_an_answer_file(tmp_path):
    file = tmp_path / "commands.json"
    file.write_text('{"rpcName": "sunpm.status"}')
    with answering((200, DONE)) as (url, _):
        result = ask(url, "--file", str(file), "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, DONE["results"])


def test_what_still_runs_is_asked_for_again_with_the_same_key():
    with answering((202, RUNNING), (202, RUNNING), (200, DONE)) as (url, asked):
        result = ask(url, *WRITE)
    assert result.exit_code == 0
    assert len({(request.headers["idempotency-key"], request.body) for request in asked}) == 1
    assert len(asked) == 3


def test_what_runs_longer_than_the_wait_is_status_6_and_says_how_to_get_the_results():
    with answering((202, RUNNING)) as (url, asked):
        result = ask(url, *WRITE, "--wait", "0", "--key", "order-7")
    assert result.exit_code == 6
    assert "--key order-7" in result.stderr
    assert asked[0].headers["prefer"] == "wait=0"


@pytest.mark.parametrize("status", [404, 409, 413, 422, 503])
def test_a_refusal_gives_its_words_and_status_1(status):
    with answering(problem(status, "too many texts wait")) as (url, _):
        result = ask(url, *WRITE)
    assert result.exit_code == 1
    assert "heliograph command: too many texts wait" in result.stderr


def test_without_a_gateway_it_is_status_3_and_without_the_token_4():
    assert ask(f"http://127.0.0.1:{free_port()}", *WRITE).exit_code == 3
    with answering(problem(401, "The token is wrong.")) as (url, _):
        result = ask(url, *WRITE)
    assert result.exit_code == 4
    assert "wants a token" in result.stderr
    assert TOKEN not in result.output
    with answering((200, "<html>")) as (url, _):
        assert ask(url, *WRITE).exit_code == 3


def test_the_token_may_come_from_a_file(tmp_path):
    file = tmp_path / "api-token"
    file.write_text("from-the-file\n")
    with answering((200, DONE)) as (url, asked):
        environment = {"GATEWAY_API_TOKEN": "", "GATEWAY_API_TOKEN_FILE": str(file)}
        assert CliRunner().invoke(app, ["command", "status", "--url", url], env=environment).exit_code == 0
        missing = CliRunner().invoke(app, ["command", "status", "--url", url, "--token-file", f"{file}x"], env={})
    assert asked[0].headers["authorization"] == "Bearer from-the-file"
    assert missing.exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("writeVariable", "device"), ("writeVariable", "=5"), ("-", "a=1"), ("status", "--file", "x.json"),
        ("--file", "not there"), ("write-it",), ("status", "--wait", "-1"),
        ("status", "--key", "a\nb"), ("status", "--key", "k" * 201),
    ],
    ids=[
        "nothing", "no-value", "no-key", "text-and-parameter", "name-and-file", "no-file", "no-name", "wait",
        "key-of-two-lines", "long-key",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_like_this_is_status_2(arguments):
    assert ask("http://127.0.0.1:1", *arguments).exit_code == 2


def test_a_text_that_no_gateway_could_read_is_told_with_its_place():
    result = ask("http://127.0.0.1:1", "-", text='[\n {"rpcName": "sunpm.status",}]')
    assert result.exit_code == 2
    assert "line 2" in result.stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=60", 60), ("a=-5.5", -5.5), ("a=true", True), ("a=roof_1", "roof_1"), ("a=", ""), ("a=b=c", "b=c"),
        ('a=["x", 1]', ["x", 1]), ('a="60"', "60"), ("a=NaN", "NaN"), ("a=007", "007"), ("a=null", None),
    ],
)  # fmt: skip
def test_a_value_is_json_or_else_a_text(text, value):
    assert _parameter(text) == ("a", value)


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_any_value_is_some_value(value):
    key, read = _parameter(f"k={value}")
    assert key == "k"
    json.dumps(read)
