"""Commands from servers: each taken in once, handed to `commands`, its results brought back (spec 4.1).

read → inbox on our disk → file deleted on the server          in the connection's thread
message → inbox on our disk → acknowledged to the broker       in the MQTT session's thread
inbox → bus                                                    `forward`, whenever the bus is there
bus → results in the spool → `_ACK_` file                      in the same connection when they come in time
bus → answers → `TopicResult`                                  in the MQTT session
"""

import hashlib
import threading
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, literal_column, update
from sqlmodel import Session, col, select

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
from heliograph.sync.answers import Answers, is_message, message_identity, store_answer
from heliograph.sync.database import Database
from heliograph.sync.diary import Diary
from heliograph.sync.remote import Entry, FileError, RemoteStore, join
from heliograph.sync.spool import Spool
from heliograph.sync.tables import AnswerRow, InboxRow, MessageRow, ResultRow

KEPT: Final = 1000
WAITING_MESSAGES: Final = 1000
"""Command messages that wait for the bus at most; further ones stay with the broker."""
RESULTS_SECONDS: Final = 10.0
"""Results that come within this time of the command file go in the same connection."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the command directory brought."""

    files: int
    bytes: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A command message as the broker delivered it."""

    server: int
    """Its destination."""
    topic: str
    content: bytes
    packet: int
    """Packet identifier of the broker's session; 0 without one (QoS 0)."""
    duplicate: bool
    """The broker says that it may have delivered it before."""
    retained: bool


