"""The simulated plant: one sun, three inverters, a load and a meter whose values agree with each other.

Everything follows from the seed and the seconds since the start, step by step, so that two plants of one seed say the
same. A day is quick – twenty minutes from five in the morning to seven in the evening, the deep night left out – but
energy counts real seconds: the difference of two counters is the mean power times the time between two records.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

DAY_SECONDS = 1200
DAWN_HOUR, DUSK_HOUR = 5.0, 19.0
SUNRISE_HOUR, SUNSET_HOUR = 6.0, 18.0
START_HOUR = 9.5
FULL_SUN = 1000.0
"""W/m², at which a module gives its peak power."""
INVERTERS = 3

UNDERVOLTAGE, OVERHEATED = 1, 2
"""Bits of an inverter's alarm word."""
OFF, PRODUCING, DERATED, FAULT = 0, 2, 3, 4
"""States of an inverter."""


@dataclass(frozen=True, slots=True)
class Model:
    """What distinguishes one inverter from another."""

    peak_watts: float
    rated_watts: float
    """Most that it feeds in."""
    efficiency: float
    share: float
    """Part of the sun that its roof sees."""
    string_volts: float
    alarm: int
    """The alarm that it has now and then …"""
    alarm_seconds: tuple[int, int, int]
    """… first after, again every, for so many seconds."""


MODELS = (
    Model(25_000, 22_000, 0.975, 1.00, 640, OVERHEATED, (150, 420, 40)),
    Model(12_000, 11_000, 0.965, 0.86, 590, UNDERVOLTAGE, (25, 240, 20)),
    Model(8_000, 8_000, 0.970, 0.93, 410, OVERHEATED, (310, 540, 30)),
)


