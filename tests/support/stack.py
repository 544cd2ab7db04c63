"""The whole gateway as processes that a test may kill: the broker and the four services on a set directory."""

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heliograph.cli.gateway import Gateway
from heliograph.cli.supervisor import Program
from heliograph.contract import Service
from support.ports import free_port
from support.services import ServiceProcess
from support.services import start as begin
from support.stopping import heeds_stop

NAMES = ("broker", "collector", "sync", "commands", "api")


class Stack:
    """Every program of a gateway by name; `start`, `kill` and `stop` one, or all."""

    def __init__(self, programs: dict[str, Program], gateway: Gateway, *, forked: bool = True) -> None:
        self.gateway = gateway
        self._programs = programs
        self._forked = forked
        self._running: dict[str, subprocess.Popen[bytes] | ServiceProcess] = {}
        self.lives: dict[str, list[list[float]]] = {name: [] for name in programs}
        """Per program, [start, end] of each of its lives, seconds since 1970."""

    def start(self, *names: str) -> None:
        for name in names or NAMES:
            if name in self._running:
                continue
            program = self._programs[name]
            with program.log.open("ab") as log:
                if self._forked and name in set(Service):
                    self._running[name] = begin(Service(name), program.environment, log, log)
                else:
                    self._running[name] = subprocess.Popen(
                        program.command,
                        env=dict(program.environment),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
            self.lives[name].append([time.time(), float("inf")])

    def kill(self, *names: str) -> None:
        """SIGKILL: nothing is tidied up."""
        self._end(names, signal.SIGKILL)

    def stop(self, *names: str) -> None:
        """Orderly; the broker last."""
        self._end([n for n in (names or reversed(NAMES)) if n in self._running], signal.SIGTERM)

    def _end(self, names: Any, number: int) -> None:
        for name in names:
            process = self._running.pop(name)
            heeded = heeds_stop(process.pid)
            process.send_signal(number)
            try:
                status = process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(60)
                raise AssertionError(f"{name} did not end: {self.log(name)[-3000:]}") from None
            self.lives[name][-1][1] = time.time()
            if number == signal.SIGTERM and name != "broker":
                # The interpreter itself, while it starts, simply ends.
                assert status == 0 or (status == -signal.SIGTERM and not heeded), (
                    f"{name} ended with {status}: {self.log(name)[-3000:]}"
                )

    def processes(self) -> dict[str, int]:
        """Process number of each program that runs, by name."""
        return {name: process.pid for name, process in self._running.items()}

    def log(self, name: str) -> str:
        return self._programs[name].log.read_text(errors="replace")

    def logs(self) -> str:
        return "\n".join(
            f"==== {name}\n{self.log(name)[-4000:]}" for name in NAMES if self._programs[name].log.exists()
        )

    async def get(self, path: str) -> Any:
        """What the REST API answers; None while it does not."""
        return await asyncio.to_thread(self._ask, "GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await asyncio.to_thread(self._ask, "POST", path, body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return await asyncio.to_thread(self._ask, "PATCH", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(self.gateway.page + path, method=method)  # our own page
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
            request.add_header("Authorization", "Bearer " + self.gateway.token_file.read_text().strip())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # our own page
                return json.load(answer)
        except OSError:
            return None

    async def until(self, what: str, path: str, holds: Any, seconds: float = 120) -> Any:
        """Return the answer of `path` when `holds(answer)`; fail after so many seconds with all logs."""
        deadline, pause = time.monotonic() + seconds, 0.1
        answer = None
        while time.monotonic() < deadline:
            answer = await self.get(path)
            if answer is not None and holds(answer):
                return answer
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 1.3)  # what takes long need not be asked for often: each answer costs the api
        raise AssertionError(f"not within {seconds} s: {what}\n{json.dumps(answer, indent=1)}\n{self.logs()}")


@contextmanager
def stack(set_dir: Path, state_dir: Path, *, forked: bool = True, **environment: str) -> Iterator[Stack]:
    """A gateway whose programs are not started yet; all are killed at the end.

    `forked` services start at once and share memory: a bench that measures either begins them as on a gateway.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GATEWAY_", "SERIAL", "API_"))}
    gateway = Gateway(set_dir, state_dir, free_port(), environment={**inherited, **environment})
    with gateway.owned():
        programs = {program.name: program for stage in gateway.stages() for program in stage}
        made = Stack(programs, gateway, forked=forked)
        try:
            yield made
        finally:
            made.kill(*made._running)
