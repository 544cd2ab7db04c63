"""A unified difference taken apart, so that a page can say of each line whether it came, went or stayed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["added", "removed", "kept", "place", "note"]
MOST_LINES: Final = 2000
"""Of a difference on one page."""
_FILE: Final = re.compile(r"[-+]{3} [ab]/")
_PLACE: Final = re.compile(r"@@ -([0-9]+)(?:,[0-9]+)? \+([0-9]+)(?:,[0-9]+)? @@.*")
_SIGNS: Final[dict[str, Kind]] = {"+": "added", "-": "removed"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its numbers in the old and in the new file where it has them."""

    kind: Kind
    text: str
    old: int | None = None
    new: int | None = None


@dataclass(slots=True)
class FileDifference:
    """What changed in one file."""

    path: str
    lines: list[Line] = field(default_factory=list)

    @property
    def added(self) -> int:
        """Lines that came."""
        return sum(line.kind == "added" for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines that went."""
        return sum(line.kind == "removed" for line in self.lines)


def files_of(difference: str) -> list[FileDifference]:
    """Take a difference apart; what is no part of a file's difference becomes a note of its own."""
    files: list[FileDifference] = []
    rows = difference.removesuffix("\n").split("\n") if difference else []
    for path, line in _placed(rows[:MOST_LINES]):
        if not files or files[-1].path != path:
            files.append(FileDifference(path))
        if line is not None:
            files[-1].lines.append(line)
    if len(rows) > MOST_LINES:
        files[-1].lines.append(Line("note", f"and {len(rows) - MOST_LINES} more lines: download both sets to see all"))
    return files


def _placed(rows: list[str]) -> Iterator[tuple[str, Line | None]]:
    path, old, new, is_head = "", 0, 0, True
    for at, row in enumerate(rows):
        following = rows[at + 1] if at + 1 < len(rows) else ""
        if row.startswith("--- ") and _FILE.match(row) and following.startswith("+++ "):
            is_head, path = True, row[6:]
        elif is_head and row.startswith("+++ ") and _FILE.match(row):
            is_head = False
            yield path, None
        elif place := _PLACE.fullmatch(row):
            old, new = int(place[1]), int(place[2])
            yield path, Line("place", f"from line {new}")
        elif row[:1] in _SIGNS or (row[:1] == " " and path):
            kind = _SIGNS.get(row[:1], "kept")
            yield path, Line(kind, row[1:], None if kind == "added" else old, None if kind == "removed" else new)
            old, new = old + (kind != "added"), new + (kind != "removed")
        else:
            yield "", Line("note", row)
            path = ""
