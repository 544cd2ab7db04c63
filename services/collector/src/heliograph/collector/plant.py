"""The running plant: a line for each link, a poller for each station, changed only where a revision changes them."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.collector.account import Account, Sinks
from heliograph.collector.drafts import RecordDraft, Verdict
from heliograph.collector.errors import NotNow, Refusal
from heliograph.collector.forwarding import ForwardedPorts, ForwardSettings, Oversight, Unattended
from heliograph.collector.guard import Guard
from heliograph.collector.line import Line
from heliograph.collector.linking import LinkSpec, OpenLink, limits_of, links_of, open_link
from heliograph.collector.links import Link
from heliograph.collector.own import Equipment, OwnDevices
from heliograph.collector.poller import Poller
from heliograph.collector.recorder import RecordForm
from heliograph.collector.revision import Absent, Plan, Station
from heliograph.contract import DeviceCondition, DeviceState, LineState, RecordKind
from heliograph.contract.records import Value
from heliograph.runtime.clock import milliseconds

LINE_END_SECONDS: Final = 5.0
"""How long a line may finish the turn under way before it is cut off; a silent device ends its turn sooner."""


_NO_EQUIPMENT: Final = Equipment()
_LOOPBACK: Final = ForwardSettings()


@dataclass(slots=True)
class _Running:
    spec: LinkSpec
    line: Line
    task: "asyncio.Task[None]"


@dataclass(slots=True)
class _Change:
    """What one plan makes of the plant: everything new in it, made and not yet begun."""

    specs: dict[str, LinkSpec]
    renewed: dict[str, tuple[Station, RecordForm]] = field(default_factory=dict)
    """The devices that are polled on, by index."""
    fresh: dict[str, Poller] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    """The gateway's own devices that begin anew, by index."""


