"""The revisions of the configuration: every applied set, numbered, with its origin, time and difference (spec 1.7)."""

import base64
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from heliograph.formats.secrets import mask_secrets
from heliograph.sync.applied import text
from heliograph.sync.database import Database
from heliograph.sync.remembered import digest_of
from heliograph.sync.tables import ContentRow, MetaRow, RevisionRow

KEPT: Final = 50
DIFF_LINES: Final = 2000
_BEFORE: Final = "revisions before"
"""The last number of a database that was lost."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One revision as it lies on the disk."""

    number: int
    origin: str
    time: int
    uid: str
    """With which the set was read."""
    files: dict[str, bytes]
    changed: tuple[str, ...] = ()
    """Paths that differ from the revision before."""
    diff: str = ""
    """Unified, secrets masked."""
    note: str = ""
    message: str = ""
    """Why it was made, in the words of who made it."""
    taken_back: bool = False


class Revisions:
    """The last 50 applied sets, and single facts about the configuration."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self) -> Stored | None:
        """Return the revision in force: the newest."""
        with self._database.read() as session:
            row = session.exec(select(RevisionRow).order_by(col(RevisionRow.number).desc()).limit(1)).first()
            return None if row is None else _stored(row)

    def find(self, number: int) -> Stored | None:
        """Return a revision by its number, if it is still kept."""
        with self._database.read() as session:
            row = session.get(RevisionRow, number)
            return None if row is None else _stored(row)

    def before(self, number: int) -> Stored | None:
        """Return the newest revision before this one that was not taken back."""
        statement = select(RevisionRow).where(col(RevisionRow.number) < number, col(RevisionRow.taken_back).is_(False))
        with self._database.read() as session:
            row = session.exec(statement.order_by(col(RevisionRow.number).desc()).limit(1)).first()
            return None if row is None else _stored(row)

    def page(self, limit: int, before: int | None) -> list[Stored]:
        """Return revisions, newest first."""
        statement = select(RevisionRow).order_by(col(RevisionRow.number).desc()).limit(limit)
        if before is not None:
            statement = statement.where(col(RevisionRow.number) < before)
        with self._database.read() as session:
            return [_stored(row) for row in session.exec(statement)]

    def keep(
        self, origin: str, time: int, uid: str, files: Mapping[str, bytes], *, note: str = "", message: str = "",
        facts: Mapping[str, str] | None = None, instead_of: tuple[int, str] | None = None, least: int | None = None,
    ) -> Stored:  # fmt: skip
        """Number and keep an applied set; return it. All of it is on the disk, or nothing.

        `facts` are noted with it; `instead_of` is a revision that is taken back for it, and why; `least` is the
        oldest revision that must stay.
        """
        last = self.last()
        before = last.files if last else {}
        row = RevisionRow(
            number=self.next_number(),
            origin=origin,
            time=time,
            uid=uid,
            diff=difference(before, files),
            files=json.dumps({path: base64.b64encode(content).decode() for path, content in files.items()}),
            changed=json.dumps(differing(before, files)),
            note=note,
            message=message,
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            end = min(row.number - KEPT, row.number if least is None else least - 1)
            session.connection().execute(delete(RevisionRow).where(col(RevisionRow.number) <= end))
            _note_contents(session, files, time)
            for key, value in (facts or {}).items():
                session.merge(MetaRow(key=key, value=value))
            if instead_of is not None:
                fallen = update(RevisionRow).where(col(RevisionRow.number).between(instead_of[0], row.number - 1))
                session.connection().execute(fallen.values(taken_back=True, note=instead_of[1]))
        return _stored(row)

    def next_number(self) -> int:
        """Return the number that the next revision gets."""
        last = self.last()
        return last.number + 1 if last else int(self.fact(_BEFORE) or 0) + 1

    def definitions(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the definitions of all kept revisions, the newest first."""
        with self._database.read() as session:
            numbers = list(session.exec(select(RevisionRow.number).order_by(col(RevisionRow.number).desc())))
        for number in numbers:
            with self._database.read() as session:
                row = session.get(RevisionRow, number)
            for path, content in json.loads(row.files).items() if row else ():
                if path.startswith("DEF/"):
                    yield path.removeprefix("DEF/"), base64.b64decode(content)

    def fact(self, key: str) -> str:
        """Return a single fact, empty when it was never noted."""
        with self._database.read() as session:
            row = session.get(MetaRow, key)
            return "" if row is None else row.value

    def facts(self, keys: Sequence[str]) -> dict[str, str]:
        """Return several facts at one moment, without those that were never noted or are empty."""
        with self._database.read() as session:
            rows = session.exec(select(MetaRow).where(col(MetaRow.key).in_(keys)))
            return {row.key: row.value for row in rows if row.value}

    def go_on(self, number: int, facts: Mapping[str, str]) -> None:
        """Take up facts of a database that was lost; the next revision gets a number after this one."""
        with self._database.write() as session:
            for key, value in {**facts, _BEFORE: str(number)}.items():
                session.merge(MetaRow(key=key, value=value))

    def note(self, key: str, value: str) -> None:
        """Note a single fact."""
        with self._database.write() as session:
            session.merge(MetaRow(key=key, value=value))


def differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Return the paths at which two sets differ."""
    return [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """Return a unified difference of two sets, without secrets, of limited length."""
    lines: list[str] = []
    for path in differing(before, after):
        old, new = (mask_secrets(text(files.get(path, b""))).splitlines() for files in (before, after))
        lines += difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
        if old == new:
            lines.append(f"{path}: changed in a secret or in its line ends")
        if len(lines) > DIFF_LINES:
            lines[DIFF_LINES:] = ["… and more"]
            break
    return "\n".join(lines)


def _note_contents(session: Session, files: Mapping[str, bytes], time: int) -> None:
    for path, content in files.items():
        session.merge(ContentRow(path=path, digest=digest_of(content), time=time))


def _stored(row: RevisionRow) -> Stored:
    return Stored(
        number=row.number,
        origin=row.origin,
        time=row.time,
        uid=row.uid,
        files={path: base64.b64decode(content) for path, content in json.loads(row.files).items()},
        changed=tuple(json.loads(row.changed)),
        diff=row.diff,
        note=row.note,
        message=row.message,
        taken_back=row.taken_back,
    )
