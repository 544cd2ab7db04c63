"""The log of one script, in memory: the newest lines of `wd.log`, and what became of the script."""

from collections import deque
from typing import Final, Literal

from heliograph.commands.scripts.allowance import Allowance
from heliograph.contract.commanding import ScriptLine
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.clock import milliseconds

KEPT: Final = 300
MAX_TEXT: Final = 1000
BURST: Final = 100
LINES_A_SECOND: Final = 2.0

Severity = Literal["info", "warning", "error"]


class Logbook:
    """Lines of the script itself go to the gateway's log as debug; those about it with their own weight."""

    def __init__(self, script: str, clock: Clock, events: EventLog) -> None:
        self._script = script
        self._clock = clock
        self._events = events
        self._lines: deque[ScriptLine] = deque(maxlen=KEPT)
        self._numbers = 0
        self._allowance = Allowance(clock, burst=BURST, per_second=LINES_A_SECOND)
        self._dropped = 0
        self._warned: set[str] = set()

    def take(self, text: str) -> None:
        """A line of `wd.log`; more than the allowance are counted and left out."""
        if not self._allowance.take():
            self._dropped += 1
            return
        if self._dropped:
            self._add("warning", f"{self._dropped} lines were left out: a script may log {LINES_A_SECOND:g} a second")
            self._dropped = 0
        self._add("info", text)
        self._events.debug(f"script {self._script}: {text[:MAX_TEXT]}")

    def tell(self, text: str) -> None:
        """What became of the script."""
        self._add("info", text)
        self._events.info(f"script {self._script}: {text}")

    def tell_failure(self, text: str) -> None:
        """Why the script ended."""
        self._add("error", text)
        self._events.error(f"script {self._script}: {text}")

    def warn_once(self, text: str) -> None:
        """What the script does again and again, said once, until `forget`."""
        if text not in self._warned and len(self._warned) < KEPT:
            self._warned.add(text)
            self._add("warning", text)
            self._events.warning(f"script {self._script}: {text}")

    def forget(self) -> None:
        """The script starts anew: warnings are said again."""
        self._warned.clear()

    def newest(self, limit: int, before: int | None) -> tuple[ScriptLine, ...]:
        """Return lines, newest first, of those with a smaller number than `before`."""
        lines = [line for line in reversed(self._lines) if before is None or line.number < before]
        return tuple(lines[:limit])

    def _add(self, level: Severity, text: str) -> None:
        self._numbers += 1
        now = milliseconds(self._clock)
        self._lines.append(ScriptLine(number=self._numbers, time=now, level=level, text=text[:MAX_TEXT]))
