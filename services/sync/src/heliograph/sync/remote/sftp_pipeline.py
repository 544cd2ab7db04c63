"""Many uploads in flight on one SFTP session.

Each file is a generator that posts its requests and is resumed with each answer to one of them; `Pipeline` holds
several such files, and gathers those that are ready for their rename so that one `before_commit` serves them all.
"""

import os
import struct
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_FSTAT,
    CMD_OPEN,
    CMD_REMOVE,
    CMD_RENAME,
    CMD_SETSTAT,
    CMD_STAT,
    CMD_WRITE,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_TRUNC,
    SFTP_FLAG_WRITE,
    SFTP_NO_SUCH_FILE,
    SFTP_PERMISSION_DENIED,
)

from heliograph.sync.remote.errors import (
    FileError,
    IsDirectory,
    NoDirectory,
    NoRight,
    NoSpace,
    RemoteFailure,
    SizeMismatch,
)
from heliograph.sync.remote.sftp_wire import HAS_SIZE, NO_SPACE, QUOTA, Answer, Wire, string
from heliograph.sync.remote.steps import Settled, settle, unreadable
from heliograph.sync.remote.store import ASIDE, BeforeCommit, Upload, Uploaded

FILES = 64
"""Files in flight, those that wait for their commit included."""
COMMIT_FILES = 32
COMMIT_BYTES = 1 << 19
"""Ready files are committed together, but wait for no more than so many bytes of others."""
BYTES = 1 << 22
"""No further file is begun while this much is still to be sent."""
CHUNK_BYTES = 32_000
"""Data of one write: with its header it fits one SSH message."""
WRITES = 64
"""Unanswered writes of one file."""
POSIX_RENAME = b"posix-rename@openssh.com"
_NO_ATTRIBUTES = struct.pack(">I", 0)
_EMPTY = struct.pack(">IQ", HAS_SIZE, 0)
_WRITE_FLAGS = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_TRUNC


class _Ready:
    """What a file yields when only its commit is left."""


_READY = _Ready()
_Steps = Generator[_Ready | None, Answer | None, int]


@dataclass(slots=True, eq=False)
class _File:
    upload: Upload
    steps: _Steps
    left: int
    """Bytes still to be posted."""


