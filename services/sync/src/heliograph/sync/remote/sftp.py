"""SFTP servers, with paramiko below."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_REMOVE,
    CMD_STAT,
    SFTP_FLAG_READ,
    SFTP_NO_SUCH_FILE,
)

from heliograph.formats.config import FileServer
from heliograph.sync.remote.errors import (
    IsDirectory,
    LinkLost,
    NoDirectory,
    NoFile,
    NoRight,
    RemoteFailure,
)
from heliograph.sync.remote.sftp_pipeline import Pipeline, refusal
from heliograph.sync.remote.sftp_reading import read_directory, read_file
from heliograph.sync.remote.sftp_session import open_sftp, open_transport, why_no_sftp
from heliograph.sync.remote.sftp_wire import Wire, string
from heliograph.sync.remote.store import (
    Access,
    BeforeCommit,
    Entry,
    HostKeyPins,
    Upload,
    Uploaded,
)


class SftpStore:
    """A session with an SFTP server; see `RemoteStore`."""

    def __init__(self, server: FileServer, access: Access, pins: HostKeyPins) -> None:
        self._server = server
        self._access = access
        self._pins = pins
        self._transport: paramiko.Transport | None = None
        self._wire: Wire | None = None
        self._extensions: frozenset[bytes] = frozenset()

    def __enter__(self) -> Self:
        """See `RemoteStore`."""
        self._transport = open_transport(self._server, self._access, self._pins)
        try:
            self._wire = Wire(open_sftp(self._transport, self._server))
            self._extensions = frozenset(self._wire.hello())
        except (paramiko.SSHException, OSError, EOFError, LinkLost) as error:
            why = why_no_sftp(self._transport, self._server, error)
            self._close()
            raise why from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `RemoteStore`."""
        self._close()

    def check_directory(self, directory: str) -> None:
        """See `RemoteStore`."""
        answer = self._need().ask(CMD_STAT, string(directory.encode()))
        if not answer.ok:
            raise NoDirectory(directory) if answer.code == SFTP_NO_SUCH_FILE else refusal(answer, directory, "list")
        if not answer.is_directory:
            raise NoDirectory(directory)

    def list(self, directory: str, match: Callable[[str], bool] = lambda _: True) -> Sequence[Entry]:
        """See `RemoteStore`."""
        wire = self._need()
        answer = wire.ask(CMD_OPENDIR, string(directory.encode()))
        if not answer.ok:
            self.check_directory(directory)
            raise refusal(answer, directory, "list")
        handle = string(answer.handle)
        with _closing(wire, handle):
            return read_directory(wire, handle, directory, match)

    def read(self, path: str, limit: int) -> bytes:
        """See `RemoteStore`."""
        wire = self._need()
        try:
            return self._read(wire, path, limit)
        except (NoRight, RemoteFailure) as error:
            if wire.ask(CMD_STAT, string(path.encode())).is_directory:
                raise IsDirectory(path) from error
            raise

    def upload(self, files: Iterable[Upload], before_commit: BeforeCommit) -> Iterator[Uploaded]:
        """See `RemoteStore`."""
        pipeline = Pipeline(self._need(), self._extensions, before_commit)
        try:
            yield from pipeline.run(files)
        finally:
            if not pipeline.idle:
                self._close()

    def remove(self, path: str) -> None:
        """See `RemoteStore`."""
        wire = self._need()
        answer = wire.ask(CMD_REMOVE, string(path.encode()))
        if answer.code == SFTP_NO_SUCH_FILE:
            self.check_directory(path.rpartition("/")[0] or "/")
        elif not answer.ok:
            found = wire.ask(CMD_STAT, string(path.encode()))
            if found.code != SFTP_NO_SUCH_FILE:
                raise IsDirectory(path) if found.is_directory else refusal(answer, path, "delete")

    def _read(self, wire: Wire, path: str, limit: int) -> bytes:
        answer = wire.ask(CMD_OPEN, string(path.encode()) + struct.pack(">II", SFTP_FLAG_READ, 0))
        if answer.code == SFTP_NO_SUCH_FILE:
            self.check_directory(path.rpartition("/")[0] or "/")
            raise NoFile(path)
        if not answer.ok:
            raise refusal(answer, path, "read")
        handle = string(answer.handle)
        with _closing(wire, handle):
            return read_file(wire, handle, path, limit)

    def _need(self) -> Wire:
        if self._wire is None or self._transport is None or not self._transport.is_active():
            raise LinkLost("the connection to the server is gone")
        return self._wire

    def _close(self) -> None:
        transport, self._transport, self._wire = self._transport, None, None
        if transport is not None:
            transport.close()


@contextmanager
def _closing(wire: Wire, handle: bytes) -> Iterator[None]:
    try:
        yield
    finally:
        wire.tell(CMD_CLOSE, handle)
