"""A real browser that does what a person does: Chromium, told over a pipe what to do (the DevTools protocol)."""

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium-headless-shell") or "chromium-headless-shell"
LIMIT_SECONDS = 120
LARGEST = 16 * 1024 * 1024
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe", "about:blank",
)  # fmt: skip


class NotDone(Exception):
    """The browser did not do it: the script failed, or the page is just being left."""


class Page:
    """One page of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._session = ""

    async def open(self, url: str) -> None:
        """Open an address; what is there is known by `until`."""
        target = await self._ask("Target.createTarget", url=url)
        attached = await self._ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]

    async def do(self, script: str) -> Any:
        """Run a script in the page and return what it gives. Raises `NotDone`."""
        answer = await self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise NotDone(answer)
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Wait until an expression is true in the page, also in one that is still loading, and return it."""
        found = None
        async with asyncio.timeout(LIMIT_SECONDS):
            while not found:
                with suppress(NotDone):
                    found = await self.do(expression)
                await asyncio.sleep(0.05)
        return found

    async def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        question = {"id": self._number, "method": method, "params": parameters}
        question |= {"sessionId": self._session} if self._session else {}
        os.write(self._writer, json.dumps(question).encode() + b"\0")
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                answer = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if answer.get("id") == self._number:
                    if "error" in answer:
                        raise NotDone(answer)
                    return answer["result"]


@asynccontextmanager
async def driven(profile: Path) -> AsyncIterator[Page]:
    """A browser until the end of the block."""
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    far_in, far_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out))  # 3 and 4 are free then
    command = f'exec "$@" 3<&{far_in} 4>&{far_out}'
    program = (CHROMIUM, f"--user-data-dir={profile}", *_OPTIONS)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, "bash", *program, pass_fds=(far_in, far_out),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    for fd in (theirs_in, theirs_out, far_in, far_out):
        os.close(fd)
    reader = asyncio.StreamReader(LARGEST)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours_in, "rb")
    )
    try:
        yield Page(reader, ours_out)
    finally:
        transport.close()
        os.close(ours_out)
        process.kill()
        await process.wait()
