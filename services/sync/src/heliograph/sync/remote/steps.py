"""The steps of one transfer (spec 1.4), told once for every protocol that sends one file after the other."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable

from heliograph.sync.remote.errors import FileError, LocalFailure, NoDirectory, NoRight, SizeMismatch
from heliograph.sync.remote.store import BeforeCommit, Upload, Uploaded


class Primitives(Protocol):
    """What a protocol does at a single path. Raises as `RemoteStore` does."""

    def check_directory(self, directory: str) -> None:
        """Return when the directory is there."""
        ...

    def size(self, path: str) -> int | None:
        """Return a file's bytes, None when it is not there."""
        ...

    def send(self, local: Path, path: str) -> None:
        """Write the file, replacing one that is there."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file; one that is gone is fine."""
        ...


@runtime_checkable
class Renames(Protocol):
    """A store without it writes each file at once, whole or not at all, so that it goes directly to its name."""

    def rename(self, old: str, new: str) -> None:
        """Rename, replacing a file that is there."""
        ...


class Settled(Enum):
    """What an earlier try that was committing left on the server."""

    DONE = "it arrived"
    RENAME = "it waits under its temporary name"
    SEND = "it must be sent"


def settle(size: int, final: int | None, temporary: int | None, *, two_steps: bool) -> Settled:
    """Tell from the sizes under both names (None: not there) what remains to be done.

    In one step an absent file may have been fetched or may never have arrived whole; it is sent again, because the
    same name and bytes twice do less harm than none.
    """
    if temporary is not None:
        return Settled.RENAME if temporary == size else Settled.SEND
    if final == size or (final is None and two_steps):
        return Settled.DONE
    return Settled.SEND


def send_each(store: Primitives, files: Iterable[Upload], before_commit: BeforeCommit) -> Iterator[Uploaded]:
    """Send the files one after the other; yield each as it ends."""
    for upload in files:
        try:
            yield Uploaded(upload, _send(store, upload, before_commit))
        except FileError as error:
            yield Uploaded(upload, error=error)


def local_size(upload: Upload) -> int:
    """Return the bytes of our own copy. Raises `LocalFailure`."""
    try:
        return upload.local.stat().st_size
    except OSError as error:
        raise unreadable(upload.local, error) from error


def unreadable(local: Path, error: OSError) -> LocalFailure:
    """Say that our own copy cannot be read."""
    return LocalFailure(str(local), f"the gateway cannot read its own file {local}: {error.strerror or error}")


def _send(store: Primitives, upload: Upload, before_commit: BeforeCommit) -> int:
    size = local_size(upload)
    renaming = store if upload.two_steps and isinstance(store, Renames) else None
    settled = Settled.SEND
    if upload.committing:
        settled = _look(store, upload, size, two_steps=renaming is not None)
    if settled is Settled.DONE:
        return size
    if renaming is None:
        before_commit([upload])
        store.send(upload.local, upload.path)
        _compare(store, upload.path, size)
        return size
    if settled is Settled.SEND:
        _send_temporary(store, upload, size)
    before_commit([upload])
    renaming.rename(upload.temporary, upload.path)
    return size


def _look(store: Primitives, upload: Upload, size: int, *, two_steps: bool) -> Settled:
    # Where the whole directory is gone, nobody fetched anything.
    store.check_directory(upload.directory)
    temporary = store.size(upload.temporary) if two_steps else None
    return settle(size, store.size(upload.path), temporary, two_steps=two_steps)


def _send_temporary(store: Primitives, upload: Upload, size: int) -> None:
    try:
        store.send(upload.local, upload.temporary)
        _compare(store, upload.temporary, size)
    except (NoDirectory, NoRight):
        raise
    except FileError:
        # Once committing, neither name would mean "fetched": the rest of the file must stay to tell otherwise.
        if not upload.committing:
            with suppress(FileError):
                store.remove(upload.temporary)
        raise


def _compare(store: Primitives, path: str, size: int) -> None:
    found = store.size(path)
    if found != size:
        raise SizeMismatch(path, size, found)
