"""What a variable usually says, from its tag, unit and name: a definition file alone makes a plausible device.

The rules go from the certain to the likely; the first that fits is taken.
"""

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from heliograph.demo.simulate.plantfile import Counter, Day, Device, Limit, Value, Walk, Writable
from heliograph.demo.simulate.registers import whole_range
from heliograph.formats.definition import Definition, Kind, Table, Variable

GRID_VOLTS: Final = 230.0
STRING_VOLTS: Final = 600.0
PHASES: Final = 3
REACTIVE_SHARE: Final = 0.05
ENABLE_TAG: Final = "WMaxLim_Ena"
"""SunSpec: the limit of an inverter is in force while this is not 0."""
_METRIC: Final = {"": 1.0, "k": 1e3, "M": 1e6, "m": 1e-3, "G": 1e9}
_QUANTITY: Final = re.compile(r"(k|M|m|G|)(Wh|VAh|varh|VArh|Varh|W|VA|var|VAr|Var|VAR|V|A|Hz)")
_DC: Final = re.compile(r"dc|pv|string|mppt", re.IGNORECASE)
_DAILY: Final = re.compile(r"today|daily|\bday\b", re.IGNORECASE)
_PHASE: Final = re.compile(r"l[123]\b|ph(?:ase)?[ _v]*[abc123]", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"l[123] ?[-–] ?l[123]|line.to.line|ppv", re.IGNORECASE)
_NAMEPLATE: Final = re.compile(r"rated|nominal|wrtg", re.IGNORECASE)
_TAKEN: Final = re.compile(r"import|taken|bought|consum|absorb", re.IGNORECASE)
_METER: Final = re.compile(r"meter|counter|compteur|zähler|zaehler", re.IGNORECASE)
_TABLE_ID: Final = re.compile(r"([0-9]{1,5})_tableId")
_FINEST: Final = {"V": -1, "A": -2, "Hz": -2, "%": -1}
"""The decimal exponent that a scale factor has at least, by unit; others 0."""
_WARM: Final = Value(day=Day(peak=42.0, base=14.0), noise=0.1)
_SUN: Final = Value(day=Day(peak=1000.0), noise=1.0, min=0.0)
_OTHERS: Final = {
    "W/m²": _SUN,
    "W/m2": _SUN,
    "°C": _WARM,
    "C": _WARM,
    "degC": _WARM,
    "%": Value(walk=Walk(start=50.0, step=1.0, min=0.0, max=100.0)),
    "h": Value(constant=12_000.0),
    "m/s": Value(walk=Walk(start=3.0, step=0.3, min=0.0, max=15.0, every=10.0)),
}


def usual_values(definition: Definition, entry: Device) -> dict[str, Value]:
    """Return a value for every variable, by its Index."""
    rules = _Rules(definition, entry)
    exponents = _exponents(definition, rules)
    found = {}
    for variable in definition.variables:
        if variable.name in exponents:
            found[variable.index] = Value(constant=float(exponents[variable.name]))
        else:
            found[variable.index] = rules.value(variable)
    return found