@dataclass(frozen=True, slots=True)
class Inverter:
    """One inverter at one instant."""

    state: int = OFF
    alarms: int = 0
    power: float = 0.0
    """W fed in."""
    dc_power: float = 0.0
    dc_volts: float = 0.0
    volts: tuple[float, float, float] = (230.0, 230.0, 230.0)
    temperature: float = 20.0
    energy: float = 0.0
    """Wh since it was built."""
    energy_today: float = 0.0
    on: bool = True
    limit: float = 100.0
    """Percent of the rated power that it may feed in."""

    @property
    def current(self) -> float:
        """A on each of the three phases."""
        return self.power / sum(self.volts)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole plant at one instant: all that devices say comes from here."""

    second: int = 0
    hour: float = START_HOUR
    irradiance: float = 0.0
    """W/m² in the plane of the modules."""
    clouds: float = 0.9
    """Part of the sun that they let through."""
    ambient: float = 14.0
    module: float = 14.0
    """Temperature of the modules, °C."""
    frequency: float = 50.0
    load: float = 4000.0
    """W that the site itself takes."""
    imported: float = 0.0
    """Wh taken from the grid since the meter was built."""
    exported: float = 0.0
    inverters: tuple[Inverter, ...] = (Inverter(),) * INVERTERS

    @property
    def grid_power(self) -> float:
        """W at the meter: what the inverters make less what the site takes; positive is fed in."""
        return sum(inverter.power for inverter in self.inverters) - self.load


@dataclass(frozen=True, slots=True)
class Counters:
    """What survives the end of a run: the counters of inverters and meter, in Wh."""

    inverters: tuple[float, ...] = (18_412_000.0, 9_027_500.0, 4_611_250.0)
    imported: float = 3_904_000.0
    exported: float = 21_177_000.0


@dataclass(slots=True)
class Plant:
    """The plant in time. `now` gives its age in seconds; asked from several threads."""

    now: Callable[[], float]
    seed: int = 1
    counters: Counters = field(default_factory=Counters)
    limits: list[float] = field(default_factory=lambda: [100.0] * INVERTERS)
    """What was last written to each inverter, percent."""
    switched_on: list[bool] = field(default_factory=lambda: [True] * INVERTERS)
    _snapshot: Snapshot | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def snapshot(self) -> Snapshot:
        """Return the plant as it is now."""
        with self._lock:
            snapshot = self._snapshot or self._first()
            for second in range(snapshot.second + 1, int(self.now()) + 1):
                snapshot = self._step(snapshot, second)
            self._snapshot = snapshot
            return snapshot

    def read_counters(self) -> Counters:
        """Return the counters as they are now, for the next run."""
        snapshot = self.snapshot()
        return Counters(tuple(inverter.energy for inverter in snapshot.inverters), snapshot.imported, snapshot.exported)

    def _first(self) -> Snapshot:
        inverters = tuple(Inverter(energy=energy) for energy in self.counters.inverters)
        start = Snapshot(inverters=inverters, imported=self.counters.imported, exported=self.counters.exported)
        return self._step(start, 0)

    def _step(self, last: Snapshot, second: int) -> Snapshot:
        """One second later."""
        chance = Random(f"{self.seed}/{second}")
        hour = hour_of_day(second)
        clouds = _drift(last.clouds, self._cloud_target(second), 0.08) + chance.gauss(0, 0.003)
        irradiance = clear_sky(hour) * min(1.0, max(0.15, clouds))
        ambient = 14 + 9 * math.sin(math.pi * (hour - 9) / 14)
        inverters = tuple(
            self._inverter(number, last, second, irradiance, chance) for number in range(len(last.inverters))
        )
        load = max(500.0, 4200 + 2200 * math.sin(second / 53) + 900 * math.sin(second / 7.3) + chance.gauss(0, 60))
        grid = sum(inverter.power for inverter in inverters) - load
        return Snapshot(
            second=second,
            hour=hour,
            irradiance=irradiance,
            clouds=clouds,
            ambient=ambient,
            module=_drift(last.module, ambient + irradiance * 0.028, 0.05),
            frequency=50 + 0.02 * math.sin(second / 17) + chance.gauss(0, 0.004),
            load=load,
            imported=last.imported + max(0.0, -grid) / 3600,
            exported=last.exported + max(0.0, grid) / 3600,
            inverters=inverters,
        )

    def _cloud_target(self, second: int) -> float:
        """Weather that changes every half minute."""
        return Random(f"{self.seed}/clouds/{second // 30}").choice((0.98, 0.95, 0.9, 0.9, 0.65, 0.4))

    def _inverter(self, number: int, last: Snapshot, second: int, irradiance: float, chance: Random) -> Inverter:
        model, before = MODELS[number], last.inverters[number]
        alarms = alarms_at(model, second)
        on = self.switched_on[number] and not alarms & UNDERVOLTAGE
        sun = irradiance * model.share
        available = model.peak_watts * sun / FULL_SUN * (1 - 0.004 * (last.module - 25))
        ceiling = model.rated_watts * self.limits[number] / 100 * (0.6 if alarms & OVERHEATED else 1)
        dc_power = min(available, ceiling / model.efficiency) if on and sun > 15 else 0.0
        power = dc_power * model.efficiency
        volts = tuple(
            (186.0 if alarms & UNDERVOLTAGE else 230.5) + power / 6000 + phase + chance.gauss(0, 0.3)
            for phase in (0.0, 0.6, -0.4)
        )
        return Inverter(
            state=_state(alarms, power, limited=available > dc_power > 0),
            alarms=alarms,
            power=power,
            dc_power=dc_power,
            dc_volts=model.string_volts * (1 - 0.003 * (last.module - 25)) if sun > 5 else 0.0,
            volts=(volts[0], volts[1], volts[2]),
            temperature=_drift(before.temperature, last.ambient + 6 + 38 * power / model.rated_watts, 0.02),
            energy=before.energy + power / 3600,
            energy_today=(0.0 if hour_of_day(second) < last.hour else before.energy_today) + power / 3600,
            on=self.switched_on[number],
            limit=self.limits[number],
        )


def hour_of_day(second: int) -> float:
    """Return the plant's local hour so many seconds after its start."""
    span = DUSK_HOUR - DAWN_HOUR
    return DAWN_HOUR + (START_HOUR - DAWN_HOUR + second * span / DAY_SECONDS) % span


def clear_sky(hour: float) -> float:
    """Return the irradiance of a cloudless sky, W/m²."""
    if not SUNRISE_HOUR < hour < SUNSET_HOUR:
        return 0.0
    elevation = math.sin(math.pi * (hour - SUNRISE_HOUR) / (SUNSET_HOUR - SUNRISE_HOUR))
    return FULL_SUN * float(elevation**1.2)


def alarms_at(model: Model, second: int) -> int:
    """Return the alarm word of an inverter so many seconds after the start."""
    first, every, lasts = model.alarm_seconds
    due = second >= first and (second - first) % every < lasts
    cold = model.alarm == OVERHEATED and clear_sky(hour_of_day(second)) < FULL_SUN / 4
    return model.alarm if due and not cold else 0


def _drift(value: float, target: float, share: float) -> float:
    return value + (target - value) * share


def _state(alarms: int, power: float, *, limited: bool) -> int:
    if alarms & UNDERVOLTAGE:
        return FAULT
    if power <= 0:
        return OFF
    return DERATED if alarms or limited else PRODUCING
