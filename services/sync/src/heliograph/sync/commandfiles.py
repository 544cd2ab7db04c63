"""Command files on the main server: each taken in whole, once, and then deleted (spec 4.1). In a connection's thread.

list → read → list again: what moved meanwhile is left to the next connection
     → inbox on our disk, or an answer where it can be no command → deleted on the server
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.contract import CommandResults, Way
from heliograph.formats import (
    COMMAND_FILE_LIMIT,
    CommandError,
    CommandResult,
    command_file_name,
    old_command_file_name,
    parse_commands,
    write_results,
)
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.diary import Diary
from heliograph.sync.inbox import Inbox
from heliograph.sync.remote import Entry, FileError, IsDirectory, NoFile, NoRight, RemoteStore, join
from heliograph.sync.spool import Spool
from heliograph.sync.tables import InboxRow

_MARK: Final = b"\xef\xbb\xbf"
_BLANKS: Final = b" \t\r\n"
_ENDS: Final = {b"[": b"]", b"{": b"}"}
"""By the first character of a text, the last: one that ends otherwise may still be growing."""


@dataclass(slots=True)
class Found:
    """What a look at the command directory brought."""

    files: int = 0
    bytes: int = 0
    failures: list[str] = field(default_factory=list)
    """What waits for a person."""
    unfinished: list[str] = field(default_factory=list)
    """What another connection may do better soon."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was listed and read; one that is too large is not read."""

    path: str
    entry: Entry
    content: bytes

    @property
    def is_too_large(self) -> bool:
        return self.entry.size > COMMAND_FILE_LIMIT

    @property
    def digest(self) -> str:
        """Name, size, time and content: what makes it the same file (spec 4.1)."""
        entry = self.entry
        return hashlib.sha256(f"{entry.name}\n{entry.size}\n{entry.modified}\n".encode() + self.content).hexdigest()

    @property
    def is_whole(self) -> bool:
        """Whether it ends as a command text ends."""
        text = self.content.removeprefix(_MARK).strip(_BLANKS)
        return bool(text) and text.endswith(_ENDS.get(text[:1], b""))


class CommandFiles:
    """Takes files in. `expect` is called with the identity of each text whose results will come."""

    def __init__(self, inbox: Inbox, spool: Spool, diary: Diary, clock: Clock, expect: Callable[[str], None]) -> None:
        self._inbox = inbox
        self._spool = spool
        self._diary = diary
        self._clock = clock
        self._expect = expect
        self._broken_off: dict[str, str] = {}
        """By name, the digest of a file that ended in its middle when it was last seen."""

    def read(self, store: RemoteStore, directory: str, uids: Sequence[str]) -> Found:
        """Take in the command files of these uids, in their order.

        Raises `FileError` of the directory's listing, and `LinkLost`.
        """
        found = Found()
        names, old = [command_file_name(uid) for uid in uids], [old_command_file_name(uid) for uid in uids]
        entries = {entry.name: entry for entry in store.list(directory, {*names, *old}.__contains__)}
        found.failures += [self._unsupported(join(directory, name)) for name in old if name in entries]
        for name in names:
            entry = entries.get(name)
            if entry is None:
                self._inbox.replaced(name)
                self._broken_off.pop(name, None)
            elif entry.is_directory:
                found.failures.append(str(IsDirectory(join(directory, name))))
            else:
                self._try(store, directory, entry, found)
        return found

    def _try(self, store: RemoteStore, directory: str, entry: Entry, found: Found) -> None:
        """Take in one file; one that cannot be read does not keep back the other."""
        path = join(directory, entry.name)
        try:
            content = store.read(path, COMMAND_FILE_LIMIT) if entry.size <= COMMAND_FILE_LIMIT else b""
            file = _File(path, entry, content)
            if _has_moved(store, directory, file):
                found.unfinished.append(f"{path} changed while it was read; it is read again at the next connection")
            elif self._may_grow(file):
                found.unfinished.append(
                    f"{path} ends in its middle and may still be growing; if it is the same at the next connection, "
                    f"it is taken as it stands"
                )
            else:
                self._take(store, file, found)
        except NoFile:
            self._diary.info(f"{path} was taken away before it was read")
        except (NoRight, IsDirectory) as error:
            found.failures.append(str(error))
        except FileError as error:
            found.unfinished.append(str(error))

    def _may_grow(self, file: _File) -> bool:
        """Whether a file is not whole and is seen so for the first time."""
        name, digest = file.entry.name, file.digest
        before = self._broken_off.pop(name, "")
        if file.is_too_large or file.is_whole or digest == before or self._inbox.standing(digest):
            return False
        self._broken_off[name] = digest
        return True

    def _take(self, store: RemoteStore, file: _File, found: Found) -> None:
        """Take in one file and delete it."""
        self._inbox.replaced(file.entry.name, file.digest)
        identity = self._inbox.standing(file.digest)
        if identity:
            self._diary.warning(f"{file.path} was taken in before and could not be deleted; it is not run again")
        else:
            identity = self._enter(file)
            found.files += 1
            found.bytes += file.entry.size
        try:
            store.remove(file.path)
        except FileError as error:
            found.failures.append(f"the command file was taken in but not deleted: {error}")
        else:
            self._inbox.deleted(identity)

    def _enter(self, file: _File) -> str:
        """Put a file in the inbox; one that cannot be run at all is answered at once."""
        entry, digest = file.entry, file.digest
        text, fault = _decoded(file)
        if fault:
            identity = f"refused-{digest}-{self._inbox.times(digest)}"
            self._diary.error(f"command file {entry.name}: {fault}")
            self._answer(identity, fault)
        else:
            identity = f"file-{uuid.uuid4().hex}"
            self._diary.info(f"command file {entry.name} taken in ({entry.size} bytes)")
            self._expect(identity)
        row = InboxRow(
            identity=identity, name=entry.name, size=entry.size, modified=entry.modified, digest=digest, text=text,
            taken=milliseconds(self._clock), published=bool(fault),
        )  # fmt: skip
        self._inbox.enter(row)
        return identity

    def _answer(self, identity: str, fault: str) -> None:
        text = write_results([CommandResult(error=fault)])
        self._spool.take_results([CommandResults(identity=identity, way=Way.FILE, text=text)])

    def _unsupported(self, path: str) -> str:
        text = f"{path} is an older form of command file and not supported; write <uid>_cmd.json instead"
        self._diary.warning(text)
        return text


def complaint(content: bytes) -> str:
    """Say where a content is no text."""
    try:
        parse_commands(content)
    except CommandError as error:
        return str(error)
    return "the command file is not UTF-8"


def _has_moved(store: RemoteStore, directory: str, file: _File) -> bool:
    """Whether a file is not, or no longer, what was listed and read."""
    if not file.is_too_large and len(file.content) != file.entry.size:
        return True
    now = {entry.name: entry for entry in store.list(directory, file.entry.name.__eq__)}
    return now.get(file.entry.name) != file.entry


def _decoded(file: _File) -> tuple[str, str]:
    """Return the text of a command file, and why it can be none."""
    if file.is_too_large:
        return "", f"{file.entry.name} is larger than 1 MiB ({file.entry.size} bytes); refused"
    try:
        return file.content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", complaint(file.content)
