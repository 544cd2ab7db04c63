"""Writes with a lifetime (`wd.set` of a script), and those without one, which end it (spec 4.3)."""

from dataclasses import replace
from typing import Final

from heliograph.collector.access import Access
from heliograph.collector.encode import Raw
from heliograph.collector.errors import NotNow, Refusal, Unconfirmed
from heliograph.collector.links import LinkFailure, ModbusException, NobodyBehind
from heliograph.collector.setpoint import SetPoint
from heliograph.collector.setpoints import SetPoints
from heliograph.contract import VariableValue, WriteRequest
from heliograph.formats.definition import Variable
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

HELD_SECONDS: Final = 10.0
"""So long after it was seen in the device the same value is neither written nor read again."""


class Holding:
    """Writes on demand, with what is kept for them."""

    def __init__(self, access: Access, points: SetPoints, clock: Clock) -> None:
        self._access = access
        self._points = points
        self._clock = clock

    async def write(self, request: WriteRequest) -> VariableValue:
        """Write, and keep the value with its fallback where it has a lifetime. Raises `Refusal`, `LinkFailure`."""
        self._access.station(request.device)  # refused at once where there is none
        async with self._points.turn(request.device):
            if request.lifetime_seconds is None:
                return await self._overwrite(request)
            if request.fallback is None:
                raise Refusal("a value with a lifetime needs a fallback, which is written when its time is over")
            return await self._hold(request, request.raw, request.fallback, request.lifetime_seconds)

    async def _overwrite(self, request: WriteRequest) -> VariableValue:
        """Write for good: the set point of the variable ends, once the new value is in the device."""
        if request.fallback is not None:
            raise Refusal("a fallback needs a lifetime, after which it is written")
        answer = await self._access.write(request.device, request.variable, request.raw, verify=request.verify)
        self._points.end((request.device, request.variable))
        await self._points.flush()
        return answer

    async def _hold(self, request: WriteRequest, raw: Raw, fallback: Raw, lifetime: float) -> VariableValue:
        device, variable = request.device, request.variable
        await self._access.check(device, variable, raw, asks=True)
        await self._access.check(device, variable, fallback, asks=True)
        _, known = self._access.named(device, variable)
        before = self._points.of(device, variable)
        if before is not None and await self._is_held(before, known, raw):
            return await self._refresh(before, fallback, lifetime, request.caller)
        due = self._clock.monotonic() + lifetime
        point = SetPoint(device, variable, identity_of(known), raw, fallback, lifetime, request.caller, due)
        await self._points.keep(point)
        return await self._put(point, before, verify=request.verify)

    async def _refresh(self, point: SetPoint, fallback: Raw, lifetime: float, caller: str) -> VariableValue:
        """Let a value live on that the device holds: it is not written again."""
        due = self._clock.monotonic() + lifetime
        if (point.fallback, point.lifetime_seconds, point.caller) == (fallback, lifetime, caller):
            self._points.prolong(point, due)
        else:
            await self._points.keep(
                replace(point, fallback=fallback, lifetime_seconds=lifetime, caller=caller, due=due)
            )
        return VariableValue(raw=point.shown, time=milliseconds(self._clock), verified=True)

    async def _put(self, point: SetPoint, before: SetPoint | None, *, verify: bool) -> VariableValue:
        """Write a value that is kept. Where nothing was written for sure, what was kept before is kept again."""
        try:
            answer = await self._access.write(point.device, point.variable, point.raw, verify=verify)
        except (Unconfirmed, NotNow) as doubt:
            raise type(doubt)(f"{doubt}; {self._later(point)}") from doubt
        except (Refusal, ModbusException) as refusal:
            if isinstance(refusal, NobodyBehind):
                raise Unconfirmed(f"{refusal}; {self._later(point)}") from refusal
            self._points.put_back(point.key, before)
            raise
        except LinkFailure as failure:
            raise Unconfirmed(f"{failure}; {self._later(point)}") from failure
        now = self._clock.monotonic()
        point.due = now + point.lifetime_seconds
        if answer.verified:
            point.confirmed(now, answer.raw)
        return answer

    def _later(self, point: SetPoint) -> str:
        return (
            f"it is kept and written when the device answers again, or its fallback after {point.lifetime_seconds:g} s"
        )

    async def _is_held(self, point: SetPoint, variable: Variable, raw: Raw) -> bool:
        """Tell whether the device holds a value for sure: seen there lately, or polled, or else read for this."""
        if not point.was_seen(raw) or not self._access.answers(point.device):
            return False
        polled = self._access.polled(point.device, variable, point.seen_at)
        if polled is not None:
            value, at = polled
            if value != point.shown:
                return False
            point.seen_at = at
        return self._clock.monotonic() - point.seen_at < HELD_SECONDS or await self._reads(point)

    async def _reads(self, point: SetPoint) -> bool:
        """Read a variable; tell whether it still holds what is in force."""
        try:
            value = await self._access.read(point.device, point.variable)
        except (Refusal, LinkFailure):
            return False
        if value != point.shown:
            return False
        point.seen_at = self._clock.monotonic()
        return True


def identity_of(variable: Variable) -> str:
    """Return what stands for a variable in its device: where it lies and how it is read."""
    return repr(variable.point) if variable.point is not None else repr(variable.info)
