"""Which variables of a device tell the plant's figures: by tag, SunSpec name, unit and name (decision 0033). Pure.

What a variable means is never guessed from its value. A power that is not plainly active power of the whole device is
not taken: a figure that is missing is told, a wrong one is believed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from heliograph.formats import Definition, Variable

WATTS: Final = {"mW": 1e-3, "W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9, "w": 1.0, "kw": 1e3, "KW": 1e3}
KILOWATT_HOURS: Final = {
    "Wh": 1e-3, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6, "wh": 1e-3, "kwh": 1.0, "KWh": 1.0, "KWH": 1.0,
    "J": 1 / 3.6e6, "kJ": 1 / 3.6e3, "MJ": 1 / 3.6, "GJ": 1e3 / 3.6,
}  # fmt: skip
"""What one of a unit is in kWh. `m` and `M` differ, so that only what cannot be mistaken is here in other cases."""

MOST_KNOWN: Final = 500


class Role(StrEnum):
    """What a device is to the plant."""

    PRODUCER = "producer"
    METER = "meter"
    STORAGE = "storage"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Points:
    """The variables of one device that the figures are made of."""

    role: Role = Role.OTHER
    produced: Variable | None = None
    """Power that it feeds in."""
    today: Variable | None = None
    """Energy that it produced today, as it counts itself."""
    total: Variable | None = None
    """Energy that it produced since it was made."""
    grid: Variable | None = None
    """Power at the meter: from the grid, negative where it flows there."""
    is_fed_in: bool = False
    """Whether `grid` counts the other way round: its name says that it is what is fed in."""
    imported: Variable | None = None
    exported: Variable | None = None


class KnownPoints:
    """The points of the definitions that were met: they are looked for once, and asked for each second."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Points] = {}

    def of(self, definition: Definition, category: str) -> Points:
        """See `points_of`."""
        key = (definition.digest, category)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = points_of(definition, category)
        return self._known[key]


def points_of(definition: Definition, category: str = "") -> Points:
    """Find the points of a device; `category` is that of its line of `_daq.csv`."""
    variables = definition.variables
    role = _role(category or definition.category, variables)
    powers = [v for v in variables if v.unit in WATTS and _is_meant(v, _NO_POWER)]
    energies = [v for v in variables if v.unit in KILOWATT_HOURS and _is_meant(v, _NO_ENERGY)]
    grid = _grid(role, powers)
    return Points(
        role,
        produced=_produced(role, powers),
        today=_today(role, energies),
        total=_total(role, energies),
        grid=grid,
        is_fed_in=grid is not None and _is_fed_in(grid),
        imported=_best(energies, "EnergyImported", _IMPORTED) if role is not Role.PRODUCER else None,
        exported=_best(energies, "EnergyExported", _EXPORTED) if role is not Role.PRODUCER else None,
    )


_ROLES: Final = (
    (Role.STORAGE, re.compile(r"batter|storage|speicher|akku")),
    (Role.OTHER, re.compile(r"logger|controller|gateway|weather|sensor|irradian|pyranom|tracker")),
    (Role.METER, re.compile(r"meter|compteur|zähler|zaehler|contador|analy[sz]er")),
    (Role.PRODUCER, re.compile(r"inverter|onduleur|wechselrichter|inversor|\bpv\b|photovolt|solar")),
)
_PRODUCERS_TAGS: Final = frozenset({"RealPower", "EnergyTotal", "EnergyToday", "cmdPwrPercent"})
_METERS_TAGS: Final = frozenset({"GridPower", "EnergyImported", "EnergyExported"})
_INVERTER: Final = re.compile(r"(10[123]|11[123]|701)_(\d+_)?")
"""SunSpec's models of inverters, as detection names their points (spec 2.4)."""
_METER: Final = re.compile(r"2[01][1234]_(\d+_)?")
_NO_POWER: Final = re.compile(
    r"reactive|apparent|blind|schein|réactive|apparente|\bdc|dc\b|dcw|\bpv ?\d|string|mppt|input|batter|charg"
    r"|rated|rating|nominal|limit|\bmax|\bmin|set ?point|target|command|factor|available|\bl[123]\b|phase|ph[abc]\b"
)
_NO_ENERGY: Final = re.compile(
    r"reactive|apparent|blind|schein|yesterday|gestern|hier\b|month|week|year|monat|woche|jahr|\bdc|batter|charg"
    r"|\bl[123]\b|phase|ph[abc]\b|tariff|\bt[1-4]\b|_dc"
)
_PLAINLY: Final = re.compile(r"active|\bac\b|total|wirk|\bpac\b|output")
_OF_GRID: Final = re.compile(r"grid|meter|netz|réseau|import|export|bezug|einspeis|load|consum")
_TODAY: Final = re.compile(r"today|daily|\bday\b|heute|tages|du jour|journali")
_IMPORTED: Final = re.compile(r"import|bezug|soutir|consum|drawn|taken|forward|totwhimp")
_EXPORTED: Final = re.compile(r"export|einspeis|inject|feed|\bfed\b|deliver|reverse|totwhexp")


