"""Command files on the main server: each taken in once, handed to `commands`, its results brought back (spec 4.1).

read → inbox on our disk → file deleted on the server          in the connection's thread
inbox → bus                                                    `forward`, whenever the bus is there
bus → results in the spool → `_ACK_` file                      in the same connection when they come in time
"""

import hashlib
import threading
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import col, select

from heliograph.contract import CommandResults, CommandText, Way
from heliograph.contract.channels import COMMAND_TEXTS
from heliograph.formats import (
    COMMAND_FILE_LIMIT,
    CommandError,
    CommandResult,
    command_file_name,
    old_command_file_name,
    parse_commands,
    write_results,
)
from heliograph.runtime import Bus, Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.database import Database
from heliograph.sync.diary import Diary
from heliograph.sync.remote import Entry, FileError, RemoteStore, join
from heliograph.sync.spool import Spool
from heliograph.sync.tables import InboxRow

KEPT: Final = 1000
RESULTS_SECONDS: Final = 10.0
"""Results that come within this time of the command file go in the same connection."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the command directory brought."""

    files: int
    bytes: int
    failures: tuple[str, ...]


class Mailbox:
    """The inbox on our disk. `read` and `wait` belong to a connection's thread, `forward` and `arrived` to the loop."""

    def __init__(self, database: Database, spool: Spool, diary: Diary, clock: Clock) -> None:
        self._database = database
        self._spool = spool
        self._diary = diary
        self._clock = clock
        self._changed = threading.Condition()
        self._expected: set[str] = set()

    def read(self, store: RemoteStore, directory: str, uids: Sequence[str]) -> Found:
        """Take in the command files of these uids, in their order.

        Raises `FileError` of the directory's listing, and `LinkLost`.
        """
        names = [command_file_name(uid) for uid in uids]
        old = [old_command_file_name(uid) for uid in uids]
        entries = {e.name: e for e in store.list(directory, {*names, *old}.__contains__) if not e.is_directory}
        self._forget_deleted(set(names) - set(entries))
        failures = [self._unsupported(join(directory, name)) for name in old if name in entries]
        taken = [self._tried(store, directory, entries[name], failures) for name in names if name in entries]
        return Found(sum(size is not None for size in taken), sum(size or 0 for size in taken), tuple(failures))

    def wait(self, seconds: float = RESULTS_SECONDS) -> None:
        """Return when the results of what was read have come, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._expected, seconds)
            self._expected.clear()

    def leave(self) -> None:
        """Wait no more: the connection ends, and results that come now need one of their own."""
        with self._changed:
            self._expected.clear()

    async def forward(self, bus: Bus) -> int:
        """Store what was taken in on the bus, in order; return how much it was. Raises `BusError`."""
        with self._database.read() as session:
            statement = select(InboxRow).where(col(InboxRow.published).is_(False)).order_by(col(InboxRow.taken))
            rows = list(session.exec(statement))
        for row in rows:
            text = CommandText(identity=row.identity, way=Way.FILE, time=row.taken, origin=row.name, text=row.text)
            await bus.store(COMMAND_TEXTS, text, row.identity, way=Way.FILE)
            with self._database.write() as session:
                changed = update(InboxRow).where(col(InboxRow.identity) == row.identity)
                session.connection().execute(changed.values(published=True, text=""))
        return len(rows)

    def arrived(self, results: Iterable[CommandResults]) -> bool:
        """Keep results of command files; tell whether a new one came that no connection waits for."""
        new = self._spool.take_results([result for result in results if result.way is Way.FILE])
        with self._changed:
            late = new - self._expected
            self._expected -= new
            self._changed.notify_all()
        return bool(late)

    def _tried(self, store: RemoteStore, directory: str, entry: Entry, failures: list[str]) -> int | None:
        """Take in one file; one that cannot be read does not keep back the other."""
        try:
            return self._take(store, directory, entry, failures)
        except FileError as error:
            failures.append(str(error))
            return None

    def _take(self, store: RemoteStore, directory: str, entry: Entry, failures: list[str]) -> int | None:
        """Take in one file and delete it; return its size, or None when it was not new."""
        path = join(directory, entry.name)
        is_small = entry.size <= COMMAND_FILE_LIMIT
        content = store.read(path, COMMAND_FILE_LIMIT) if is_small else b""
        if is_small and len(content) != entry.size:
            self._diary.warning(f"{path} is still being written; it is read at the next connection")
            return None
        digest = hashlib.sha256(f"{entry.name}\n{entry.size}\n{entry.modified}\n".encode() + content).hexdigest()
        known = self._known(digest)
        if known:
            self._diary.warning(f"{path} was taken in before and could not be deleted; it is not run again")
        identity = known or self._enter(entry, digest, content)
        try:
            store.remove(path)
        except FileError as error:
            failures.append(f"the command file was taken in but not deleted: {error}")
        else:
            self._mark_deleted([identity])
        return None if known else entry.size

    def _enter(self, entry: Entry, digest: str, content: bytes) -> str:
        """Put a file in the inbox; one that cannot be run at all is answered at once."""
        identity = f"file-{uuid.uuid4().hex}"
        text, complaint = _decoded(entry, content)
        if complaint:
            self._diary.error(f"command file {entry.name}: {complaint}")
            answer = CommandResults(identity=f"refused-{digest}", way=Way.FILE, text=_error(complaint))
            self._spool.take_results([answer])
        else:
            self._diary.info(f"command file {entry.name} taken in ({entry.size} bytes)")
            with self._changed:
                self._expected.add(identity)
        row = InboxRow(
            identity=identity,
            name=entry.name,
            size=entry.size,
            modified=entry.modified,
            digest=digest,
            text=text,
            taken=milliseconds(self._clock),
            published=bool(complaint),
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            old = select(col(InboxRow.identity)).order_by(col(InboxRow.taken).desc()).offset(KEPT)
            statement = delete(InboxRow).where(col(InboxRow.identity).in_(old), col(InboxRow.published))
            session.connection().execute(statement)
        return identity

    def _known(self, digest: str) -> str:
        """Return the identity of a file that was taken in before and could not be deleted."""
        with self._database.read() as session:
            statement = select(InboxRow.identity).where(InboxRow.digest == digest, col(InboxRow.deleted).is_(False))
            return session.exec(statement).first() or ""

    def _mark_deleted(self, identities: Collection[str]) -> None:
        with self._database.write() as session:
            changed = update(InboxRow).where(col(InboxRow.identity).in_(list(identities)))
            session.connection().execute(changed.values(deleted=True))

    def _forget_deleted(self, absent: Collection[str]) -> None:
        """A file that is gone was deleted, by us or by hand: the same content may come again as a new command."""
        with self._database.read() as session:
            statement = select(InboxRow.identity).where(
                col(InboxRow.name).in_(list(absent)), col(InboxRow.deleted).is_(False)
            )
            gone = list(session.exec(statement))
        if gone:
            self._mark_deleted(gone)

    def _unsupported(self, path: str) -> str:
        text = f"{path} is an older form of command file and not supported; write <uid>_cmd.json instead"
        self._diary.warning(text)
        return text


def _decoded(entry: Entry, content: bytes) -> tuple[str, str]:
    """Return the text of a command file, and why it can be none."""
    if entry.size > COMMAND_FILE_LIMIT:
        return "", f"{entry.name} is larger than 1 MiB ({entry.size} bytes); refused"
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", _complaint(content)


def _error(text: str) -> str:
    return write_results([CommandResult(error=text)])


def _complaint(content: bytes) -> str:
    """Say where a content is no text."""
    try:
        parse_commands(content)
    except CommandError as error:
        return str(error)
    return "the command file is not UTF-8"
