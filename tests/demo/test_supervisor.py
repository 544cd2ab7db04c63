"""The supervisor with small real child processes: restart, orderly stop, nothing left behind, bounded logs."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from heliograph.cli import logfile
from heliograph.cli.logfile import LogFile
from heliograph.cli.supervisor import Program, Supervisor

LIMIT = 60

NOTE_AND_WAIT = """
import os, signal, sys, time
file, name = sys.argv[1:3]
def note(what):
    with open(file, "a") as log:
        log.write(f"{name} {what} {os.getpid()}\\n")
def end(*_):
    note("ends")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("starts")
while True:
    time.sleep(0.05)
"""


def program(tmp_path: Path, name: str, source: str = NOTE_AND_WAIT, **options) -> Program:
    command = (sys.executable, "-IS", "-c", source, str(tmp_path / "notes"), name)
    return Program(name, command, dict(os.environ), tmp_path / f"{name}.log", **options)


def notes(tmp_path: Path) -> list[list[str]]:
    file = tmp_path / "notes"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


async def until(condition, seconds: float = LIMIT) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*stages: list[Program]):
    said: list[str] = []
    stopping = asyncio.Event()
    supervisor = Supervisor(stages, said.append)
    task = asyncio.create_task(supervisor.run(stopping))
    try:
        yield supervisor, said
    finally:
        stopping.set()
        await asyncio.wait_for(task, LIMIT)


async def test_stages_start_in_order_and_stop_in_reverse(tmp_path):
    """The second stage starts when the first is ready, and has ended before the first is asked to."""

    async def ready() -> bool:
        return bool(notes(tmp_path))

    async with running([program(tmp_path, "broker", ready=ready)], [program(tmp_path, "a"), program(tmp_path, "b")]):
        await until(lambda: len(notes(tmp_path)) == 3)
    names = [(name, what) for name, what, _ in notes(tmp_path)]
    assert names[0] == ("broker", "starts")
    assert set(names[1:3]) == {("a", "starts"), ("b", "starts")}
    assert set(names[3:5]) == {("a", "ends"), ("b", "ends")}
    assert names[5:] == [("broker", "ends")]


async def test_a_killed_child_starts_again_and_that_is_said(tmp_path):
    async with running([program(tmp_path, "sync")]) as (supervisor, said):
        await until(lambda: len(notes(tmp_path)) == 1)
        first = supervisor.processes()["sync"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(notes(tmp_path)) == 2)
        assert supervisor.processes()["sync"] != first
        assert any("sync was ended by SIGKILL; it starts again in" in line for line in said)


async def test_a_child_that_cannot_live_is_tried_with_growing_waits(tmp_path):
    async with running([program(tmp_path, "api", "raise SystemExit(3)")]) as (_, said):
        await until(lambda: len(said) >= 3)
    waits = [float(line.split(" starts again in ")[1].split()[0]) for line in said[:3]]
    assert all("api ended with status 3" in line for line in said[:3])
    assert waits[0] <= 0.5 < waits[2]


async def test_a_program_that_is_missing_is_said_and_stops_nobody_else(tmp_path):
    missing = Program("ghost", ("/nowhere/ghost",), {}, tmp_path / "ghost.log")
    async with running([missing, program(tmp_path, "a")]) as (_, said):
        await until(lambda: said and notes(tmp_path))
        assert said[0].startswith("ghost ended with status 1")


async def test_what_a_child_started_goes_with_it(tmp_path):
    """A child leads a process group of its own: what it leaves behind is killed."""
    source = f"""
    import subprocess, sys
    child = subprocess.Popen([{sys.executable!r}, "-c", "import time; time.sleep(600)"])
    open(sys.argv[1], "w").write(f"x y {{child.pid}}\\n")
    """
    async with running([program(tmp_path, "a", textwrap.dedent(source))]):
        await until(lambda: notes(tmp_path))
        await until(lambda: not alive(int(notes(tmp_path)[0][2])))


async def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("heliograph.cli.supervisor.STOP_SECONDS", 0.3)
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + NOTE_AND_WAIT.replace(
        "signal.signal(signal.SIGTERM, end)", ""
    )
    async with running([program(tmp_path, "mule", stubborn)]) as (supervisor, said):
        await until(lambda: notes(tmp_path))
        pid = supervisor.processes()["mule"]
    assert not alive(pid)
    assert any("mule did not stop within" in line for line in said)


async def test_a_child_that_hangs_is_started_again(tmp_path, monkeypatch):
    """Its `alive` file was touched and then no more."""
    monkeypatch.setattr("heliograph.cli.supervisor.CHECK_SECONDS", 0.05)
    monkeypatch.setattr("heliograph.cli.supervisor.SILENT_SECONDS", 0.4)
    source = NOTE_AND_WAIT.replace("while True", "time.sleep(0.3)\nopen(file + '.alive', 'w')\nwhile True")
    async with running([program(tmp_path, "a", source, alive=tmp_path / "notes.alive")]) as (_, said):
        await until(lambda: len(notes(tmp_path)) >= 2)
        assert any("a hangs: no sign of life" in line for line in said)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_nothing_stays_behind_when_the_supervisor_is_killed(tmp_path):
    """SIGKILL leaves no time to tidy up: the kernel ends the children."""
    source = f"""
    import asyncio, os, sys
    from pathlib import Path
    from heliograph.cli.supervisor import Program, Supervisor
    tmp = Path({str(tmp_path)!r})
    program = lambda name: Program(
        name, (sys.executable, "-IS", "-c", {NOTE_AND_WAIT!r}, str(tmp / "notes"), name), dict(os.environ), tmp / name)
    asyncio.run(Supervisor([[program("a"), program("b")]], print).run(asyncio.Event()))
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(source)]) as supervisor:
        deadline = time.monotonic() + LIMIT
        while len(notes(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        supervisor.kill()
    pids = [int(pid) for _, _, pid in notes(tmp_path)]
    assert len(pids) == 2
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(pid) for pid in pids)


def test_a_log_never_grows_beyond_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(logfile, "MAX_BYTES", 1000)
    log = LogFile(tmp_path / "a.log")
    for number in range(100):
        log.write(f"{number:04d} {'x' * 94}\n".encode())
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert (tmp_path / "a.log").read_text().splitlines()[-1].startswith("0099")


def test_serious_lines_reach_the_terminal_however_the_output_is_cut(tmp_path):
    seen: list[str] = []
    log = LogFile(tmp_path / "a.log", seen.append)
    text = b"2026-01-01 10:00:00,000 INFO    sync fine\n2026-01-01 10:00:01,000 WARNING sync no directory /LOG\n"
    for position in range(0, len(text), 7):
        log.write(text[position : position + 7])
    assert seen == ["2026-01-01 10:00:01,000 WARNING sync no directory /LOG"]


def test_a_full_disk_costs_the_log_and_not_the_child(tmp_path):
    LogFile(tmp_path / "missing" / "a.log").write(b"lost\n")
