"""The servers for which something waits, on the disk: which number each has, and what hangs on it beside the ledger.

Ids are never reused. Those of the first two servers are their numbers; 0 stands for all that are gone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from heliograph.formats.config import Server
from heliograph.sync.database import Database
from heliograph.sync.ledger import keep_stamp
from heliograph.sync.places import Destination, assign, place_of
from heliograph.sync.tables import AnswerRow, ConnectionRow, DestinationRow, MessageRow, MetaRow, StampRow

GONE: Final = 0
"""Keeps the newest stamps of servers that are gone: one that comes back takes none of its names again (spec 1.3)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a confirmed revision changed."""

    moved: Mapping[int, int]
    """The number that a server had → the one it has."""
    gone: Sequence[int]
    """Numbers of the servers that are configured no more, under any number."""


def fact_of(destination: int, what: str) -> str:
    """Return the name of a single fact about an MQTT server."""
    return f"mqtt {destination}: {what}"


class Destinations:
    """See above. May be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as session:
            if not _known(session):
                _begin(session)

    def of(self, servers: Sequence[Server]) -> Mapping[int, int]:
        """Return the destination of each server by its number. One that is new gets an id, and nothing else yet."""
        with self._database.write() as session:
            return {number: row.id for number, row in _assigned(session, servers).items()}

    def serve(self, servers: Sequence[Server]) -> Change:
        """Make these the configured servers, under the numbers and in the places that they have now."""
        with self._database.write() as session:
            assigned = _assigned(session, servers)
            served = {destination.id for destination in assigned.values()}
            before = [d for d in _known(session) if d.configured and d.place]
            session.connection().execute(update(DestinationRow).values(configured=False))
            for server in servers:
                mine = update(DestinationRow).where(col(DestinationRow.id) == assigned[server.number].id)
                stands = {"number": server.number, "place": place_of(server), "configured": True}
                session.connection().execute(mine.values(stands))
        now = {destination.id: number for number, destination in assigned.items()}
        moved = {d.number: now[d.id] for d in before if d.id in served and now[d.id] != d.number}
        return Change(moved, [d.number for d in before if d.id not in served])

    def beside(self, kept: Collection[int]) -> Sequence[Destination]:
        """Return the destinations but these."""
        with self._database.read() as session:
            return [destination for destination in _known(session) if destination.id not in kept]

    def forget(self, destination: int) -> None:
        """Drop what hangs on a server that is gone: answers, messages, facts. Only when it gave names last stays."""
        facts = col(MetaRow.key).startswith(fact_of(destination, ""), autoescape=True)
        with self._database.write() as session:
            for row in session.exec(select(StampRow).where(StampRow.server == destination)).all():
                keep_stamp(session, GONE, row.directory, row.seconds)
            theirs: tuple[ColumnElement[bool], ...] = (
                col(StampRow.server) == destination, col(AnswerRow.server) == destination,
                col(MessageRow.server) == destination, facts, col(DestinationRow.id) == destination,
            )  # fmt: skip
            for table, mine in zip((StampRow, AnswerRow, MessageRow, MetaRow, DestinationRow), theirs, strict=True):
                session.connection().execute(delete(table).where(mine))


def _begin(session: Session) -> None:
    """Let what waits for the numbers 1 and 2, as earlier versions kept it, belong to destinations of the same ids."""
    session.add_all(DestinationRow(id=number, number=number, place="", configured=True) for number in (1, 2))
    session.connection().execute(update(ConnectionRow).values(destination=ConnectionRow.server))


def _known(session: Session) -> list[Destination]:
    rows = session.exec(select(DestinationRow).order_by(col(DestinationRow.id)))
    return [Destination(int(row.id or 0), row.number, row.place, row.configured) for row in rows]


def _assigned(session: Session, servers: Sequence[Server]) -> dict[int, Destination]:
    """Return the destination of each server, made where it is new."""
    found = dict(assign(_known(session), servers))
    for server in servers:
        if server.number not in found:
            found[server.number] = _made(session, server)
    return found


def _made(session: Session, server: Server) -> Destination:
    row = DestinationRow(number=server.number, place=place_of(server), configured=False)
    session.add(row)
    session.flush()
    made = Destination(int(row.id or 0), row.number, row.place, row.configured)
    for stamp in session.exec(select(StampRow).where(StampRow.server == GONE)).all():
        keep_stamp(session, made.id, stamp.directory, stamp.seconds)
    return made
