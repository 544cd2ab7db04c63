"""Writes, reads and parameters on demand: between two polls of the device's line, ahead of them (spec 2.3, 4.2).

Whatever cannot be done is answered with a text that names the device, the variable and the reason.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from heliograph.collector.alarms import as_recorded
from heliograph.collector.asking import Asker, Tally
from heliograph.collector.blocks import MOST_REGISTERS
from heliograph.collector.cost import wire_of
from heliograph.collector.decode import decode_value
from heliograph.collector.drafts import Draft, RecordDraft
from heliograph.collector.encode import Raw, encode, needs_current, write_calls
from heliograph.collector.errors import Refusal
from heliograph.collector.fetch import Fetch, Reading
from heliograph.collector.line import Line
from heliograph.collector.links import Link, LinkFailure, ModbusException, NoAnswer, ReadCall, WriteCall
from heliograph.collector.own import OwnDevices
from heliograph.collector.pace import PaceMeter
from heliograph.collector.recorder import RecordForm
from heliograph.collector.revision import Station
from heliograph.contract import Outcome, ParametersRequest, ReadRequest, RecordKind, VariableValue, WriteRequest
from heliograph.formats.definition import ModbusPoint, Variable
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

REQUEST_SECONDS: Final = 25.0
"""Time limit of one request, waiting for the line included."""

Find = Callable[[str], tuple[Station, Line]]
"""Gives the station and line of a device's index; raises `Refusal`."""

T = TypeVar("T")


