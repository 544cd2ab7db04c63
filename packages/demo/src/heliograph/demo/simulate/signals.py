"""Values in the plant's time. Each follows from seed, time and what was written, never from who asks or how often.

Most are functions of time; counters and random walks go forward on a fixed grid and keep where they are.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from heliograph.demo.simulate.faultscript import FaultScript
from heliograph.demo.simulate.plantfile import Counter, Day, Ramp, Sequence, SolarPlace, Sum, Value, Walk, Writable
from heliograph.demo.simulate.reading import Key, PlantSpec
from heliograph.demo.simulate.timeline import DAY_SECONDS, STEP_SECONDS, Chance, Timeline, day_share, sun_share

GRID_SECONDS: Final = 10.0
"""Counters integrate in such steps."""
CLOUD_SECONDS: Final = 120.0
ENABLED: Final = 0.5
KEPT_STEPS: Final = 8192
KEPT_WRITES_SECONDS: Final = 7200.0
Reading = float | str


class Signals:
    """All values of a plant. Asked from several threads: of the lines and of the event loop."""

    def __init__(self, spec: PlantSpec, timeline: Timeline, script: FaultScript, chance: Chance) -> None:
        self.timeline = timeline
        self.lock = threading.RLock()
        self._script = script
        context = _Context(chance, spec.file.place, timeline.start, self._number, self._effect, self._born)
        self._all = {
            (device.name, index): _Signal(f"{device.name}/{index}", value, device.name, context, spec)
            for device in spec.devices
            for index, value in device.values.items()
        }

    def value(self, key: Key, time: float) -> Reading:
        """Return an engineering value, or a text, at an instant of the plant's time."""
        with self.lock:
            return self._all[key].value(time)

    def write(self, key: Key, value: float, time: float) -> None:
        """Set a set point from an instant on. Raises `ValueError` beyond its limits, `TypeError` where it is none."""
        with self.lock:
            self._all[key].write(value, time)

    def is_writable(self, key: Key) -> bool:
        """Tell whether it is a set point."""
        return self._all[key].spec.writable is not None

    def advance(self, time: float) -> None:
        """Let counters and walks come to an instant, so that nobody has to wait for a long way at once."""
        with self.lock:
            for signal in self._all.values():
                if signal.spec.counter or signal.spec.walk:
                    signal.value(time)

    def _number(self, key: Key, time: float) -> float:
        found = self._all[key].value(time)
        return found if isinstance(found, float) else 0.0

    def _effect(self, key: Key, time: float) -> float:
        return self._all[key].effect(time)

    def _born(self, device: str, time: float) -> float:
        """Return when a device began to run, in the plant's time."""
        return self.timeline.start + self._script.restarted(device, time - self.timeline.start)


@dataclass(frozen=True, slots=True)
class _Context:
    chance: Chance
    place: SolarPlace | None
    start: float
    number: Callable[[Key, float], float]
    effect: Callable[[Key, float], float]
    born: Callable[[str, float], float]


@dataclass(slots=True)
class _Write:
    time: float
    value: float
    before: float
    """What was in force when it took effect."""


