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
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col

from heliograph.contract import CommandResults, CommandText, Way
from heliograph.contract.channels import COMMAND_TEXTS
from heliograph.formats import COMMAND_FILE_LIMIT, CommandResult, write_results
from heliograph.runtime import Bus, Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.answers import Answers, is_message, message_identity, store_answer
from heliograph.sync.commandfiles import CommandFiles, Found, complaint
from heliograph.sync.database import Database
from heliograph.sync.diary import Diary
from heliograph.sync.inbox import Inbox, enter
from heliograph.sync.remote import RemoteStore
from heliograph.sync.spool import Spool
from heliograph.sync.tables import InboxRow, MessageRow

RESULTS_SECONDS: Final = 10.0
"""Results that come within this time of the command file go in the same connection."""


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
        self._inbox = Inbox(database)
        self._files = CommandFiles(self._inbox, spool, diary, clock, self._expect)
        self._changed = threading.Condition()
        self._expected: set[str] = set()
        self._closed = threading.Event()

    def listen(self, came: Callable[[], None]) -> None:
        """Call `came`, in the thread that brings it, after a text was taken in: it may be forwarded."""
        self._inbox.came = came

    def close(self) -> None:
        """Take in nothing more: commands stay with their servers until the next start."""
        self._closed.set()

    def read(self, store: RemoteStore, directory: str, uids: Sequence[str]) -> Found:
        """Take in the command files of these uids, in their order.

        Raises `FileError` of the directory's listing, and `LinkLost`.
        """
        return Found() if self._closed.is_set() else self._files.read(store, directory, uids)

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
        sent = 0
        while (row := self._inbox.first_waiting()) is not None:
            way = Way.MQTT if is_message(row.identity) else Way.FILE
            text = CommandText(identity=row.identity, way=way, time=row.taken, origin=row.name, text=row.text)
            await bus.store(COMMAND_TEXTS, text, row.identity, way=way)
            self._inbox.published(row.identity)
            sent += 1
        return sent

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
        return self._inbox.is_owed()

    def has_room(self) -> bool:
        """Whether a further command message may be taken in."""
        return not self._closed.is_set() and self._inbox.has_room()

    def take_message(self, message: Message) -> bool:
        """Take in a command message; tell whether it is to run.

        On return it may be acknowledged. One that was taken in before is not run again; one that cannot be run at all
        is answered at once.
        """
        digest = hashlib.sha256(message.topic.encode() + b"\n" + message.content).hexdigest()
        text, fault = _decoded(message)
        with self._database.write() as session:
            key = (message.server, message.packet)
            known = session.get(MessageRow, key)
            if message.duplicate and known is not None and known.digest == digest:
                self._diary.warning(f"{message.topic}: the broker delivered a command again; it is not run twice")
                return False
            if message.packet:
                session.merge(MessageRow(server=message.server, packet=message.packet, digest=digest))
            if fault:
                self._refuse(session, message, digest, fault)
                return False
            enter(session, self._row(message, digest, text))
        self._inbox.came()
        self._diary.info(f"{message.topic}: command taken in ({len(message.content)} bytes)")
        return True

    def forget_messages(self, server: int, packets: Collection[int] | None = None) -> None:
        """The broker has our acknowledgements of these, or of all: it delivers none of them again."""
        statement = delete(MessageRow).where(col(MessageRow.server) == server)
        if packets is not None:
            statement = statement.where(col(MessageRow.packet).in_(list(packets)))
        with self._database.write() as session:
            session.connection().execute(statement)

    def _expect(self, identity: str) -> None:
        with self._changed:
            self._expected.add(identity)

    def _row(self, message: Message, digest: str, text: str) -> InboxRow:
        return InboxRow(
            identity=message_identity(message.server, uuid.uuid4().hex), name=message.topic, size=len(message.content),
            modified=None, digest=digest, text=text, taken=milliseconds(self._clock), deleted=True,
        )  # fmt: skip

    def _refuse(self, session: Session, message: Message, digest: str, fault: str) -> None:
        """Answer a message that cannot be run; a retained one once, though it comes at every subscription."""
        name = f"retained-{digest}" if message.retained else f"refused-{uuid.uuid4().hex}"
        if store_answer(session, message.server, message_identity(message.server, name), _error(fault)):
            self._diary.error(f"command on {message.topic}: {fault}")
            self.answers.tell()


def _decoded(message: Message) -> tuple[str, str]:
    """Return the text of a command message, and why it is refused."""
    if message.retained:
        return "", "a retained message is no command: it would run again at every connection; publish it without retain"
    if len(message.content) > COMMAND_FILE_LIMIT:
        return "", "the message is larger than 1 MiB; refused"
    try:
        return message.content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", complaint(message.content)


def _error(text: str) -> str:
    return write_results([CommandResult(error=text)])
