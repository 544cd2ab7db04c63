"""What a file server lets the gateway do: log in, read the configuration, list each directory and write to it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.formats.config import Directory, FileServer
from heliograph.sync.remote.errors import FileError, LinkLost, NoFile, RemoteError
from heliograph.sync.remote.factory import open_store
from heliograph.sync.remote.store import ASIDE, RemoteStore, Upload, join
from heliograph.sync.trying.course import Course
from heliograph.sync.trying.job import Job
from heliograph.sync.trying.reaching import Known
from heliograph.sync.trying.steps import directories_of, is_configured_by

CONTENT: Final = b"A gateway tried whether it may write here. This file may be deleted.\n"
CONFIG_BYTES: Final = 1024 * 1024
MATCHES: Final = "_config.ini"


@dataclass(frozen=True, slots=True)
class FileTest:
    """What follows the login."""

    job: Job
    server: FileServer
    course: Course

    def run(self, pins: Known, hint: str) -> None:
        """Go through the steps. Raises `LinkLost`, `Stopped`."""
        store = open_store(self.server, self.job.access, pins)
        opened: list[RemoteStore] = []

        def log_in() -> str:
            opened.append(store.__enter__())
            return "the server lets the gateway in"

        try:
            if self.course.take(log_in, hint):
                self._look_round(opened[0])
        finally:
            if opened:
                store.__exit__(None, None, None)

    def _look_round(self, store: RemoteStore) -> None:
        if is_configured_by(self.server):
            self.course.take(lambda: self._read_configuration(store))
        for path in directories_of(self.server):
            self.course.take(lambda path=path: _list(store, path))  # type: ignore[misc]  # bound now
            self.course.take(lambda path=path: self._write(store, path))  # type: ignore[misc]  # bound now

    def _read_configuration(self, store: RemoteStore) -> str:
        directory = self.server.path(Directory.CONFIG)
        wanted = {f"{prefix}{MATCHES}" for prefix in self.job.prefixes}
        found = sorted(entry.name for entry in store.list(directory, wanted.__contains__))
        if not found:
            return f"there is no {' or '.join(sorted(wanted))} yet: the gateway writes its own at the next connection"
        with suppress(NoFile):  # taken away this moment
            content = store.read(join(directory, found[0]), CONFIG_BYTES)
            return f"{found[0]} can be read ({len(content)} bytes)"
        return f"{found[0]} is there"

    def _write(self, store: RemoteStore, directory: str) -> str:
        """Put a file as the gateway does, and delete it again; whatever goes wrong, it is said if the file remains."""
        name = f"heliograph-test-{secrets.token_hex(6)}.tmp"
        path = join(directory, name)
        try:
            self._put(store, directory, name)
            if (refusal := _removed(store, path)) is not None:
                return self._undeleted(directory, path, refusal)
        except LinkLost as error:
            raise LinkLost(f"{error}; the file {path} may remain there, delete it") from error
        steps = "written, compared in size" + ("" if self.server.two_steps_disabled else ", renamed")
        return f"a file was {steps} and deleted again"

    def _put(self, store: RemoteStore, directory: str, name: str) -> None:
        with _in_memory() as local:
            upload = Upload(local, directory, name, two_steps=not self.server.two_steps_disabled)
            for uploaded in store.upload([upload], lambda _uploads: None):
                if uploaded.error is not None:
                    _clear(store, upload)
                    raise uploaded.error

    def _undeleted(self, directory: str, path: str, refusal: FileError) -> str:
        """Say that a file remains; only where commands are deleted the gateway needs that right."""
        remains = f"a file was written and remains: {refusal}. Delete {path} there"
        if directory == self.server.path(Directory.CMD):
            raise RemoteError(f"{remains}; the gateway needs the right, it deletes the commands that it has read")
        return f"{remains}; the gateway works without that right"


def _list(store: RemoteStore, directory: str) -> str:
    store.check_directory(directory)
    found = sum(1 for _ in store.list(directory))
    return f"it is there, with {found} entr{'y' if found == 1 else 'ies'}"


def _removed(store: RemoteStore, path: str) -> FileError | None:
    """Delete a file; return why it remains. Raises `LinkLost`."""
    try:
        store.remove(path)
    except FileError as error:
        return error
    return None


def _clear(store: RemoteStore, upload: Upload) -> None:
    """Delete what an upload that failed may have left."""
    for path in (upload.temporary, upload.path, upload.path + ASIDE):
        with suppress(FileError):
            store.remove(path)


@contextmanager
def _in_memory() -> Iterator[Path]:
    """Give a local file that lies on no disk."""
    handle = os.memfd_create("heliograph-test", os.MFD_CLOEXEC)
    try:
        os.write(handle, CONTENT)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
