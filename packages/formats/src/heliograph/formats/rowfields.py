"""The fields of a data row: how each is read, and what its engineering value is (spec 2.2, 3.1)."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

from heliograph.formats.definition import Protocol, Variable
from heliograph.formats.engineering import engineering_value, raw_range
from heliograph.formats.report import quote
from heliograph.formats.values import Value

Statistic = Literal["min", "max", "mean", "instant"]

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOST_CHARACTERS = 400
_REMEMBERED = 4096

Read = Callable[[str], int | float | str]
"""Reads one field that is not empty; raises `ValueError` with a reason."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a row."""

    variable: Variable
    statistic: Statistic
    read: Read


@dataclass(frozen=True, slots=True)
class _Exponent:
    """Where in a row the scale factor of a field stands, and whether statistics of it stand there too."""

    instant: int | None
    low: int | None
    for_statistic: bool

    def of(self, row: Sequence[Value]) -> Value:
        """The scale factor that held for the field, or None where the row does not tell.

        A statistic is over the whole period: where the scale factor changed within it, its scale is unknown. One that
        is recorded by its statistics alone is known where it did not change.
        """
        instant = None if self.instant is None else row[self.instant]
        if self.low is None or row[self.low] is None:
            return instant
        constant = row[self.low] if row[self.low] == row[self.low + 1] else None
        return constant if self.for_statistic or instant is None else instant


class RowFields:
    """The fields of the rows of one block, from the variables of its definition."""

    def __init__(self, protocol: Protocol, variables: Sequence[Variable], *, parameters: bool) -> None:
        self.fields = tuple(field for variable in variables for field in _fields(protocol, variable, parameters))
        places = {(field.variable.name, field.statistic): place for place, field in enumerate(self.fields)}
        self._exponents = tuple(
            _Exponent(
                places.get((field.variable.scale_factor, "instant")),
                places.get((field.variable.scale_factor, "min")),
                field.statistic != "instant",
            )
            if field.variable.scale_factor
            else None
            for field in self.fields
        )
        self._engineering = tuple(_remembering(field.variable) for field in self.fields)
        self._is_plain = tuple(_is_plain(field.variable) for field in self.fields)

    def source(self, place: int) -> int:
        """Return the place of the field whose engineering value the field at `place` names, for people.

        Minimum and maximum are of engineering values: with a negative CoefA the least raw value is the greatest.
        """
        field = self.fields[place]
        if field.variable.coef_a >= 0 or field.statistic not in {"min", "max"}:
            return place
        return place + 1 if field.statistic == "min" else place - 1

    def read(self, texts: Sequence[str]) -> list[Value]:
        """Return the raw values of a row, whose texts are as many as the fields. Raises `ValueError`; see `faults`."""
        return [field.read(text) if text else None for field, text in zip(self.fields, texts, strict=True)]

    def faults(self, texts: Sequence[str]) -> list[tuple[int, str]]:
        """Return the place of each field that can't be read, with the reason."""
        found = []
        for place, (field, text) in enumerate(zip(self.fields, texts, strict=True)):
            try:
                field.read(text or "0")
            except ValueError as error:
                found.append((place, f"{field.variable.name} ({field.statistic}): {error}"))
        return found

    def engineering(self, place: int, row: Sequence[Value]) -> Value:
        """Return the engineering value of a field of a row, or None where it or its scale factor is missing."""
        raw = row[place]
        if self._exponents[place] is not None:
            return self._engineering[place](raw, self.scale_factor(place, row))
        return raw if self._is_plain[place] else self._engineering[place](raw)

    def scale_factor(self, place: int, row: Sequence[Value]) -> Value:
        """Return the scale factor that held for a field of a row: None where it has none, or the row does not tell."""
        exponent = self._exponents[place]
        return None if exponent is None else exponent.of(row)


def _remembering(variable: Variable) -> Callable[..., Value]:
    """Raw values of a device repeat, and calculating in decimals takes long."""
    return lru_cache(maxsize=_REMEMBERED, typed=True)(partial(engineering_value, variable))


def _is_plain(variable: Variable) -> bool:
    """Whether the engineering value is the raw value."""
    return variable.point is not None and (variable.coef_a, variable.coef_b) == (1, 0)


def _fields(protocol: Protocol, variable: Variable, parameters: bool) -> list[Field]:
    read = _reader(protocol, variable)
    instant = [Field(variable, "instant", read)]
    if parameters:
        return instant
    number = _read_number if protocol is Protocol.TIC else read
    statistics = [Field(variable, "min", number), Field(variable, "max", number), Field(variable, "mean", _read_float)]
    return statistics * variable.is_statistic + instant * variable.is_instant


def _reader(protocol: Protocol, variable: Variable) -> Read:
    point = variable.point
    if point is None:
        return str if protocol is Protocol.TIC else _read_number
    if point.kind.is_text:
        return str
    if point.kind.is_float:
        return _read_float
    return _integers(*raw_range(point))


def _integers(low: int, high: int) -> Read:
    def read(text: str) -> int:
        if _INTEGER.fullmatch(text):
            number = int(text)
            if low <= number <= high:
                return number
        raise ValueError(f"{quote(text)} is no whole number from {low} to {high}")

    return read


def _read_float(text: str) -> float:
    if len(text) <= _MOST_CHARACTERS and _NUMBER.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
    raise ValueError(f"{quote(text)} is no number")


def _read_number(text: str) -> int | float:
    return int(text) if _INTEGER.fullmatch(text) else _read_float(text)
