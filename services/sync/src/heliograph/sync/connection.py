"""One connection to a file server, from opening to closing (spec 1.6). Blocks: it has a thread of its own.

To the main server: alarms, command file, data, (certificates, definitions, scripts, configuration: `reconcile`, spec
1.7), results, logs. To a backup: alarms, data, copies of the configuration set, results, logs. A step that fails is
told with its cause and does not stop the later ones, unless the link itself is gone.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from heliograph.contract import ConnectionResult, TransferCount, Trigger
from heliograph.formats.config import Directory, FileServer, ServerMode
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync import ledger as streams
from heliograph.sync.configuration import Applied
from heliograph.sync.copies import Copies, Copy
from heliograph.sync.database import Database, is_damage
from heliograph.sync.deliver import DIRECTORIES, Outgoing
from heliograph.sync.diary import Diary
from heliograph.sync.errors import AccessError, Stopped
from heliograph.sync.history import History
from heliograph.sync.ledger import Ledger
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.remote import (
    Entry,
    FileError,
    LinkLost,
    NoDirectory,
    NoRight,
    RemoteStore,
    Unreachable,
    Upload,
)
from heliograph.sync.render import Form
from heliograph.sync.spool import Spool
from heliograph.sync.tables import LedgerRow

_log = logging.getLogger("heliograph.sync.connection")
TOGETHER: Final = 64
"""Files that arrived are let go of together: a kill before that finds them on the server again."""
_KINDS: Final = {streams.RECORDS: "data", streams.ALARMS: "alarms", streams.RESULTS: "results", streams.LOG: "logs"}
"""How a stream is called in the history and the log."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every connection works with."""

    database: Database
    spool: Spool
    ledger: Ledger
    mailbox: Mailbox
    history: History
    diary: Diary
    clock: Clock
    outgoing: Path
    open: Callable[[FileServer, Applied], RemoteStore]
    """Gives a session that is not open yet. Raises `AccessError`."""
    stop: threading.Event
    """Set when the gateway stops."""


@dataclass(frozen=True, slots=True)
class Visited:
    """How a connection ended."""

    result: ConnectionResult
    failures: tuple[str, ...]
    again: bool
    """Whether another try may soon do better: false for what waits for a person, such as a missing directory."""


Step = Callable[[RemoteStore], None]


