"""The definitions that come with Heliograph (`definitions/`), for a device that is added on the page.

In a checkout the folder is a link to the top of the tree; a wheel holds the files themselves. They are read when they
are asked for: nothing of them stays in memory.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("definition_library")
CONNECTIONS: Final = "connections.csv"
TABLES: Final = frozenset({CONNECTIONS, "sources.csv", "documents.csv"})
"""The files of the folder that are no definitions."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """One definition."""

    name: str
    text: str
    port: str = ""
    """Of Modbus TCP, where its owner changed nothing."""
    unit: str = ""


def shipped() -> tuple[Shipped, ...]:
    """Read all definitions by name; none where the library is not installed."""
    paths = sorted(path for path in FOLDER.glob("*.csv") if path.name not in TABLES)
    rows = _connections()
    return tuple(_read(path, rows.get(path.name, {})) for path in paths)


def shipped_as(name: str) -> Shipped | None:
    """Read the definition of a name; None where the library has none of it."""
    return next((entry for entry in shipped() if entry.name == name), None)


def _read(path: Path, row: dict[str, str]) -> Shipped:
    return Shipped(path.stem, path.read_text(encoding="utf-8"), row.get("port", ""), row.get("unit", ""))


def _connections() -> dict[str, dict[str, str]]:
    path = FOLDER / CONNECTIONS
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["file"]: row for row in csv.DictReader(lines, delimiter=";")}
