"""Where `heliograph scan --into SET` writes: shown first, checked as a whole, new files alone, the `_daq.csv` last."""

import difflib
import os
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import typer

from heliograph.cli.output import printable
from heliograph.formats import parse_daq, read_set, uid_from_mac
from heliograph.formats.daq import Device, SerialLine
from heliograph.formats.findings import Finding, Severity
from heliograph.formats.set_files import DAQ, find_files
from heliograph.formats.sunspec import Additions, Proposed, additions
from heliograph.runtime import write_atomically
from heliograph.runtime.setdirectory import read_set_directory

Say = Callable[[str], None]


@dataclass(slots=True)
class Destination:
    """A set directory, or none."""

    directory: Path | None
    uid: str
    files: dict[str, bytes] = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    """Those that are configured in it."""

    @classmethod
    def of(cls, directory: Path | None, uid: str) -> Self:
        """Look at a set: the uid is the given one, its files' prefix, `GATEWAY_UID`, else that of this machine."""
        files, _ = read_set_directory(directory) if directory is not None else ({}, [])
        found = find_files(files, uid)
        path = found.path(DAQ)
        daq, _ = parse_daq(files.get(path, b""), path)
        chosen = found.uid or os.environ.get("GATEWAY_UID", "") or uid_from_mac(f"{uuid.getnode():012X}")
        return cls(directory, chosen, files, daq.devices if daq else ())

    def add(self, proposed: Sequence[Proposed], serial: SerialLine, *, yes: bool, say: Say) -> bool:
        """Show what comes into the set and write it after a yes; tell whether all is there now."""
        try:
            added = additions(self.files, self.uid, proposed, [serial])
        except ValueError as error:
            say(f"Nothing is written: {printable(str(error))}")
            return False
        if not added.files:
            say("There is nothing to add: the set has these devices already.")
            return True
        if errors := self._new_errors(added):
            say(
                "Nothing is written, as the set would have errors:\n"
                + "\n".join(printable(str(e)) for e in errors[:20])
            )
            return False
        say(f"To be added to {self.directory}:\n" + "\n".join(self._lines(added)))
        if not yes and not _confirmed(say):
            return False
        return self._write(added, say)

    def _new_errors(self, added: Additions) -> list[Finding]:
        before = set(read_set(self.files, self.uid)[1])
        after = read_set({**self.files, **added.files}, self.uid)[1]
        return [finding for finding in after if finding.severity is Severity.ERROR and finding not in before]

    def _lines(self, added: Additions) -> list[str]:
        shown = []
        for path, content in added.files.items():
            old, new = (text.decode(errors="replace").splitlines() for text in (self.files.get(path, b""), content))
            if path in self.files or path.endswith(DAQ):
                changes = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
                fresh = [line[1:] for line in changes if line.startswith("+")]
                shown += [f"  {path}", *(f"    {printable(line)}" for line in fresh)]
            else:
                shown.append(f"  {path}: {len(new) - 1} variables")
        return shown

    def _write(self, added: Additions, say: Say) -> bool:
        directory = self.directory or Path()
        try:
            for path, content in _definitions_first(added.files).items():
                target = directory / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if path in self.files:
                    self._check_unchanged(target, path)
                    write_atomically(target, content)
                else:
                    _create(target, content)
        except OSError as error:
            say(f"Not all is written: {error.filename or directory}: {error.strerror}")
            return False
        say(f"Added: {len(added.devices)} {'device' if len(added.devices) == 1 else 'devices'}.")
        return True

    def _check_unchanged(self, target: Path, path: str) -> None:
        if target.read_bytes() != self.files[path]:
            raise OSError(0, "it was changed by somebody else meanwhile; scan again", str(target))


def _definitions_first(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Order files so that none names another that is not there yet."""
    return dict(sorted(files.items(), key=lambda entry: entry[0].endswith(DAQ)))


def _create(target: Path, content: bytes) -> None:
    """Write a new file; one that stands is never touched."""
    with target.open("xb") as file:
        file.write(content)


def _confirmed(say: Say) -> bool:
    if not sys.stdin.isatty():
        say("Nothing is written: add --yes to write without being asked.")
        return False
    return typer.confirm("Write it?", err=True)
