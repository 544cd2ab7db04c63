"""One set point: a value that is good for a time, and the fallback that follows it (spec 4.3, `wd.set`). No I/O.

    in force → (its lifetime ends) → lapsed: the fallback is to be written → settled: it was

Within the process time is counted by the monotonic clock; the disk keeps the wall clock's, and what is left of a
lifetime after a restart is never more than all of it.
"""

import uuid
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from heliograph.collector.drafts import SetPointDraft
from heliograph.collector.encode import Raw
from heliograph.contract import SetPointState
from heliograph.contract.records import Value
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

KEPT_SHARE: Final = 0.25
"""Of the lifetime: how far what the disk keeps may lag behind a value that is only refreshed."""
NEVER: Final = float("-inf")


@dataclass(slots=True, eq=False)
class SetPoint:
    """What is kept of one variable."""

    device: str
    variable: str
    point: str
    """What the variable is in the device; another one is another variable."""
    raw: Raw
    fallback: Raw
    lifetime_seconds: float
    caller: str
    due: float
    """When its lifetime ends, by the monotonic clock."""
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Of this value, in what is told of it."""
    lapsed: bool = False
    settled: bool = False
    """The fallback was written and confirmed."""
    told: bool = False
    """That the fallback cannot be written was told as an alarm."""
    kept_due: float = NEVER
    """`due` as the disk has it."""
    wanted: bool = False
    """What is in force is to be written by the collector itself."""
    next_try: float = 0.0
    tries: int = 0
    lapsed_at: float = 0.0
    cause: str = ""
    """Why the newest try failed."""
    seen_at: float = NEVER
    """When what is in force was seen in the device last, by the monotonic clock."""
    shown: Value = None
    """What it read back as then."""

    @property
    def key(self) -> tuple[str, str]:
        """Index of the device, and of the variable."""
        return self.device, self.variable

    @property
    def in_force(self) -> Raw:
        """The value that the device is to hold."""
        return self.fallback if self.lapsed else self.raw

    def was_seen(self, raw: Raw) -> bool:
        """Tell whether a value is in force and was seen in the device."""
        return not self.lapsed and type(raw) is type(self.raw) and raw == self.raw and self.seen_at > NEVER

    def lags(self) -> bool:
        """Tell whether the disk has to learn of the newest refresh."""
        return self.due - self.kept_due > KEPT_SHARE * self.lifetime_seconds

    def confirmed(self, now: float, shown: Value) -> None:
        """Learn that what is in force was written."""
        self.wanted, self.tries, self.cause = False, 0, ""
        self.seen_at, self.shown = now, shown

    def want(self, now: float) -> None:
        """Have what is in force written, at once."""
        self.wanted, self.tries, self.next_try = True, 0, now

    def draft(self, clock: Clock) -> SetPointDraft:
        """Return what the disk is to keep."""
        stored = _Stored(
            device=self.device, variable=self.variable, point=self.point, raw=self.raw, fallback=self.fallback,
            lifetime_seconds=self.lifetime_seconds, caller=self.caller, until=self.until(clock),
            identity=self.identity, lapsed=self.lapsed, settled=self.settled, told=self.told,
        )  # fmt: skip
        return SetPointDraft(self.device, self.variable, stored.model_dump_json().encode())

    def until(self, clock: Clock) -> int:
        """Return when its lifetime ends, by the wall clock as it stands: milliseconds since 1970."""
        return milliseconds(clock) + int(1000 * (self.due - clock.monotonic()))

    def state(self, clock: Clock) -> SetPointState:
        """Tell how it is doing."""
        return SetPointState(
            device=self.device, variable=self.variable, raw=self.raw, fallback=self.fallback,
            until=self.until(clock), caller=self.caller, lapsed=self.lapsed, cause=self.cause,
        )  # fmt: skip


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    device: str
    variable: str
    point: str
    raw: int | float | str
    fallback: int | float | str
    lifetime_seconds: float = Field(gt=0)
    caller: str
    until: int
    identity: str
    lapsed: bool
    settled: bool
    told: bool


def read_set_point(body: bytes, clock: Clock) -> SetPoint:
    """Return a set point as the disk kept it, with what is left of its lifetime. Raises `ValueError`."""
    kept = _Stored.model_validate_json(body)
    now = clock.monotonic()
    left = min(kept.lifetime_seconds, max(0.0, (kept.until - milliseconds(clock)) / 1000))
    point = SetPoint(
        kept.device, kept.variable, kept.point, kept.raw, kept.fallback, kept.lifetime_seconds, kept.caller, now + left,
        identity=kept.identity, lapsed=kept.lapsed, settled=kept.settled, told=kept.told, kept_due=now + left,
        lapsed_at=now,
    )  # fmt: skip
    if point.lapsed and not point.settled:
        point.want(now)
    return point
