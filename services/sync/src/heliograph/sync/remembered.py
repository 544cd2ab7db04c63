"""What stands on a file server of the configuration set, as far as the gateway knows (spec 1.7, *remembered*).

Kept per way to a server (type, login, address, port, root, directories), for mains and backups alike: when a backup
becomes the main server, what the gateway itself put there is no edit.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Final

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from heliograph.formats.config import Directory, FileServer
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.database import Database
from heliograph.sync.remote import Entry
from heliograph.sync.tables import ContentRow, RememberedRow, SendingRow

KEPT_CONTENTS: Final = 5000
KEPT_FILES: Final = 5000
"""Files remembered over all ways to servers: more than two servers' sets of a thousand devices."""
_KEEP_LISTING: Final = insert(RememberedRow).prefix_with("OR REPLACE")
_KEEP_CONTENT: Final = insert(ContentRow).prefix_with("OR REPLACE")
_OF_THE_SET: Final = (Directory.CONFIG, Directory.DEF, Directory.SCRIPT, Directory.CERT)
STEPS: Final = 2
"""A file that changed within so many steps of the listing's clock may change again unseen."""


class Standing(Enum):
    """How a file on the server compares with what is remembered."""

    ABSENT = "absent"
    SAME = "as remembered"
    UNSURE = "the listing is as remembered; the content may have changed within the same step of the server's clock"
    CHANGED = "changed, or never seen"


@dataclass(frozen=True, slots=True)
class Known:
    """The listing of a file after the last look at its content, and the content's digest."""

    size: int
    modified: float | None
    digest: str
    seen: int
    """When this size and time were listed first: milliseconds since 1970."""
    verified: int
    """When the content was last transferred or compared: milliseconds since 1970."""


def standing(known: Known | None, entry: Entry | None) -> Standing:
    """Compare a listing with what is remembered, without looking at the content."""
    if entry is None:
        return Standing.ABSENT
    if known is None or (known.size, known.modified) != (entry.size, entry.modified):
        return Standing.CHANGED
    settled = known.seen + STEPS * entry.step_seconds * 1000
    return Standing.SAME if entry.modified is not None and known.verified >= settled else Standing.UNSURE


def known_now(before: Known | None, entry: Entry, digest: str, clock: Clock) -> Known:
    """Return what is known of a file whose content was transferred or compared just now."""
    now = milliseconds(clock)
    is_old = before is not None and (before.size, before.modified) == (entry.size, entry.modified)
    seen = before.seen if before is not None and is_old else now
    return Known(size=entry.size, modified=entry.modified, digest=digest, seen=seen, verified=now)


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digests_of(content: bytes) -> set[str]:
    """The digests by which records may name a definition: services read a Latin-1 file as text, then as UTF-8."""
    found = {digest_of(content)}
    try:
        content.decode()
    except UnicodeDecodeError:
        found.add(digest_of(content.decode("latin-1").encode()))
    return found


def by_digest(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return the contents of definitions, given by name and content, by the digests of records."""
    return {digest: content for _, content in files for digest in digests_of(content)}


class Remembered:
    """The memory of one server. Paths are `CONFIG/<name>`, `DEF/<name>` … with the names that stand on the server."""

    def __init__(self, database: Database, server: FileServer, clock: Clock) -> None:
        self.database = database
        self.endpoint = f"{server.type}://{server.login}@{server.address}:{server.port}{server.root}{_moved(server)}"
        self.clock = clock

    def known(self) -> dict[str, Known]:
        """Return everything that is remembered, by path."""
        with self.database.read() as session:
            rows = session.exec(select(RememberedRow).where(RememberedRow.endpoint == self.endpoint))
            return {row.path: Known(row.size, row.modified, row.digest, row.seen, row.verified) for row in rows}

    def keep(self, found: Mapping[str, tuple[Entry, str]]) -> None:
        """Remember listings and digests of contents that were transferred or compared just now."""
        now, known = milliseconds(self.clock), self.known()
        listings = [
            {"endpoint": self.endpoint, "path": path, **asdict(known_now(known.get(path), *there, self.clock))}
            for path, there in found.items()
        ]
        contents = [{"path": path, "digest": digest, "time": now} for path, (_, digest) in found.items()]
        with self.database.write() as session:
            if listings:
                session.connection().execute(_KEEP_LISTING, listings)
                session.connection().execute(_KEEP_CONTENT, contents)
            old = select(ContentRow.time).order_by(col(ContentRow.time).desc()).offset(KEPT_CONTENTS).limit(1)
            session.connection().execute(delete(ContentRow).where(col(ContentRow.time) <= old.scalar_subquery()))
            self._forget(session)

    def _forget(self, session: Session) -> None:
        """Forget what is too much: first of the other ways, then the oldest; what is forgotten is compared again."""
        newest = (col(RememberedRow.endpoint) == self.endpoint).desc(), col(RememberedRow.verified).desc()
        rows = select(RememberedRow.endpoint, RememberedRow.path).order_by(*newest).offset(KEPT_FILES).limit(-1)
        for endpoint, path in session.exec(rows).all():
            here = col(RememberedRow.endpoint) == endpoint, col(RememberedRow.path) == path
            session.connection().execute(delete(RememberedRow).where(*here))

    def was_ours(self, path: str, digest: str) -> bool:
        """Tell whether this content of this path was on some server, or in force, before: it is no fresh edit."""
        with self.database.read() as session:
            return session.get(ContentRow, (path, digest)) is not None

    def begin_sending(self, paths: Iterable[str]) -> None:
        """Note, before it happens, that `.tmp` files may come to stand on the server."""
        with self.database.write() as session:
            for path in paths:
                session.merge(SendingRow(endpoint=self.endpoint, path=path))

    def end_sending(self, paths: Collection[str]) -> None:
        """Note that nothing of these uploads is left on the server."""
        with self.database.write() as session:
            mine = col(SendingRow.endpoint) == self.endpoint
            session.connection().execute(delete(SendingRow).where(mine, col(SendingRow.path).in_(list(paths))))

    def sending(self) -> list[str]:
        """Return the paths whose upload began and was not seen to end."""
        with self.database.read() as session:
            return sorted(session.exec(select(SendingRow.path).where(SendingRow.endpoint == self.endpoint)))


def _moved(server: FileServer) -> str:
    """Name the directories of the set that are not where they are by default: other directories hold other files."""
    moved = {d: server.directories.get(d, d.default) for d in _OF_THE_SET}
    return "".join(f";{d.value}={path}" for d, path in moved.items() if path != d.default)
