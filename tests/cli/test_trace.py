"""`heliograph trace`: what is asked for, and the exit status that a program goes by."""

import json

from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from support.ports import free_port
from support.restpage import answering, problem

SAID = {"interface": "serial1", "minutes": 5, "detail": "serial1 is traced for 5 minutes."}


def ask(url: str, *arguments: str) -> Result:
    command = ["trace", *(arguments or ("serial1", "--minutes", "5")), "--url", url]
    return CliRunner().invoke(app, command, env={"GATEWAY_API_TOKEN": "Geheim-77"})


def test_interface_and_minutes_are_asked_for_and_the_answer_is_said():
    with answering((202, SAID)) as (url, asked):
        result = ask(url)
    assert (result.exit_code, result.stdout) == (0, "serial1 is traced for 5 minutes.\n")
    (request,) = asked
    assert (request.method, request.path) == ("POST", "/api/v1/traces")
    assert json.loads(request.body) == {"interface": "serial1", "minutes": 5}
    assert request.headers["authorization"] == "Bearer Geheim-77"


def test_a_refusal_gives_its_words_and_status_1():
    with answering(problem(409, "nothing is on serial2")) as (url, _):
        result = ask(url, "serial2")
    assert result.exit_code == 1
    assert "heliograph trace: nothing is on serial2" in result.stderr


def test_without_a_gateway_it_is_status_3():
    result = ask(f"http://127.0.0.1:{free_port()}")
    assert result.exit_code == 3
    assert "nobody answers" in result.stderr


def test_what_is_no_interface_is_status_2():
    assert ask("http://127.0.0.1:1", "serial9").exit_code == 2
    assert ask("http://127.0.0.1:1", "serial1", "--minutes", "2000").exit_code == 2
