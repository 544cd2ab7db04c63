"""Services as processes that a test may kill, begun without a second of imports each: see `forking`.

That each begins by `python -m` as well is shown by the tests of `heliograph up`, of the demo and of an early stop.
"""

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

from heliograph.contract import Service


class ServiceProcess:
    """What `subprocess.Popen` is for a child of our own."""

    def __init__(self, report: int) -> None:
        self._report = os.fdopen(report, "rb", buffering=0)
        self.pid = self._read()
        assert self.pid, "the process that forks services is gone"
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        told = select.poll()
        if self.returncode is None:
            told.register(self._report, select.POLLIN)
        if self.returncode is None and told.poll(None if seconds is None else seconds * 1000):
            self.returncode = self._read()
            self._report.close()
        return self.returncode

    def _read(self) -> int | None:
        told = self._report.read(4)
        return struct.unpack("i", told)[0] if told else None


def start(service: Service, environment: Mapping[str, str], output: IO[bytes], errors: IO[bytes]) -> ServiceProcess:
    """Begin a service with this environment, and nothing of ours."""
    report, theirs = os.pipe()
    try:
        request = json.dumps({"service": service, "environment": dict(environment)}).encode()
        socket.send_fds(forker(), [request], [output.fileno(), errors.fileno(), theirs])
    finally:
        os.close(theirs)
    return ServiceProcess(report)


@cache
def forker() -> socket.socket:
    """The line to the process that forks: it ends with us, when the line does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = Path(__file__).with_name("forking.py")
    with theirs:
        command = [sys.executable, "-P", program, str(theirs.fileno())]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours
