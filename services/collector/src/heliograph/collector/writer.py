"""Writes, reads and parameters on demand: between two polls of the device's line, ahead of them (spec 2.3, 4.2).

Whatever cannot be done is answered with a text that names the device, the variable and the reason.
"""

import asyncio
from collections.abc import Callable, Sequence

from heliograph.collector.access import Access
from heliograph.collector.alarms import as_recorded
from heliograph.collector.asking import Asker
from heliograph.collector.cost import wire_of
from heliograph.collector.drafts import Draft, RecordDraft
from heliograph.collector.errors import Refusal
from heliograph.collector.fetch import Fetch, Reading
from heliograph.collector.holding import Holding
from heliograph.collector.links import LinkFailure
from heliograph.collector.own import OwnDevices
from heliograph.collector.recorder import RecordForm
from heliograph.collector.revision import Station
from heliograph.contract import Outcome, ParametersRequest, ReadRequest, RecordKind, VariableValue, WriteRequest
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds


class Writer:
    """Answers what other services ask of the devices."""

    def __init__(
        self,
        access: Access,
        holding: Holding,
        stations: Callable[[], Sequence[Station]],
        put: Callable[[Sequence[Draft]], None],
        clock: Clock,
        own: OwnDevices,
    ) -> None:
        self._access = access
        self._holding = holding
        self._stations = stations
        self._put = put
        self._clock = clock
        self._own = own

    async def read(self, request: ReadRequest) -> VariableValue:
        """Read one variable now."""
        try:
            value = await self._access.read(request.device, request.variable)
        except (Refusal, LinkFailure) as error:
            return VariableValue(error=str(error))
        return VariableValue(raw=value, time=milliseconds(self._clock))

    async def write(self, request: WriteRequest) -> VariableValue:
        """Write one raw value, and read it back where the variable can be read and `verify` is asked."""
        try:
            return await self._holding.write(request)
        except (Refusal, LinkFailure) as error:
            return VariableValue(error=str(error))

    async def parameters(self, request: ParametersRequest) -> Outcome:
        """Read the parameters of one device or of all, and record each device's at the moment of its read."""
        try:
            stations = self._with_parameters() if request.device is None else [self._access.station(request.device)]
        except Refusal as refusal:
            return Outcome(error=str(refusal))
        errors = await asyncio.gather(*(self._record_parameters(station) for station in stations))
        return Outcome(error="; ".join(error for error in errors if error))

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

    async def _parameters_of(self, station: Station) -> tuple[Reading, Sequence[object]]:
        device, parameters = station.device, station.definition.parameters
        if device.index in self._own:
            return await self._own.read_all(device.index, parameters)
        fetch = Fetch(parameters, device, wire_of(station.serial))

        async def read(asker: Asker) -> tuple[Reading, Sequence[object]]:
            reading, failures = await fetch.read(asker)
            if failures and reading.count(None) == len(reading):
                raise failures[-1]
            return reading, failures

        return await self._access.ask(device.index, read)

    def _draft(self, station: Station, reading: Reading) -> RecordDraft:
        parameters = station.definition.parameters
        form = RecordForm(station.device, station.definition, RecordKind.PARAMETERS)
        values = [as_recorded(*pair) for pair in zip(parameters, reading, strict=True)]
        return RecordDraft(station.device.index, form.write(milliseconds(self._clock), values))
