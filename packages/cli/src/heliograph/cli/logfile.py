"""The log of a child process: a file that never grows beyond a bound, and its serious lines for the terminal."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 5_000_000
OLD_FILES = 2
MAX_LINE = 4000
_SERIOUS = re.compile(rb" (WARNING|ERROR|CRITICAL) ")


class LogFile:
    """Appends what a child prints to `path`; when that is full it becomes `<path>.1`, the older one `.2`."""

    def __init__(self, path: Path, echo: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._echo = echo
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Keep a piece of output. A disk that is full costs the log, never the child."""
        with suppress(OSError):
            self._make_room(len(data))
            with self._path.open("ab") as file:
                file.write(data)
        if self._echo is not None:
            self._echo_lines(self._echo, data)

    def _make_room(self, size: int) -> None:
        if not self._path.exists() or self._path.stat().st_size + size <= MAX_BYTES:
            return
        for number in range(OLD_FILES - 1, 0, -1):
            older = self._old(number)
            if older.exists():
                older.replace(self._old(number + 1))
        self._path.replace(self._old(1))

    def _old(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _echo_lines(self, echo: Callable[[str], None], data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-MAX_LINE:]
        for line in lines:
            if _SERIOUS.search(line[:200]):
                echo(line[:MAX_LINE].decode(errors="replace").rstrip())
