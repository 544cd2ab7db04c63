"""What is done for a device's plan beside the polls: seldom, and never more than one thing a turn (spec 2.3).

Variables that the device refused are asked again by themselves, after ten seconds first and then ever more seldom, to
once an hour; one that is given again makes all others due at once. The version of the firmware is read at the start,
after each return of the device, and once an hour: another one forgets what was learnt. The pace is looked at every few
minutes: where another plan has become clearly cheaper, it is followed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from heliograph.collector.cost import Wire
from heliograph.collector.fetch import Fetch, Reader
from heliograph.collector.learnt import Learnt
from heliograph.collector.links import EXCEPTIONS
from heliograph.collector.memory import Memory
from heliograph.collector.pace import PaceMeter
from heliograph.collector.revision import Station
from heliograph.formats.definition import Definition, Variable
from heliograph.runtime import Clock, EventLog

FIRST_RETRY_SECONDS: Final = 10.0
RETRY_GROWTH: Final = 3.0
LONGEST_RETRY_SECONDS: Final = 3600.0
VERSION_SECONDS: Final = 3600.0
PACE_SECONDS: Final = 300.0
MOST_NAMED: Final = 5
"""Variables named in one line of the log."""

VERSION_TAG: Final = "DisplayVersion"
_SUNSPEC_VERSION: Final = re.compile(r"\d+_Vr")


def version_variables(definition: Definition) -> tuple[Variable, ...]:
    """Return the variables that say a device's firmware: with the tag `DisplayVersion`, or SunSpec's `<model>_Vr`."""
    return tuple(
        variable
        for variable in definition.variables
        if variable.point is not None
        and (variable.tag == VERSION_TAG or _SUNSPEC_VERSION.fullmatch(variable.name) is not None)
    )


@dataclass(slots=True)
class _Retry:
    due: float
    wait: float = FIRST_RETRY_SECONDS


class Upkeep:
    """Keeps the plan of one device what it should be, and remembers what was learnt."""

    def __init__(
        self,
        station: Station,
        fetch: Fetch,
        wire: Wire,
        meter: PaceMeter,
        memory: Memory,
        clock: Clock,
        events: EventLog,
    ) -> None:
        self.station = station
        """May change while the device goes on; its definition gives the lines that are told."""
        self._fetch = fetch
        self._meter = meter
        self._memory = memory
        self._clock = clock
        self._events = events
        self._remembered = memory.of(station)
        self._version = Fetch(version_variables(station.definition), station.device, wire)
        self._version_due = 0.0
        self._pace_due = clock.monotonic() + PACE_SECONDS
        first = clock.monotonic() + FIRST_RETRY_SECONDS
        self._retries = {variable.index: _Retry(first) for variable in fetch.refused}

    def learn(self, learnt: Learnt) -> None:
        """Take what a rescue found: plan anew, say it once, remember it."""
        before = self._fetch.learnt
        if learnt == before:
            return
        self._fetch.learn(learnt)
        self._remember(learnt)
        now = self._clock.monotonic()
        marked = [index for index in learnt.refused if index not in before.refused]
        self._retries.update({index: self._retries.get(index) or _Retry(now + FIRST_RETRY_SECONDS) for index in marked})
        name = self.station.device.name
        if holes := sorted(learnt.closed - before.closed):
            self._events.info(f"{name}: requests no longer cross {', '.join(map(str, holes))}")
        for table, count in learnt.largest.items():
            if before.largest.get(table) != count:
                what = "bits" if table.is_bits else "registers"
                self._events.info(f"{name}: it gives at most {count} {what} at once; requests are no longer than that")
        if marked:
            self._events.warning(f"{name} {self._refusals(marked, learnt)}")

    def returned(self) -> None:
        """Learn that the device or its line is back: what it refused and its version are asked soon."""
        self._version_due = 0.0
        self._all_due()

    async def after_poll(self, reader: Reader) -> None:
        """Do one thing that is due, if any. Raises as `Link.read`."""
        now = self._clock.monotonic()
        if self._version.requests and now >= self._version_due:
            self._version_due = now + VERSION_SECONDS
            await self._read_version(reader)
        elif due := [index for index, retry in self._retries.items() if now >= retry.due]:
            await self.retry(reader, due[0])
        elif now >= self._pace_due:
            self._pace_due = now + PACE_SECONDS
            self._look_at_pace()

    async def retry(self, reader: Reader, index: str = "") -> None:
        """Ask a refused variable again; by default the one that was not asked for longest. Raises as `Link.read`."""
        index = index or min(self._retries, key=lambda index: self._retries[index].due)
        variable = next(v for v in self.station.definition.variables if v.index == index)
        retry = self._retries[index]
        retry.wait = min(LONGEST_RETRY_SECONDS, retry.wait * RETRY_GROWTH)
        retry.due = self._clock.monotonic() + retry.wait
        for call in self._fetch.alone(variable):
            await reader.read(call)
        del self._retries[index]
        self._fetch.learn(self._fetch.learnt.without_refused(index))
        self._remember(self._fetch.learnt)
        self._events.info(f"{self.station.device.name}: {self._named(variable)} is given again")
        self._all_due()

    def _all_due(self) -> None:
        now = self._clock.monotonic()
        for retry in self._retries.values():
            retry.due = min(retry.due, now)

    async def _read_version(self, reader: Reader) -> None:
        reading, _ = await self._version.read(reader)
        version = " ".join(str(value) for value in reading if value not in (None, ""))
        before = self._remembered.version
        if not version or version == before:
            return
        self._remembered = replace(self._remembered, version=version)
        if before and self._fetch.learnt:
            self._events.info(
                f"{self.station.device.name}: the firmware is {version!r} and no longer {before!r}:"
                " how it can be read is learnt anew"
            )
            self._retries.clear()
            self._fetch.learn(Learnt())
        self._remember(self._fetch.learnt)

    def _look_at_pace(self) -> None:
        pace = self._meter.pace
        if pace is not None and self._fetch.suit(pace):
            figures = self._fetch.figures
            self._events.info(
                f"{self.station.device.name}: it needs {pace.turnaround_seconds * 1000:.1f} ms to answer;"
                f" the plan of {figures.requests} requests is cheaper now and is followed"
            )

    def _remember(self, learnt: Learnt) -> None:
        self._remembered = replace(self._remembered, learnt=learnt)
        self._memory.keep(self.station.device.index, self._remembered)

    def _refusals(self, marked: Sequence[str], learnt: Learnt) -> str:
        variables = [variable for variable in self.station.definition.variables if variable.index in marked]
        codes = sorted({learnt.refused[index] for index in marked})
        more = f" and {len(variables) - MOST_NAMED} more" if len(variables) > MOST_NAMED else ""
        causes = ", ".join(f"exception {code} ({EXCEPTIONS[code][1]})" for code in codes)
        return (
            f"refuses {', '.join(map(self._named, variables[:MOST_NAMED]))}{more} with {causes}:"
            " missing in its records, and seldom asked again"
        )

    def _named(self, variable: Variable) -> str:
        return f"{variable.name!r} ({self.station.definition.file}:{variable.line})"
