"""What outlives a factory reset: read out of the database before it is deleted, put into the new one after (spec 4.1).

A command file that could not be deleted, or a message that its broker delivers again, may be the very one that asked
for the reset; and names of files on a server never go backwards, whatever the gateway forgot.
"""

from sqlmodel import col, select

from heliograph.sync.database import Database
from heliograph.sync.resetfile import GivenName, Lasting, TakenFile, TakenMessage
from heliograph.sync.tables import InboxRow, MessageRow, StampRow


def gather(database: Database) -> Lasting:
    """Return it as the database has it."""
    with database.read() as session:
        files = session.exec(select(InboxRow).where(col(InboxRow.deleted).is_(False))).all()
        messages = session.exec(select(MessageRow)).all()
        stamps = session.exec(select(StampRow)).all()
    return Lasting(
        files=tuple(TakenFile.model_validate(row.model_dump()) for row in files),
        messages=tuple(TakenMessage.model_validate(row.model_dump()) for row in messages),
        names=tuple(GivenName.model_validate(row.model_dump()) for row in stamps),
    )


def put_back(database: Database, lasting: Lasting) -> None:
    """Put it into a database; what is there already stays as it is.

    Which destination a server will be is not known before the configuration is. So each may have had the message, and
    each begins after the newest name of a directory: a name too late does no harm.
    """
    with database.write() as session:
        for file in lasting.files:
            session.merge(InboxRow(**file.model_dump(), text="", published=True, deleted=False))
        for message in lasting.messages:
            for server in _FIRST:
                session.merge(MessageRow(server=server, packet=message.packet, digest=message.digest))
        for directory, seconds in _newest(lasting).items():
            for server in (0, *_FIRST):
                if session.get(StampRow, (server, directory)) is None:
                    session.add(StampRow(server=server, directory=directory, seconds=seconds))


_FIRST = (1, 2)
"""Destinations of the first servers of a gateway (`destinations`); 0 gives its stamps to those that come later."""


def _newest(lasting: Lasting) -> dict[str, int]:
    newest: dict[str, int] = {}
    for name in lasting.names:
        newest[name.directory] = max(name.seconds, newest.get(name.directory, 0))
    return newest
