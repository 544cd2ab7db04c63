"""The definitions that come with Heliograph (`definitions/`), and where each of their variables is from.

In a checkout the package's folder is a link to the top of the tree; a wheel holds the files themselves.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from heliograph.formats import Definition, Protocol, parse_definition

FOLDER: Final = Path(__file__).with_name("definition_library")
CONNECTIONS: Final = "connections.csv"
SOURCES: Final = "sources.csv"
DOCUMENTS: Final = "documents.csv"
TABLES: Final = frozenset({CONNECTIONS, SOURCES, DOCUMENTS})
"""The files of the folder that are no definitions."""
NEAR: Final = 0.45
"""A make's name alone is already near enough."""


class UnknownName(LookupError):
    """The library has no definition of this name; its text says so, and which comes nearest."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a variable was checked."""

    document: str
    """Key of `documents.csv`."""
    where: str


@dataclass(frozen=True, slots=True)
class Document:
    """A register map, or public source code that reads such a device."""

    key: str
    title: str
    edition: str


@dataclass(frozen=True, slots=True)
class Connection:
    """How such a device is reached where its owner changed nothing: what stands in its line of `_daq.csv`."""

    port: str
    """Of Modbus TCP."""
    unit: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One definition of the library."""

    name: str
    content: bytes
    definition: Definition

    @property
    def sources(self) -> dict[str, tuple[Source, ...]]:
        """Return where each variable is from, by its Index."""
        return {row["index"]: _sources(row) for row in _rows(SOURCES) if row["file"] == self.definition.file}

    @property
    def connection(self) -> Connection:
        """How such a device is reached where its owner changed nothing."""
        row = next(row for row in _rows(CONNECTIONS) if row["file"] == self.definition.file)
        return Connection(row["port"], row["unit"], row["parameters"])

    def daq_line(self, protocol: Protocol, file: str) -> str:
        """Return a line of `_daq.csv` to start from, for a device that uses the definition under a file name."""
        usual, own = self.connection, self.definition
        interface = f"192.168.1.10:{usual.port}" if protocol is Protocol.MODBUS_TCP else "SERIAL1"
        fields = ["1", interface, self.name, usual.unit, "600", "1000", "", usual.parameters]
        return ";".join([*fields, own.category, own.model, file])


def names() -> list[str]:
    """Return the names of all definitions; none where the library is not installed."""
    return sorted(path.stem for path in FOLDER.glob("*.csv") if path.name not in TABLES)


def entries() -> Iterator[Entry]:
    """Read all definitions."""
    return (entry(name) for name in names())


def entry(name: str) -> Entry:
    """Read one definition, named with or without `.csv`. Raises `UnknownName`."""
    known, name = names(), name.removesuffix(".csv")
    if name not in known:
        near = get_close_matches(name.casefold(), known, 1, NEAR)
        hint = f"did you mean {near[0]}?" if near else "`heliograph definitions list` tells the names"
        raise UnknownName(f"the library has no {name!r}; {hint}")
    content = (FOLDER / f"{name}.csv").read_bytes()
    definition, findings = parse_definition(content, f"{name}.csv")
    if definition is None:
        raise ValueError(f"the library is damaged: {findings[0]}")
    return Entry(name, content, definition)


def documents() -> dict[str, Document]:
    """Return the documents that sources name, by key."""
    return {row["key"]: Document(row["key"], row["title"], row["edition"]) for row in _rows(DOCUMENTS)}


def _sources(row: dict[str, str]) -> tuple[Source, ...]:
    both = (Source(row["source"], row["where"]), Source(row["second_source"], row["second_where"]))
    return tuple(source for source in both if source.document)


@cache
def _rows(file: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / file).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines, delimiter=";"))
