"""The plant's figures now: power and energy of today out of the devices' last readings (decision 0033). Pure.

What is not known is left out and named, never taken as 0 and never guessed.
"""

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from heliograph.api.plantnow import MeterNow, PlantNow, SumNow
from heliograph.api.plantpoints import KILOWATT_HOURS, WATTS, Points, Role
from heliograph.contract import DeviceCondition
from heliograph.contract.records import Value
from heliograph.formats import PlantDevice, Variable, engineering_value, scale_factor_of

OLD_SECONDS: Final = 300
"""A reading is not shown as power now when it is older than this, or than three periods of a device polled slowly."""
AT_THE_GRID: Final = re.compile(r"grid|netz|réseau|reseau|\bpcc\b|connection|feed|linky|main|haupt|übergabe|enedis")

ELSEWHERE: Final = re.compile(r"produc|generat|erzeug|\bpv\b|solar")
"""A meter of what is produced is never that at the grid."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One device as it is seen now."""

    entry: PlantDevice
    points: Points
    condition: DeviceCondition | None
    """None while the collector does not report."""
    since: int | None = None
    """Of the condition, in milliseconds since 1970."""
    time: int | None = None
    """Of the last reading."""
    raws: Mapping[str, Value] | None = None

    def number(self, variable: Variable | None) -> float | None:
        """The engineering value of a variable, where it is a finite number."""
        if variable is None or self.raws is None:
            return None
        definition = self.entry.definition
        scale = scale_factor_of(definition, variable) if variable.scale_factor else None
        value = engineering_value(
            variable, self.raws.get(variable.index), self.raws.get(scale.index) if scale else None
        )
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a counter of energy read as today began."""

    kwh: float
    since: int | None = None
    """Set where it is the first value that is known of today: more may have been counted before."""


Baselines = Mapping[tuple[str, str], Baseline]
"""By index of device and variable."""


def plant_now(devices: Sequence[Seen], baselines: Baselines, now: int, time_zone: str) -> PlantNow:
    """The figures at `now`, in milliseconds since 1970."""
    midnight = midnight_of(now, time_zone)
    producers = [device for device in devices if device.points.role is Role.PRODUCER]
    power = _summed((device, _power(device, device.points.produced, now)) for device in producers)
    energies = [(device, _energy(device, baselines, midnight)) for device in producers]
    meters = tuple(_meter(device, baselines, now) for device in devices if device.points.grid)
    grid = _at_the_grid(meters)
    has_storage = any(device.points.role is Role.STORAGE for device in devices)
    return PlantNow(
        time=now,
        midnight=midnight,
        time_zone=time_zone,
        power_watts=power,
        energy_today_kwh=_summed((device, energy.kwh if energy else None) for device, energy in energies),
        energy_since=max((energy.since for _, energy in energies if energy and energy.since), default=None),
        asleep=sum(device.condition is DeviceCondition.ASLEEP for device in producers),
        grid=grid,
        consumption_watts=None if has_storage else _consumption(power, grid),
        meters=meters,
    )


def midnight_of(now: int, time_zone: str) -> int:
    """When the day of a moment began in a time zone, both in milliseconds since 1970; in UTC where it is not known."""
    try:
        zone: dt.tzinfo = ZoneInfo(time_zone)
    except (LookupError, OSError, ValueError):
        zone = dt.UTC
    day = dt.datetime.fromtimestamp(now / 1000, zone).date()
    return round(dt.datetime.combine(day, dt.time.min, zone).timestamp() * 1000)


def counters(devices: Iterable[Seen]) -> tuple[tuple[str, Variable], ...]:
    """The counters whose value as today began is needed: of meters, and producers that do not count the day."""
    return tuple(
        (device.entry.device.index, variable)
        for device in devices
        for variable in _counters(device.points)
        if variable is not None
    )


def _counters(points: Points) -> tuple[Variable | None, ...]:
    own = () if points.role is not Role.PRODUCER or points.today else (points.total,)
    return (*own, points.imported, points.exported) if points.grid else own


def _summed(found: Iterable[tuple[Seen, float | None]]) -> SumNow:
    rows = list(found)
    known = [value for _, value in rows if value is not None]
    return SumNow(
        value=math.fsum(known) if known else None,
        counted=len(known),
        expected=len(rows),
        missing=tuple(device.entry.device.name for device, value in rows if value is None),
    )


def _power(device: Seen, variable: Variable | None, now: int) -> float | None:
    if variable is None:
        return None
    if device.condition is DeviceCondition.ASLEEP and device.points.role is Role.PRODUCER:
        return 0.0
    limit = max(OLD_SECONDS, 3 * device.entry.device.poll_ms / 1000)
    is_new = device.time is not None and now - device.time <= limit * 1000
    number = device.number(variable) if is_new and device.condition is DeviceCondition.ANSWERING else None
    return None if number is None else number * WATTS[variable.unit]


def _energy(device: Seen, baselines: Baselines, midnight: int) -> Baseline | None:
    """What a producer made today, and since when that is known."""
    is_of_today = device.time is not None and device.time >= midnight
    own = _kwh(device, device.points.today)
    if own is not None and is_of_today:
        return Baseline(own)
    if device.condition is DeviceCondition.ASLEEP and device.since is not None and device.since < midnight:
        return Baseline(0.0)
    return _counted(device, device.points.total, baselines) if is_of_today else None


def _counted(device: Seen, variable: Variable | None, baselines: Baselines) -> Baseline | None:
    """What a counter counted since today began; nothing where it runs backwards: it was replaced or reset."""
    begun = baselines.get((device.entry.device.index, variable.index)) if variable else None
    reading = _kwh(device, variable) if begun else None
    if reading is None or begun is None or reading < begun.kwh:
        return None
    return Baseline(reading - begun.kwh, begun.since)


def _kwh(device: Seen, variable: Variable | None) -> float | None:
    number = device.number(variable)
    return None if number is None or variable is None else number * KILOWATT_HOURS[variable.unit]


def _meter(device: Seen, baselines: Baselines, now: int) -> MeterNow:
    watts = _power(device, device.points.grid, now)
    imported = _counted(device, device.points.imported, baselines)
    exported = _counted(device, device.points.exported, baselines)
    return MeterNow(
        device=device.entry.device.index,
        name=device.entry.device.name,
        watts=-watts if watts and device.points.is_fed_in else watts,
        imported_today_kwh=imported and imported.kwh,
        exported_today_kwh=exported and exported.kwh,
    )


def _at_the_grid(meters: Sequence[MeterNow]) -> MeterNow | None:
    others = [meter for meter in meters if not ELSEWHERE.search(meter.name.casefold())]
    named = [meter for meter in others if AT_THE_GRID.search(meter.name.casefold())]
    return next((found[0] for found in (others, named) if len(found) == 1), None)


def _consumption(power: SumNow, grid: MeterNow | None) -> float | None:
    if grid is None or grid.watts is None or power.value is None or power.missing:
        return None
    return max(0.0, power.value + grid.watts)
