"""What a unit of a definition means to Home Assistant: its device class and its own spelling of the unit. A table."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """A unit as Home Assistant knows it."""

    device_class: str | None
    unit: str | None
    is_counter: bool = False
    """It only ever grows, but for a new beginning: `total_increasing`."""


_CLASSES: Final[dict[str, str]] = {
    "power": "mW W kW MW GW",
    "energy": "Wh kWh MWh GWh J kJ MJ GJ",
    "apparent_power": "mVA VA kVA",
    "reactive_power": "mvar var kvar",
    "reactive_energy": "varh kvarh",
    "current": "mA A",
    "voltage": "µV mV V kV MV",
    "frequency": "mHz Hz kHz MHz GHz",
    "temperature": "°C °F K",
    "irradiance": "W/m² BTU/(h⋅ft²)",
    "wind_speed": "m/s km/h mph ft/s kn",
    "pressure": "mPa Pa hPa kPa bar mbar mmHg inHg psi",
    "duration": "µs ms s min h d",
    "illuminance": "lx",
    "distance": "mm cm m km",
    "weight": "µg mg g kg t",
    "volume": "L mL m³ ft³",
    "data_size": "bit B kB MB GB",
    "signal_strength": "dB dBm",
    "precipitation_intensity": "mm/h mm/d",
    "conductivity": "µS/cm mS/cm S/cm",
}
_COUNTERS: Final = {"energy", "reactive_energy"}
_SPELLINGS: Final = {
    "degc": "°C", "celsius": "°C", "c": "°C", "deg c": "°C", "ºc": "°C", "℃": "°C", "°c": "°C",
    "degf": "°F", "°f": "°F", "w/m2": "W/m²", "w/m^2": "W/m²", "w/m²": "W/m²", "wm-2": "W/m²",
    "kvar": "kvar", "var": "var", "varh": "varh", "kvarh": "kvarh", "va": "VA", "kva": "kVA", "wh": "Wh",
    "kwh": "kWh", "w": "W", "kw": "kW", "hz": "Hz", "amps": "A", "volts": "V", "sec": "s", "secs": "s", "hours": "h",
    "mins": "min", "us": "µs", "m3": "m³", "l": "L", "pct": "%", "percent": "%", "lux": "lx",
}  # fmt: skip
"""Other ways of writing a unit, in lower case. `M` and `m` differ, so that only what cannot be mistaken is here."""
_KNOWN: Final = {unit: name for name, units in _CLASSES.items() for unit in units.split()}


def meaning_of(unit: str) -> Meaning:
    """Return what a unit means; one that is not known is shown as it is written."""
    written = unit.strip().replace("μ", "µ")
    spelled = written if written in _KNOWN else _SPELLINGS.get(written.casefold(), written)
    name = _KNOWN.get(spelled)
    return Meaning(name, spelled or None, is_counter=name in _COUNTERS)