@dataclass(slots=True)
class _Rules:
    definition: Definition
    entry: Device

    @property
    def is_meter(self) -> bool:
        return bool(_METER.search(self.definition.category))

    def value(self, variable: Variable) -> Value:
        if variable.point is None:
            return Value(constant=0.0)
        if variable.point.kind.is_text:
            return Value(text=self._text(variable))
        for rule in (self._set_point, self._sunspec, self._quiet, self._quantity, self._other):
            found = rule(variable)
            if found is not None:
                return found
        return Value(constant=0.0)

    def largest(self, variable: Variable) -> float:
        """Return the greatest engineering value that a variable usually has, for its scale factor."""
        value = self.value(variable)
        match value.source:
            case Day(peak=peak, base=base):
                return max(abs(peak), abs(base))
            case Walk(max=most, min=least):
                return max(abs(most), abs(least))
            case Writable(max=most):
                return most
            case Counter(start=start):
                return 3 * start + 1e6
            case float() as constant:
                return abs(constant) * 1.2
        return 0.0

    def _text(self, variable: Variable) -> str:
        kind, name = variable.point.kind if variable.point else Kind.STRING, f"{variable.name} {variable.tag}".lower()
        number = zlib.crc32(self.entry.name.encode())
        if kind is not Kind.STRING:
            return _address(kind, number)
        if re.search(r"serial|_sn\b|displayserial", name):
            return f"SIM{number:08X}"
        if re.search(r"manufacturer|vendor|_mn\b", name):
            return self.definition.manufacturer
        if re.search(r"model|_md\b", name):
            return self.definition.model
        return "1.0" if re.search(r"version|firmware|_vr\b", name) else self.entry.name

    def _set_point(self, variable: Variable) -> Value | None:
        if variable.point is None or not variable.point.table.is_writable:
            return None
        if variable.tag == "cmdPwrPercent":
            return Value(writable=Writable(start=100.0, min=0.0, max=100.0, delay=1.0, lag=5.0))
        if variable.tag in ("cmdOn", ENABLE_TAG):
            return Value(writable=Writable(start=1.0, min=0.0, max=1.0))
        if variable.tag.startswith("cmd") or variable.point.table is Table.COIL:
            low, high = whole_range(variable.point) if not variable.point.kind.is_float else (0, 100)
            return Value(writable=Writable(start=0.0, min=float(low), max=float(high)))
        return None

    def _sunspec(self, variable: Variable) -> Value | None:
        """Return what the head of a SunSpec table says: `<model>_tableId`; sizes follow from the addresses."""
        match = _TABLE_ID.fullmatch(variable.name)
        if match:
            return Value(constant=float(match[1]))
        if variable.name.endswith("_tableSize"):
            return Value(constant=float(sunspec_sizes(self.definition).get(variable.name, 0)))
        if variable.name.endswith("_St") and not variable.unit:
            return Value(constant=4.0)
        return None

    def _quiet(self, variable: Variable) -> Value | None:
        """Return 1 for a state, 0 for alarms and single bits."""
        if re.search(r"\bstat(e|us)\b|_st\b", variable.name, re.IGNORECASE) and not variable.unit:
            return Value(constant=1.0)
        if variable.is_alarm or (variable.point and variable.point.kind is Kind.BITS):
            return Value(constant=0.0)
        return None

    def _quantity(self, variable: Variable) -> Value | None:
        match = _QUANTITY.fullmatch(variable.unit.strip())
        if match is None:
            return None
        factor, unit, name = 1 / _METRIC[match[1]], match[2], variable.name
        match unit:
            case "V":
                return self._volts(name, factor)
            case "A":
                volts = STRING_VOLTS if _DC.search(name) else GRID_VOLTS * PHASES
                return self._sunny(self.entry.rated / volts * factor)
            case "Hz":
                return Value(constant=50.0 * factor, noise=0.005 * factor)
            case "Wh" | "VAh" | "varh" | "VArh" | "Varh":
                return self._energy(variable, factor, reactive=unit != "Wh")
        share = 1.0 if unit in ("W", "VA") else REACTIVE_SHARE
        return self._power(name, self.entry.rated * factor * share)

    def _volts(self, name: str, factor: float) -> Value:
        if _DC.search(name):
            return self._sunny(STRING_VOLTS * factor)
        volts = GRID_VOLTS * (math.sqrt(PHASES) if _BETWEEN.search(name) else 1.0)
        return Value(constant=volts * factor, noise=0.3 * factor)

    def _power(self, name: str, rated: float) -> Value:
        if _NAMEPLATE.search(name):
            return Value(constant=rated)
        rated *= 1 / PHASES if _PHASE.search(name) else 1.0
        if self.is_meter:
            return Value(walk=Walk(start=rated / 3, step=rated / 50, min=-rated, max=rated, every=10.0))
        limit, enable = self._tagged("cmdPwrPercent"), self._tagged(ENABLE_TAG)
        limited = Limit(percent=limit, rated=rated, enabled=enable) if limit else None
        return Value(day=Day(peak=rated), noise=rated / 2000, limited=limited, min=0.0)

    def _tagged(self, tag: str) -> str | None:
        return next((v.name for v in self.definition.variables if v.tag == tag), None)

    def _energy(self, variable: Variable, factor: float, *, reactive: bool) -> Value:
        of = self._power_variable()
        start = 0.0 if _DAILY.search(variable.name) else self.entry.rated * 1000 * factor
        if of is None or reactive:
            return Value(constant=start)
        scale = _METRIC[re.sub(r"W$", "", of.unit.strip())] * factor
        if self.is_meter and _TAKEN.search(variable.name):
            scale = -scale
        counter = Counter(of=of.name, start=start, factor=scale, daily=bool(_DAILY.search(variable.name)))
        return Value(counter=counter)

    def _power_variable(self) -> Variable | None:
        """Return the variable that tells the device's whole active power."""
        watts = [v for v in self.definition.variables if re.fullmatch(r"(k|M|m|G|)W", v.unit.strip())]
        watts = [v for v in watts if v.point and not v.point.kind.is_text]
        tagged = [v for v in watts if v.tag in ("RealPower", "GridPower")]
        whole = [v for v in watts if not _DC.search(v.name) and not _PHASE.search(v.name)]
        return next(iter([*tagged, *whole, *watts]), None)

    def _sunny(self, peak: float) -> Value:
        return Value(constant=peak) if self.is_meter else Value(day=Day(peak=peak), min=0.0)

    def _other(self, variable: Variable) -> Value | None:
        usual = _OTHERS.get(variable.unit.strip())
        if usual is not None:
            return usual
        if re.search(r"\b(pf|cos)\b|power factor|cos ?(phi|φ)", variable.name, re.IGNORECASE):
            return Value(constant=1.0)
        return None


def _address(kind: Kind, number: int) -> str:
    """Return an address of the ranges for documentation."""
    if kind is Kind.MAC:
        return number.to_bytes(6).hex(":").upper()
    return f"192.0.2.{number % 254 + 1}" if kind is Kind.IP else f"2001:db8::{number % 65535 + 1:x}"


def sunspec_sizes(definition: Definition) -> dict[str, int]:
    """Return the length of each SunSpec table by the name of its `<model>_tableSize`."""
    heads = sorted(
        (v.point.address, match[1]) for v in definition.variables if v.point and (match := _TABLE_ID.fullmatch(v.name))
    )
    end = max((v.point.address + v.point.count for v in definition.variables if v.point), default=0)
    ends = [*(address for address, _ in heads), end][1:]
    return {f"{model}_tableSize": after - address - 2 for (address, model), after in zip(heads, ends, strict=True)}


def _exponents(definition: Definition, rules: _Rules) -> Mapping[str, int]:
    """Return what each scale factor says: fine enough for its unit, coarse enough for the largest value to fit."""
    found: dict[str, int] = {}
    for variable in definition.variables:
        point = variable.point
        if not variable.scale_factor or point is None or point.kind.is_text:
            continue
        exponent = _FINEST.get(variable.unit.split(" ")[0], -1 if variable.unit in ("C", "°C") else 0)
        high = whole_range(point)[1] if not point.kind.is_float else float("inf")
        largest = rules.largest(variable)
        while largest / 10.0**exponent / abs(variable.coef_a or 1) > high and exponent < 9:
            exponent += 1
        found[variable.scale_factor] = max(exponent, found.get(variable.scale_factor, exponent))
    return found
