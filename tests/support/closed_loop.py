"""A script in a closed loop with a simulated plant, in virtual time: Lua itself, the plant's own signals, no services.

Devices are polled and written as the collector does it, each with its own delays; what the script sees is as old as it
would be there. No real second passes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupa.lua54 import LuaRuntime

from heliograph.demo.simulate.signals import Signals
from support.plants import plant_of, signals

STEP_SECONDS = 0.25
ZERO_EXPORT = Path(__file__).parents[2] / "scripts" / "zero_export.lua"
DEFINITION = """\
modbusTCP;inverter;Test;Obeys
1;3;0;I32;;Power;RealPower;1;0;W;4
2;3;2;U16;;Limit;cmdPwrPercent;1;0;%;4
3;3;3;U16;;Enable;WMaxLim_Ena;1;0;;4
"""
METER = "modbusTCP;meter;Test;Meter\n1;3;0;F32;;Power;GridPower;1;0;kW;4\n"


@dataclass(frozen=True)
class Inverter:
    """How one inverter is and how soon it does what it is told; watts, seconds."""

    rated: float = 20_000
    delay: float = 1.0
    lag: float = 2.0
    sun: float = 0.9
    """What it makes of a clear sky, as a share of what it is rated at."""
    obeys: float = 1.0
    """What it makes of a limit, as a share of it."""
    poll: float = 1.0
    phase: float = 0.0
    write: float = 0.25
    """From `wd.set` to the register."""
    noise: float = 0.0


@dataclass(frozen=True)
class Site:
    """Inverters, a meter, and what load and sky do: one value after the other, each for `every` seconds."""

    inverters: Sequence[Inverter] = (Inverter(), Inverter(phase=0.5), Inverter(rated=10_000, phase=0.25))
    load: Sequence[float] = (10_000,)
    sky: Sequence[float] = (1.0,)
    every: float = 120
    noise: float = 0.0
    meter_poll: float = 1.0
    meter_phase: float = 0.0

    @property
    def rated(self) -> float:
        return sum(inverter.rated for inverter in self.inverters)

    @property
    def scatter(self) -> float:
        """Watts by which the feed-in scatters."""
        return self.noise + sum(inverter.noise for inverter in self.inverters)

    @property
    def reaction(self) -> float:
        """Seconds of dead time and lag: of poll, tick of the script, write, and the slowest inverter."""
        return self.meter_poll + 1 + max(i.write + i.delay + i.lag for i in self.inverters) + STEP_SECONDS

    def signals(self) -> Signals:
        return signals(plant_of("\n".join(self._lines()), {"inverter.csv": DEFINITION, "meter.csv": METER}))

    def _lines(self) -> Iterator[str]:
        yield "start: 2026-06-21T10:00:00Z\ndevices:"
        for number, each in enumerate(self.inverters, 1):
            yield (
                f"  - {{name: roof_{number}, definition: inverter.csv, tcp: 0, values: {{"
                f"Enable: {{writable: {{start: 0, max: 1}}}},"
                f"Limit: {{writable: {{start: 100, delay: {each.delay}, lag: {each.lag}}}}},"
                f"Power: {{sum: {{of: [meter.sky], factor: {each.rated * each.sun}}}, noise: {each.noise}, min: 0,"
                f" limited: {{percent: Limit, rated: {each.rated * each.obeys}, enabled: Enable}}}}}}}}"
            )
        terms = ", ".join(f"roof_{number}.Power" for number in range(1, len(self.inverters) + 1))
        yield (
            f"  - {{name: meter, definition: meter.csv, tcp: 0, hidden: {{"
            f"load: {{sequence: {{values: {list(map(float, self.load))}, every: {self.every}}}, noise: {self.noise}}},"
            f"sky: {{sequence: {{values: {list(map(float, self.sky))}, every: {self.every}}}}}}},"
            f" values: {{Power: {{sum: {{of: [{terms}, -load], factor: 0.001}}}}}}}}"
        )


@dataclass
class Moment:
    """What was true at an instant: watts fed in and produced, percent of each inverter as it was told."""

    seconds: float
    feed_in: float
    load: float
    produced: list[float]
    limits: list[float]


@dataclass
class _Point:
    """A device as it was last read."""

    poll: float
    phase: float
    values: dict[str, float] = field(default_factory=dict)
    read: float | None = None
    next: float = 0.0


class Loop:
    """A site under the control of a script. Seconds count from the start."""

    def __init__(self, site: Site, source: str) -> None:
        self.site = site
        self.source = source
        self.seconds = 0.0
        self.moments: list[Moment] = []
        self.log: list[str] = []
        self.alarms: list[str] = []
        self.store: dict[str, Any] = {}
        self.silent: set[str] = set()
        """Devices that do not answer: neither reads nor writes."""
        self.refusing: set[str] = set()
        """Devices that are read, and refuse every write."""
        self.writes = self.unlimited = self.lapsed = 0
        """Writes; limits that were set without a lifetime; lifetimes that ended."""
        self.clock_offset = 0.0
        self.lifetimes: dict[tuple[str, str], tuple[float, float]] = {}
        """Until when each value with a lifetime is good, and its fallback."""
        self._signals = site.signals()
        self._start = self._signals.timeline.start
        self._points = {f"roof_{n}": _Point(i.poll, i.phase, next=i.phase) for n, i in enumerate(site.inverters, 1)} | {
            "meter": _Point(site.meter_poll, site.meter_phase, next=site.meter_phase)
        }
        self._pending: list[tuple[float, str, str, float]] = []
        self._every: list[tuple[float, Callable[[], None]]] = []
        self._lua: Any = None

    def start(self) -> None:
        """Begin the script; again after `stop` it is a new life with the same store."""
        self._lua = lua_of_scripts()
        self._every.clear()
        wd = {
            "log": self.log.append, "alarm": self.alarms.append, "get": self._get, "set": self._set,
            "tags": self._tags, "store": self._stored, "now": lambda: self._start + self.seconds + self.clock_offset,
            "every": lambda seconds, call: self._every.append((seconds, call)),
        }  # fmt: skip
        self._lua.globals().wd = self._lua.table_from(wd)
        self._lua.execute(self.source)
        self._lua.globals().wsInit()

    def stop(self) -> None:
        """Kill the script: set points with a lifetime lapse."""
        self._every.clear()

    def call(self, function: str, **parameters: Any) -> Any:
        """Call a function as a command does."""
        return self._lua.globals()[function](self._lua.table_from(parameters))

    def turn(self, device: str, percent: float) -> None:
        """Set the limit of an inverter by another hand than the script's."""
        self._signals.write((device, "2"), float(percent), self._start + self.seconds)

    def run(self, seconds: float) -> list[Moment]:
        """Let so much time pass; return what was true at each whole second of it."""
        first, end = len(self.moments), self.seconds + seconds
        while self.seconds < end:
            self.seconds += STEP_SECONDS
            self._step()
        return self.moments[first:]

    def _step(self) -> None:
        self._arrive()
        for name, point in self._points.items():
            if self.seconds >= point.next:
                point.next += point.poll
                if name not in self.silent:
                    self._read(name, point)
        for seconds, call in self._every:
            if self.seconds % seconds < STEP_SECONDS:
                call()
        self._lapse()
        if self.seconds % 1 < STEP_SECONDS:
            self.moments.append(self._moment())

    def _arrive(self) -> None:
        for entry in [entry for entry in self._pending if entry[0] <= self.seconds]:
            self._pending.remove(entry)
            _, device, variable, value = entry
            if device not in self.silent:
                self._signals.write((device, variable), value, self._start + self.seconds)

    def _lapse(self) -> None:
        """Do what the collector does when a lifetime ends."""
        for (device, variable), (until, fallback) in list(self.lifetimes.items()):
            if until <= self.seconds and device not in self.silent:
                del self.lifetimes[device, variable]
                self.lapsed += 1
                self._signals.write((device, variable), fallback, self._start + self.seconds)

    def _read(self, name: str, point: _Point) -> None:
        indexes = ["1"] if name == "meter" else ["1", "2", "3"]
        point.values = {index: self._value(name, index) for index in indexes}
        point.read = self.seconds

    def _value(self, device: str, index: str) -> float:
        value = self._signals.value((device, index), self._start + self.seconds)
        assert isinstance(value, float)
        return value

    def _moment(self) -> Moment:
        names = [name for name in self._points if name != "meter"]
        load = self._signals.value(("meter", "hidden:load"), self._start + self.seconds)
        assert isinstance(load, float)
        produced = [self._value(name, "1") for name in names]
        limits = [self._value(name, "2") for name in names]
        return Moment(self.seconds, sum(produced) - load, load, produced, limits)

    def _get(self, device: str, variable: str) -> Any:
        point = self._points[device]
        if point.read is None:
            return None
        index = {"Power": "1", "Limit": "2", "Enable": "3"}[variable]
        return point.values[index], self.seconds - point.read

    def _set(self, device: str, variable: str, value: float, lifetime: float | None = None, fallback: float = 0) -> Any:
        if device in self.silent:
            return None, f"{device} does not answer"
        if device in self.refusing:
            return None, "refused"
        index = {"Limit": "2", "Enable": "3"}[variable]
        number = int(device.removeprefix("roof_")) - 1
        assert 0 <= value <= 100
        self.writes += 1
        self._pending.append((self.seconds + self.site.inverters[number].write, device, index, float(value)))
        if lifetime is None:
            self.unlimited += index == "2"
        else:
            self.lifetimes[device, index] = (self.seconds + lifetime, float(fallback))
        return True

    def _tags(self, tag: str) -> Any:
        variable = {"cmdPwrPercent": "Limit", "RealPower": "Power", "WMaxLim_Ena": "Enable"}.get(tag)
        devices = [name for name in self._points if name != "meter" and variable]
        points = [self._lua.table_from({"device": name, "variable": variable}) for name in devices]
        return self._lua.table_from(points)

    def _stored(self, key: str, *value: Any) -> Any:
        if value:
            self.store[key] = value[0]
        return self.store.get(key)


def lua_of_scripts() -> Any:
    """Lua without the libraries that scripts do not have."""
    lua = LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    for name in ("io", "os", "debug", "package", "require", "dofile", "loadfile", "load", "python"):
        lua.globals()[name] = None
    return lua


def zero_export(site: Site, **settings: float) -> str:
    """The script for a site, with other settings than those at its top; it is else as it is shipped."""
    text = ZERO_EXPORT.read_text(encoding="utf-8")
    ratings = ", ".join(f"roof_{number} = {each.rated}" for number, each in enumerate(site.inverters, 1))
    lines = {"ratings": f"{{ {ratings} }}", "meter": '{ device = "meter", variable = "Power", watts = 1000 }'}
    lines |= {name: repr(value) for name, value in settings.items()}
    for name, value in lines.items():
        before, setting, after = text.partition(f"\n  {name} = ")
        assert setting, name
        text = f"{before}{setting}{value},{after[after.index(chr(10)) :]}"
    return text
