"""The journal of commands: what was started, what came of it. SQLite on this service's disk, synced at each commit.

A row is written before the effect of its command and completed after it; so after a kill it is known which command may
have run. It is also the history: the last `KEPT` commands with way, time, duration and result (spec 4.1).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import UniqueConstraint, delete, event, func
from sqlmodel import Field, Session, SQLModel, col, create_engine, select

KEPT: Final = 10_000
BUSY_SECONDS: Final = 30


class Entry(SQLModel, table=True):
    """One command: the text it came in and its place there, when it ran, and its answer once it is known."""

    __tablename__ = "commands"
    __table_args__ = (UniqueConstraint("text", "position"),)

    number: int | None = Field(default=None, primary_key=True)
    text: str
    """Identity of the command text."""
    position: int
    """From 0 within the text."""
    way: str
    origin: str
    name: str
    caller_id: str | None = None
    started: int
    """Milliseconds since 1970."""
    ended: int | None = None
    result: str | None = None
    """JSON."""
    error: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether its answer is known."""
        return self.ended is not None


class Journal:
    """The journal in one file. Every call returns after the disk has it."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})
        event.listen(self._engine, "connect", _make_durable)
        SQLModel.metadata.create_all(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def find(self, text: str) -> dict[int, Entry]:
        """What is known of the commands of a text, by position."""
        with Session(self._engine) as session:
            return {entry.position: entry for entry in session.exec(select(Entry).where(Entry.text == text))}

    def keep(self, entry: Entry) -> Entry:
        """Write a command down, as begun or as done, and return it with its number."""
        with Session(self._engine, expire_on_commit=False) as session:
            kept = session.merge(entry)
            session.commit()
            session.expunge(kept)
            return kept

    def prune(self, spared: Iterable[str], kept: int = KEPT) -> None:
        """Forget all but the last commands; those of texts not yet let go are spared."""
        with Session(self._engine) as session:
            last = session.exec(select(func.max(Entry.number))).one()
            if last is not None and last > kept:
                old = col(Entry.number) <= last - kept
                session.exec(delete(Entry).where(old, col(Entry.text).not_in(list(spared))))
                session.commit()


def _make_durable(connection: Any, _: object) -> None:
    """A commit is on the disk when it returns, also through a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