def _role(category: str, variables: Iterable[Variable]) -> Role:
    """SunSpec's models say it best, then the category, then the tags."""
    names, tags = [v.name for v in variables], {v.tag for v in variables}
    if any(map(_INVERTER.match, names)):
        return Role.PRODUCER
    if any(map(_METER.match, names)):
        return Role.METER
    found = next((role for role, words in _ROLES if words.search(category.casefold())), None)
    if found:
        return found
    if tags & _PRODUCERS_TAGS:
        return Role.PRODUCER
    return Role.METER if tags & _METERS_TAGS else Role.OTHER


def _is_meant(variable: Variable, other: re.Pattern[str]) -> bool:
    """Whether it may be one of the figures: a tag says so, and no name says otherwise."""
    return variable.tag in _PRODUCERS_TAGS | _METERS_TAGS or not other.search(_words(variable.name))


def _produced(role: Role, powers: list[Variable]) -> Variable | None:
    if role is not Role.PRODUCER:
        return None
    own = [v for v in powers if v.tag != "GridPower" and not _METER.match(v.name)]
    return _tagged(own, "RealPower") or _sunspec(own, "W") or _single([v for v in own if not _is_of_grid(v)])


def _grid(role: Role, powers: list[Variable]) -> Variable | None:
    """Of a meter; an inverter has a meter of its own only where that is said plainly."""
    of_meter = [v for v in powers if _METER.match(v.name)]
    found = _tagged(powers, "GridPower") or _sunspec(of_meter, "W")
    if found or role is not Role.METER:
        return found
    return _tagged(powers, "RealPower") or _single(powers)


def _is_fed_in(grid: Variable) -> bool:
    words = _words(grid.name)
    return grid.tag != "GridPower" and bool(_EXPORTED.search(words)) and not _IMPORTED.search(words)


def _today(role: Role, energies: list[Variable]) -> Variable | None:
    if role is not Role.PRODUCER:
        return None
    return _tagged(energies, "EnergyToday") or _single([v for v in energies if _is_today(v) and not _is_of_grid(v)])


def _total(role: Role, energies: list[Variable]) -> Variable | None:
    if role is not Role.PRODUCER:
        return None
    own = [v for v in energies if not _is_today(v) and not _is_of_grid(v) and not _METER.match(v.name)]
    return _tagged(own, "EnergyTotal") or _sunspec(own, "WH") or _sunspec(own, "TotWhInj") or _single(own)


def _best(variables: list[Variable], tag: str, words: re.Pattern[str]) -> Variable | None:
    whole = [v for v in variables if not _is_today(v)]
    return _tagged(whole, tag) or _single([v for v in whole if words.search(_words(v.name))])


def _tagged(variables: Iterable[Variable], tag: str) -> Variable | None:
    return next((v for v in variables if v.tag == tag), None)


def _sunspec(variables: Iterable[Variable], point: str) -> Variable | None:
    return next((v for v in variables if re.fullmatch(rf"\d+_(\d+_)?{point}", v.name)), None)


def _single(variables: list[Variable]) -> Variable | None:
    """The one that is plainly meant; none where two may be meant."""
    plain = [v for v in variables if _PLAINLY.search(_words(v.name))]
    return next((meant[0] for meant in (variables, plain) if len(meant) == 1), None)


def _is_of_grid(variable: Variable) -> bool:
    return variable.tag in _METERS_TAGS or _OF_GRID.search(_words(variable.name)) is not None


def _is_today(variable: Variable) -> bool:
    return variable.tag == "EnergyToday" or _TODAY.search(_words(variable.name)) is not None


def _words(name: str) -> str:
    return name.replace("_", " ").casefold()
