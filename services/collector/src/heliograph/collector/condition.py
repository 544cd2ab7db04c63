"""How a device is doing, and what follows: when it rests, when it is asked again, when it is only asleep (spec 2.3).

    starting → answering ⇄ resting (lost)
                         ⇄ asleep  (`sleeps=1`, and no broad day)

Pure: instants are given, every change is told to who holds the condition.
"""

from dataclasses import dataclass
from typing import Final

from heliograph.contract import DeviceCondition

FAILURES_TO_REST: Final = 3
FIRST_PROBE_SECONDS: Final = 5.0
LONGEST_PROBE_SECONDS: Final = 60.0

_POLLED: Final = (DeviceCondition.STARTING, DeviceCondition.ANSWERING)


@dataclass(slots=True)
class Condition:
    """The condition of one device."""

    since: int
    """When it began, milliseconds since 1970."""
    name: DeviceCondition = DeviceCondition.STARTING
    cause: str = ""
    failures: int = 0
    """Polls in a row that gave nothing, or probes since the rest began."""

    @property
    def is_polled(self) -> bool:
        """Whether the device is polled in full, not only probed."""
        return self.name in _POLLED

    def answered(self, now: int) -> bool:
        """Take an answer; tell whether the condition changed."""
        self.failures = 0
        if self.name is DeviceCondition.ANSWERING:
            return False
        self._become(DeviceCondition.ANSWERING, "", now)
        return True

    def failed(self, cause: str, now: int, *, may_sleep: bool) -> bool:
        """Take a poll or probe that gave nothing; tell whether the condition changed."""
        self.failures += 1
        if self.is_polled and self.failures < FAILURES_TO_REST:
            return False
        return self.rest(cause, now, may_sleep=may_sleep)

    def rest(self, cause: str, now: int, *, may_sleep: bool) -> bool:
        """Give the device up for now; tell whether the condition changed.

        Who was polled until now rests, or sleeps where it may. Who sleeps is lost when it may no longer sleep; who is
        lost stays lost until it answers.
        """
        self.cause = cause
        if self.is_polled:
            self.failures = 0
            self._become(DeviceCondition.ASLEEP if may_sleep else DeviceCondition.RESTING, cause, now)
            return True
        if self.name is DeviceCondition.ASLEEP and not may_sleep:
            self._become(DeviceCondition.RESTING, cause, now)
            return True
        return False

    @property
    def probe_seconds(self) -> float:
        """How long to wait before the next probe of a device that rests or sleeps."""
        return probe_seconds(self.failures)

    def _become(self, name: DeviceCondition, cause: str, now: int) -> None:
        self.name, self.cause, self.since = name, cause, now


def probe_seconds(failures: int) -> float:
    """Return how long to wait after so many failed probes."""
    return min(LONGEST_PROBE_SECONDS, FIRST_PROBE_SECONDS * 2.0 ** min(failures, 10))
