"""The definitions of the kept records, read back: the columns of their rows, and how these become engineering values.

What was recorded under a definition is converted with it, whatever stands under its name today.
"""

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.contract import RecordKind
from heliograph.contract.recorded import RowColumn
from heliograph.contract.records import Value
from heliograph.formats import Definition, Protocol, parse_definition
from heliograph.formats.rowfields import Field, RowFields

FIELDS: Final = {"instant": "", "min": "minimum", "max": "maximum", "mean": "mean"}


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows under one definition are read."""

    fields: RowFields
    columns: tuple[RowColumn, ...]

    @classmethod
    def of(cls, definition: Definition, *, parameters: bool) -> "Rows":
        """Lay out what a definition records."""
        variables = definition.parameters if parameters else definition.recorded
        fields = RowFields(definition.protocol, variables, parameters=parameters)
        return cls(fields, tuple(_column(definition.protocol, field) for field in fields.fields))

    def engineering(self, raw: Sequence[Value]) -> tuple[Value, ...]:
        """Return a row in engineering values, its minimum never above its maximum."""
        fields = self.fields
        return tuple(fields.engineering(fields.source(place), raw) for place in range(len(raw)))


class Definitions:
    """The definitions that one look needs. None stands for one that is lost: its records cannot be read."""

    def __init__(self, connection: sqlite3.Connection, kind: RecordKind) -> None:
        self._connection = connection
        self._kind = kind
        self._known: dict[int, Rows | None] = {}

    def rows(self, number: int) -> Rows | None:
        """Return how the rows under a definition are read."""
        if number not in self._known:
            self._known[number] = self._read(number)
        return self._known[number]

    def _read(self, number: int) -> Rows | None:
        found = self._connection.execute(
            "SELECT file, packed FROM definition JOIN content USING (digest) WHERE id = ?", (number,)
        ).fetchone()
        definition = None if found is None else parse_definition(zlib.decompress(found[1]), found[0])[0]
        return None if definition is None else Rows.of(definition, parameters=self._kind is RecordKind.PARAMETERS)


def _column(protocol: Protocol, field: Field) -> RowColumn:
    variable, point = field.variable, field.variable.point
    if point is not None:
        is_text = point.kind.is_text
    else:  # a meter's variable is a number where it has a unit
        is_text = protocol is Protocol.TIC and field.statistic == "instant" and not variable.unit
    return RowColumn(
        variable=variable.index, name=variable.name, unit=variable.unit, field=FIELDS[field.statistic], is_text=is_text
    )