class Mailbox:
    """The inbox on our disk. `read`, `wait` and `take_message` belong to a connection's thread, the rest to the loop.

    `answers` has the results of command messages.
    """

    def __init__(self, database: Database, spool: Spool, diary: Diary, clock: Clock) -> None:
        self._database = database
        self._spool = spool
        self._diary = diary
        self._clock = clock
        self.answers = Answers(database)
        self._changed = threading.Condition()
        self._expected: set[str] = set()
        self._closed = threading.Event()

    def close(self) -> None:
        """Take in nothing more: commands stay with their servers until the next start."""
        self._closed.set()

    def read(self, store: RemoteStore, directory: str, uids: Sequence[str]) -> Found:
        """Take in the command files of these uids, in their order.

        Raises `FileError` of the directory's listing, and `LinkLost`.
        """
        if self._closed.is_set():
            return Found(0, 0, ())
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
            waiting = select(InboxRow).where(col(InboxRow.published).is_(False))
            statement = waiting.order_by(col(InboxRow.taken), literal_column("rowid"))
            rows = list(session.exec(statement))
        for row in rows:
            way = Way.MQTT if is_message(row.identity) else Way.FILE
            text = CommandText(identity=row.identity, way=way, time=row.taken, origin=row.name, text=row.text)
            await bus.store(COMMAND_TEXTS, text, row.identity, way=way)
            with self._database.write() as session:
                changed = update(InboxRow).where(col(InboxRow.identity) == row.identity)
                session.connection().execute(changed.values(published=True, text=""))
        return len(rows)

    def arrived(self, results: Iterable[CommandResults]) -> bool:
        """Keep results; tell whether one of a command file came that is new and that no connection waits for."""
        results = list(results)
        self.answers.take(result for result in results if result.way is Way.MQTT)
        new = self._spool.take_results([result for result in results if result.way is Way.FILE])
        with self._changed:
            late = new - self._expected
            self._expected -= new
            self._changed.notify_all()
        return bool(late)

    def is_owed(self) -> bool:
        """Whether the results of something that was taken in have yet to come."""
        named = (ResultRow.identity == InboxRow.identity) | (ResultRow.identity == _refusal(col(InboxRow.digest)))
        answered = select(ResultRow.id).where(named).exists()
        told = select(AnswerRow.id).where(AnswerRow.identity == InboxRow.identity).exists()
        with self._database.read() as session:
            return session.exec(select(InboxRow.identity).where(~answered, ~told)).first() is not None

    def has_room(self) -> bool:
        """Whether a further command message may be taken in."""
        if self._closed.is_set():
            return False
        with self._database.read() as session:
            waiting = select(func.count()).select_from(InboxRow).where(col(InboxRow.published).is_(False))
            return session.exec(waiting).one() < WAITING_MESSAGES

    def take_message(self, message: Message) -> bool:
        """Take in a command message; tell whether it is to run.

        On return it may be acknowledged. One that was taken in before is not run again; one that cannot be run at all
        is answered at once.
        """
        digest = hashlib.sha256(message.topic.encode() + b"\n" + message.content).hexdigest()
        text, complaint = _decoded_message(message)
        with self._database.write() as session:
            key = (message.server, message.packet)
            known = session.get(MessageRow, key)
            if message.duplicate and known is not None and known.digest == digest:
                self._diary.warning(f"{message.topic}: the broker delivered a command again; it is not run twice")
                return False
            if message.packet:
                session.merge(MessageRow(server=message.server, packet=message.packet, digest=digest))
            if complaint:
                self._refuse(session, message, digest, complaint)
                return False
            identity = message_identity(message.server, uuid.uuid4().hex)
            session.add(self._row(identity, message.topic, len(message.content), digest, text, deleted=True))
            _cut_inbox(session)
        self._diary.info(f"{message.topic}: command taken in ({len(message.content)} bytes)")
        return True

    def forget_messages(self, server: int, packets: Collection[int] | None = None) -> None:
        """The broker has our acknowledgements of these, or of all: it delivers none of them again."""
        statement = delete(MessageRow).where(col(MessageRow.server) == server)
        if packets is not None:
            statement = statement.where(col(MessageRow.packet).in_(list(packets)))
        with self._database.write() as session:
            session.connection().execute(statement)

    def _refuse(self, session: Session, message: Message, digest: str, complaint: str) -> None:
        """Answer a message that cannot be run; a retained one once, though it comes at every subscription."""
        name = f"retained-{digest}" if message.retained else f"refused-{uuid.uuid4().hex}"
        if store_answer(session, message.server, message_identity(message.server, name), _error(complaint)):
            self._diary.error(f"command on {message.topic}: {complaint}")
            self.answers.tell()

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
            answer = CommandResults(identity=_refusal(digest), way=Way.FILE, text=_error(complaint))
            self._spool.take_results([answer])
        else:
            self._diary.info(f"command file {entry.name} taken in ({entry.size} bytes)")
            with self._changed:
                self._expected.add(identity)
        row = self._row(identity, entry.name, entry.size, digest, text, deleted=False)
        row.modified, row.published = entry.modified, bool(complaint)
        with self._database.write() as session:
            session.add(row)
            _cut_inbox(session)
        return identity

    def _row(self, identity: str, name: str, size: int, digest: str, text: str, *, deleted: bool) -> InboxRow:
        taken = milliseconds(self._clock)
        return InboxRow(
            identity=identity, name=name, size=size, modified=None, digest=digest, text=text, taken=taken,
            deleted=deleted,
        )  # fmt: skip

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


def _refusal(digest: Any) -> Any:
    """Return the identity of the results of a file that cannot be run; of a column as well."""
    return "refused-" + digest


def _decoded(entry: Entry, content: bytes) -> tuple[str, str]:
    """Return the text of a command file, and why it can be none."""
    if entry.size > COMMAND_FILE_LIMIT:
        return "", f"{entry.name} is larger than 1 MiB ({entry.size} bytes); refused"
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", _complaint(content)


def _decoded_message(message: Message) -> tuple[str, str]:
    """Return the text of a command message, and why it is refused."""
    if message.retained:
        return "", "a retained message is no command: it would run again at every connection; publish it without retain"
    if len(message.content) > COMMAND_FILE_LIMIT:
        return "", "the message is larger than 1 MiB; refused"
    try:
        return message.content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", _complaint(message.content)


def _cut_inbox(session: Session) -> None:
    """Keep the newest rows, and those that wait."""
    session.flush()
    old = select(col(InboxRow.identity)).order_by(col(InboxRow.taken).desc()).offset(KEPT)
    statement = delete(InboxRow).where(col(InboxRow.identity).in_(old), col(InboxRow.published))
    session.connection().execute(statement)


def _error(text: str) -> str:
    return write_results([CommandResult(error=text)])


def _complaint(content: bytes) -> str:
    """Say where a content is no text."""
    try:
        parse_commands(content)
    except CommandError as error:
        return str(error)
    return "the command file is not UTF-8"
