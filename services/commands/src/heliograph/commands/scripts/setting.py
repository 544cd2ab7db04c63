"""`wd.set`: a script writes a variable, with a lifetime that the collector keeps, and its changes are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.commands.engineering import wire_value
from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.scripts.allowance import Allowance
from heliograph.commands.scripts.messages import Set
from heliograph.commands.scripts.points import Key, Points, key_of
from heliograph.commands.targets import Target, refuse_read_only
from heliograph.contract import VariableValue, WriteRequest
from heliograph.contract.records import Value
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

BURST: Final = 600
CHANGES_A_SECOND: Final = 10.0
"""Of values; saying the same again, which keeps a lifetime alive, is not counted."""
MAX_LIFETIME_SECONDS: Final = 86_400
MAX_KNOWN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """A write of a script that changed something, or failed: what the journal is told."""

    script: str
    parameters: dict[str, Any]
    started: int
    ended: int
    raw: Value = None
    error: str | None = None


Note = Callable[[Change], Awaitable[None]]


class Setter:
    """Writes for one script. A write that only repeats the last one, with the same end, is no change."""

    def __init__(self, script: str, gateway: Gateway, points: Points, clock: Clock, note: Note) -> None:
        self._script = script
        self._gateway = gateway
        self._points = points
        self._clock = clock
        self._note = note
        self._allowance = Allowance(clock, burst=BURST, per_second=CHANGES_A_SECOND)
        self._failed: dict[Key, str] = {}

    async def set(self, asked: Set) -> None:
        """Write. Raises `CommandFailed`."""
        target = self._points.find(asked.device, asked.variable).target
        started = milliseconds(self._clock)
        try:
            request = await self._request(target, asked)
            is_change = self._gateway.written.get(key_of(target)) != request.raw
            if is_change:
                self._refuse_flood(target)
            answer = await self._gateway.write_point(target, request)
            _refuse_another(target, request, answer)
        except CommandFailed as error:
            await self._tell_failure(target, asked, started, str(error))
            raise
        self._failed.pop(key_of(target), None)
        if is_change:
            await self._tell(target, asked, started, request.raw, None)

    async def _request(self, target: Target, asked: Set) -> WriteRequest:
        refuse_read_only(target)
        if asked.value is None:
            raise CommandFailed(f"{target} was not written: the value is to be a number or a text")
        lifetime = _lifetime(target, asked)
        fallback = None if lifetime is None else await self._raw(target, asked.fallback)
        return WriteRequest(
            device=target.entry.device.index,
            variable=target.variable.index,
            raw=await self._raw(target, asked.value),
            caller=f"script {self._script}",
            lifetime_seconds=lifetime,
            fallback=fallback,
        )

    async def _raw(self, target: Target, value: Any) -> float | str:
        """Return the raw value nearest to an engineering one: what a script computes lies between a device's steps."""
        return await wire_value(self._gateway, target, value, is_raw=False, is_nearest=True)

    def _refuse_flood(self, target: Target) -> None:
        if not self._allowance.take():
            raise CommandFailed(f"{target} was not written: {CHANGES_A_SECOND:g} changes a second are the most")

    async def _tell_failure(self, target: Target, asked: Set, started: int, error: str) -> None:
        """A failure is told once, however often the script tries again."""
        if self._failed.get(key_of(target)) == error:
            return
        if len(self._failed) >= MAX_KNOWN:
            self._failed.clear()
        self._failed[key_of(target)] = error
        await self._tell(target, asked, started, None, error)

    async def _tell(self, target: Target, asked: Set, started: int, raw: Value, error: str | None) -> None:
        parameters: dict[str, Any] = {
            "device": target.entry.device.name,
            "variable": target.variable.name,
            "value": asked.value,
        }
        if asked.lifetime is not None:
            parameters |= {"lifetime": asked.lifetime, "fallback": asked.fallback}
        await self._note(Change(self._script, parameters, started, milliseconds(self._clock), raw, error))


def _lifetime(target: Target, asked: Set) -> float | None:
    if asked.lifetime is None:
        if asked.fallback is not None:
            raise CommandFailed(f"{target} was not written: a fallback needs a lifetime in seconds before it")
        return None
    if isinstance(asked.lifetime, str) or not 0 < asked.lifetime <= MAX_LIFETIME_SECONDS:
        raise CommandFailed(f"{target} was not written: a lifetime is 0 to {MAX_LIFETIME_SECONDS} s, more than 0")
    if asked.fallback is None:
        raise CommandFailed(f"{target} was not written: a lifetime needs a fallback, the value that is safe after it")
    return asked.lifetime


def _refuse_another(target: Target, request: WriteRequest, answer: VariableValue) -> None:
    if answer.raw is not None and not answer.verified:
        raise CommandFailed(f"{target} was written with raw value {request.raw!r}, but reads back as {answer.raw!r}")
