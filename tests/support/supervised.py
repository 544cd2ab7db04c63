"""The whole gateway as `heliograph up` keeps it: what ends begins again."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from heliograph.cli.gateway import Gateway
from heliograph.cli.supervisor import Supervisor
from support.ports import free_port
from support.stack import Stack


class Supervised(Stack):
    """A stack that is never started or killed by hand: `processes` tells what runs now."""

    def __init__(self, gateway: Gateway, supervisor: Supervisor, programs: dict) -> None:
        super().__init__(programs, gateway)
        self._supervisor = supervisor

    def processes(self) -> dict[str, int]:
        return self._supervisor.processes()


@asynccontextmanager
async def supervised(set_dir: Path, state_dir: Path, **environment: str) -> AsyncIterator[Supervised]:
    """A gateway that runs until the block ends, and stops in order then."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GATEWAY_", "SERIAL", "API_"))}
    gateway = Gateway(set_dir, state_dir, free_port(), environment={**inherited, **environment})
    with gateway.owned() as lock:
        stages = gateway.stages()
        supervisor = Supervisor(stages, print, pass_fds=(lock,))
        stopping = asyncio.Event()
        running = asyncio.create_task(supervisor.run(stopping))
        try:
            yield Supervised(gateway, supervisor, {program.name: program for stage in stages for program in stage})
        finally:
            stopping.set()
            await running
