"""Completion of the shell: what a real bash is offered, and that no gateway is missed in the middle of a line."""

import os
import subprocess
import sysconfig
from types import SimpleNamespace

import pytest

from heliograph.cli import completing
from heliograph.cli.main import COMMANDS
from support.ports import free_port
from support.restpage import answering, problem

DEVICES = {"devices": [{"name": "roof_1", "index": "1"}, {"name": "grid meter", "index": "4"}]}
SCRIPTS = {"scripts": [{"name": "zero export", "condition": "running"}, {"name": "night", "condition": "stopped"}]}
REVISIONS = {"revisions": [{"number": 12, "state": "in force", "origin": "REST"}, {"number": 7}]}
ASK = """
eval "$(_HELIOGRAPH_COMPLETE=source_bash heliograph)"
complete -p heliograph
offered() {
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _heliograph_completion heliograph; printf '%s\\n' "${COMPREPLY[@]}" --
}
"""


def bash(text: str, **environment: str) -> list[list[str]]:
    """Run a text in bash; return its output in parts."""
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-euc", ASK + text], env={**os.environ, "PATH": path, **environment},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [part.split("\n") for part in done.stdout.removesuffix("\n--\n").split("\n--\n")]


def context(url: str, **params: object) -> SimpleNamespace:
    return SimpleNamespace(params={"url": url, "token_file": None, **params})


def test_bash_is_offered_commands_and_names_of_the_gateway():
    with answering((200, SCRIPTS)) as (url, _):
        first, scripts = bash("offered heliograph con; offered heliograph script z", HELIOGRAPH_URL=url)
    assert first == ["complete -o default -F _heliograph_completion heliograph", "connect", "config"]
    assert scripts == [r"zero\ export"]


def test_devices_and_revisions_are_those_of_the_gateway():
    with answering((200, DEVICES)) as (url, asked):
        assert completing.device_names(context(url), "r") == [("roof_1", "device 1")]
        assert completing.parameters(context(url), "device=g") == [("device=grid meter", "device 4")]
        assert completing.parameters(context(url, parameters=["device", "="]), "ro") == [("roof_1", "device 1")]
        assert [name for name, _ in completing.parameters(context(url), "")] == ["device=", "variable=", "value="]
    assert {request.path for request in asked} == {"/api/v1/devices"}
    with answering((200, REVISIONS)) as (url, _):
        assert completing.revisions(context(url), "1") == [("12", "in force, REST")]


@pytest.mark.parametrize("answer", [problem(401, "x"), (200, "<html>"), (200, {"devices": [1, {}]}), (500, "")])
def test_what_is_no_answer_offers_nothing(answer):
    with answering(answer) as (url, _):
        assert completing.device_names(context(url), "") == []


def test_without_a_gateway_nothing_is_offered_and_nothing_said():
    assert completing.script_names(context(f"http://127.0.0.1:{free_port()}"), "") == []
    assert completing.script_names(context("nonsense"), "") == []


def test_definitions_of_the_library_are_offered():
    assert ("imt_si_rs485", "") in completing.definition_names("imt")


def test_each_command_is_listed_with_a_line_that_is_a_sentence():
    assert all(listed.line.endswith(".") for listed in COMMANDS.values())