class Pipeline:
    """Uploads on a session. One at a time; when it is left early the session cannot be used any more."""

    def __init__(self, wire: Wire, extensions: Iterable[bytes], before_commit: BeforeCommit) -> None:
        self._wire = wire
        self._replaces = POSIX_RENAME in extensions
        self._before_commit = before_commit
        self._owners: dict[int, _File] = {}
        self._running: set[_File] = set()
        self._ready: list[_File] = []
        self._posted_since_ready = 0
        self._ended: list[Uploaded] = []
        self._current: _File | None = None

    @property
    def idle(self) -> bool:
        """Whether no answer is outstanding."""
        return not self._owners

    def run(self, files: Iterable[Upload]) -> Iterator[Uploaded]:
        """Send the files; yield each as it ends."""
        waiting = iter(files)
        try:
            more = True
            while more or self._running or self._ended:
                more = more and self._begin(waiting)
                self._commit()
                # The server works on while the caller does.
                self._wire.flush()
                yield from self._take_ended()
                if self._owners:
                    self._answers()
        finally:
            for file in self._running:
                file.steps.close()

    def _begin(self, waiting: Iterator[Upload]) -> bool:
        while len(self._running) < FILES and sum(file.left for file in self._running) < BYTES:
            upload = next(waiting, None)
            if upload is None:
                return False
            file = _File(upload, self._steps(upload), 0)
            self._running.add(file)
            self._resume(file, None)
        return True

    def _commit(self) -> None:
        due = len(self._ready) >= COMMIT_FILES or self._posted_since_ready >= COMMIT_BYTES or not self._owners
        if not self._ready or not due:
            return
        ready, self._ready = self._ready, []
        self._posted_since_ready = 0
        self._wire.flush()
        self._before_commit([file.upload for file in ready])
        for file in ready:
            self._resume(file, None)

    def _answers(self) -> None:
        for answer in self._wire.answers():
            file = self._owners.pop(answer.number, None)
            if file is not None:
                self._resume(file, answer)

    def _resume(self, file: _File, answer: Answer | None) -> None:
        self._current = file
        try:
            if file.steps.send(answer) is _READY:
                self._ready.append(file)
        except StopIteration as end:
            self._end(file, Uploaded(file.upload, int(end.value)))
        except FileError as error:
            self._end(file, Uploaded(file.upload, error=error))

    def _end(self, file: _File, uploaded: Uploaded) -> None:
        self._running.discard(file)
        self._ended.append(uploaded)

    def _take_ended(self) -> list[Uploaded]:
        ended, self._ended = self._ended, []
        return ended

    def _steps(self, upload: Upload) -> _Steps:
        try:
            with upload.local.open("rb") as local:
                return (yield from self._deliver(upload, local))
        except OSError as error:
            raise unreadable(upload.local, error) from error

    def _deliver(self, upload: Upload, local: BinaryIO) -> _Steps:
        size = os.fstat(local.fileno()).st_size
        settled = Settled.SEND
        if upload.committing:
            settled = yield from self._look(upload, size)
        if settled is Settled.DONE:
            return size
        if not upload.two_steps:
            yield _READY
            yield from self._send(upload.path, local, size)
            return size
        if settled is Settled.SEND:
            yield from self._send_temporary(upload, local, size)
        yield _READY
        yield from self._rename(upload)
        return size

    def _look(self, upload: Upload, size: int) -> Generator[None, Answer | None, Settled]:
        # Where the whole directory is gone, nobody fetched anything.
        if not (yield from self._ask(CMD_STAT, string(upload.directory.encode()))).ok:
            raise NoDirectory(upload.directory)
        temporary = (yield from self._size(upload.temporary)) if upload.two_steps else None
        final = yield from self._size(upload.path)
        return settle(size, final, temporary, two_steps=upload.two_steps)

    def _send_temporary(self, upload: Upload, local: BinaryIO, size: int) -> Generator[None, Answer | None, None]:
        try:
            yield from self._send(upload.temporary, local, size)
        except (NoDirectory, NoRight):
            raise
        except FileError:
            path = string(upload.temporary.encode())
            # Once committing, neither name would mean "fetched": an empty rest must stay to tell otherwise.
            yield from self._ask(*((CMD_SETSTAT, path + _EMPTY) if upload.committing else (CMD_REMOVE, path)))
            raise

    def _send(self, path: str, local: BinaryIO, size: int) -> Generator[None, Answer | None, None]:
        answer = yield from self._ask(
            CMD_OPEN, string(path.encode()) + struct.pack(">I", _WRITE_FLAGS) + _NO_ATTRIBUTES
        )
        if not answer.ok:
            raise (yield from self._why(answer, path, "write"))
        handle = string(answer.handle)
        failed = yield from self._write(handle, local, size)
        self._post(CMD_FSTAT, handle)
        self._post(CMD_CLOSE, handle)
        found = (yield from self._next()).size
        closed = yield from self._next()
        failed = failed or (None if closed.ok else closed)
        if failed is not None:
            raise _write_failure(failed, path)
        if found != size:
            found = yield from self._size(path)
        if found != size:
            raise SizeMismatch(path, size, found)

    def _write(self, handle: bytes, local: BinaryIO, size: int) -> Generator[None, Answer | None, Answer | None]:
        """Post all writes and take their answers; return the first refusal."""
        failed: Answer | None = None
        unanswered = offset = 0
        self._left(size)
        while failed is None and (data := local.read(min(CHUNK_BYTES, size - offset))):
            self._post(CMD_WRITE, handle + struct.pack(">QI", offset, len(data)) + data)
            offset += len(data)
            self._left(size - offset)
            unanswered += 1
            if unanswered >= WRITES:
                failed = _refused((yield from self._next()))
                unanswered -= 1
        self._left(0)
        for _ in range(unanswered):
            answer = yield from self._next()
            failed = failed or _refused(answer)
        return failed

    def _rename(self, upload: Upload) -> Generator[None, Answer | None, None]:
        names = string(upload.temporary.encode()) + string(upload.path.encode())
        if self._replaces:
            answer = yield from self._ask(CMD_EXTENDED, string(POSIX_RENAME) + names)
        else:
            answer = yield from self._ask(CMD_RENAME, names)
            if not answer.ok:
                answer = yield from self._replace(upload, answer)
        if not answer.ok:
            raise (yield from self._why(answer, upload.path, "rename"))

    def _replace(self, upload: Upload, refused: Answer) -> Generator[None, Answer | None, Answer]:
        """Move a file aside that stands in the way; where even that is refused, it stays as it was."""
        there, aside = string(upload.path.encode()), string((upload.path + ASIDE).encode())
        found = yield from self._ask(CMD_STAT, there)
        if found.size is None or found.is_directory:
            return refused
        yield from self._ask(CMD_REMOVE, aside)
        if not (yield from self._ask(CMD_RENAME, there + aside)).ok:
            return refused
        answer = yield from self._ask(CMD_RENAME, string(upload.temporary.encode()) + there)
        yield from self._ask(*((CMD_REMOVE, aside) if answer.ok else (CMD_RENAME, aside + there)))
        return answer

    def _why(self, answer: Answer, path: str, what: str) -> Generator[None, Answer | None, FileError]:
        error = refusal(answer, path, what)
        if isinstance(error, NoRight | RemoteFailure):
            found = yield from self._ask(CMD_STAT, string(path.encode()))
            return IsDirectory(path) if found.is_directory else error
        return error

    def _size(self, path: str) -> Generator[None, Answer | None, int | None]:
        answer = yield from self._ask(CMD_STAT, string(path.encode()))
        if not answer.ok and answer.code != SFTP_NO_SUCH_FILE:
            raise refusal(answer, path, "read")
        return answer.size

    def _ask(self, kind: int, body: bytes) -> Generator[None, Answer | None, Answer]:
        self._post(kind, body)
        return (yield from self._next())

    def _next(self) -> Generator[None, Answer | None, Answer]:
        answer = yield None
        if answer is None:
            raise RuntimeError("a file was resumed without an answer")
        return answer

    def _post(self, kind: int, body: bytes) -> None:
        file = self._current
        if file is None:
            raise RuntimeError("no file is running")
        self._owners[self._wire.post(kind, body)] = file
        if self._ready:
            self._posted_since_ready += len(body)

    def _left(self, count: int) -> None:
        if self._current is not None:
            self._current.left = count


def refusal(answer: Answer, path: str, what: str) -> FileError:
    """Say in our words why a path was refused."""
    if answer.code == SFTP_NO_SUCH_FILE:
        return NoDirectory(path.rpartition("/")[0] or "/")
    if answer.code == SFTP_PERMISSION_DENIED:
        return NoRight(path, what, answer.text)
    if answer.code in {NO_SPACE, QUOTA}:
        return NoSpace(path, answer.text)
    return RemoteFailure(path, f"the server refused to {what} {path} (it says: {answer.text})")


def _refused(answer: Answer) -> Answer | None:
    return None if answer.ok else answer


def _write_failure(answer: Answer, path: str) -> FileError:
    """A write into an open file that fails means a full disk or quota: version 3 has no word for it."""
    error = refusal(answer, path, "write")
    return NoSpace(path, f"{answer.text}, in the middle of writing") if isinstance(error, RemoteFailure) else error
