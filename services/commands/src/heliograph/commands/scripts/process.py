"""The host of scripts and the processes that it forks, seen from this service.

The host is started with the first script and ends with the service, or with the last script; what ends it, ends all of
its children, and the next script starts another.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, TypeVar

from heliograph.commands.scripts.host.frames import LENGTH, MAX_BYTES, LineBroken, body_length, pack
from heliograph.commands.scripts.host.limits import Limits
from heliograph.commands.scripts.messages import Message, read_message

HOST: Final = "heliograph.commands.scripts.host"
ANSWER_SECONDS: Final = 30.0
MOST_UNREAD_BYTES: Final = 4 * MAX_BYTES
"""A process that reads nothing is sent no more than this."""
CLOSED: Final = "closed"
ANSWER_BYTES: Final = 4096

T = TypeVar("T")


class HostGone(Exception):
    """The host did not do what it was asked; it is started anew with the next script."""


class ScriptProcess:
    """The process of one script, and the line to it."""

    def __init__(self, number: int, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.pid = pid
        self._reader = reader
        self._writer = writer

    def send(self, message: dict[str, Any]) -> None:
        """Send without waiting. Raises `LineBroken` where the process is gone or reads nothing."""
        if self._writer.is_closing():
            raise LineBroken(CLOSED)
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            raise LineBroken("it reads nothing")
        self._writer.write(pack(message))

    async def receive(self) -> Message:
        """Wait for a message. Raises `LineBroken`."""
        try:
            size = body_length(await self._reader.readexactly(LENGTH.size))
            body = await self._reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise LineBroken(CLOSED) from error
        try:
            return read_message(body)
        except (ValueError, RecursionError) as error:
            raise LineBroken(f"a message that fits nothing: {str(error)[:200]}") from error

    def close(self) -> None:
        """Let go of the line."""
        self._writer.transport.abort()


class Host:
    """Starts and ends the processes of scripts."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._turn = asyncio.Lock()
        self._numbers = 0
        self._alive: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def begin(self) -> ScriptProcess:
        """Fork a process. Raises `HostGone`."""
        beginning = self._kept(self._begin())
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            beginning.add_done_callback(self._end_unwanted)
            raise

    async def end(self, process: ScriptProcess) -> int | None:
        """Kill a process, and return how it had ended: its status, negative for a signal; None where nobody knows."""
        process.close()
        return await asyncio.shield(self._kept(self._end(process)))

    def close(self) -> None:
        """End the host, and with it what is left of its children."""
        self._stop()

    def _kept(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Have a question to the host answered also when its asker is cancelled: answers come in order."""
        task = asyncio.create_task(work, name="scripts: host")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _end_unwanted(self, beginning: "asyncio.Task[ScriptProcess]") -> None:
        if not beginning.cancelled() and beginning.exception() is None:
            beginning.result().close()
            self._kept(self._end(beginning.result()))

    async def _begin(self) -> ScriptProcess:
        ours, theirs = socket.socketpair()
        try:
            async with self._turn:
                self._start()
                self._numbers += 1
                number = self._numbers
                answer = await self._ask({"begin": number}, theirs)
                self._alive.add(number)
            ours.setblocking(False)
            reader, writer = await asyncio.open_unix_connection(sock=ours, limit=MAX_BYTES)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return ScriptProcess(number, answer["pid"], reader, writer)

    async def _end(self, process: ScriptProcess) -> int | None:
        async with self._turn:
            if process.number not in self._alive:
                return None
            self._alive.discard(process.number)
            try:
                answer = await self._ask({"end": process.number})
            except HostGone:
                return None
            if not self._alive:
                self._stop()
        return int(answer["status"])

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            fd = str(theirs.fileno())
            limits = json.dumps(asdict(self._limits))
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", HOST, fd, limits, str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env={}, cwd="/",
            )  # fmt: skip
        self._control = ours

    def _stop(self) -> None:
        self._alive.clear()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    async def _ask(self, request: dict[str, int], end: socket.socket | None = None) -> dict[str, int]:
        control = self._control
        if control is None:
            raise HostGone("the host of scripts is gone")
        try:
            socket.send_fds(control, [json.dumps(request).encode()], [end.fileno()] if end else [])
            async with asyncio.timeout(ANSWER_SECONDS):
                body = await asyncio.get_running_loop().sock_recv(control, ANSWER_BYTES)
            answer: dict[str, int] = json.loads(body)
        except (OSError, TimeoutError, ValueError) as error:
            self._stop()
            raise HostGone(f"the host of scripts is gone ({error!r:.100}); its log tells more") from error
        except BaseException:
            self._stop()  # an answer that nobody waits for would be taken for the next one's
            raise
        return answer


def cause_of(status: int | None, limits: Limits) -> str:
    """Say how a process ended that did not say it itself."""
    if status is None:
        return "the host of scripts ended"
    if status == -signal.SIGXCPU:
        return f"more than {limits.call_seconds:g} s of computing in one call: ended by the system"
    if status == -signal.SIGKILL:
        return "it was killed"
    name = str(-status)
    with suppress(ValueError):
        name = signal.Signals(-status).name
    return f"the interpreter of Lua crashed ({name})" if status < 0 else f"its process ended (status {status})"
