"""What the collector writes by itself: fallbacks of values that lapsed, what is in force in devices that return.

A device that was away may have restarted and forgotten what it was told, so what is in force is written again when it
answers for the first time, and after each silence. A try that fails is repeated after growing waits until it is
confirmed; a device that rests is not asked for it (`silence`), its return is what is waited for.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from heliograph.collector.access import Access
from heliograph.collector.alarms import gateway_alarm
from heliograph.collector.drafts import ChangeDraft, Draft
from heliograph.collector.encode import Raw
from heliograph.collector.errors import Refusal
from heliograph.collector.guard import Guard
from heliograph.collector.holding import identity_of
from heliograph.collector.links import LinkFailure
from heliograph.collector.revision import Plan
from heliograph.collector.setpoint import SetPoint
from heliograph.collector.setpoints import SetPoints
from heliograph.contract import DeviceCondition, JournalWay, PlantChange, VariableValue
from heliograph.formats import engineering_value
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.clock import milliseconds

LOOK_SECONDS: Final = 0.25
FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0
NOT_WRITTEN_SECONDS: Final = 60.0
"""After so long a fallback that could not be written is an alarm."""

_log = logging.getLogger("heliograph.collector")

ConditionOf = Callable[[str], DeviceCondition | None]
"""Gives the condition of a device by its index."""


class Fallbacks:
    """Watches the set points. Tries run as tasks of the group."""

    def __init__(
        self,
        points: SetPoints,
        access: Access,
        guard: Guard,
        condition: ConditionOf,
        clock: Clock,
        events: EventLog,
    ) -> None:
        self._points = points
        self._access = access
        self._guard = guard
        self._condition = condition
        self._clock = clock
        self._events = events
        self._trying: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Watch for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._look(group)
                await self._clock.sleep(LOOK_SECONDS)

    async def give_up(self, why: str, seconds: float) -> None:
        """Have every fallback written now: nobody will be there who could do it later. Bounded, as devices may be away.

        A value that a script still refreshes meanwhile gives way as well.
        """
        deadline = self._clock.monotonic() + seconds
        while waiting := [point for point in self._points.all() if not point.settled]:
            for point in waiting:
                if not point.lapsed:
                    self._lapse(point, why)
            if self._clock.monotonic() > deadline:
                named = ", ".join(self._named(point) for point in waiting)
                self._events.error(f"{why}, and fallbacks could not be written before: {named}")
                return
            await self._clock.sleep(LOOK_SECONDS)

    def renew(self, plan: Plan) -> None:
        """Take another revision: set points without a variable end, values that are no longer allowed lapse."""
        kept = {entry.device.index for entry in plan.absent}
        known = {
            (station.device.index, variable.index): identity_of(variable)
            for station in (*plan.stations, *plan.own)
            for variable in station.definition.variables
        }
        for point in self._points.all():
            if point.device not in kept and known.get(point.key) != point.point:
                self._points.end(point.key)
                self._events.warning(
                    f"the value of {point.caller or 'a caller'} for variable {point.variable} of device {point.device}"
                    " is kept no more: the revision has no such variable; what it left in the device stays there"
                )
            elif not point.lapsed and (text := self._forbidden(point)):
                self._lapse(point, f"the new limits do not allow it: {text}")

    def _look(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.monotonic()
        for point in self._points.all():
            due = point.next_try if point.wanted else point.due
            if (point.wanted or not point.lapsed) and now >= due and point.key not in self._trying:
                self._trying[point.key] = group.create_task(self._try(point), name=f"set point {point.key}")
            if point.wanted and point.lapsed and not point.told and now - point.lapsed_at >= NOT_WRITTEN_SECONDS:
                self._tell_not_written(point)

    def _lapse(self, point: SetPoint, why: str) -> None:
        now = self._clock.monotonic()
        point.lapsed, point.settled, point.lapsed_at, point.cause = True, False, now, "it is being written"
        point.want(now)
        self._points.owe([point.draft(self._clock)])
        self._events.warning(f"{self._named(point)}: {why}; its fallback {self._shown(point, point.fallback)} follows")

    async def _try(self, point: SetPoint) -> None:
        """Do what is due for a set point, unless a newer value came before its device's turn."""
        try:
            async with self._points.turn(point.device):
                if self._points.of(*point.key) is not point:
                    return
                if not point.lapsed and self._clock.monotonic() >= point.due:
                    self._lapse(point, f"no newer value came within {point.lifetime_seconds:g} s")
                if point.wanted:
                    await self._write(point)
        except (Refusal, LinkFailure) as failure:
            self._failed(point, str(failure))
        except Exception as fault:  # noqa: BLE001  # a fault of ours with one variable must not end the others
            _log.exception("the set point %s failed", point.key)
            self._failed(point, f"a fault of the collector ({fault!r}); its log tells more")
        finally:
            self._trying.pop(point.key, None)

    async def _write(self, point: SetPoint) -> None:
        wanted, lapsed = point.in_force, point.lapsed
        raw = await self._access.nearest(point.device, point.variable, wanted)
        answer = await self._access.write(point.device, point.variable, raw)
        if answer.error:
            raise Refusal(answer.error)
        if point.lapsed != lapsed:
            return  # meanwhile it lapsed: what was written is no longer in force, and its fallback is due at once
        point.confirmed(self._clock.monotonic(), answer.raw)
        if raw != wanted:
            self._events.warning(f"{self._named(point)}: its limits let {self._shown(point, raw)} take that place")
        if point.lapsed and not point.settled:
            self._settle(point, raw, answer)
        else:
            self._events.info(f"{self._named(point)}: {self._shown(point, raw)} is in force and was written again")

    def _failed(self, point: SetPoint, cause: str) -> None:
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(point.tries, 10))
        point.cause, point.tries, point.next_try = cause, point.tries + 1, self._clock.monotonic() + wait
        if point.tries == 1:
            self._events.warning(f"{self._named(point)}: {self._shown(point, point.in_force)} is tried again: {cause}")

    def _settle(self, point: SetPoint, raw: Raw, answer: VariableValue) -> None:
        """Tell that a fallback is in force; that it was told and that it is settled is one commit."""
        point.settled = True
        identity = f"{point.identity}.fallback"
        told: list[Draft] = [
            point.draft(self._clock),
            self._change(point, identity, raw if answer.raw is None else answer.raw),
            gateway_alarm(f"FALLBACK IN FORCE {self._label(point)}", self._clock, identity),
        ]
        self._points.owe(told)
        self._events.warning(f"{self._named(point)}: its fallback {self._shown(point, raw)} is in force")

    def _tell_not_written(self, point: SetPoint) -> None:
        """Tell once that a fallback cannot be written; where silence is expected, that is no alarm."""
        if self._condition(point.device) is DeviceCondition.ASLEEP:
            return
        point.told = True
        told: list[Draft] = [
            point.draft(self._clock),
            self._change(point, f"{point.identity}.failed", point.fallback, error=point.cause),
            gateway_alarm(f"FALLBACK NOT WRITTEN {self._label(point)}", self._clock, f"{point.identity}.failed"),
        ]
        self._points.owe(told)
        self._events.error(
            f"{self._named(point)}: its fallback {self._shown(point, point.fallback)} could not be written for"
            f" {NOT_WRITTEN_SECONDS:g} s and is tried on: {point.cause}"
        )

    def _change(self, point: SetPoint, identity: str, raw: Raw, *, error: str = "") -> ChangeDraft:
        device_name, variable_name = self._names(point)
        change = PlantChange(
            identity=identity, way=JournalWay.FALLBACK, origin=point.caller, time=milliseconds(self._clock),
            device=point.device, device_name=device_name, variable=point.variable, variable_name=variable_name,
            raw=raw, text=f"no newer value than {point.raw!r} came in time", error=error,
        )  # fmt: skip
        return ChangeDraft(identity, change.model_dump_json().encode())

    def _forbidden(self, point: SetPoint) -> str:
        """Return why the limits in force do not allow the value in force, as far as that is known now."""
        limited = self._guard.of(*point.key)
        if limited is None or (limited.scale is not None and self._guard.factor(limited) is None):
            return ""
        return limited.refusal(point.raw, self._guard.factor(limited))

    def _shown(self, point: SetPoint, raw: Raw) -> str:
        """Return a value for people: engineering where that is known."""
        try:
            _, variable = self._access.named(*point.key)
        except Refusal:
            return f"(raw {raw!r})"
        if variable.scale_factor:
            return f"(raw {raw!r})"
        return f"{engineering_value(variable, raw)} {variable.unit}".rstrip()

    def _named(self, point: SetPoint) -> str:
        device, variable = self._names(point)
        return f"{variable!r} of {device} (set by {point.caller or 'nobody named'})"

    def _label(self, point: SetPoint) -> str:
        return " ".join(self._names(point))

    def _names(self, point: SetPoint) -> tuple[str, str]:
        """Return the names of device and variable, their indexes where the device is away."""
        try:
            station, variable = self._access.named(*point.key)
        except Refusal:
            return point.device, point.variable
        return station.device.name, variable.name
