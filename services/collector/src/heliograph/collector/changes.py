"""More than 60 changes of one variable within a minute are joined (spec 3.3). Pure: instants are given."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from heliograph.contract.records import Value

MINUTE_SECONDS: Final = 60.0
MOST_CHANGES: Final = 60
"""Changes within a minute that are told one by one."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What a minute of joined changes comes to."""

    count: int
    value: Value
    time: int
    """When the last of them was seen, milliseconds since 1970."""


@dataclass(slots=True)
class Flow:
    """The changes of one variable."""

    _seen: deque[float] = field(default_factory=deque)
    """When the changes of the last minute were, while they are told one by one."""
    _since: float | None = None
    """When the minute of joining began."""
    _count: int = 0
    _value: Value = None
    _time: int = 0

    def change(self, value: Value, time: int, now: float) -> bool:
        """Take one change at `now` (monotonic seconds); tell whether it is to be told by itself."""
        if self._since is not None:
            self._join(value, time)
            return False
        while self._seen and self._seen[0] <= now - MINUTE_SECONDS:
            self._seen.popleft()
        if len(self._seen) < MOST_CHANGES:
            self._seen.append(now)
            return True
        self._since, self._count = now, 0
        self._seen.clear()
        self._join(value, time)
        return False

    def minute(self, now: float) -> Joined | None:
        """Return the changes joined in a minute that is over at `now`."""
        if self._since is None or now < self._since + MINUTE_SECONDS:
            return None
        joined = Joined(self._count, self._value, self._time) if self._count else None
        self._since = now if self._count > MOST_CHANGES else None
        self._count = 0
        return joined

    def _join(self, value: Value, time: int) -> None:
        self._count += 1
        self._value, self._time = value, time
