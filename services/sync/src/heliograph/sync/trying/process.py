"""The process of a test, seen from this service: started, told to stop, and never left behind."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from heliograph.runtime import Clock
from heliograph.sync.trying.course import Told
from heliograph.sync.trying.job import Job, encode

MODULE: Final = "heliograph.sync.trying"
LEAVE_SECONDS: Final = 20.0
"""How long a test that was told to stop may take to end its step and to clear up."""
CLEAR_SECONDS: Final = 5.0
"""The same at the stop of the service."""
LINE_BYTES: Final = 64 * 1024
_PASSED_ON: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "TZ", "LANG")
"""Of the environment; it holds secrets."""


class TestProcess:
    """One test: `give` it its job, then `run` it, each once."""

    __test__ = False  # no test of pytest's

    def __init__(self, clock: Clock, told: Callable[[Told], None]) -> None:
        self._job = b""
        self._clock = clock
        self._told = told
        self._is_stopped = asyncio.Event()

    def give(self, job: Job) -> None:
        """Say what is to be tried."""
        self._job = encode(job)

    def stop(self) -> None:
        """Ask it to clear up and end."""
        self._is_stopped.set()

    async def run(self) -> bool:
        """Run to the end; return whether it came there by itself. Raises `OSError` where none can be started."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", MODULE,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=None, limit=LINE_BYTES,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ}, cwd="/",
        )  # fmt: skip
        stopping = asyncio.create_task(self._stop_when_asked(process), name="sync: stop of a test of a server")
        try:
            await self._hand_over(process)
            await self._follow(process)
            return await process.wait() == 0
        finally:
            stopping.cancel()
            await _ended(process)

    async def _hand_over(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            with suppress(ConnectionError):
                process.stdin.write(self._job)
                await process.stdin.drain()
            process.stdin.close()

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        while process.stdout is not None and (line := await process.stdout.readline()):
            with suppress(ValueError, TypeError):  # what a library may print
                self._told(Told(**json.loads(line)))

    async def _stop_when_asked(self, process: asyncio.subprocess.Process) -> None:
        await self._is_stopped.wait()
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            await self._clock.sleep(LEAVE_SECONDS)
            process.kill()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Have a process end that is still there, because the service stops: it may clear up for a moment."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, TimeoutError):
        process.terminate()
        async with asyncio.timeout(CLEAR_SECONDS):
            await process.wait()
    with suppress(ProcessLookupError):
        process.kill()
