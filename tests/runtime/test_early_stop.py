"""A stop signal at any moment of a service's life ends it with status 0, from its first import to its last line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from heliograph.contract import Service
from support.ports import free_port
from support.stopping import has_loaded, heeds_stop

SHARES = (0.0, 0.15, 0.5, 1.0)
"""When the signal comes, in parts of the time that a start takes on this machine now."""
HEAVY = "pydantic_core"
"""A library that every service imports, and not among the first."""
LIMIT = 120


@contextmanager
def started(service: Service, directory: Path) -> Iterator[subprocess.Popen]:
    environment = {
        **os.environ,
        "BUS_URL": "nats://127.0.0.1:1",
        "BUS_PASSWORD": "nobody is asked",
        "STATE_DIR": str(directory),
        "API_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", f"heliograph.{service}"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("service", [Service.API, Service.COLLECTOR, Service.COMMANDS, Service.SYNC])
def test_stopped_at_any_moment_of_its_start_however_often_it_ends_orderly(tmp_path, service):
    """Only before its own first line, while the interpreter starts, the signal does what the kernel does with it."""
    whole = seconds_of_a_start(service, tmp_path)
    for share in SHARES:
        delay = share * whole
        with started(service, tmp_path / "state") as process:
            time.sleep(delay)
            is_importing = has_loaded(process.pid, HEAVY)
            heeded = heeds_stop(process.pid)
            assert heeded or not is_importing, "it imports and has no handler yet"
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=LIMIT)
            assert process.returncode == 0 or (process.returncode == -signal.SIGTERM and not heeded), (delay, told)
            assert "Traceback" not in told, (delay, told)


def seconds_of_a_start(service: Service, directory: Path) -> float:
    """Start it once, until it has what it needs of the disk; told then again and again to stop, it ends orderly."""
    began = time.monotonic()
    with started(service, directory / "measured") as process:
        while not (directory / "measured").exists():
            assert process.poll() is None
            assert time.monotonic() - began < LIMIT
            time.sleep(0.005)
        seconds = time.monotonic() - began
        assert heeds_stop(process.pid)
        while process.poll() is None and time.monotonic() - began < LIMIT:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        _, told = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, told
    return seconds
