"""The history of an MQTT server (spec 1.6). One thread at a time.

A scheduled visit is a row, like one to a file server. A permanent connection is a row a day: it is opened with the
first try and goes on through cuts and failed tries, which stand in it as lines with their times and counts, the newest
first. So a person reads what was carried, since when it stands and every cut, and neither a broker that is away for a
month nor a line that breaks every minute pushes other rows out of the 10,000.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from heliograph.contract import ConnectionResult, TransferCount, Trigger
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.history import History

DAY_MS: Final = 24 * 3600 * 1000
NOTED_SECONDS: Final = 10.0
"""An open row is written at most so often for what it carried."""
LINES: Final = 40


@dataclass(slots=True)
class _Line:
    text: str
    first: int
    last: int
    times: int = 1

    def __str__(self) -> str:
        if self.times == 1:
            return f"{_moment(self.first)}: {self.text}"
        return f"{_moment(self.first)} to {_moment(self.last)}: {self.text} ({self.times} times)"


class Chronicle:
    """The row of one server that is open now."""

    def __init__(self, history: History, server: Literal[1, 2], clock: Clock) -> None:
        self._history = history
        self._server = server
        self._clock = clock
        self._row: int | None = None
        self._since = 0
        self._noted = 0.0
        self._is_day = False
        self._destination: int | None = None
        self._clear()

    def begin(self, trigger: Trigger, *, is_day: bool, destination: int | None = None) -> None:
        """Open a row, or go on with the one that is open. A day's row tells when each failure was."""
        self._is_day, self._destination = is_day, destination
        now = milliseconds(self._clock)
        if self._row is not None and not 0 <= now - self._since < DAY_MS:
            self.end()
        if self._row is None:
            self._clear()
            self._row, self._since = self._history.begin(self._server, trigger, now, destination), now

    def connected(self) -> None:
        """The server was reached."""
        self._was_connected = True

    def count(self, kind: str, messages: int, size: int) -> None:
        """Count what the server took."""
        if messages:
            self._messages[kind] += messages
            self._bytes[kind] += size
            if self._clock.monotonic() - self._noted >= NOTED_SECONDS:
                self.note()

    def fail(self, text: str) -> None:
        """Tell of a failure; the same one again is counted."""
        now = milliseconds(self._clock)
        if self._lines and self._lines[0].text == text:
            self._lines[0].last, self._lines[0].times = now, self._lines[0].times + 1
        else:
            self._lines[:] = [_Line(text, now, now), *self._lines][:LINES]

    def note(self) -> None:
        """Write the open row down."""
        if self._row is not None:
            self._noted = self._clock.monotonic()
            self._history.note(self._row, self.transfers, self.failures)

    def turn_page(self) -> None:
        """Begin a new row where the open one is a day old."""
        if self._row is not None and not 0 <= milliseconds(self._clock) - self._since < DAY_MS:
            self.end()
            self.begin(Trigger.SCHEDULE, is_day=True, destination=self._destination)
            self.connected()

    def end(self, result: ConnectionResult | None = None) -> None:
        """Close the row that is open, if any: with this result, or with that of all that happened in it."""
        if self._row is not None:
            now = milliseconds(self._clock)
            self._history.end(self._row, now, result or self.result, self.transfers, self.failures)
            self._row = None

    @property
    def result(self) -> ConnectionResult:
        """How the row would end now."""
        if not self._was_connected:
            return ConnectionResult.FAILED
        return ConnectionResult.PARTIAL if self._lines else ConnectionResult.DONE

    @property
    def transfers(self) -> tuple[TransferCount, ...]:
        """Messages and bytes by kind."""
        return tuple(TransferCount(kind=k, files=n, bytes=self._bytes[k]) for k, n in self._messages.items())

    @property
    def failures(self) -> tuple[str, ...]:
        """What failed, the newest first."""
        return tuple(str(line) if self._is_day else line.text for line in self._lines)

    def _clear(self) -> None:
        self._was_connected = False
        self._lines: list[_Line] = []
        self._messages: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()


def _moment(time: int) -> str:
    return dt.datetime.fromtimestamp(time / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