class Plant:
    """Everything that is polled. Its lines run as tasks of the given group."""

    def __init__(
        self,
        sinks: Sinks,
        group: asyncio.TaskGroup,
        open_link: OpenLink = open_link,
        equipment: Equipment = _NO_EQUIPMENT,
        forwarding: ForwardSettings = _LOOPBACK,
        oversight: Oversight | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._guard = guard
        self.own = OwnDevices(equipment, sinks, group)
        self._sinks = sinks
        self._group = group
        self._open_link = open_link
        self._lines: dict[str, _Running] = {}
        self._forwarded = ForwardedPorts(
            group, forwarding, sinks.clock, sinks.events, sinks.repeated, oversight or Unattended()
        )
        self._pollers: dict[str, Poller] = {}
        self._absent: dict[str, tuple[Absent, int]] = {}
        self._order: tuple[str, ...] = ()
        self._stopped = asyncio.Event()
        self.on_link: Callable[[Link], None] = lambda _: None
        """Told of each new link before anything goes over it."""

    async def apply(self, plan: Plan) -> None:
        """Bring what runs to what the plan says; stations that are polled alike go on without losing a poll.

        All that can fail is made before anything changes: whatever is raised, the old plan runs on whole. What may be
        asked of the plant tells the new plan from the first moment on, while old lines still end.
        """
        change = await asyncio.to_thread(self._prepared, plan)
        if self._stopped.is_set():
            return
        if self._guard is not None:
            self._guard.renew((*plan.stations, *plan.own), plan.limits)
        for index in self._pollers.keys() - change.renewed.keys():
            self._retire(index)
        for index, (station, form) in change.renewed.items():
            self._pollers[index].take(station, form)
        ending = self._end_lines(change.specs)
        for index, poller in change.fresh.items():
            self._start(index, poller)
        for poller in self._pollers.values():
            poller.place = plan.place
        now = milliseconds(self._sinks.clock)
        self._absent = {entry.device.index: (entry, self._absent_since(entry, now)) for entry in plan.absent}
        self._order = plan.order
        self._sinks.memory.forget_others(self._pollers)
        await asyncio.gather(self.own.apply(plan.own, change.own), *ending)
        if self._stopped.is_set():
            return
        for name, link in change.links.items():
            self._begin(name, change.specs[name], link)
        await self._forwarded.apply(plan.forwarded, limits_of(plan.stations))
        for name, running in self._lines.items():
            running.line.invite(self._forwarded.of(name))
        self._sinks.changed.set()

    async def stop(self) -> None:
        """Take no more turns and close every link; open periods fall."""
        self._stopped.set()
        self._order = ()
        for index in list(self._pollers):
            self._retire(index)
        await asyncio.gather(self.own.stop(), self._forwarded.stop(), *self._end_lines({}))

    def find(self, index: str) -> tuple[Station, Line, Account]:
        """Return the station, line and account of a device. Raises `Refusal`."""
        if index in self._absent:
            entry, _ = self._absent[index]
            raise Refusal(f"{entry.device.name} is absent: {entry.cause}")
        if index not in self._pollers:
            raise Refusal(f"there is no device {index!r}")
        station = self._pollers[index].station
        if station.link not in self._lines:
            raise NotNow(f"the line of {station.device.name} is just being opened; try again")
        return station, self._lines[station.link].line, self._pollers[index].account

    def newest(self, index: str, variable: str) -> Value:
        """Return the last raw value that was polled of a device's variable; None where there is none."""
        account = self._account(index)
        return account.value(variable) if account is not None else None

    def condition(self, index: str) -> DeviceCondition | None:
        """Tell how a device is doing; None where it is not polled."""
        account = self._account(index)
        return account.condition.name if account is not None else None

    def line(self, name: str) -> Line | None:
        """Return the line of that name (`Station.link`), None while nobody polls there."""
        running = self._lines.get(name)
        return running.line if running is not None and not self._stopped.is_set() else None

    def stations(self) -> list[Station]:
        """Every station that is polled."""
        return [*(poller.station for poller in self._pollers.values()), *self.own.stations()]

    def links(self) -> list[Link]:
        """Every link that is open or tried now."""
        return [running.line.link for running in self._lines.values()]

    def note(self, draft: RecordDraft, verdict: Verdict) -> None:
        """Count what became of a record."""
        account = self._account(draft.device)
        if account is None:
            return
        if verdict is Verdict.REFUSED:
            account.counts.refused += 1
        elif verdict is Verdict.STORED and draft.date is not None:
            account.counts.records += 1
            account.counts.last_record = draft.date

    def devices(self) -> tuple[DeviceState, ...]:
        """Tell how every device is doing, in the order of `_daq.csv`."""
        return tuple(self._device(index) for index in self._order)

    def lines(self) -> tuple[LineState, ...]:
        """Tell how every line is doing."""
        running = tuple(running.line.state() for _, running in sorted(self._lines.items()))
        return running + self._forwarded.unserved()

    def _account(self, index: str) -> Account | None:
        poller = self._pollers.get(index)
        return poller.account if poller is not None else self.own.account(index)

    def _device(self, index: str) -> DeviceState:
        if index in self._pollers:
            return self._pollers[index].state()
        if (account := self.own.account(index)) is not None:
            return account.state()
        entry, since = self._absent[index]
        device = entry.device
        condition = DeviceCondition.ABSENT
        return DeviceState(device=index, name=device.name, condition=condition, since=since, cause=entry.cause)

    def _absent_since(self, entry: Absent, now: int) -> int:
        before = self._absent.get(entry.device.index)
        if before is not None and before[0].cause == entry.cause:
            return before[1]
        self._sinks.events.warning(f"{entry.device.name} is absent: {entry.cause}")
        return now

    def _prepared(self, plan: Plan) -> _Change:
        """Make all that a plan needs and does not run yet, without any effect and in a thread: polling goes on."""
        change = _Change(links_of(plan))
        for station in plan.stations:
            index, running = station.device.index, self._pollers.get(station.device.index)
            if running is not None and station.is_polled_like(running.station):
                form = RecordForm(station.device, station.definition, RecordKind.ACQUISITION)
                change.renewed[index] = (station, form)
            else:
                change.fresh[index] = Poller(station, plan.place, self._sinks)
        for name, spec in change.specs.items():
            if name not in self._lines or self._lines[name].spec != spec:
                change.links[name] = self._open_link(spec)
        change.own = self.own.prepared(plan.own)
        return change

    def _start(self, index: str, poller: Poller) -> None:
        self._pollers[index] = poller
        poller.begin()
        if running := self._lines.get(poller.station.link):
            running.line.add(poller)

    def _retire(self, index: str) -> None:
        poller = self._pollers.pop(index)
        poller.retire()
        if running := self._lines.get(poller.station.link):
            running.line.remove(poller)

    def _end_lines(self, specs: Mapping[str, LinkSpec]) -> list[Coroutine[Any, Any, None]]:
        """Take away the lines that are not wanted or not like this; return the ends of them, to be awaited."""
        gone = {name: running for name, running in self._lines.items() if specs.get(name) != running.spec}
        for name, running in gone.items():
            del self._lines[name]
            if name in specs:
                running.line.end()  # its devices go on behind another link: the poll that is under way still counts
            else:
                running.task.cancel()
        return [_ended(running.task) for running in gone.values()]

    def _begin(self, name: str, spec: LinkSpec, link: Link) -> None:
        line = Line(link, self._sinks.clock, self._sinks.events)
        self.on_link(link)
        for poller in self._pollers.values():
            if poller.station.link == name:
                poller.line_renewed()
                line.add(poller)
        task = self._group.create_task(line.run(), name=f"line {name}")
        self._lines[name] = _Running(spec, line, task)


async def _ended(task: "asyncio.Task[None]") -> None:
    """Return when a line has ended; one that takes too long is cut off."""
    _, slow = await asyncio.wait({task}, timeout=LINE_END_SECONDS)
    if slow:
        task.cancel()
        await asyncio.wait({task})