class Visit:
    """One connection. `run` is called once."""

    def __init__(self, parts: Parts, applied: Applied, server: FileServer, trigger: Trigger) -> None:
        self._parts = parts
        self._applied = applied
        self._server = server
        self._trigger = trigger
        self._form = _form(applied, server)
        self._outgoing = Outgoing(parts.outgoing, server.number, parts.database, parts.ledger, parts.clock)
        self._copies = Copies(parts.database, parts.outgoing, server)
        self._missing: set[Directory] = set()
        self._failures: list[str] = []
        self._again = False
        self._files: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def run(self) -> Visited:
        """Go through the steps; never raises for the server's sake. Ends in a row of history."""
        parts, name = self._parts, f"server {self._server.number}"
        number = parts.history.begin(self._server.number, self._trigger, milliseconds(parts.clock))
        parts.diary.info(f"{name}: connecting to {self._server.type} {self._server.address} ({self._trigger})")
        result = ConnectionResult.FAILED
        try:
            with parts.open(self._server, self._applied) as store:
                parts.diary.info(f"{name}: connected")
                self._go(store)
            result = ConnectionResult.PARTIAL if self._failures else ConnectionResult.DONE
        except (Unreachable, LinkLost, AccessError) as error:
            self._fail("connection", str(error), again=True)
        except Stopped:
            self._fail("connection", "the gateway stops", again=False)
        finally:
            if self._is_main:
                parts.mailbox.leave()
            transfers = [TransferCount(kind=k, files=n, bytes=self._bytes[k]) for k, n in self._files.items()]
            parts.history.end(number, milliseconds(parts.clock), result, transfers, self._failures)
            parts.diary.info(f"{name}: connection {result}; {_summary(transfers)}")
            parts.diary.flush()
        return Visited(result, tuple(self._failures), self._again)

    def _go(self, store: RemoteStore) -> None:
        main: dict[str, Step] = {
            "directories": self._check_directories,
            "alarms": lambda s: self._send(s, streams.ALARMS),
            "commands": self._read_commands,
            "data": lambda s: self._send(s, streams.RECORDS),
            # certificates, definitions, scripts, configuration: reconciled here, between data and results (spec 1.7)
            "results": self._send_results,
            "logs": self._send_log,
        }
        backup: dict[str, Step] = {
            "directories": self._check_directories,
            "alarms": lambda s: self._send(s, streams.ALARMS),
            "data": lambda s: self._send(s, streams.RECORDS),
            "configuration": self._copy_configuration,
            "results": lambda s: self._send(s, streams.RESULTS),
            "logs": self._send_log,
        }
        for name, step in (main if self._is_main else backup).items():
            self._try(name, step, store)

    @property
    def _is_main(self) -> bool:
        return self._server.mode is ServerMode.MAIN

    def _try(self, name: str, step: Step, store: RemoteStore) -> None:
        if self._parts.stop.is_set():
            raise Stopped
        try:
            step(store)
        except FileError as error:
            self._refused(name, error)
        except (OSError, SQLAlchemyError) as error:
            if is_damage(error):
                raise
            _log.exception("step %s", name)
            self._fail(name, f"the gateway's own disk: {error}", again=True)

    def _check_directories(self, store: RemoteStore) -> None:
        """Find out which directories are there; each missing one is told by its name, the others work (spec 1.3)."""
        needed = [Directory.ALARM, Directory.CMD, Directory.DATA, Directory.LOG]
        if not self._is_main:
            needed += self._copies.directories(self._applied.set.files)
        for directory in needed:
            try:
                store.check_directory(self._server.path(directory))
            except FileError as error:
                self._missing.add(directory)
                self._refused("directories", error)

    def _read_commands(self, store: RemoteStore) -> None:
        if Directory.CMD in self._missing:
            return
        found = self._parts.mailbox.read(store, self._server.path(Directory.CMD), self._applied.uids)
        if found.files:
            self._count("commands", found.files, found.bytes)
        for failure in found.failures:
            self._fail("commands", failure, again=False)

    def _send_results(self, store: RemoteStore) -> None:
        """Send the results that are there, and those of the commands just read when they come in time."""
        if self._files["commands"]:
            self._parts.mailbox.wait()
        self._send(store, streams.RESULTS)

    def _send_log(self, store: RemoteStore) -> None:
        self._parts.diary.flush()
        self._send(store, streams.LOG)

    def _copy_configuration(self, store: RemoteStore) -> None:
        files = {path: content for path, content in self._applied.set.files.items() if self._may_leave(path)}
        there: dict[Directory, dict[str, Entry]] = {}
        for directory in self._copies.directories(files):
            if directory not in self._missing:
                there[directory] = {e.name: e for e in store.list(self._server.path(directory))}
        copies: dict[str, Copy] = {}

        def uploads() -> Iterator[Upload]:
            for copy in self._copies.missing(files, there):
                copies[copy.upload.path] = copy
                yield copy.upload

        for uploaded in store.upload(uploads(), lambda _: None):
            copy = copies.pop(uploaded.upload.path)
            if uploaded.error:
                self._refused("configuration", uploaded.error)
                continue
            self._copies.done(copy)
            self._count("configuration", 1, uploaded.size)
            self._parts.diary.info(f"server {self._server.number}: configuration: {copy.path} copied")

    def _may_leave(self, path: str) -> bool:
        """Private keys never leave the gateway (spec 1.9, `KeyFile`)."""
        keys = {server.key_file.removeprefix("file:") for server in self._applied.set.config.servers}
        return path.partition("/")[2] not in keys

    def _send(self, store: RemoteStore, stream: str) -> None:
        """Send the files that wait, then make and send what lies beyond the cursor."""
        if DIRECTORIES[stream] in self._missing:
            return
        sending = _Sending(self._parts.ledger, self._outgoing, self._server, self._form, stream, self._parts.stop)
        arrived: list[LedgerRow] = []
        try:
            for uploaded in store.upload(sending.uploads(), sending.before_commit):
                row = sending.row(uploaded.upload)
                if uploaded.error:
                    sending.halt()
                    self._refused(_KINDS[stream], uploaded.error)
                    continue
                arrived.append(row)
                self._tell_delivered(stream, row, uploaded.size)
                if len(arrived) == TOGETHER:
                    self._outgoing.forget(arrived)
                    arrived.clear()
        finally:
            self._outgoing.forget(arrived)
        if sending.trouble:
            raise sending.trouble
        if self._parts.stop.is_set():
            raise Stopped

    def _tell_delivered(self, stream: str, row: LedgerRow, size: int) -> None:
        kind = _KINDS[stream]
        self._count(kind, 1, size)
        self._parts.diary.info(f"server {self._server.number}: {kind}: {row.name} delivered ({size} bytes)")

    def _count(self, kind: str, files: int, size: int) -> None:
        self._files[kind] += files
        self._bytes[kind] += size

    def _refused(self, step: str, error: FileError) -> None:
        self._fail(step, str(error), again=not isinstance(error, (NoDirectory, NoRight)))

    def _fail(self, step: str, text: str, *, again: bool) -> None:
        self._failures.append(f"{step}: {text}")
        self._again = self._again or again
        self._parts.diary.warning(f"server {self._server.number}: {step}: {text}")


