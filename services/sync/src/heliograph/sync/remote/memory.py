"""A file server in memory: the twin of the real adapters, with faults that a test switches on."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from heliograph.sync.remote.errors import (
    IsDirectory,
    LinkLost,
    NoDirectory,
    NoFile,
    NoRight,
    NoSpace,
    TooLarge,
    Unreachable,
)
from heliograph.sync.remote.listing import keep
from heliograph.sync.remote.steps import send_each, unreadable
from heliograph.sync.remote.store import BeforeCommit, Entry, Upload, Uploaded


@dataclass(slots=True)
class MemoryServer:
    """What a server holds, and how it misbehaves."""

    directories: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    """Content by absolute path."""
    modified: dict[str, float | None] = field(default_factory=dict)
    now: float = 0.0
    """The server's clock, which a test may set back; a write takes one second."""
    step_seconds: float = 1.0
    """How finely listings tell times."""
    unreachable: str = ""
    """A message: nobody can open a session."""
    forbidden: set[str] = field(default_factory=set)
    """Directories in which nothing may be written, renamed or deleted."""
    unreadable: set[str] = field(default_factory=set)
    """Files, or directories whose files, that are listed but may not be read."""
    refuses: set[str] = field(default_factory=set)
    """What nobody may do anywhere: `list`, `read`, `write`, `rename`, `delete`."""
    space: int | None = None
    """Bytes that the server can hold."""
    cut_after: int | None = None
    """Bytes after which the link goes; then it is None again."""
    lose_rename_answer: bool = False
    """The link goes once, after the next rename was done."""
    on_read: Callable[[str], None] | None = None
    """Called with the path of a file whose content is on its way: what it changes comes too late for that."""
    lists: Counter[str] = field(default_factory=Counter)
    """How often each directory was listed."""
    reads: list[str] = field(default_factory=list)
    """The files that were read, in their order."""

    def store(self) -> "MemoryStore":
        """A session that is not open yet."""
        return MemoryStore(self)


class MemoryStore:
    """A session with a `MemoryServer`; see `RemoteStore`."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._open = False

    def __enter__(self) -> Self:
        """See `RemoteStore`."""
        if self._server.unreachable:
            raise Unreachable(self._server.unreachable)
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `RemoteStore`."""
        self._open = False

    def check_directory(self, directory: str) -> None:
        """See `RemoteStore`."""
        self._need_link()
        if directory not in self._server.directories:
            raise NoDirectory(directory)

    def list(self, directory: str, match: Callable[[str], bool] = lambda _: True) -> Sequence[Entry]:
        """See `RemoteStore`."""
        self.check_directory(directory)
        if "list" in self._server.refuses:
            raise NoRight(directory, "list")
        self._server.lists[directory] += 1
        inside = [p for p in (*self._server.directories, *self._server.files) if p != "/" and _parent(p) == directory]
        return keep(directory, (self._entry(path) for path in inside), match)

    def read(self, path: str, limit: int) -> bytes:
        """See `RemoteStore`."""
        self._need_right(path, "read")
        self._server.reads.append(path)
        content = self._server.files.get(path)
        if content is None:
            raise NoFile(path)
        if self._server.on_read is not None:
            self._server.on_read(path)
        if len(content) > limit:
            raise TooLarge(path, f"{limit} bytes")
        return content

    def upload(self, files: Iterable[Upload], before_commit: BeforeCommit) -> Iterator[Uploaded]:
        """See `RemoteStore`."""
        return send_each(self, files, before_commit)

    def remove(self, path: str) -> None:
        """See `RemoteStore`."""
        self._need_right(path, "delete")
        self._server.files.pop(path, None)

    def size(self, path: str) -> int | None:
        """See `Primitives`."""
        self.check_directory(_parent(path))
        content = self._server.files.get(path)
        return None if content is None else len(content)

    def send(self, local: Path, path: str) -> None:
        """See `Primitives`."""
        self._need_right(path, "write")
        try:
            content = local.read_bytes()
        except OSError as error:
            raise unreadable(local, error) from error
        server = self._server
        others = sum(len(other) for name, other in server.files.items() if name != path)
        server.now += 1
        if server.cut_after is not None and server.cut_after < len(content):
            self._write(path, content[: server.cut_after])
            server.cut_after = None
            self._cut()
        if server.space is not None and others + len(content) > server.space:
            self._write(path, content[: max(0, server.space - others)])
            raise NoSpace(path)
        self._write(path, content)

    def rename(self, old: str, new: str) -> None:
        """See `Primitives`."""
        self._need_right(new, "rename")
        server = self._server
        if old not in server.files:
            raise NoFile(old)
        if new in server.directories:
            raise IsDirectory(new)
        server.files[new] = server.files.pop(old)
        server.modified[new] = server.modified.pop(old, server.now)
        if server.lose_rename_answer:
            server.lose_rename_answer = False
            self._cut()

    def _write(self, path: str, content: bytes) -> None:
        server = self._server
        if server.cut_after is not None:
            server.cut_after -= len(content)
        server.files[path] = content
        server.modified[path] = server.now

    def _entry(self, path: str) -> Entry:
        server, name = self._server, path.rpartition("/")[2]
        if path in server.directories:
            return Entry(name, 0, None, is_directory=True, step_seconds=server.step_seconds)
        time = server.modified.get(path, 0.0)
        modified = None if time is None else time // server.step_seconds * server.step_seconds
        return Entry(name, len(server.files[path]), modified, step_seconds=server.step_seconds)

    def _need_right(self, path: str, what: str) -> None:
        """Refuse what the rights forbid, and what needs a file where a directory stands."""
        server, parent = self._server, _parent(path)
        self.check_directory(parent)
        closed = server.unreadable & {path, parent} if what == "read" else parent in server.forbidden
        if closed or what in server.refuses:
            raise NoRight(path, what)
        if path in server.directories:
            raise IsDirectory(path)

    def _need_link(self) -> None:
        if not self._open:
            raise LinkLost("the connection to the server is gone")

    def _cut(self) -> None:
        self._open = False
        raise LinkLost("the connection to the server broke")


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
