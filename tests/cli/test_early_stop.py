"""A stop signal at any moment of their start ends `heliograph up` and the demo with status 0 and leaves nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from support.ports import free_port
from support.stopping import heeds_stop

EXAMPLE = Path(__file__).parents[2] / "examples" / "set"
DELAYS = (0.0, 0.3, 1.0)
"""Seconds after the program heeds a stop: its imports, its own start, its children's."""
CHILDREN = 5
LIMIT = 60
MARK = "HELIOGRAPH_TEST_RUN"


class Program:
    """One run; every process that comes of it is known by a mark in its environment."""

    def __init__(self, process: subprocess.Popen, mark: str) -> None:
        self.process = process
        self._mark = mark

    def family(self) -> list[psutil.Process]:
        """What runs of it, itself excepted."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != self.process.pid and process.environ().get(MARK) == self._mark:
                    found.append(process)
        return found

    def stop(self, number: signal.Signals) -> None:
        """Stop it; fail unless it ends orderly and nothing of it stays."""
        self.process.send_signal(number)
        told, _ = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == 0, told
        assert "Traceback" not in told, told
        until(lambda: not self.family(), lambda: f"still there: {self.family()}")


@contextmanager
def started(name: str, directory: Path) -> Iterator[Program]:
    """A program that heeds a stop by now."""
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [*command(name, directory), "--api-port", str(free_port())],
        env={**os.environ, MARK: mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    program = Program(process, mark)
    try:
        until(lambda: heeds_stop(process.pid), lambda: f"no handler; status {process.poll()}")
        yield program
    finally:
        for each in (process, *program.family()):
            with suppress(psutil.Error, ProcessLookupError):
                each.kill()
        process.communicate()


def command(name: str, directory: Path) -> list[str]:
    state = ["--state", str(directory / "state")]
    if name == "demo":
        return [sys.executable, "-m", "heliograph.demo", *state]
    set_dir = shutil.copytree(EXAMPLE, directory / "set", dirs_exist_ok=True)
    return [sys.executable, "-m", "heliograph.cli", "up", "--set", str(set_dir), *state]


def until(holds: Callable[[], object], told: Callable[[], str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)  # to look through all processes is work


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["up", "demo"])
def test_stopped_at_any_moment_of_its_start_it_ends_orderly(tmp_path, name):
    for number, delay in enumerate(DELAYS):
        with started(name, tmp_path) as program:
            time.sleep(delay)
            program.stop((signal.SIGTERM, signal.SIGINT)[number % 2])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["up", "demo"])
def test_stopped_while_its_children_start_it_ends_orderly_and_leaves_none(tmp_path, name):
    with started(name, tmp_path) as program:
        until(lambda: len(program.family()) >= CHILDREN, lambda: f"children: {program.family()}")
        program.stop(signal.SIGTERM)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["up", "demo"])
def test_told_again_and_again_until_it_is_gone_it_ends_orderly_all_the_same(tmp_path, name):
    with started(name, tmp_path) as program:
        until(program.family, lambda: "no children")
        deadline = time.monotonic() + LIMIT
        while program.process.poll() is None and time.monotonic() < deadline:
            program.process.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        program.stop(signal.SIGTERM)


@pytest.mark.parametrize("name", ["check", "decode", "status"])
def test_another_command_that_is_stopped_does_not_end_as_if_it_had_done_its_work(name):
    text = "import signal, sys; import heliograph.cli.__main__; print(signal.getsignal(signal.SIGTERM).name)"
    done = subprocess.run([sys.executable, "-c", text, name], capture_output=True, text=True, check=True)
    assert done.stdout == "SIG_DFL\n"
