"""The columns of a file of records: one name each, and the place of every value of a part."""

from collections import Counter
from collections.abc import Iterator, Sequence

from heliograph.contract.recorded import RowColumn, RowsAnswer
from heliograph.contract.records import Value


def labels(columns: Sequence[RowColumn]) -> list[str]:
    """Name columns for people, each differently: `AC power minimum [kW]`."""
    plain = [_label(column) for column in columns]
    count = Counter(plain)
    named = [
        label if count[label] == 1 else f"{label} (variable {column.variable})"
        for label, column in zip(plain, columns, strict=True)
    ]
    seen: Counter[str] = Counter()
    return [name if count_up(seen, name) == 1 else f"{name} #{seen[name]}" for name in named]


def count_up(seen: Counter[str], name: str) -> int:
    """Count a name once more and return how often it was seen."""
    seen[name] += 1
    return seen[name]


def rows_of(part: RowsAnswer, columns: Sequence[RowColumn]) -> Iterator[tuple[int, Sequence[Value]]]:
    """Give time and values of each row of a part, in the order of a file's columns; what a part has not is missing."""
    if part.columns == tuple(columns):
        yield from zip(part.times, part.rows, strict=True)
        return
    places = {column: place for place, column in enumerate(part.columns)}
    taken = [places.get(column) for column in columns]
    for time, row in zip(part.times, part.rows, strict=True):
        yield time, [None if place is None else row[place] for place in taken]


def _label(column: RowColumn) -> str:
    words = " ".join(filter(None, (column.name, column.field)))
    return f"{words} [{column.unit}]" if column.unit else words
