"""The port to a file server: what the steps of a connection ask for, and nothing of how FTP, SFTP or WebDAV do it.

Calls block, and belong to one thread each server. Paths are absolute on the server. No adapter ever makes a directory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from heliograph.sync.remote.errors import FileError

MAX_ENTRIES = 10_000
"""Entries of one listing that are kept; a directory with more that match is refused, never cut short."""
MAX_SCANNED = 200_000
"""Entries of one listing that are looked at."""
TEMPORARY = ".tmp"
"""What stands after the name until the size is verified (spec 1.4)."""
ASIDE = ".old.tmp"
"""What stands after the name of a file that is being replaced, on servers whose renames never replace one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or directory in a listing."""

    name: str
    """A plain name: no slash, no control character, not `.` or `..`, at most 255 bytes."""
    size: int
    """Bytes; 0 for a directory."""
    modified: float | None
    """Seconds since 1970 by the server's clock, None where it does not say."""
    is_directory: bool = False
    step_seconds: float = 1.0
    """How finely the listing tells times: two writes within one step look the same (spec 1.7)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file to be sent. Its name and bytes stay the same in every try (spec 1.4)."""

    local: Path
    """The bytes on our disk."""
    directory: str
    """Where it goes: absolute, without a slash at its end."""
    name: str
    two_steps: bool = True
    """Send to `<name>.tmp`, compare the size, rename. WebDAV always sends directly."""
    committing: bool = False
    """An earlier try passed this file to `before_commit`, and no success was seen. Only for names that are new on the
    server: a file that replaces another of the same name is simply sent again."""

    @property
    def path(self) -> str:
        """The final path on the server."""
        return join(self.directory, self.name)

    @property
    def temporary(self) -> str:
        """The path before the rename."""
        return self.path + TEMPORARY


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of an upload."""

    upload: Upload
    size: int = 0
    """Bytes that the server verifiably has, or had when the reader fetched it."""
    error: FileError | None = None


BeforeCommit = Callable[[Sequence[Upload]], None]
"""Called with files whose renames are sent next, or, in one step, whose first bytes are: write this down on disk
before returning, and give these uploads with `committing=True` in every later try until one succeeds."""


class RemoteStore(Protocol):
    """An open session with a file server.

    Every method raises `LinkLost` when the connection is gone, also when the server did not answer within its
    `timeout_seconds`; a `FileError` of one path leaves the session usable.
    """

    def __enter__(self) -> Self:
        """Open the session. Raises `Unreachable` (and its kinds)."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session; never raises for the server's sake."""
        ...

    def check_directory(self, directory: str) -> None:
        """Return when the directory is there. Raises `NoDirectory`, `NoRight`."""
        ...

    def list(self, directory: str, match: Callable[[str], bool] = lambda _: True) -> Sequence[Entry]:
        """List the entries whose names `match`, in no order; names that could not be ours are left out.

        Raises `NoDirectory`, `NoRight`, `TooLarge` (more than `MAX_ENTRIES` match: half a listing would make files
        look absent).
        """
        ...

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's whole content. Raises `NoFile`, `NoDirectory`, `NoRight`, `TooLarge` beyond `limit` bytes."""
        ...

    def upload(self, files: Iterable[Upload], before_commit: BeforeCommit) -> Iterator[Uploaded]:
        """Send files, several at once where the protocol can, and yield each as it ends, in any order.

        A file that is there already is replaced. `files` is drawn as room comes free. A file that failed before
        its commit leaves no `.tmp`; one that failed at its commit keeps it for the next try, which with
        `committing=True` finds out: the final name with our size, or neither name (the reader took it), is done; a
        `.tmp` of our size is renamed; all else is sent anew.
        """
        ...

    def remove(self, path: str) -> None:
        """Delete a file, never a directory; one that is gone already is fine. Raises `NoRight`, `NoDirectory`."""
        ...


class HostKeyPins(Protocol):
    """Where the first host key seen of a server is kept (SFTP)."""

    def pinned(self, host: str) -> str | None:
        """Return the pinned fingerprint `SHA256:…` of `address:port`, or None."""
        ...

    def pin(self, host: str, fingerprint: str) -> None:
        """Keep a fingerprint, safely on disk, before returning."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """The secrets and trust that open a server, resolved: no `env:`, no `file:`, no file names."""

    password: str = field(default="", repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    """Content of `KeyFile` (SFTP); the password opens it where it is encrypted."""
    authorities: bytes | None = None
    """Content of `CaFile`: PEM; None means the system's authorities."""
    certificate: bytes | None = None
    """Content of `CertFile` (MQTT): the client's certificate, PEM."""


def join(directory: str, name: str) -> str:
    """Return the path of a name in a directory."""
    return f"{directory.rstrip('/')}/{name}"
