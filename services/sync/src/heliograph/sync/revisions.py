"""The revisions of the configuration: every applied set, numbered, with its origin, time and difference (spec 1.7)."""

import base64
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete
from sqlmodel import col, select

from heliograph.formats.secrets import mask_secrets
from heliograph.sync.database import Database
from heliograph.sync.tables import MetaRow, RevisionRow

KEPT: Final = 50
DIFF_LINES: Final = 2000


@dataclass(frozen=True, slots=True)
class Stored:
    """One revision as it lies on the disk."""

    number: int
    origin: str
    time: int
    uid: str
    """With which the set was read."""
    files: dict[str, bytes]


class Revisions:
    """The last 50 applied sets, and the digest of what was last read from the set directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self) -> Stored | None:
        """Return the revision in force."""
        with self._database.read() as session:
            row = session.exec(select(RevisionRow).order_by(col(RevisionRow.number).desc()).limit(1)).first()
        if row is None:
            return None
        files = {path: base64.b64decode(text) for path, text in json.loads(row.files).items()}
        return Stored(row.number, row.origin, row.time, row.uid, files)

    def keep(self, origin: str, time: int, uid: str, files: Mapping[str, bytes]) -> Stored:
        """Number and keep an applied set; return it."""
        before = self.last()
        number = before.number + 1 if before else 1
        row = RevisionRow(
            number=number,
            origin=origin,
            time=time,
            uid=uid,
            diff=difference(before.files if before else {}, files),
            files=json.dumps({path: base64.b64encode(content).decode() for path, content in files.items()}),
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            session.connection().execute(delete(RevisionRow).where(col(RevisionRow.number) <= number - KEPT))
        return Stored(number, origin, time, uid, dict(files))

    def definitions(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the definitions of all kept revisions, the newest first."""
        with self._database.read() as session:
            numbers = list(session.exec(select(RevisionRow.number).order_by(col(RevisionRow.number).desc())))
        for number in numbers:
            with self._database.read() as session:
                row = session.get(RevisionRow, number)
            for path, text in json.loads(row.files).items() if row else ():
                if path.startswith("DEF/"):
                    yield path.removeprefix("DEF/"), base64.b64decode(text)

    def fact(self, key: str) -> str:
        """Return a single fact, empty when it was never noted."""
        with self._database.read() as session:
            row = session.get(MetaRow, key)
            return "" if row is None else row.value

    def note(self, key: str, value: str) -> None:
        """Note a single fact."""
        with self._database.write() as session:
            session.merge(MetaRow(key=key, value=value))


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """Return a unified difference of two sets, without secrets, of limited length."""
    lines: list[str] = []
    for path in sorted({*before, *after}):
        old, new = (mask_secrets(_text(files.get(path, b""))).splitlines() for files in (before, after))
        lines += difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
        if before.get(path) != after.get(path) and old == new:
            lines.append(f"{path}: changed in a secret or in its line ends")
        if len(lines) > DIFF_LINES:
            lines[DIFF_LINES:] = ["… and more"]
            break
    return "\n".join(lines)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
