"""Detection as the bus sees it: begun, told as it goes, stopped, and what it proposes (spec 2.4). One at a time."""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.collector.errors import Refusal
from heliograph.collector.line import Line
from heliograph.collector.links import Link
from heliograph.collector.sunspec.asking import Asker, OwnLink, PolledLine
from heliograph.collector.sunspec.catalogue import Catalogue
from heliograph.collector.sunspec.proposals import Proposals
from heliograph.collector.sunspec.search import Found, Interface, Search, SearchPlan, Tell
from heliograph.contract import (
    DetectAnswer,
    DetectionProgress,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    Outcome,
    StopDetection,
)
from heliograph.contract.channels import DETECTION_PROGRESS
from heliograph.contract.detections import MOST_LINES
from heliograph.formats.daq import Daq, SerialInterface, SerialLine
from heliograph.formats.sunspec import Target, read_targets, read_units
from heliograph.formats.sunspec.progress import line_of
from heliograph.runtime import Bus, BusError, Clock, EventLog
from heliograph.runtime.clock import milliseconds

MOST_PROBLEMS: Final = 50
LOOK_SECONDS: Final = 0.2
"""How often progress is published at most."""

_log = logging.getLogger("heliograph.collector")


@dataclass(frozen=True, slots=True)
class Site:
    """What detection needs of the plant that is polled meanwhile."""

    uid: Callable[[], str]
    daq: Callable[[], Daq]
    """The configuration in force."""
    ports: Mapping[int, str]
    """The device files behind serial lines."""
    line: Callable[[Interface], Line | None]
    """The line that polls an interface, None where nobody does."""
    open_link: Callable[[Interface, SerialLine], Link]


