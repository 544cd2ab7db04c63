"""One connection to a file server, from opening to closing (spec 1.6). Blocks: it has a thread of its own.

To the main server: alarms, command file, data, certificates, definitions, scripts, configuration (`reconcile`, spec
1.7), results, logs. To a backup: alarms, data, copies of the configuration set, results, logs. A step that fails is
told with its cause and does not stop the later ones, unless the link itself is gone. On trial the main server's
configuration directory is listed before anything is sent: a server that may be the wrong one gets nothing.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from heliograph.contract import ConnectionResult, TransferCount, Trigger
from heliograph.formats.config import Directory, FileServer, ServerMode
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync import ledger as streams
from heliograph.sync.applied import Applied, told
from heliograph.sync.concealed import Concealed
from heliograph.sync.copies import copy_set
from heliograph.sync.database import Database, is_damage
from heliograph.sync.deliver import DIRECTORIES, Outgoing
from heliograph.sync.diary import Diary
from heliograph.sync.errors import AccessError, Stopped
from heliograph.sync.history import History
from heliograph.sync.ledger import Ledger
from heliograph.sync.looking import Looking
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.places import place_of
from heliograph.sync.placing import Listings, Placing
from heliograph.sync.reconcile import Gateway, Reconciliation, Report
from heliograph.sync.remembered import Remembered
from heliograph.sync.remote import FileError, LinkLost, NoDirectory, NoRight, RemoteStore, Unreachable
from heliograph.sync.render import Form
from heliograph.sync.sending import Sending
from heliograph.sync.spool import Spool
from heliograph.sync.tables import LedgerRow
from heliograph.sync.turns import Turns

_log = logging.getLogger("heliograph.sync.connection")
STOPS: Final = "the gateway stops"
TOGETHER: Final = 64
"""Files that arrived are let go of together: a kill before that finds them on the server again."""
_KINDS: Final = {
    streams.RECORDS: "data", streams.ALARMS: "alarms", streams.RESULTS: "results", streams.LOG: "logs",
    streams.BUNDLES: "bundle", streams.TRACES: "traces",
}  # fmt: skip
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
    gateway: Gateway
    """The configuration's side of a reconciliation."""
    concealed: Concealed = field(default_factory=Concealed)
    """What servers may quote and no line may show."""
    turns: Turns = field(default_factory=Turns)


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
        self.place = place_of(server)
        self._applied = applied
        self._server = server
        self._trigger = trigger
        self._form = _form(applied, server)
        self._destination = applied.destination(server.number)
        self._outgoing = Outgoing(
            parts.outgoing, self._destination, parts.database, parts.ledger, parts.clock, self._tell_of_own
        )
        self._remembered = Remembered(parts.database, server, parts.clock)
        self._placing = Placing(self._remembered, server, parts.outgoing, self._placed)
        self._missing: set[Directory] = set()
        self._failures: list[str] = []
        self._standing: list[str] = []
        """Of the failures, what waits for a person and was told before."""
        self._step = ""
        self._skipped = False
        """Whether the step of now was left out: its directory is missing."""
        self._sound: set[str] = {"connection"}
        """The steps that ran to their end and met no failure."""
        self._again = False
        self._no_more_data = False
        self._stopped_by = ""
        """Who wants it to end; empty while nobody does."""
        self._on_trial = applied.provisional and self._is_main
        """Whether this connection has yet to show that the revision reaches the main server."""
        self._files: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def run(self) -> Visited:
        """Go through the steps; never raises for the server's sake. Ends in a row of history."""
        parts, name = self._parts, f"server {self._server.number}"
        parts.concealed.learn(self._server.password, self._server.login)
        before = parts.history.last(self._destination)
        now = milliseconds(parts.clock)
        number = parts.history.begin(self._server.number, self._trigger, now, self._destination)
        parts.diary.info(
            f"{name}: connecting to {told(self._server)} with revision {self._applied.number} ({self._trigger})"
        )
        result = ConnectionResult.FAILED
        try:
            with parts.open(self._server, self._applied) as store:
                parts.diary.info(f"{name}: connected")
                self._go(store)
            result = ConnectionResult.PARTIAL if self._failures else ConnectionResult.DONE
        except (Unreachable, LinkLost, AccessError) as error:
            self._fail("connection", f"{error}{self._while()}", again=True)
        except Stopped:
            self._on_trial = False
            is_gateway = parts.stop.is_set()
            self._fail("connection", STOPS if is_gateway else self._stopped_by, again=False)
            result = ConnectionResult.FAILED if is_gateway else ConnectionResult.PARTIAL
        finally:
            if self._is_main:
                parts.mailbox.leave()
            if self._on_trial:
                parts.gateway.configuration.missed(self._applied.number, self._failures[-1] if self._failures else "")
            transfers = [TransferCount(kind=k, files=n, bytes=self._bytes[k]) for k, n in self._files.items()]
            parts.history.end(number, milliseconds(parts.clock), result, transfers, self._failures)
            if result is not ConnectionResult.FAILED and before is not None:
                self._tell_over(before.failures)
            still = "".join(f"; still {text}" for text in self._standing)
            parts.diary.info(f"{name}: connection {result}; {_summary(transfers)}{still}")
            parts.diary.flush()
        return Visited(result, tuple(self._failures), self._again)

    def end_soon(self) -> None:
        """Send no more data than the file in flight: the server is wanted elsewhere. From any thread."""
        self._no_more_data = True

    def stop(self, origin: str) -> None:
        """End after the file in flight: somebody wants it. From any thread."""
        self._stopped_by = f"stopped by {origin}; what was not sent stays for the next connection"

    @property
    def _is_over(self) -> bool:
        return bool(self._stopped_by) or self._parts.stop.is_set()

    def _go(self, store: RemoteStore) -> None:
        listings = Listings(store, self._server)
        distrusted = self._parts.gateway.configuration.distrusted()
        look = Looking(store, self._server, listings, self._remembered, self._applied, distrusted)
        if self._on_trial and not self._is_proven(look):
            return
        main: dict[str, Step] = {
            "directories": self._check_directories,
            "alarms": lambda s: self._send(s, streams.ALARMS),
            "commands": self._read_commands,
            "data": lambda s: self._send(s, streams.RECORDS),
            "configuration": lambda s: self._reconcile(s, look, listings),
            "results": self._send_results,
            "bundle": lambda s: self._send(s, streams.BUNDLES),
            "traces": lambda s: self._send(s, streams.TRACES),
            "logs": self._send_log,
        }
        backup: dict[str, Step] = {
            "directories": self._check_directories,
            "alarms": lambda s: self._send(s, streams.ALARMS),
            "data": lambda s: self._send(s, streams.RECORDS),
            "configuration": lambda s: self._copy_configuration(s, listings),
            "results": lambda s: self._send(s, streams.RESULTS),
            "bundle": lambda s: self._send(s, streams.BUNDLES),
            "traces": lambda s: self._send(s, streams.TRACES),
            "logs": self._send_log,
        }
        for name, step in (main if self._is_main else backup).items():
            self._try(name, step, store)

    def _is_proven(self, look: Looking) -> bool:
        """Tell whether a revision on trial reaches the main server: it is open, and its configuration is listed."""
        look.list_config()
        for error in look.failures:
            self._fail("configuration", str(error), again=True)
        if not look.failures:
            self._on_trial = False
            self._parts.gateway.configuration.reached(self._applied.number)
        return not look.failures

    @property
    def _is_main(self) -> bool:
        return self._server.mode is ServerMode.MAIN

    def _try(self, name: str, step: Step, store: RemoteStore) -> None:
        if self._is_over:
            raise Stopped
        self._step, self._skipped, failed = name, False, len(self._failures)
        try:
            step(store)
            if len(self._failures) == failed and not self._skipped:
                self._sound.add(name)
        except FileError as error:
            self._refused(name, error)
        except (OSError, SQLAlchemyError) as error:
            if is_damage(error):
                raise
            _log.exception("step %s", name)
            why = getattr(error, "orig", error)
            self._fail(name, f"the gateway's own disk: {why}; free it, or mend its rights", again=True)

    def _check_directories(self, store: RemoteStore) -> None:
        """Find out which directories are there; each missing one is told by its name, the others work (spec 1.3)."""
        for directory in (Directory.ALARM, Directory.CMD, Directory.DATA, Directory.LOG):
            try:
                store.check_directory(self._server.path(directory))
            except FileError as error:
                self._missing.add(directory)
                self._refused("directories", error)

    def _read_commands(self, store: RemoteStore) -> None:
        if Directory.CMD in self._missing:
            self._skipped = True
            return
        found = self._parts.mailbox.read(store, self._server.path(Directory.CMD), self._applied.uids)
        if found.files:
            self._count("commands", found.files, found.bytes)
        for failure in found.failures:
            self._fail("commands", failure, again=False)
        for failure in found.unfinished:
            self._fail("commands", failure, again=True)

    def _send_results(self, store: RemoteStore) -> None:
        """Send the results that are there, and those of the commands just read when they come in time."""
        if self._files["commands"]:
            self._parts.mailbox.wait()
        self._send(store, streams.RESULTS)

    def _send_log(self, store: RemoteStore) -> None:
        self._parts.diary.flush()
        self._send(store, streams.LOG)

    def _reconcile(self, store: RemoteStore, look: Looking, listings: Listings) -> None:
        if not self._server.sync_config:
            self._parts.gateway.configuration.reached(self._applied.number)
            return
        report = Report(
            refused=lambda error: self._refused("configuration", error),
            stands=self._stands,
            moved=lambda text: self._fail("configuration", text, again=True),
            taken=self._taken,
        )
        reconciliation = Reconciliation(self._parts.gateway, self._applied, self._remembered, self._placing, report)
        reconciliation.run(store, look, listings)

    def _copy_configuration(self, store: RemoteStore, listings: Listings) -> None:
        for error in copy_set(self._applied, store, listings, self._remembered, self._placing):
            self._refused("configuration", error)

    def _taken(self, path: str, size: int) -> None:
        self._count("configuration", 1, size)
        self._parts.diary.info(f"server {self._server.number}: configuration: {path} taken ({size} bytes)")

    def _placed(self, path: str, size: int) -> None:
        self._count("configuration", 1, size)
        self._parts.diary.info(f"server {self._server.number}: configuration: {path} written ({size} bytes)")

    def _send(self, store: RemoteStore, stream: str) -> None:
        """Send the files that wait, then make and send what lies beyond the cursor."""
        if DIRECTORIES[stream] in self._missing:
            self._skipped = True
            return

        def is_over() -> bool:
            return self._is_over or (self._no_more_data and stream == streams.RECORDS)

        sending = Sending(self._parts.ledger, self._outgoing, self._server, self._form, stream, is_over)
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
        if self._is_over:
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
        shown = self._parts.concealed.hide(text)
        self._failures.append(f"{step}: {shown}")
        self._again = self._again or again
        self._parts.diary.warning(f"server {self._server.number}: {step}: {shown}")

    def _stands(self, text: str) -> None:
        """Note what was told in full when it came up; the last line of each connection recalls it."""
        self._failures.append(f"configuration: {text}")
        self._standing.append(f"configuration: {text}")

    def _while(self) -> str:
        """Say at which step the connection was; empty before the first."""
        return f"; it was at the step {self._step!r}, and the next connection goes on with it" if self._step else ""

    def _tell_over(self, before: Sequence[str]) -> None:
        """Say which steps that failed the last time went well now: whoever reads a fault reads its end too."""
        over = {step: text for step, _, text in (failure.partition(": ") for failure in reversed(before)) if text}
        for step, text in over.items():
            if step in self._sound and text != STOPS:
                self._parts.diary.info(f"server {self._server.number}: {step}: works again; the last time: {text}")

    def _tell_of_own(self, text: str) -> None:
        self._parts.diary.error(f"server {self._server.number}: {text}")


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
