"""The tables of sync's one database: what waits, what was taken, what was delivered, what happened."""

from sqlmodel import Field, SQLModel

Number = Field(default=None, primary_key=True)
_NEVER_REUSED = {"sqlite_autoincrement": True}
"""Cursors are row numbers: a number of a deleted row must never come again."""


class MetaRow(SQLModel, table=True):
    """Single facts by name."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str


class RunRow(SQLModel, table=True):
    """A run of sequences of one source that were taken: `first` to `last`, both included."""

    __tablename__ = "run"
    source: str = Field(primary_key=True)
    first: int = Field(primary_key=True)
    last: int


class BlockRow(SQLModel, table=True):
    """What many records share: one device under one layout."""

    __tablename__ = "block"
    id: int | None = Number
    digest: str = Field(unique=True)
    device: str
    name: str
    interface: str
    kind: str
    layout: str
    """`contract.Layout` as JSON."""


class RecordRow(SQLModel, table=True):
    """One record that waits for servers."""

    __tablename__ = "record"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    block: int
    time: int
    fields: str
    """The values as a JSON array."""
    size: int
    """Bytes of its row in a data file, about."""


class AlarmRow(SQLModel, table=True):
    """One alarm: waiting for servers, and history."""

    __tablename__ = "alarm"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    identity: str = Field(unique=True)
    body: str
    """`contract.Alarm` as JSON."""


class LogRow(SQLModel, table=True):
    """One line of the log for people."""

    __tablename__ = "log"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    time: int
    level: str
    service: str
    text: str


class ResultRow(SQLModel, table=True):
    """The results of one command file, as they go to `_ACK_`."""

    __tablename__ = "result"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    identity: str = Field(unique=True)
    text: str


class BundleRow(SQLModel, table=True):
    """One debug bundle, name and bytes fixed (spec 3.4)."""

    __tablename__ = "bundle"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    uid: str
    stamp: int
    """Milliseconds since 1970 in its name."""
    content: bytes


class TraceRow(SQLModel, table=True):
    """One communication trace, or a part of a long one (spec 3.4)."""

    __tablename__ = "trace"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    identity: str = Field(unique=True)
    interface: str
    content: bytes
    """The text, compressed."""


class RefusedRow(SQLModel, table=True):
    """How many records of a device were not stored because the storage was full."""

    __tablename__ = "refused"
    device: str = Field(primary_key=True)
    name: str
    count: int


class FullRow(SQLModel, table=True):
    """A device whose share is used up; the empty name stands for the whole storage."""

    __tablename__ = "full"
    device: str = Field(primary_key=True)


class DestinationRow(SQLModel, table=True):
    """A server for which something waits: its id stands as `server` in the tables that follow (`places`)."""

    __tablename__ = "destination"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    number: int
    place: str
    configured: bool


class CursorRow(SQLModel, table=True):
    """Up to which row number a server has a stream (`records`, `alarms`, `log`, `results`, …) in files."""

    __tablename__ = "cursor"
    server: int = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    position: int


class LedgerRow(SQLModel, table=True):
    """One file that a server has yet to get: its name and bytes are fixed (spec 1.4)."""

    __tablename__ = "ledger"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    server: int = Field(index=True)
    stream: str
    directory: str
    """Variable of its directory, e.g. `DirData`."""
    name: str
    size: int
    first: int
    """Rows of the stream that it was made of: after `first`, up to `last`."""
    last: int
    part: int = 0
    """Which of the files made of these rows it is."""
    form: str = ""
    """How it was made, as JSON: the same rows in the same form give the same bytes. Empty: not known."""
    rename_sent: bool = False


class StampRow(SQLModel, table=True):
    """The last time that named a file, per server and directory: names never go backwards (spec 1.3)."""

    __tablename__ = "stamp"
    server: int = Field(primary_key=True)
    directory: str = Field(primary_key=True)
    seconds: int


class InboxRow(SQLModel, table=True):
    """A command file as it was taken in (spec 4.1)."""

    __tablename__ = "inbox"
    identity: str = Field(primary_key=True)
    name: str
    size: int
    modified: float | None
    digest: str
    text: str
    taken: int
    published: bool = False
    deleted: bool = False


class AnswerRow(SQLModel, table=True):
    """The results of one command message: they wait for `TopicResult` (spec 4.1)."""

    __tablename__ = "answer"
    __table_args__ = _NEVER_REUSED
    id: int | None = Number
    identity: str = Field(unique=True)
    server: int = Field(index=True)
    text: str
    done: bool = False
    """Acknowledged by the broker, or dropped; it stays known for a while."""


class MessageRow(SQLModel, table=True):
    """A command message that is in the inbox, while its broker may still deliver it again."""

    __tablename__ = "message"
    server: int = Field(primary_key=True)
    packet: int = Field(primary_key=True)
    """Packet identifier of the broker's session."""
    digest: str


class ConnectionRow(SQLModel, table=True):
    """One row of the history of connections (spec 1.6)."""

    __tablename__ = "connection"
    __table_args__ = _NEVER_REUSED
    number: int | None = Number
    server: int = Field(index=True)
    """Its number at that time."""
    destination: int = 0
    trigger: str
    start: int
    end: int | None = None
    transfers: str = "[]"
    failures: str = "[]"
    result: str = "running"


class RememberedRow(SQLModel, table=True):
    """A file of the configuration set as it stood on a server after the last look at its content (spec 1.7)."""

    __tablename__ = "remembered"
    endpoint: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    size: int
    modified: float | None
    digest: str
    seen: int
    verified: int


class SendingRow(SQLModel, table=True):
    """A file of the configuration set whose upload began: its `.tmp` may stand on the server."""

    __tablename__ = "sending"
    endpoint: str = Field(primary_key=True)
    path: str = Field(primary_key=True)


class ContentRow(SQLModel, table=True):
    """A content that a file of the configuration set had on a server or in force at some time."""

    __tablename__ = "content"
    path: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    time: int = Field(index=True)


class PinRow(SQLModel, table=True):
    """The host key first seen at an SFTP server, accepted for ever (spec 1.9, `HostKey`)."""

    __tablename__ = "pin"
    endpoint: str = Field(primary_key=True)
    fingerprint: str


class RevisionRow(SQLModel, table=True):
    """One applied configuration set."""

    __tablename__ = "revision"
    number: int = Field(primary_key=True)
    origin: str
    time: int
    uid: str
    diff: str
    """Unified, secrets masked."""
    files: str
    """JSON: path relative to the set → content in base64."""
    changed: str = "[]"
    """JSON: the paths that differ from the revision before."""
    note: str = ""
    message: str = ""
    """In the words of who made it."""
    taken_back: bool = False
