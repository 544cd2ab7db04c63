"""The gateway's own devices: its inputs and outputs, and a meter's customer output (spec 2.2)."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heliograph.collector.account import Account, Sinks
from heliograph.collector.errors import Refusal
from heliograph.collector.fetch import Reading
from heliograph.collector.inputs import Panel, Terminal, Watcher
from heliograph.collector.inputs.kept import Kept
from heliograph.collector.recorder import RecordForm
from heliograph.collector.revision import Station
from heliograph.collector.tic import Listener, Mode
from heliograph.contract import ReadRequest, RecordKind, VariableValue, WriteRequest
from heliograph.contract.records import Value
from heliograph.formats.definition import Variable
from heliograph.runtime.clock import milliseconds


@dataclass(frozen=True, slots=True)
class Equipment:
    """What this gateway has of its own."""

    terminals: Mapping[str, Terminal] = field(default_factory=dict)
    state_dir: Path = Path()
    keeps_relay: bool = False
    """Whether the relay is switched at the start as it was left; else it is off."""


@dataclass(slots=True)
class _Running:
    station: Station
    account: Account
    work: Listener | Watcher
    task: "asyncio.Task[None] | None" = None


class OwnDevices:
    """Those of the revision in force. Their work runs as tasks of the given group."""

    def __init__(self, equipment: Equipment, sinks: Sinks, group: asyncio.TaskGroup) -> None:
        self._equipment = equipment
        self._sinks = sinks
        self._group = group
        self._running: dict[str, _Running] = {}
        self._kept: Kept | None = None
        """Read when there are inputs at all, and one for life: totals outlive a revision."""

    def prepared(self, stations: Sequence[Station]) -> dict[str, _Running]:
        """Make what these stations need and does not run yet, without any effect."""
        return {s.device.index: self._made(s) for s in stations if not self._goes_on(s)}

    async def apply(self, stations: Sequence[Station], fresh: dict[str, _Running]) -> None:
        """Bring what runs to these stations; a terminal or port is let go before somebody else takes it."""
        wanted = {station.device.index for station in stations}
        ending = [self._retired(index) for index in list(self._running) if index not in wanted or index in fresh]
        for station in stations:
            if station.device.index not in fresh:
                running = self._running[station.device.index]
                running.station = station
                running.account.renew(RecordForm(station.device, station.definition, RecordKind.ACQUISITION))
        await asyncio.gather(*ending)
        for index, running in fresh.items():
            self._running[index] = running
            running.account.begin()
            running.task = self._group.create_task(running.work.run(), name=f"device {index}")

    async def stop(self) -> None:
        """Let go of everything; open periods fall."""
        await asyncio.gather(*[self._retired(index) for index in list(self._running)])

    @property
    def terminals(self) -> Sequence[str]:
        """The names of the inputs and outputs that the environment names."""
        return tuple(self._equipment.terminals)

    def stations(self) -> list[Station]:
        """Every device of ours that runs."""
        return [running.station for running in self._running.values()]

    def station(self, index: str) -> Station:
        """Return a device of ours by its index."""
        return self._running[index].station

    def __contains__(self, index: str) -> bool:
        return index in self._running

    def account(self, index: str) -> Account | None:
        """Return the account of a device of ours, None where there is none of that index."""
        running = self._running.get(index)
        return running.account if running else None

    async def read(self, request: ReadRequest) -> VariableValue:
        """Read one variable now. Raises `Refusal`."""
        running, variable = self._found(request.device, request.variable)
        try:
            value = await running.work.read(variable)
        except OSError as error:
            raise Refusal(f"{variable.name!r} of {running.station.device.name}: {error}") from error
        return VariableValue(raw=value, time=milliseconds(self._sinks.clock))

    async def read_all(self, index: str, variables: Sequence[Variable]) -> tuple[Reading, list[str]]:
        """Read these variables of a device once; return them, None where missing, and what failed, for people."""
        values: list[Value] = []
        failures: list[str] = []
        for variable in variables:
            try:
                values.append(await self._running[index].work.read(variable))
            except OSError as error:
                values.append(None)
                failures.append(f"{variable.name!r}: {error}")
        return tuple(values), failures

    def check(self, request: WriteRequest) -> None:
        """Raise `Refusal` where a value cannot be written."""
        self._relay(request)

    async def write(self, request: WriteRequest) -> VariableValue:
        """Switch the relay, and read it back. Raises `Refusal`."""
        watcher, variable, target = self._relay(request)
        try:
            value = await watcher.write(variable, on=bool(request.raw))
        except OSError as error:
            raise Refusal(f"{target}: {error}") from error
        if value != request.raw:
            raise Refusal(f"{target} was written as {request.raw!r} but reads back as {value!r}")
        self._sinks.events.info(f"{target} is switched {'on' if value else 'off'}")
        return VariableValue(raw=value, time=milliseconds(self._sinks.clock), verified=True)

    def _relay(self, request: WriteRequest) -> tuple[Watcher, Variable, str]:
        """Return who switches the relay that is asked for, the relay, and its name for people. Raises `Refusal`."""
        running, variable = self._found(request.device, request.variable)
        target = f"{variable.name!r} of {running.station.device.name}"
        if not isinstance(running.work, Watcher) or not running.station.definition.can_write(variable):
            raise Refusal(f"{target} cannot be written: it is an input")
        if request.raw not in (0, 1):
            raise Refusal(f"{target}: {request.raw!r} is neither 0 nor 1")
        return running.work, variable, target

    def _found(self, index: str, variable_index: str) -> tuple[_Running, Variable]:
        running = self._running[index]
        definition = running.station.definition
        for variable in definition.variables:
            if variable.index == variable_index:
                return running, variable
        raise Refusal(f"{running.station.device.name} has no variable {variable_index!r} in {definition.file}")

    def _goes_on(self, station: Station) -> bool:
        running = self._running.get(station.device.index)
        return running is not None and station.is_polled_like(running.station)

    def _made(self, station: Station) -> _Running:
        device, sinks = station.device, self._sinks
        where = station.port or "terminals"
        account = Account(device, station.definition, where, sinks)
        if device.kind == "TIC":
            mode = Mode(device.bit_rate or Mode.HISTORIC)
            work: Listener | Watcher = Listener(
                station.definition.recorded, mode, station.port, account, sinks.clock, sinks.repeated
            )
        else:
            work = self._watcher(station, account)
        return _Running(station, account, work)

    def _watcher(self, station: Station, account: Account) -> Watcher:
        equipment, clock = self._equipment, self._sinks.clock
        if self._kept is None:
            self._kept = Kept(equipment.state_dir, self._sinks.events.warning)
        panel = Panel(
            station.definition.recorded, equipment.terminals, self._kept,
            keeps_relay=equipment.keeps_relay, monotonic=clock.monotonic,
        )  # fmt: skip
        return Watcher(panel, self._kept, account, station.device.poll_ms / 1000, clock, self._sinks.repeated)

    def _retired(self, index: str) -> Coroutine[Any, Any, None]:
        running = self._running.pop(index)
        running.account.retire()
        if running.task is not None:
            running.task.cancel()
        return _ended(running.task)


async def _ended(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        await asyncio.wait({task})