class _Sending:
    """The files of one stream, made while they are sent: no more than a few lie on our disk beside the spool."""

    def __init__(
        self, ledger: Ledger, outgoing: Outgoing, server: FileServer, form: Form, stream: str, stop: threading.Event
    ) -> None:
        self._ledger = ledger
        self._outgoing = outgoing
        self._server = server
        self._form = form
        self._stream = stream
        self._stop = stop
        self._rows: dict[str, LedgerRow] = {}
        self._last = 0
        self._until = ledger.end(stream)
        """What comes while files are sent waits for the next connection: a connection comes to its end."""
        self._halted = False
        self.trouble: OSError | SQLAlchemyError | None = None
        """What our own disk did."""

    def uploads(self) -> Iterator[Upload]:
        """Yield what waits, then what can be made. Ends early when a file failed: it is kept, and no more is made."""
        try:
            yield from self._waiting()
            while self._may_make() and self._outgoing.make(self._stream, self._form):
                yield from self._waiting()
        except (OSError, SQLAlchemyError) as error:
            self.trouble = error

    def row(self, upload: Upload) -> LedgerRow:
        """Return the ledger's row of an upload that ended."""
        return self._rows.pop(upload.name)

    def before_commit(self, uploads: Sequence[Upload]) -> None:
        """Note on disk that the renames are sent."""
        self._ledger.committing(int(self._rows[upload.name].id or 0) for upload in uploads)

    def halt(self) -> None:
        """Make no more files in this connection."""
        self._halted = True

    def _may_make(self) -> bool:
        position = self._ledger.position(self._server.number, self._stream)
        return not self._halted and not self._stop.is_set() and position is not None and position < self._until

    def _waiting(self) -> Iterator[Upload]:
        for row in self._ledger.waiting(self._server.number, self._stream):
            number = int(row.id or 0)
            if number <= self._last:
                continue
            if self._stop.is_set():
                return
            self._last = number
            self._outgoing.ensure(row, self._form)
            self._rows[row.name] = row
            yield Upload(
                local=self._outgoing.path(row),
                directory=self._server.path(Directory(row.directory)),
                name=row.name,
                two_steps=not self._server.two_steps_disabled,
                committing=row.rename_sent,
            )


def _form(applied: Applied, server: FileServer) -> Form:
    config = applied.set.config
    return Form(
        uid=applied.set.uid,
        zone=config.time_zone,
        header=server.header,
        euro_dates=server.euro_dates,
        log_level=config.log_level,
        devices=tuple(device.index for device in applied.set.daq.devices),
    )


def _summary(transfers: Sequence[TransferCount]) -> str:
    told = [f"{t.kind}: {t.files} file{'s' if t.files != 1 else ''}, {t.bytes} bytes" for t in transfers]
    return "; ".join(told) or "nothing was sent"
