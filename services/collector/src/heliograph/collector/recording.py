"""The instants at which records fall due, and the steps of the clock between them."""

from collections.abc import Callable, Sequence
from typing import Final

from heliograph.collector.drafts import Draft
from heliograph.collector.recorder import Recorder
from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

LOOK_SECONDS: Final = 1.0
"""Longest sleep: a clock set forward is noticed within it."""
LEAST_SLEEP_SECONDS: Final = 0.001
STEP_SECONDS: Final = 1.0
"""Smaller corrections of the clock are its daily bread."""


class Recording:
    """Closes the periods of all devices; what falls due at one instant is handed over together."""

    def __init__(
        self, put: Callable[[Sequence[Draft]], None], clock: Clock, is_recorded: Callable[[str, int], bool]
    ) -> None:
        self._put = put
        self._clock = clock
        self._is_recorded = is_recorded
        self._recorders: set[Recorder] = set()

    def recorder(self, device: Device, definition: Definition) -> Recorder:
        """Return what will record a device from the middle of its period on, once it is begun."""
        return Recorder(device, definition, milliseconds(self._clock), self._is_recorded)

    def begin(self, recorder: Recorder) -> None:
        """Record a device from now on."""
        recorder.begin(milliseconds(self._clock))
        self._recorders.add(recorder)

    def drop(self, recorder: Recorder) -> None:
        """Record a device no more: periods that have ended are handed over, its open one falls."""
        self._recorders.discard(recorder)
        if drafts := recorder.close(milliseconds(self._clock)):
            self._put(drafts)

    async def run(self) -> None:
        """Record, for ever."""
        while True:
            now = milliseconds(self._clock)
            self.close(now)
            due = min((recorder.end for recorder in self._recorders), default=now + 1000)
            await self._clock.sleep(min(LOOK_SECONDS, max(LEAST_SLEEP_SECONDS, (due - now) / 1000)))

    def close(self, now: int) -> None:
        """Hand over every record that is due."""
        if drafts := [draft for recorder in self._recorders for draft in recorder.close(now)]:
            self._put(drafts)


class ClockWatch:
    """Notices steps of the wall clock against the monotonic one."""

    def __init__(self, clock: Clock, on_step: Callable[[float], None]) -> None:
        self._clock = clock
        self._on_step = on_step
        self._offset = self._look()

    async def run(self) -> None:
        """Tell `on_step` by how many seconds the clock was set, for ever."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            offset = self._look()
            step, self._offset = offset - self._offset, offset
            if abs(step) >= STEP_SECONDS:
                self._on_step(step)

    def _look(self) -> float:
        """Return wall minus monotonic time, from two looks so close together that no pause fell between them."""
        while True:
            before = self._clock.monotonic()
            wall = self._clock.time()
            if self._clock.monotonic() - before < STEP_SECONDS / 10:
                return wall - before
