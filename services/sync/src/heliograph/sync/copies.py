"""The backup's copy of the configuration set (spec 1.1): every file as applied, written when it differs, never read."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlmodel import select

from heliograph.formats.config import Directory, FileServer
from heliograph.sync.database import Database
from heliograph.sync.remote import Entry, Upload
from heliograph.sync.tables import CopyRow

DIRECTORIES: Final = {
    "CONFIG": Directory.CONFIG, "DEF": Directory.DEF, "SCRIPT": Directory.SCRIPT, "CERT": Directory.CERT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """One file of the set on its way to a server."""

    path: str
    """In the set, e.g. `DEF/inv.csv`."""
    digest: str
    upload: Upload


class Copies:
    """What one server got last, and what it is to get."""

    def __init__(self, database: Database, directory: Path, server: FileServer) -> None:
        self._database = database
        self._directory = directory / "copies" / str(server.number)
        self._server = server

    def directories(self, files: Mapping[str, bytes]) -> list[Directory]:
        """Return the directories that the set needs on the server."""
        return [directory for name, directory in DIRECTORIES.items() if any(p.startswith(name + "/") for p in files)]

    def missing(self, files: Mapping[str, bytes], there: Mapping[Directory, Mapping[str, Entry]]) -> Iterator[Copy]:
        """Yield what differs from what this server got, or is no longer there with its size. Raises `OSError`.

        `there` holds the listing of each directory that could be listed; the others are left out.
        """
        known = self._known()
        for path, content in sorted(files.items()):
            folder, _, name = path.partition("/")
            directory = DIRECTORIES[folder]
            if directory not in there:
                continue
            digest = hashlib.sha256(content).hexdigest()
            entry = there[directory].get(name)
            if known.get(path) != digest or entry is None or entry.size != len(content):
                yield Copy(path, digest, self._upload(directory, name, content))

    def done(self, copy: Copy) -> None:
        """Note that the server has a file."""
        with self._database.write() as session:
            session.merge(CopyRow(server=self._server.number, path=copy.path, digest=copy.digest))
        copy.upload.local.unlink(missing_ok=True)

    def _known(self) -> dict[str, str]:
        with self._database.read() as session:
            rows = session.exec(select(CopyRow).where(CopyRow.server == self._server.number))
            return {row.path: row.digest for row in rows}

    def _upload(self, directory: Directory, name: str, content: bytes) -> Upload:
        local = self._directory / directory.value / name
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(content)
        two_steps = not self._server.two_steps_disabled
        return Upload(local=local, directory=self._server.path(directory), name=name, two_steps=two_steps)