@dataclass(slots=True)
class _Detection:
    """One detection: what was asked, and what came of it so far."""

    key: str
    request: DetectRequest
    plan: SearchPlan
    began: int
    proposals: Proposals
    ended: int | None = None
    stopped: bool = False
    asked: int = 0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    said: int = 0
    problems: list[str] = field(default_factory=list)
    unsaid_problems: int = 0

    def problem(self, text: str) -> None:
        """Keep what could not be searched; of very many the first, and how many more."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(text)
        else:
            self.unsaid_problems += 1


class Detections:
    """The detection that runs, or the last one."""

    def __init__(self, site: Site, catalogue: Catalogue, bus: Bus, clock: Clock, events: EventLog) -> None:
        self._site = site
        self._catalogue = catalogue
        self._bus = bus
        self._clock = clock
        self._events = events
        self._detection: _Detection | None = None
        self._task: asyncio.Task[None] | None = None
        self._unsent: deque[str] = deque(maxlen=MOST_LINES)
        self._news = asyncio.Event()

    async def start(self, request: DetectRequest) -> DetectAnswer:
        """Begin a detection, unless one runs."""
        if self._task is not None and not self._task.done():
            return DetectAnswer(error="a detection is running: wait for its end, or stop it first")
        try:
            plan = self._plan(request)
        except (Refusal, ValueError) as error:
            return DetectAnswer(error=str(error))
        began = milliseconds(self._clock)
        detection = _Detection(uuid.uuid4().hex[:12], request, plan, began, Proposals())
        self._detection = detection
        self._unsent.clear()
        self._task = asyncio.create_task(self._run(detection), name="collector: detection")
        return DetectAnswer(detection=detection.key)

    async def state(self, query: DetectionQuery) -> DetectionState:
        """Tell how a detection is doing."""
        detection = self._detection
        if detection is None or query.detection not in (None, detection.key):
            return DetectionState(error=_gone(query.detection))
        proposals = detection.proposals
        more = f"and {detection.unsaid_problems} more"
        return DetectionState(
            detection=detection.key,
            running=detection.ended is None,
            stopped=detection.stopped,
            began=detection.began,
            ended=detection.ended,
            targets=tuple(target.text for target in detection.plan.targets),
            asked=detection.asked,
            total=detection.plan.total,
            timeout_ms=detection.request.timeout_ms,
            serial=detection.request.serial,
            lines=tuple(detection.lines),
            dropped=detection.said - len(detection.lines),
            problems=(*detection.problems, *([more] if detection.unsaid_problems else ())),
            proposals=proposals.listed(self._site.daq().devices),
            definitions=dict(proposals.definitions) if query.definitions else {},
        )

    async def stop(self, request: StopDetection) -> Outcome:
        """End a detection, and forget what it found where that is asked."""
        detection = self._detection
        if detection is None or detection.key != request.detection:
            return Outcome(error=_gone(request.detection))
        await self._end()
        if request.forget:
            self._detection = None
        return Outcome()

    async def run(self) -> None:
        """Publish progress, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._publish()
            await self._clock.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """End what runs, for the orderly stop."""
        await self._end()

    def _plan(self, request: DetectRequest) -> SearchPlan:
        """Read what is asked; raises `ValueError` or `Refusal` with a text for people."""
        if not self._site.uid():
            raise Refusal("no configuration is in force yet: put a whole set into the set directory first")
        targets = read_targets(request.targets, request.port)
        for target in targets:
            self._check_ports(target)
        return SearchPlan(
            targets,
            {target.text: read_units(request.units, serial=target.is_serial) for target in targets},
            self._site.uid(),
            request.timeout_ms / 1000,
            request.most_devices,
        )

    def _check_ports(self, target: Target) -> None:
        for interface in target.interfaces:
            if isinstance(interface, SerialInterface) and interface.number not in self._site.ports:
                raise Refusal(f"no serial port is behind {interface}: set {interface}_DEVICE")

    async def _run(self, detection: _Detection) -> None:
        search = Search(
            detection.plan,
            lambda interface: self._asker(detection, interface),
            self._catalogue,
            self._clock,
            Tell(
                line=lambda text: self._say(detection, text),
                found=lambda found: self._found(detection, found),
                problem=detection.problem,
                asked=lambda count: self._count(detection, count),
            ),
        )
        self._events.info(f"search for SunSpec devices begins: {', '.join(t.text for t in detection.plan.targets)}")
        try:
            await search.run()
        except asyncio.CancelledError:
            detection.stopped = True
        except Exception as error:  # noqa: BLE001  # whatever it was, polling goes on
            _log.exception("the detection failed")
            detection.problem(f"a fault of the gateway ({error!r}); its log tells more")
        detection.ended = milliseconds(self._clock)
        self._news.set()
        how = "was stopped" if detection.stopped else "ends"
        self._events.info(f"search for SunSpec devices {how}: {search.devices} found, {detection.asked} units asked")

    def _asker(self, detection: _Detection, interface: Interface) -> Asker:
        settings = self._line_settings(detection.request, interface)
        own = OwnLink(lambda: self._site.open_link(interface, settings))
        return PolledLine(lambda: self._site.line(interface), own)

    def _line_settings(self, request: DetectRequest, interface: Interface) -> SerialLine:
        """Return how a serial line is spoken to: as it is configured, else as was asked."""
        if not isinstance(interface, SerialInterface):
            return SerialLine(1)
        known = next((line for line in self._site.daq().lines if line.number == interface.number), None)
        return known or SerialLine(interface.number, **request.serial.model_dump())

    def _say(self, detection: _Detection, text: str) -> None:
        line = line_of(milliseconds(self._clock), text)
        detection.lines.append(line)
        detection.said += 1
        self._unsent.append(line)
        self._news.set()

    def _found(self, detection: _Detection, found: Found) -> None:
        refusal = detection.proposals.add(found)
        if refusal:
            detection.problem(refusal)
        self._news.set()

    def _count(self, detection: _Detection, count: int) -> None:
        detection.asked += count
        self._news.set()

    async def _publish(self) -> None:
        detection = self._detection
        if detection is None:
            return
        lines: Sequence[str] = tuple(self._unsent) or ("",)
        self._unsent.clear()
        try:
            for line in lines:
                progress = DetectionProgress(
                    detection=detection.key,
                    line=line,
                    asked=detection.asked,
                    total=detection.plan.total,
                    found=len(detection.proposals),
                    running=detection.ended is None,
                )
                await self._bus.publish(DETECTION_PROGRESS, progress)
        except BusError:
            return

    async def _end(self) -> None:
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})


def _gone(key: str | None) -> str:
    return "there is no detection" if key is None else f"there is no detection {key}: only the last one is kept"
