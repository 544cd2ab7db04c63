"""Rows as a table for people. A long file becomes several tables, so that the first appears at once."""

import sys
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heliograph.cli.output import printable
from heliograph.formats import Row, Value, format_value

ROWS_OF_A_TABLE = 1000
_WIDE = 10_000
_LONG = 1e9
"""Floats beyond are shown as they are: ten digits would cut before the point."""


def print_table(title: str, rows: Iterable[Row]) -> None:
    """Print rows under a title; nothing where there are none. Into a file or pipe it is not wrapped."""
    source = iter(rows)
    while part := list(islice(source, ROWS_OF_A_TABLE)):
        print_texts(title, Row._fields, map(_texts, part), right={"device", "index", "raw", "value"})


def print_texts(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str]) -> None:
    """Print rows of texts under a title, the columns named in `right` flush right; wrapped on a terminal only."""
    is_terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if is_terminal else _WIDE, force_terminal=is_terminal)
    heading = Text(printable(title)) if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(_cell(name), justify="right" if name in right else "left")
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table)


def _texts(row: Row) -> tuple[str, ...]:
    date = row.timestamp.isoformat(sep=" ")
    return (
        date,
        row.device,
        row.index,
        row.name,
        row.statistic,
        _number(row.raw),
        _number(row.value),
        row.unit,
    )


def _number(value: Value) -> str:
    """A value to look at: ten digits of a float; CSV and Parquet have all."""
    if isinstance(value, float) and abs(value) < _LONG:
        value = float(f"{value:.10g}")
    return format_value(value)


def _cell(text: str) -> Text:
    """A text of a stranger: neither markup nor control characters."""
    return Text(printable(text))
