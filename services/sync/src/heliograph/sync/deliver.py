"""From rows to files that a server has yet to get: name and bytes fixed on our disk before any is sent (spec 1.4).

    portion of rows → files, flushed to the disk → cursor and ledger rows in one transaction → upload

A kill before the transaction leaves files that nobody knows: they are removed at the next start, and made again. A kill
after it leaves files that the next connection sends.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlmodel import Session

from heliograph.formats.config import Directory
from heliograph.formats.names import OutgoingName, next_stamp
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync import ledger as streams
from heliograph.sync import render
from heliograph.sync.database import Database
from heliograph.sync.ledger import Ledger, Made
from heliograph.sync.render import Content, Form, Portion
from heliograph.sync.tables import LedgerRow

Render = Callable[[Session, Form, int, int | None], Portion | None]
RENDER: Final[dict[str, Render]] = {
    streams.RECORDS: render.records,
    streams.ALARMS: render.alarms,
    streams.RESULTS: render.results,
    streams.LOG: render.log,
    streams.BUNDLES: render.bundles,
    streams.TRACES: render.traces,
}
DIRECTORIES: Final[dict[str, Directory]] = {
    streams.RECORDS: Directory.DATA,
    streams.ALARMS: Directory.ALARM,
    streams.RESULTS: Directory.CMD,
    streams.LOG: Directory.LOG,
    streams.BUNDLES: Directory.LOG,
    streams.TRACES: Directory.LOG,
}


class Outgoing:
    """The files of one server on our disk. `tell` gets what a person should know of them."""

    def __init__(
        self, directory: Path, destination: int, database: Database, ledger: Ledger, clock: Clock,
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._directory = directory / str(destination)
        self.destination = destination
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._tell = tell

    def path(self, row: LedgerRow) -> Path:
        """Return where a file lies."""
        return self._directory / row.name

    def make(self, stream: str, form: Form) -> bool:
        """Make the next files of a stream; tell whether its cursor moved. Raises `OSError`."""
        after = self._ledger.position(self.destination, stream)
        if after is None:
            return False
        with self._database.read() as session:
            portion = RENDER[stream](session, form, after, None)
        if portion is None:
            return False
        directory = DIRECTORIES[stream]
        files = self._write(portion.contents, form.uid, directory)
        return self._ledger.commit(self.destination, stream, directory, files, (after, portion.last), form.text())

    def ensure(self, row: LedgerRow, form: Form) -> None:
        """Make a file again that is no longer as it was, from the rows that are kept until the server has it.

        It is made in the form that it had, whatever the server's form is by now: another would share out the rows
        among the files differently, and what the files beside it hold would be missing or stand twice. One whose rows
        are gone is forgotten, never sent empty. Raises `OSError`.
        """
        path = self.path(row)
        try:
            if path.stat().st_size == row.size:
                return
        except FileNotFoundError:
            pass
        with self._database.read() as session:
            made_in = Form.of(row.form) if row.form else form
            portion = RENDER[row.stream](session, made_in, row.first, row.last)
        if portion is None or row.part >= len(portion.contents):
            self._tell(f"{row.name} is gone from the gateway's disk, and so are its rows: what it held is lost")
            self.forget([row])
            return
        content = portion.contents[row.part].data
        self._tell(f"{row.name} was damaged on the gateway's disk; it is made again from the rows that are kept")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._put(row.name, content)
        _flush(self._directory)
        self._ledger.resize(int(row.id or 0), len(content))

    def forget(self, rows: Sequence[LedgerRow]) -> None:
        """Let go of files whose copies on the server are verified."""
        if rows:
            self._ledger.delivered(int(row.id or 0) for row in rows)
        for row in rows:
            self.path(row).unlink(missing_ok=True)

    def _write(self, contents: Sequence[Content], uid: str, directory: Directory) -> list[Made]:
        """Write files under names that grow; on an error none stays."""
        stamp = self._ledger.last_stamp(self.destination, directory)
        made: list[Made] = []
        self._directory.mkdir(parents=True, exist_ok=True)
        try:
            for content in contents:
                name = content.name
                if name is None:
                    stamp = next_stamp(stamp, milliseconds(self._clock))
                    name = OutgoingName(uid, content.kind, stamp)
                made.append(Made(str(name), len(content.data), name.time))
                self._put(made[-1].name, content.data)
        except OSError:
            for file in made:
                (self._directory / file.name).unlink(missing_ok=True)
            raise
        _flush(self._directory)
        return made

    def _put(self, name: str, data: bytes) -> None:
        with (self._directory / name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def remove_orphans(directory: Path, ledger: Ledger) -> int:
    """Remove files that no ledger row names: a kill came between writing and entering them. Return how many."""
    known = ledger.names()
    removed = 0
    for path in directory.glob("*/*"):
        names = known.get(int(path.parent.name), set()) if path.parent.name.isdecimal() else set()
        if path.is_file() and path.name not in names:
            path.unlink()
            removed += 1
    return removed


def _flush(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
