"""Reads and writes of single variables on demand: one turn each, between two polls, within the limits (spec 2.3).

writer (requests), fallbacks → access → own (the gateway's inputs and outputs)
                                      → line → target
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from heliograph.collector.account import Account
from heliograph.collector.alarms import as_recorded
from heliograph.collector.asking import Asker, Tally
from heliograph.collector.cost import wire_of
from heliograph.collector.encode import Raw
from heliograph.collector.errors import NotNow, Refusal, Unconfirmed
from heliograph.collector.guard import Guard
from heliograph.collector.limits import Limited
from heliograph.collector.line import Line
from heliograph.collector.links import Link, LinkFailure, NoAnswer, NobodyBehind
from heliograph.collector.own import OwnDevices
from heliograph.collector.pace import PaceMeter
from heliograph.collector.revision import Station
from heliograph.collector.silence import Silences
from heliograph.collector.target import target_of
from heliograph.contract import ReadRequest, VariableValue, WriteRequest
from heliograph.contract.records import Value
from heliograph.formats.definition import Variable
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

REQUEST_SECONDS: Final = 25.0
"""Time limit of one request, waiting for the line included."""

Find = Callable[[str], tuple[Station, Line, Account]]
"""Gives the station, line and account of a device's index; raises `Refusal`."""

T = TypeVar("T")


class Access:
    """The one way to a variable of the plant."""

    def __init__(self, find: Find, own: OwnDevices, guard: Guard, clock: Clock) -> None:
        self._find = find
        self._own = own
        self._guard = guard
        self._clock = clock
        self._silences = Silences(clock)

    async def read(self, device: str, variable: str) -> Value:
        """Return the raw value of a variable, read now. Raises `Refusal`, `LinkFailure`."""
        if device in self._own:
            return (await self._own.read(ReadRequest(device=device, variable=variable))).raw
        target = target_of(self._find(device)[0], variable)
        return target.decoded(await self.ask(device, target.read))

    async def write(self, device: str, variable: str, raw: Raw, *, verify: bool = True) -> VariableValue:
        """Write a raw value, and read it back where the variable can be read and `verify` is asked.

        A value that reads back as another one is told in the answer. Raises `Refusal`, `LinkFailure`.
        """
        await self.check(device, variable, raw)
        if device in self._own:
            return await self._own.write(WriteRequest(device=device, variable=variable, raw=raw))
        target = target_of(self._find(device)[0], variable)
        data = await self.ask(device, lambda asker: target.write(asker, raw, self._guard, verify=verify))
        now = milliseconds(self._clock)
        if data is None:
            return VariableValue(raw=raw, time=now)
        value, expected = target.decoded(data), target.becomes(raw, data)
        if value == expected:
            return VariableValue(raw=value, time=now, verified=True)
        return VariableValue(
            error=f"{target} was written as {expected!r} but reads back as {value!r}", raw=value, time=now
        )

    async def check(self, device: str, variable: str, raw: Raw, *, asks: bool = False) -> None:
        """Raise `Refusal` where a value can be told to be wrong before it waits for the line.

        `asks`: a scale factor that is not known is read, so that the verdict is whole. Raises `LinkFailure` then.
        """
        limited = self._guard.of(device, variable)
        becomes: Value = raw
        if device in self._own:
            self._own.check(WriteRequest(device=device, variable=variable, raw=raw))
        else:
            target = target_of(self._find(device)[0], variable)
            target.calls(raw, bytes(2))
            becomes = target.becomes(raw, bytes(2))
        if limited is None:
            return
        factor = await self._factor(limited) if asks else self._guard.factor(limited)
        if (asks or factor is not None or limited.scale is None) and (text := limited.refusal(becomes, factor)):
            raise Refusal(text)

    async def nearest(self, device: str, variable: str, raw: Raw) -> Raw:
        """Return a raw value, or the nearest one within the variable's limits. Raises `Refusal`, `LinkFailure`."""
        limited = self._guard.of(device, variable)
        if limited is None:
            return raw
        try:
            nearest = limited.nearest(raw, await self._factor(limited))
        except ValueError as error:
            raise Refusal(str(error)) from error
        return raw if nearest is None else nearest

    def station(self, device: str) -> Station:
        """Return a device of the revision in force. Raises `Refusal`."""
        return self._own.station(device) if device in self._own else self._find(device)[0]

    def named(self, device: str, variable: str) -> tuple[Station, Variable]:
        """Return the device and variable of these indexes. Raises `Refusal`."""
        station = self.station(device)
        for known in station.definition.variables:
            if known.index == variable:
                return station, known
        raise Refusal(f"{station.device.name} has no variable {variable!r} in {station.definition.file}")

    def polled(self, device: str, variable: Variable, since: float) -> tuple[Value, float] | None:
        """Return a variable's newest polled value and its instant; None where there is none after `since`."""
        account = self._account(device)
        newest = account.value(variable.index) if account is not None and account.heard_at > since else None
        return (as_recorded(variable, newest), account.heard_at) if account is not None and newest is not None else None

    def answers(self, device: str) -> bool:
        """Tell whether a device answered when it was asked last."""
        account = self._account(device)
        return account is not None and account.condition.is_polled and not account.condition.failures

    async def ask(self, device: str, work: Callable[[Asker], Awaitable[T]]) -> T:
        """Do something with a device in one turn of its line. Raises `Refusal` and what `work` raises."""
        station, line, account = self._find(device)
        self._silences.check(station.device.name, device, account)
        turn = _Turn(station, account, self._silences, self._clock, work)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await line.ask(turn.run, last=self._silences.holds(device, account))
        except TimeoutError:
            late = f"within {REQUEST_SECONDS:g} s"
            if turn.began:
                raise Unconfirmed(f"{line.name} did not finish it {late}; it may still be done") from None
            raise NotNow(f"{line.name} had no time for it {late}") from None

    def _account(self, device: str) -> Account | None:
        return self._own.account(device) if device in self._own else self._find(device)[2]

    async def _factor(self, limited: Limited) -> Value:
        """Return the scale factor of a variable with limits: as it was read last, else read now."""
        known = self._guard.factor(limited)
        if known is not None or limited.scale is None:
            return known
        return self._guard.learn(limited, await self.read(limited.device.index, limited.scale.index))


class _Turn(Generic[T]):
    """One turn on demand; what is silent in it is remembered."""

    def __init__(
        self,
        station: Station,
        account: Account,
        silences: Silences,
        clock: Clock,
        work: Callable[[Asker], Awaitable[T]],
    ) -> None:
        self.began = False
        self._station = station
        self._account = account
        self._silences = silences
        self._clock = clock
        self._work = work

    async def run(self, link: Link) -> T:
        device = self._station.device
        self._silences.check(device.name, device.index, self._account)
        self.began = True
        try:
            result = await self._work(self._asker(link))
        except (Refusal, LinkFailure) as error:
            self._learn(error)
            raise
        self._silences.end(device.index)
        return result

    def _asker(self, link: Link) -> Asker:
        """Ask as the poller does, a busy device again; nothing is kept of what is counted."""
        limit = self._station.device.timeout_ms / 1000
        return Asker(link, self._clock, PaceMeter(wire_of(self._station.serial)), Tally(), limit, limit)

    def _learn(self, error: Exception) -> None:
        cause = error if isinstance(error, LinkFailure) else error.__cause__
        if isinstance(cause, NoAnswer | NobodyBehind):
            self._silences.note(self._station.device.index, self._account, str(cause))
