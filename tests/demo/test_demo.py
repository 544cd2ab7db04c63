"""The demo as a person runs it: one command, files on both servers within the first minute, nothing left behind."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from heliograph.cli.gateway import Gateway
from support.ports import free_port

LIMIT = 240


def start(state: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "heliograph.demo", "--state", state, "--api-port", str(free_port()), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=state.parent,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def left_of(children: list[psutil.Process]) -> list[psutil.Process]:
    deadline = time.monotonic() + LIMIT
    while (left := [child for child in children if child.is_running()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def data_files(state: Path, server: int) -> list[Path]:
    return list((state / f"servers/{server}/DATA").glob("*.csv.gz"))


@pytest.mark.long
def test_files_come_to_both_servers_and_the_printed_command_reads_them(tmp_path):
    """It ends with status 0, since files arrived on both servers; then it runs again on the same state."""
    state = tmp_path / "demo state"
    with start(state, "--for=900") as demo:
        deadline = time.monotonic() + LIMIT
        while not all(data_files(state, server) for server in (1, 2)):
            assert time.monotonic() < deadline, "no files"
            time.sleep(0.1)
        demo.send_signal(signal.SIGINT)
        output = demo.communicate(timeout=LIMIT)[0]
    lines = [line.rstrip() for line in output.splitlines()]
    assert demo.returncode == 0, output
    assert "the first file is delivered" in output
    assert re.search(r"the page is there: http://127\.0\.0\.1:\d+/", output)
    assert re.search(r"server 1 +got \d+ data file", output)
    assert re.search(r"server 2 +got \d+ data file", output)

    command = next(line.strip() for line in lines if " decode " in line)
    shown = subprocess.run(
        [*shlex.split(command), "--csv"], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=LIMIT
    )
    assert shown.returncode == 0, shown.stderr
    rows = [line.split(",") for line in shown.stdout.splitlines()]
    devices = {row[1] for row in rows[1:]}
    assert devices
    assert devices <= {"1", "2", "3", "4", "5"}

    again = start(state)
    children: list[psutil.Process] = []
    with again:
        for line in again.stdout:
            if "the page is there" in line:
                children = psutil.Process(again.pid).children(recursive=True)
                again.send_signal(signal.SIGINT)
        assert again.wait(LIMIT) == 0
    assert len(children) >= 5
    assert left_of(children) == []


def test_too_little_time_is_a_failure_that_says_which_server_got_nothing(tmp_path):
    with start(tmp_path / "state", "--for=1") as demo:
        output = demo.communicate(timeout=LIMIT)[0]
    assert demo.returncode == 1
    assert "No data file reached server 1 within 1 s." in output
    assert "No data file reached server 2 within 1 s." in output


def test_a_state_in_use_is_said(tmp_path):
    with Gateway(tmp_path, tmp_path / "state/gateway").owned(), start(tmp_path / "state", "--for=1") as demo:
        output = demo.communicate(timeout=LIMIT)[0]
    assert demo.returncode == 1
    assert "The demo cannot start" in output
    assert "is in use by another gateway" in output
