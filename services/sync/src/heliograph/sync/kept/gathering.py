"""One variable over the points of a plot: extremes and mean of the raw values, converted when all are there. Pure.

Raw values are gathered by what converts them (definition and scale factor): within that, the engineering value grows
or falls with the raw one, so that few conversions give the same as one for each record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from heliograph.contract import Series
from heliograph.formats import Variable, engineering_value
from heliograph.formats.engineering import PLAIN_NUMBER
from heliograph.formats.not_implemented import pattern_of
from heliograph.formats.rowfields import RowFields
from heliograph.formats.values import Value

Number = int | float


@dataclass(frozen=True, slots=True)
class Source:
    """Where a variable stands in the rows of one definition."""

    variable: Variable
    fields: RowFields
    least: int
    most: int
    mean: int

    @classmethod
    def of(cls, index: str, fields: RowFields) -> "Source | None":
        """Find a variable: its statistics, else its instant value."""
        places = {f.statistic: place for place, f in enumerate(fields.fields) if f.variable.index == index}
        if not places:
            return None
        instant = places.get("instant", 0)
        variable = fields.fields[next(iter(places.values()))].variable
        ends = (places.get("min", instant), places.get("max", instant), places.get("mean", instant))
        return cls(variable, fields, *ends)


@dataclass(slots=True)
class _Sum:
    least: Number
    most: Number
    total: Number
    count: int


@dataclass(slots=True)
class Gathering:
    """What is gathered of one variable."""

    index: str
    name: str
    unit: str
    points: int
    _sums: dict[int, dict[tuple[int, Value], _Sum]] = field(default_factory=dict)
    _sources: dict[int, Variable] = field(default_factory=dict)

    def add(self, place: int, definition: int, source: Source, row: Sequence[Value]) -> None:
        """Add a record to a point; a value that is missing or no number adds nothing."""
        ends = [_number(source.variable, row[at]) for at in (source.least, source.most, source.mean)]
        known = [end for end in ends if end is not None]
        if not known:
            return
        mean = known[-1] if ends[2] is None else ends[2]
        self._sources[definition] = source.variable
        scale = (definition, source.fields.scale_factor(source.mean, row))
        sums = self._sums.setdefault(place, {})
        if (found := sums.get(scale)) is None:
            sums[scale] = _Sum(min(known), max(known), mean, 1)
            return
        found.least = min(found.least, *known)
        found.most = max(found.most, *known)
        found.total += mean
        found.count += 1

    def series(self) -> Series:
        """Return it in engineering values."""
        points = [self._point(place) for place in range(self.points)]
        least, mean, most = zip(*points, strict=True) if points else ((), (), ())
        return Series(variable=self.index, name=self.name, unit=self.unit, least=least, mean=mean, most=most)

    def _point(self, place: int) -> tuple[float | None, float | None, float | None]:
        parts = [(self._part(scale, found), found.count) for scale, found in self._sums.get(place, {}).items()]
        good = [(part, count) for part, count in parts if part is not None]
        if not good:
            return None, None, None
        least, most = min(part[0] for part, _ in good), max(part[2] for part, _ in good)
        if len(good) == 1:
            return good[0][0]
        count = sum(count for _, count in good)
        return least, sum(part[1] * count for part, count in good) / count, most

    def _part(self, scale: tuple[int, Value], found: _Sum) -> tuple[float, float, float] | None:
        """The engineering values of what has one scale; the least raw value is the greatest where CoefA is negative."""
        definition, factor = scale
        variable = self._sources[definition]
        mean = found.total if found.count == 1 else found.total / found.count
        values = [engineering_value(variable, raw, factor) for raw in (found.least, mean, found.most)]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        return (min(numbers), numbers[1], max(numbers)) if len(numbers) == len(values) else None


def _number(variable: Variable, raw: Value) -> Number | None:
    """Return a raw value that is a number; a meter writes numbers as texts."""
    if isinstance(raw, str) and variable.point is None and PLAIN_NUMBER.fullmatch(raw):
        return float(raw) if "." in raw else int(raw)
    if raw is None or isinstance(raw, str):
        return None
    return None if variable.point is not None and raw == pattern_of(variable.point) else raw
