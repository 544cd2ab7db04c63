"""`heliograph account`: accounts over REST, and passwords that never stand in the call."""

import json

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.exits import Exit
from heliograph.cli.main import app
from support.restpage import answering, problem

PASSWORD = "three words and more"
ANNA = {"name": "anna", "role": "operator", "created": 1000}


def account(url: str, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["account", *arguments, "--url", url], input=typed)


def test_an_account_is_made_with_a_password_from_standard_input():
    with answering((201, ANNA)) as (url, asked):
        result = account(url, "add", "anna", "--role", "operator", "--password-stdin", typed=f"{PASSWORD}\n")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "The account anna (operator) is made.\n")
    assert (asked[0].method, asked[0].path) == ("POST", "/api/v1/accounts")
    assert json.loads(asked[0].body) == {"name": "anna", "role": "operator", "password": PASSWORD}


def test_without_a_terminal_nobody_is_asked_for_a_password():
    with answering((201, ANNA)) as (url, asked):
        result = account(url, "add", "anna")
    assert (result.exit_code, asked) == (Exit.USAGE, [])
    assert "--password-stdin" in result.output


@pytest.mark.parametrize(("again", "status"), [(PASSWORD, Exit.DONE), ("another", Exit.USAGE)])
def test_on_a_terminal_the_password_is_asked_for_twice(monkeypatch, again, status):
    from heliograph.cli import account as module

    given = iter([PASSWORD, again])
    monkeypatch.setattr(module.getpass, "getpass", lambda _: next(given))
    monkeypatch.setattr(module, "_is_terminal", lambda: True)
    with answering((200, {"detail": "The password is changed."})) as (url, asked):
        result = account(url, "password", "anna")
    assert result.exit_code == status
    assert [json.loads(request.body) for request in asked] == ([{"password": PASSWORD}] if status == Exit.DONE else [])


def test_accounts_are_listed_and_removed():
    with answering((200, {"accounts": [ANNA]})) as (url, _):
        shown = account(url, "list")
        told = account(url, "list", "--json")
    assert "anna" in shown.stdout
    assert "never" in shown.stdout
    assert json.loads(told.stdout)["accounts"][0]["role"] == "operator"
    with answering((200, {"accounts": []})) as (url, _):
        assert "heliograph account add" in account(url, "list").stdout
    with answering((200, {"detail": "The account a b is removed."})) as (url, asked):
        assert account(url, "remove", "a b").exit_code == Exit.DONE
    assert (asked[0].method, asked[0].path) == ("DELETE", "/api/v1/accounts/a%20b")


def test_a_refusal_is_told_with_its_reason():
    with answering(problem(409, "This is the last operator.")) as (url, _):
        result = account(url, "remove", "anna")
    assert result.exit_code == Exit.REFUSED
    assert "This is the last operator." in result.output


TOKEN = {"name": "grafana", "role": "viewer", "created": 1000, "by": "anna", "expires": 86_401_000, "last_used": None}


def test_a_token_is_shown_once_alone_on_standard_output():
    with answering((201, TOKEN | {"token": "hg_secret"})) as (url, asked):
        result = account(url, "token", "add", "grafana", "--days", "365")
        told = account(url, "token", "add", "grafana", "--json")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "hg_secret\n")
    assert "not shown again" in result.stderr
    assert json.loads(asked[0].body) == {"name": "grafana", "role": "viewer", "days": 365}
    assert json.loads(told.stdout)["token"] == "hg_secret"
    assert told.stderr == ""


def test_a_token_goes_into_a_new_file_that_nobody_else_reads(tmp_path):
    file = tmp_path / "token"
    with answering((201, TOKEN | {"token": "hg_secret"})) as (url, asked):
        result = account(url, "token", "add", "grafana", "--file", str(file), "--json")
        again = account(url, "token", "add", "grafana", "--file", str(file))
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("hg_secret\n", 0o600)
    assert "hg_secret" not in result.output
    assert json.loads(result.stdout)["file"] == str(file)
    assert (again.exit_code, len(asked)) == (Exit.IN_THE_WAY, 1)
    assert "no token was made" in again.stderr


def test_where_no_token_is_made_no_file_is_left(tmp_path):
    file = tmp_path / "token"
    with answering(problem(409, "There is a token grafana already.")) as (url, _):
        assert account(url, "token", "add", "grafana", "--file", str(file)).exit_code == Exit.REFUSED
    assert list(tmp_path.iterdir()) == []


def test_tokens_are_listed_and_revoked():
    with answering((200, {"tokens": [TOKEN]})) as (url, _):
        shown = account(url, "token", "list").stdout
    assert {"grafana", "viewer", "anna", "never"} <= set(shown.split())
    with answering((200, {"tokens": []})) as (url, _):
        assert "heliograph account token add" in account(url, "token", "list").stdout
    with answering((200, {"detail": "The token a/b is revoked."})) as (url, asked):
        assert account(url, "token", "remove", "a/b").exit_code == Exit.DONE
    assert (asked[0].method, asked[0].path) == ("DELETE", "/api/v1/tokens/a%2Fb")


def test_a_token_that_cannot_be_written_is_revoked_again(tmp_path, monkeypatch):
    from heliograph.cli import account_tokens as module

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    made, gone = TOKEN | {"token": "hg_secret"}, {"detail": "The token grafana is revoked."}
    with answering((201, made), (200, gone)) as (url, asked), monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", full)
        result = account(url, "token", "add", "grafana", "--file", str(tmp_path / "token"))
    assert (result.exit_code, list(tmp_path.iterdir())) == (Exit.IN_THE_WAY, [])
    assert "No space left" in result.stderr
    assert [request.method for request in asked] == ["POST", "DELETE"]
