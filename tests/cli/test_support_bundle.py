"""`heliograph support-bundle`: what is asked for, and the exit status that a program goes by."""

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from support.ports import free_port
from support.restpage import answering, problem

TOKEN = "Geheim-77"
MADE = {
    "name": "WPM00C44F_SYSTEME_240601_120000.tar.gz", "bytes": 184_320, "servers": [1],
    "detail": "A connection to server 1 follows and carries it.",
}  # fmt: skip


def ask(url: str, token: str = TOKEN) -> Result:
    return CliRunner().invoke(app, ["support-bundle", "--url", url], env={"GATEWAY_API_TOKEN": token})


def test_the_name_and_where_it_goes_are_said():
    with answering((202, MADE)) as (url, asked):
        result = ask(url)
    assert (asked[0].method, asked[0].path) == ("POST", "/api/v1/support-bundle")
    assert asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert result.exit_code == 0
    assert "WPM00C44F_SYSTEME_240601_120000.tar.gz (184 kB)" in result.stdout
    assert "A connection to server 1 follows" in result.stdout


@pytest.mark.parametrize("status", [409, 503])
def test_a_refusal_of_the_gateway_gives_its_words_and_status_1(status):
    with answering(problem(status, "no file server takes it")) as (url, _):
        result = ask(url)
    assert result.exit_code == 1
    assert "support-bundle: no file server takes it" in result.stderr


def test_a_wrong_token_is_said_and_not_shown():
    with answering(problem(401, "The token is wrong.")) as (url, _):
        result = ask(url, "wrong-token")
    assert result.exit_code == 4
    assert "wants a token: name its file with --token-file" in result.stderr
    assert "wrong-token" not in result.output


@pytest.mark.parametrize(("status", "body"), [(202, {}), (202, "x"), (409, {}), (404, {}), (500, {})])
def test_what_is_no_gateway_gives_status_3(status, body):
    with answering((status, body)) as (url, _):
        result = ask(url)
    assert result.exit_code == 3
    assert "is that a gateway" in result.stderr


def test_nobody_there_and_no_address():
    assert ask(f"http://127.0.0.1:{free_port()}").exit_code == 3
    assert ask("ftp://gateway").exit_code == 2
