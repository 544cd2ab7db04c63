"""The whole gateway as `heliograph up` keeps it: what ends begins again, forked without a second of imports each.

That each begins by `python -m` as well is shown by the tests of `heliograph up` and of the demo.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from heliograph.cli.gateway import Gateway
from heliograph.cli.supervisor import Program, Supervisor
from heliograph.contract import Service
from support.ports import free_port
from support.services import forker
from support.stack import Stack


class Supervised(Stack):
    """A stack that is never started or killed by hand: `processes` tells what runs now."""

    def __init__(self, gateway: Gateway, supervisor: Supervisor, programs: dict) -> None:
        super().__init__(programs, gateway)
        self._supervisor = supervisor

    def processes(self) -> dict[str, int]:
        known = self._supervisor.processes()
        return {name: pid for name, stands in known.items() if (pid := self._own(name, stands))}

    def _own(self, name: str, stands: int) -> int | None:
        """The process that the supervisor's one stands for; None while that has not begun."""
        if name not in set(Service):
            return stands
        file = _pids(self.gateway) / str(stands)
        return int(file.read_text()) if file.exists() else None


@asynccontextmanager
async def supervised(set_dir: Path, state_dir: Path, **environment: str) -> AsyncIterator[Supervised]:
    """A gateway that runs until the block ends, and stops in order then."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GATEWAY_", "SERIAL", "API_"))}
    gateway = Gateway(set_dir, state_dir, free_port(), environment={**inherited, **environment})
    with gateway.owned() as lock:
        _pids(gateway).mkdir()
        stages = [[_forked(program, gateway) for program in stage] for stage in gateway.stages()]
        supervisor = Supervisor(stages, print, pass_fds=(lock, forker().fileno()))
        stopping = asyncio.Event()
        running = asyncio.create_task(supervisor.run(stopping))
        try:
            yield Supervised(gateway, supervisor, {program.name: program for stage in stages for program in stage})
        finally:
            stopping.set()
            await running


def _pids(gateway: Gateway) -> Path:
    return gateway.state_dir / "pids"


def _forked(program: Program, gateway: Gateway) -> Program:
    if program.name not in set(Service):
        return program
    stand_in = Path(__file__).with_name("forked.py")
    command = (sys.executable, "-IS", str(stand_in), str(forker().fileno()), program.name, str(_pids(gateway)))
    return replace(program, command=command)