class _Signal:
    """One value."""

    def __init__(self, name: str, spec: Value, device: str, context: _Context, plan: PlantSpec) -> None:
        self.spec = spec
        self._name = name
        self._device = device
        self._context = context
        self._counter: _Grid | None = None
        self._walks: dict[float, _Grid] = {}
        """By the start of the device; the last two of them."""
        self._writes: list[_Write] = []
        self._terms = tuple(_term(plan, device, reference) for reference in spec.sum.of) if spec.sum else ()
        self._of = plan.resolve(device, spec.counter.of) if spec.counter else None
        self._percent = plan.resolve(device, spec.limited.percent) if spec.limited else None
        enabled = spec.limited.enabled if spec.limited else None
        self._enabled = plan.resolve(device, enabled) if enabled else None
        self._last: tuple[float, Reading] = (math.nan, 0.0)

    def value(self, time: float) -> Reading:
        known, value = self._last
        if known != time:
            value = self._at(time)
            self._last = (time, value)
        return value

    def write(self, value: float, time: float) -> None:
        point = self.spec.writable
        if point is None:
            raise TypeError("no set point")
        if not point.min <= value <= point.max:
            raise ValueError(f"{value} is not between {point.min} and {point.max}")
        before = self.effect(time + point.delay)
        self._forget(time)
        self._writes.append(_Write(time, value, before))
        self._last = (math.nan, 0.0)

    def effect(self, time: float) -> float:
        """Return what is in force: for a set point with its delay and lag, else the value itself.

        A write counts after the second in which it came: what was said in that second stays true.
        """
        point = self.spec.writable
        if point is None:
            found = self.value(time)
            return found if isinstance(found, float) else 0.0
        born = self._context.born(self._device, time)
        write = next((w for w in reversed(self._writes) if born <= w.time and w.time + point.delay < time), None)
        if write is None:
            return point.start
        since = time - write.time - point.delay
        rest = math.exp(-since / point.lag) if point.lag else 0.0
        return write.value + (write.before - write.value) * rest

    def _forget(self, time: float) -> None:
        """Forget writes that no counter on its way asks for any more."""
        point = cast("Writable", self.spec.writable)
        while len(self._writes) > 1 and self._writes[1].time + point.delay < time - KEPT_WRITES_SECONDS:
            del self._writes[0]

    def _at(self, time: float) -> Reading:
        value = _SOURCES[type(self.spec.source)](self, self.spec.source, time)
        if isinstance(value, str):
            return value
        if self.spec.noise:
            step = int((time - self._context.start) / STEP_SECONDS)
            value += self.spec.noise * self._context.chance.normal(self._name, step)
        value = min(value, self._ceiling(time))
        if self.spec.min is not None:
            value = max(value, self.spec.min)
        return value if self.spec.max is None else min(value, self.spec.max)

    def _ceiling(self, time: float) -> float:
        if self.spec.limited is None or self._percent is None:
            return math.inf
        if self._enabled is not None and self._context.effect(self._enabled, time) < ENABLED:
            return math.inf
        return self.spec.limited.rated * self._context.effect(self._percent, time) / 100

    def constant(self, source: float, _: float) -> Reading:
        return source

    def text(self, source: str, _: float) -> Reading:
        return source

    def day(self, source: Day, time: float) -> Reading:
        place = self._context.place
        share = (
            sun_share(time, place.latitude, place.longitude)
            if place
            else day_share(time, source.sunrise, source.sunset)
        )
        clouds = source.clouds * self._context.chance.smooth("clouds", time / CLOUD_SECONDS)
        return source.base + (source.peak - source.base) * float(share**1.2) * (1 - clouds)

    def ramp(self, source: Ramp, time: float) -> Reading:
        age = self._age(time)
        age = age % source.over if source.repeat else min(age, source.over)
        return source.start + (source.end - source.start) * age / source.over

    def sequence(self, source: Sequence, time: float) -> Reading:
        step = int(self._age(time) // source.every)
        count = len(source.values)
        return source.values[step % count if source.repeat else min(step, count - 1)]

    def sum(self, source: Sum, time: float) -> Reading:
        total = math.fsum(sign * self._context.number(key, time) for sign, key in self._terms)
        return source.offset + source.factor * total

    def writable(self, source: Writable, time: float) -> Reading:
        born = self._context.born(self._device, time)
        written = (write.value for write in reversed(self._writes) if born <= write.time <= time)
        return next(written, source.start)

    def walk(self, source: Walk, time: float) -> Reading:
        born = self._context.born(self._device, time)
        if born not in self._walks:
            self._walks = {**dict(list(self._walks.items())[-1:]), born: _Grid(source.start)}

        def step(number: int, before: float) -> float:
            move = source.step * self._context.chance.normal(f"{self._name}/{born}", number)
            return min(source.max, max(source.min, before + move))

        return self._walks[born].total(int((time - born) // source.every), step)

    def counter(self, source: Counter, time: float) -> Reading:
        """Integrate on a grid from the plant's start; a restart keeps it. It never goes back but at midnight."""
        start = self._context.start
        if self._counter is None:
            self._counter = _Grid(source.start)

        def step(number: int, before: float) -> float:
            return self._counted(source, before, start + number * GRID_SECONDS, GRID_SECONDS)

        steps = int((time - start) // GRID_SECONDS)
        at = start + steps * GRID_SECONDS
        return self._counted(source, self._counter.total(steps, step), at, time - at)

    def _counted(self, source: Counter, total: float, at: float, seconds: float) -> float:
        if seconds <= 0 or self._of is None:
            return total
        if source.daily and math.floor(at / DAY_SECONDS) != math.floor((at + seconds) / DAY_SECONDS):
            seconds = (at + seconds) % DAY_SECONDS
            total = 0.0
        rate = self._context.number(self._of, at) * source.factor
        return total + max(0.0, rate) * seconds / source.per

    def _age(self, time: float) -> float:
        return max(0.0, time - self._context.born(self._device, time))


class _Grid:
    """A value that is made step by step; the last steps are kept, since others may ask for a moment a little before."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._steps = 0
        self._totals = deque([start], maxlen=KEPT_STEPS)

    def total(self, steps: int, step: Callable[[int, float], float]) -> float:
        """Return the value after so many steps; `step` makes one from the number before it and the value there."""
        back = self._steps - max(0, steps)
        if back >= len(self._totals):
            self._steps, self._totals = 0, deque([self._start], maxlen=KEPT_STEPS)
            back = -max(0, steps)
        while self._steps < steps:
            self._totals.append(step(self._steps, self._totals[-1]))
            self._steps += 1
        return self._totals[-1 - max(0, back)]


def _term(plan: PlantSpec, device: str, reference: str) -> tuple[float, Key]:
    found = plan.resolve(device, reference.removeprefix("-"))
    if found is None:
        raise ValueError(f"no variable {reference!r}")
    return (-1.0 if reference.startswith("-") else 1.0), found


_SOURCES: Final[Mapping[type, Callable[[_Signal, Any, float], Reading]]] = {
    float: _Signal.constant,
    str: _Signal.text,
    Day: _Signal.day,
    Ramp: _Signal.ramp,
    Counter: _Signal.counter,
    Walk: _Signal.walk,
    Sequence: _Signal.sequence,
    Sum: _Signal.sum,
    Writable: _Signal.writable,
}
