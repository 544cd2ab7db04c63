"""The tutorial 'limit a plant to 60 %' is true: each of its commands is run, and what it says is seen."""

import json
import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.ports import free_port
from support.servers import need
from support.terminal import LIMIT, Terminal, blocks

READY = {
    "plant": ("ready; Ctrl-C",),
    "sshd": ("Server listening",),
    "broker": ("mosquitto version",),
    "gateway": ("Ctrl-C stops it", "page does not answer yet"),
    "listen": ("Subscribed",),
}
OURS = ("plant", "gateway")
"""What ends well at Ctrl-C."""
DONE = '{"result": {"value": 60.0, "raw": 600}, "callerId": "grid-operator-%d"}'


def seen(what: Callable[[], str], holds: Callable[[str], bool]) -> str:
    """Look again and again, as a reader does, until it is as the document says."""
    deadline = time.monotonic() + 2 * LIMIT
    while not holds(said := what()):
        assert time.monotonic() < deadline, said
        time.sleep(2)  # each look is a process of its own
    return said


def power(said: str) -> float:
    found = re.search(r"value (-?[0-9.]+)", said)
    return float(found[1]) if found else -1


@pytest.fixture
def terminal(tmp_path) -> Terminal:
    need("sshd", "sftp", "mosquitto", "mosquitto_pub", "mosquitto_sub", "openssl", "ssh-keygen")
    if os.geteuid() == 0:  # the system makes it when its own sshd starts
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    made = Terminal(tmp_path, {port: free_port() for port in ("2222", "5021", "8080", "8883")})
    made.environment |= {"HELIOGRAPH_URL": made.command("http://127.0.0.1:8080")}
    made.environment |= {"GATEWAY_API_TOKEN_FILE": "my-state/api/api-token"}
    return made


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_commands_of_the_tutorial_limit_the_plant(terminal):
    known: dict[str, Callable[[str], None]] = {
        "status": lambda text: _answering(terminal, text),
        "power": lambda text: _until_power(terminal, text, lambda watts: watts > 13_000),
        "limited": lambda text: _until_power(terminal, text, lambda watts: 11_000 < watts < 12_200),
        "ack": lambda text: _acknowledged(terminal, text),
        "publish": lambda text: _published(terminal, text, lines),
        "mistake": lambda text: _mistaken(terminal, text),
        "journal": lambda text: _journalled(terminal, text),
        "": lambda text: _said(terminal, text),
    }
    with ExitStack() as stack:
        for kind, text in blocks("limit-a-plant.md"):
            if kind in READY:
                line_by_line = "stdbuf -oL " if kind == "listen" else ""  # as it is in a terminal
                command = terminal.running(line_by_line + text, READY[kind], ends_well=kind in OURS)
                lines = stack.enter_context(command)
            else:
                known[kind](text)


def _said(terminal: Terminal, text: str) -> None:
    assert "error" not in terminal.run(text)


def _answering(terminal: Terminal, text: str) -> None:
    terminal.until_answering(2)
    seen(lambda: terminal.run(text, check=False), lambda said: said.count("answering") == 2)


def _until_power(terminal: Terminal, text: str, holds: Callable[[float], bool]) -> None:
    seen(lambda: terminal.run(text, check=False), lambda said: holds(power(said)))


def _acknowledged(terminal: Terminal, text: str) -> None:
    said = seen(lambda: terminal.run(text, check=False), lambda said: "grid-operator-17" in said)
    assert json.loads(said) == [json.loads(DONE % 17)]
    assert not list((terminal.directory / "server" / "CMD").glob("*_cmd*"))


def _published(terminal: Terminal, text: str, lines: list[str]) -> None:
    terminal.run(text)
    seen(lambda: "".join(lines), lambda said: DONE % 18 in said)


def _mistaken(terminal: Terminal, text: str) -> None:
    said = terminal.run(f"{text.strip()} || test $? = 1")
    assert "cmdPwrPercent" in said


def _journalled(terminal: Terminal, text: str) -> None:
    rows = [line for line in terminal.run(text).splitlines() if "writeVariable" in line]
    assert [way for row in rows for way in ("file", "mqtt", "local") if f" {way} " in row] == [
        "local", "local", "mqtt", "file",
    ]  # fmt: skip
    callers = ("grid-operator-17", "grid-operator-18", "grid-operator-19")
    assert all(any(caller in row for row in rows) for caller in callers)
