"""Command texts on our disk: from the moment they were taken in until the bus has them, and their files' fate.

A row stays for a while: what could not be deleted on its server is known by it, and not run again (spec 4.1). Rows
stand in the order in which they came, by their number alone: the clock may be set at any time.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, func, literal_column, update
from sqlmodel import Session, col, select

from heliograph.sync.database import Database
from heliograph.sync.tables import AnswerRow, InboxRow, ResultRow

KEPT: Final = 1000
"""Rows that are known after their file was deleted and the bus has their text."""
WAITING_TEXTS: Final = 1000
WAITING_BYTES: Final = 32 * 1024 * 1024
"""Texts that wait for the bus at most; further messages stay with their broker."""
_NUMBER: Final[ColumnElement[int]] = literal_column("inbox.rowid")


class Inbox:
    """May be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.came: Callable[[], None] = lambda: None
        """Called, in the thread that brings it, when a text may go to the bus."""

    def enter(self, row: InboxRow) -> None:
        """Keep a text; on return it is on the disk."""
        with self._database.write() as session:
            enter(session, row)
        self.came()

    def first_waiting(self) -> InboxRow | None:
        """Return the oldest text that the bus does not have."""
        statement = select(InboxRow).where(col(InboxRow.published).is_(False)).order_by(_NUMBER).limit(1)
        with self._database.read() as session:
            return session.exec(statement).first()

    def published(self, identity: str) -> None:
        """The bus has a text."""
        with self._database.write() as session:
            changed = update(InboxRow).where(col(InboxRow.identity) == identity)
            session.connection().execute(changed.values(published=True, text=""))

    def has_room(self) -> bool:
        """Whether a further text may be taken in."""
        waiting = select(func.count(), func.coalesce(func.sum(InboxRow.size), 0))
        with self._database.read() as session:
            texts, size = session.exec(waiting.where(col(InboxRow.published).is_(False))).one()
        return texts < WAITING_TEXTS and size < WAITING_BYTES

    def is_owed(self) -> bool:
        """Whether the results of a text have yet to come."""
        answered = select(ResultRow.id).where(ResultRow.identity == InboxRow.identity).exists()
        told = select(AnswerRow.id).where(AnswerRow.identity == InboxRow.identity).exists()
        with self._database.read() as session:
            return session.exec(select(InboxRow.identity).where(~answered, ~told)).first() is not None

    def standing(self, digest: str) -> str:
        """Return the identity of a file that was taken in and stands on its server still, or nothing."""
        statement = select(InboxRow.identity).where(InboxRow.digest == digest, col(InboxRow.deleted).is_(False))
        with self._database.read() as session:
            return session.exec(statement).first() or ""

    def times(self, digest: str) -> int:
        """Return how often such a file was taken in and deleted."""
        statement = select(func.count()).where(InboxRow.digest == digest, col(InboxRow.deleted))
        with self._database.read() as session:
            return session.exec(statement).one()

    def deleted(self, identity: str) -> None:
        """A file is gone from its server: the same one may come again as a new command."""
        self._delete(select(InboxRow.identity).where(InboxRow.identity == identity))

    def replaced(self, name: str, digest: str = "") -> None:
        """Under this name stands this file, or none: earlier ones are gone, by whatever hand."""
        standing = select(InboxRow.identity).where(InboxRow.name == name, col(InboxRow.deleted).is_(False))
        self._delete(standing.where(InboxRow.digest != digest))

    def _delete(self, which: object) -> None:
        with self._database.read() as session:
            identities: Sequence[str] = session.exec(which).all()  # type: ignore[call-overload]  # a select of texts
        if identities:
            with self._database.write() as session:
                changed = update(InboxRow).where(col(InboxRow.identity).in_(identities))
                session.connection().execute(changed.values(deleted=True))


def enter(session: Session, row: InboxRow) -> None:
    """Keep a text within a transaction, and forget old rows that nothing needs."""
    session.add(row)
    session.flush()
    old = select(col(InboxRow.identity)).order_by(_NUMBER.desc()).offset(KEPT)
    statement = delete(InboxRow).where(col(InboxRow.identity).in_(old), col(InboxRow.published), col(InboxRow.deleted))
    session.connection().execute(statement)