class Writer:
    """Answers what other services ask of the devices."""

    def __init__(
        self,
        find: Find,
        stations: Callable[[], Sequence[Station]],
        put: Callable[[Sequence[Draft]], None],
        clock: Clock,
        own: OwnDevices,
    ) -> None:
        self._own = own
        self._find = find
        self._stations = stations
        self._put = put
        self._clock = clock

    async def read(self, request: ReadRequest) -> VariableValue:
        """Read one variable now."""
        try:
            if request.device in self._own:
                return await self._own.read(request)
            station, line = self._find(request.device)
            target = _target(station, request.variable)
            value = target.decoded(await self._asked(line, lambda link: target.read(self._asker(link, station))))
        except (Refusal, LinkFailure) as error:
            return VariableValue(error=str(error))
        return VariableValue(raw=value, time=milliseconds(self._clock))

    async def write(self, request: WriteRequest) -> VariableValue:
        """Write one raw value, and read it back where the variable can be read and `verify` is asked."""
        try:
            if request.device in self._own:
                return await self._own.write(request)
            station, line = self._find(request.device)
            target = _target(station, request.variable)
            target.calls(request.raw, bytes(2))  # refused at once, before it waits for the line
            data = await self._asked(
                line, lambda link: target.write(self._asker(link, station), request.raw, verify=request.verify)
            )
        except (Refusal, LinkFailure) as error:
            return VariableValue(error=str(error))
        now = milliseconds(self._clock)
        if data is None:
            return VariableValue(raw=request.raw, time=now)
        value, expected = target.decoded(data), target.decoded(target.packed(request.raw, data))
        if value == expected:
            return VariableValue(raw=value, time=now, verified=True)
        return VariableValue(
            error=f"{target} was written as {expected!r} but reads back as {value!r}", raw=value, time=now
        )

    async def parameters(self, request: ParametersRequest) -> Outcome:
        """Read the parameters of one device or of all, and record each device's at the moment of its read."""
        try:
            stations = self._with_parameters() if request.device is None else [self._station(request.device)]
        except Refusal as refusal:
            return Outcome(error=str(refusal))
        errors = await asyncio.gather(*(self._record_parameters(station) for station in stations))
        return Outcome(error="; ".join(error for error in errors if error))

    def _station(self, index: str) -> Station:
        if index in self._own:
            return next(station for station in self._stations() if station.device.index == index)
        return self._find(index)[0]

    def _with_parameters(self) -> list[Station]:
        return [station for station in self._stations() if station.definition.parameters]

    async def _record_parameters(self, station: Station) -> str:
        """Record the parameters of one device; return what failed, for people."""
        device, definition = station.device, station.definition
        if not definition.parameters:
            return f"{device.name} has no parameters: no variable of {definition.file} has action 1, 7 or 9"
        try:
            reading, failures = await self._parameters_of(station)
        except (Refusal, LinkFailure) as error:
            return f"{device.name}: {error}"
        if any(value is not None for value in reading):
            self._put([self._draft(station, reading)])
        return f"{device.name}: {failures[0]}" if failures else ""

    def _asker(self, link: Link, station: Station) -> Asker:
        """Ask as the poller does, a busy device again; nothing is kept of what is counted."""
        limit = station.device.timeout_ms / 1000
        return Asker(link, self._clock, PaceMeter(wire_of(station.serial)), Tally(), limit, limit)

    async def _parameters_of(self, station: Station) -> tuple[Reading, Sequence[object]]:
        device, parameters = station.device, station.definition.parameters
        if device.index in self._own:
            return await self._own.read_all(device.index, parameters)
        fetch = Fetch(parameters, device, wire_of(station.serial))
        _, line = self._find(device.index)
        return await self._asked(line, lambda link: fetch.read(self._asker(link, station)))

    def _draft(self, station: Station, reading: Reading) -> RecordDraft:
        parameters = station.definition.parameters
        form = RecordForm(station.device, station.definition, RecordKind.PARAMETERS)
        values = [as_recorded(*pair) for pair in zip(parameters, reading, strict=True)]
        return RecordDraft(station.device.index, form.write(milliseconds(self._clock), values))

    async def _asked(self, line: Line, work: Callable[[Link], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await line.ask(work)
        except TimeoutError:
            raise Refusal(f"{line.name} had no time for it within {REQUEST_SECONDS:g} s") from None


@dataclass(frozen=True, slots=True)
class _Target:
    """One variable of one device, to be read or written alone."""

    station: Station
    variable: Variable
    point: ModbusPoint

    def __str__(self) -> str:
        return f"{self.variable.name!r} of {self.station.device.name}"

    async def read(self, asker: Asker) -> bytes:
        """Return the bytes of its registers or its bit. Raises as `Link.read`."""
        device, point = self.station.device, self.point
        limit = point.count if point.table.is_bits else min(device.max_registers, MOST_REGISTERS)
        parts = [
            ReadCall(device.address, point.table, point.address + at, min(limit, point.count - at))
            for at in range(0, point.count, limit)
        ]
        return b"".join([await asker.read(part) for part in parts])

    async def write(self, asker: Asker, raw: Raw, *, verify: bool) -> bytes | None:
        """Write, and return what is read back: None where it cannot be read or shall not be verified.

        Where only a part of a register changes, the register is read before, in the same turn.
        """
        current = await self.read(asker) if needs_current(self.point) else b""
        for call in self.calls(raw, current):
            try:
                await asker.write(call)
            except NoAnswer as silence:
                raise Refusal(f"{self} may have been written, the device did not confirm it: {silence}") from silence
        return await self._read_back(asker) if verify else None

    async def _read_back(self, asker: Asker) -> bytes | None:
        try:
            return await self.read(asker)
        except ModbusException:
            return None
        except LinkFailure as failure:
            raise Refusal(f"{self} was written, but could not be read back: {failure}") from failure

    def calls(self, raw: Raw, current: bytes) -> tuple[WriteCall, ...]:
        """Return the writes of a value. Raises `Refusal` where it does not fit or the variable is read-only."""
        device, definition = self.station.device, self.station.definition
        try:
            return write_calls(device.address, self.point, encode(self.point, raw, current), definition.forced_write)
        except ValueError as error:
            raise Refusal(f"{self}: {error}") from error

    def decoded(self, data: bytes) -> int | float | str | None:
        """Return the raw value of these bytes, as it would be recorded."""
        return as_recorded(self.variable, decode_value(self.point, data))

    def packed(self, raw: Raw, current: bytes) -> bytes:
        """Return the bytes that read back after `raw` was written; `current` gives the rest of a shared register."""
        registers = encode(self.point, raw, current)
        return bytes(registers) if self.point.table.is_bits else struct.pack(f">{len(registers)}H", *registers)


def _target(station: Station, index: str) -> _Target:
    variable = next((v for v in station.definition.variables if v.index == index), None)
    if variable is None or variable.point is None:
        raise Refusal(f"{station.device.name} has no variable {index!r} in {station.definition.file}")
    return _Target(station, variable, variable.point)
