"""Results of command messages on their way to `TopicResult`: on our disk until the broker has them (spec 4.1)."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlmodel import Session, col, select

from heliograph.contract import CommandResults
from heliograph.sync.database import Database
from heliograph.sync.tables import AnswerRow

KEPT: Final = 10_000
"""Answers that are known after the broker has them, so that none is sent twice."""
WAITING: Final = 10_000
"""Answers on disk at most: a broker that never takes them must not fill it."""
_PREFIX: Final = "mqtt"


def message_identity(destination: int, name: str) -> str:
    """Return the identity of a command message, which tells where its results are to go."""
    return f"{_PREFIX}{destination}-{name}"


def is_message(identity: str) -> bool:
    """Tell a command message from a command file."""
    return identity.startswith(_PREFIX)


class Answers:
    """What waits for the `TopicResult` of each destination, oldest first. May be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._came: list[Callable[[], None]] = []

    def listen(self, came: Callable[[], None]) -> None:
        """Call `came`, in the thread that brings them, after answers were stored."""
        self._came.append(came)

    def take(self, results: Iterable[CommandResults]) -> int:
        """Store answers whose identity is new; return how many were."""
        with self._database.write() as session:
            stored = sum(store_answer(session, _destination(r.identity), r.identity, r.text) for r in results)
        if stored:
            self.tell()
        return stored

    def tell(self) -> None:
        """Tell who listens that answers were stored."""
        for came in self._came:
            came()

    def waiting(self, server: int, after: int = 0, limit: int = 20) -> Sequence[AnswerRow]:
        """Return answers that the server has yet to get, beyond a number."""
        statement = select(AnswerRow).where(AnswerRow.server == server, col(AnswerRow.id) > after)
        with self._database.read() as session:
            return session.exec(
                statement.where(col(AnswerRow.done).is_(False)).order_by(col(AnswerRow.id)).limit(limit)
            ).all()

    def wait(self) -> bool:
        """Tell whether any broker has yet to get an answer."""
        with self._database.read() as session:
            return session.exec(select(AnswerRow.id).where(col(AnswerRow.done).is_(False))).first() is not None

    def done(self, numbers: Sequence[int]) -> None:
        """Let go of answers that the broker acknowledged, or that nobody wants."""
        with self._database.write() as session:
            changed = update(AnswerRow).where(col(AnswerRow.id).in_(list(numbers)))
            session.connection().execute(changed.values(done=True, text=""))
            last = session.exec(select(func.max(AnswerRow.id))).one() or 0
            old = delete(AnswerRow).where(col(AnswerRow.id) <= last - KEPT, col(AnswerRow.done))
            session.connection().execute(old)


def store_answer(session: Session, server: int, identity: str, text: str) -> bool:
    """Store one answer in a transaction; tell whether its identity is new and there was room."""
    waits = select(func.count()).select_from(AnswerRow).where(AnswerRow.server == server)
    if session.exec(waits.where(col(AnswerRow.done).is_(False))).one() >= WAITING:
        return False
    row = {"identity": identity, "server": server, "text": text, "done": False}
    return bool(session.connection().execute(upsert(AnswerRow).values(row).on_conflict_do_nothing()).rowcount)


def _destination(identity: str) -> int:
    found = re.match(rf"{_PREFIX}(\d{{1,9}})-", identity)
    return int(found[1]) if found else 1
