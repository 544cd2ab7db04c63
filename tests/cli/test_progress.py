"""Progress of long work: on a terminal alone, never beside JSON; whoever interrupts is told what was done."""

import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from heliograph.cli import progress
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, calling
from support.ports import free_port

GOLDEN = Path(__file__).parent / "golden" / "inverters"
FILE = next(GOLDEN.glob("*_MODBUS_*"))


def on_a_terminal(*arguments: object) -> tuple[int, bytes, str]:
    """Run a command whose standard error is a terminal; return its status, what is seen there, and its output."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "heliograph.cli", *map(str, arguments)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=terminal, env=environment)
        os.close(terminal)
        seen = b"".join(_read(controller))
        os.close(controller)
        status = process.wait(100)
        output.seek(0)
        return status, seen, output.read()


def _read(controller: int) -> Iterator[bytes]:
    """What comes until the other end of the terminal is closed."""
    with suppress(OSError):
        while part := os.read(controller, 4096):
            yield part


def test_a_bar_is_on_the_terminal_and_the_rows_are_not_disturbed():
    status, seen, output = on_a_terminal("decode", FILE, FILE, "--def", GOLDEN, "--json")
    assert (status, seen) == (0, b"")
    rows = [json.loads(line) for line in output.splitlines()]
    status, seen, csv = on_a_terminal("decode", FILE, FILE, "--def", GOLDEN, "--csv")
    assert status == 0
    assert b"decoding" in seen
    assert b"2/2" in seen
    assert len(csv.splitlines()) == len(rows) + 1


def test_ctrl_c_says_what_was_done_and_what_is_true_of_it():
    def work() -> None:
        with progress.counting("decoding", 7, "files", "what was written stands") as step:
            step(3)
            raise KeyboardInterrupt

    with pytest.raises(Failure) as told:
        work()
    assert (told.value.status, told.value.text) == (
        Exit.INTERRUPTED,
        "interrupted after 3 of 7 files; what was written stands",
    )
    with pytest.raises(Failure, match="the connection goes on"), progress.waiting("x", "the connection goes on"):
        raise KeyboardInterrupt


def test_for_a_program_nothing_is_shown(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with calling("heliograph x", as_json=True):
        assert not progress.is_shown()


def test_a_command_that_is_interrupted_ends_with_130():
    command = [
        sys.executable,
        "-m",
        "heliograph.cli",
        "command",
        "-",
        "--json",
        "--url",
        f"http://127.0.0.1:{free_port()}",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        output, told = process.communicate(timeout=100)
    assert (process.returncode, output) == (130, b"")
    assert json.loads(told) == {
        "type": "about:blank", "title": "Interrupted", "detail": "interrupted", "exit_code": 130
    }  # fmt: skip


def until_it_reads(pid: int) -> None:
    """Wait until the process reads its standard input: file 0, which nobody writes to."""
    while not Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 "):
        time.sleep(0.01)
