"""Debug bundles on their way to the servers: named, then kept until each server has the newest (spec 3.4)."""

from sqlalchemy import delete
from sqlmodel import col, func, select

from heliograph.formats.config import Directory
from heliograph.formats.names import FileKind, OutgoingName, next_stamp
from heliograph.sync.database import Database
from heliograph.sync.ledger import BUNDLES, keep_stamp
from heliograph.sync.tables import BundleRow, CursorRow, LedgerRow, StampRow


class Bundles:
    """At most one waits: a newer one takes the place of one that no server has begun to get. For any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_takers(self) -> bool:
        """Whether a server takes bundles by now: one that is kept before it does would never reach it."""
        with self._database.read() as session:
            return session.exec(select(CursorRow.server).where(CursorRow.stream == BUNDLES)).first() is not None

    def name(self, uid: str, now: int) -> OutgoingName:
        """Return the name of the next bundle: one for all servers, later than every name in their `/LOG` (spec 1.3)."""
        with self._database.write() as session:
            servers = session.exec(select(CursorRow.server).where(CursorRow.stream == BUNDLES)).all()
            there = select(func.max(StampRow.seconds)).where(
                col(StampRow.server).in_(servers), StampRow.directory == Directory.LOG.value
            )
            last = session.exec(there).one()
            stamp = next_stamp(None if last is None else last * 1000, now)
            for server in servers:
                keep_stamp(session, server, Directory.LOG.value, stamp // 1000)
        return OutgoingName(uid, FileKind.BUNDLE, stamp)

    def withdraw(self) -> bool:
        """Take back what no server has begun to get; tell whether there was something."""
        with self._database.write() as session:
            begun = select(col(LedgerRow.last)).where(LedgerRow.stream == BUNDLES)
            return bool(session.connection().execute(delete(BundleRow).where(col(BundleRow.id).not_in(begun))).rowcount)

    def keep(self, name: OutgoingName, content: bytes) -> bool:
        """Keep a bundle for the servers; tell whether it replaced one that waited."""
        with self._database.write() as session:
            begun = select(col(LedgerRow.last)).where(LedgerRow.stream == BUNDLES)
            waiting = delete(BundleRow).where(col(BundleRow.id).not_in(begun))
            replaced = session.connection().execute(waiting).rowcount
            session.add(BundleRow(uid=name.uid, stamp=name.time, content=content))
        return bool(replaced)
