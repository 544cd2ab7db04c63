"""A configuration set as one archive: written for whoever keeps it, read with caution from whoever sends it.

Zip and tar.gz, told apart by their first bytes. An archive of the server's whole tree, or one with a folder round the
set, is read as well: what is no file of a set is left alone, as in a set directory. What reaches beyond its place, is
a link, or unpacks to more than a set may be is refused as a whole.
"""

import gzip
import io
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from heliograph.api.errors import Unreadable
from heliograph.api.sets import set_path
from heliograph.runtime.setdirectory import DIRECTORIES

MOST_BYTES: Final = 32 * 1024 * 1024
"""Unpacked, with what is left alone."""
MOST_MEMBERS: Final = 2000
MOST_INDEX_BYTES: Final = 256 * MOST_MEMBERS
"""Of a zip's list of members, which is read whole."""
_END, _END_BYTES, _LONGEST_COMMENT, _END_64 = b"PK\5\6", 22, 65_535, b"PK\6\7"
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN: Final = (  # RuntimeError: also NotImplementedError, of zips from the future; IndexError: an empty name
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    struct.error,
    RuntimeError,
    IndexError,
)

Member = tuple[str, bytes]


class ArchiveFormat(StrEnum):
    """The forms of an archive."""

    ZIP = "zip"
    TAR_GZ = "tar.gz"

    @property
    def media_type(self) -> str:
        """Of its content."""
        return "application/zip" if self is ArchiveFormat.ZIP else "application/gzip"


def pack(files: dict[str, str], form: ArchiveFormat, changed: int) -> bytes:
    """Return the files as an archive; `changed` is the time of each, in seconds since 1970."""
    return _zip(files, changed) if form is ArchiveFormat.ZIP else _tar(files, changed)


def unpack(content: bytes) -> dict[str, str]:
    """Return the files of the set in an archive, by path. Raises `Unreadable` with a text for people."""
    try:
        members = dict(_once(_members(content)))
    except Unreadable:
        raise
    except _BROKEN as error:
        raise Unreadable(f"The archive is damaged: {error}. Make it anew and send it again.") from error
    files = {path: _text(path, found) for path, found in _of_the_set(members).items()}
    if not files:
        folders = ", ".join(f"{folder}/" for folder in DIRECTORIES)
        raise Unreadable(f"The archive holds no file of a configuration set: nothing lies in {folders}.")
    return files


def _zip(files: dict[str, str], changed: int) -> bytes:
    moment = max(time.gmtime(changed)[:6], (1980, 1, 1, 0, 0, 0))  # a zip knows no earlier date
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            entry = zipfile.ZipInfo(path, moment)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, text.encode(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _tar(files: dict[str, str], changed: int) -> bytes:
    target = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=target, mode="wb", mtime=changed) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, text in sorted(files.items()):
            content = text.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime = len(content), changed
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _members(content: bytes) -> Iterator[Member]:
    if content.startswith(b"PK"):
        return _in_zip(content)
    if content.startswith(b"\x1f\x8b"):
        return _in_tar(content)
    raise Unreadable("This is neither a .zip nor a .tar.gz archive.")


def _in_zip(content: bytes) -> Iterator[Member]:
    _check_index(content)
    room = MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise _refused(entry.filename, "is a link or no plain file")
            if entry.flag_bits & 1 or entry.compress_type not in _PACKED:
                raise _refused(entry.filename, "is encrypted or packed in a way that is not read here")
            with archive.open(entry) as member:
                found = member.read(room + 1)
            room -= len(found)
            _check_room(room)
            yield entry.filename, found


def _check_index(content: bytes) -> None:
    """Refuse a zip whose list of members is long before it is read; looks for it where `zipfile` does."""
    at = len(content) - _END_BYTES
    if content[at : at + 4] != _END or content[-2:] != b"\0\0":
        at = content.rfind(_END, max(0, len(content) - _END_BYTES - _LONGEST_COMMENT))
    if at < 0:
        raise zipfile.BadZipFile("its end is missing")
    (size,) = struct.unpack_from("<L", content, at + 12)
    if size > MOST_INDEX_BYTES or content[max(0, at - 20) : at][:4] == _END_64:
        raise Unreadable(f"The archive has too many files: a set's has {MOST_MEMBERS} at most.")


def _in_tar(content: bytes) -> Iterator[Member]:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
        plain = packed.read(MOST_BYTES + 1)
    _check_room(MOST_BYTES - len(plain))
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        for entry in archive:
            if entry.isdir():
                continue
            member = archive.extractfile(entry) if entry.isreg() else None
            if member is None:
                raise _refused(entry.name, "is a link or no plain file")
            yield entry.name, member.read()


def _check_room(room: int) -> None:
    if room < 0:
        raise Unreadable(f"The archive unpacks to more than {MOST_BYTES // 2**20} MiB, more than a set may have.")


def _once(members: Iterator[Member]) -> Iterator[Member]:
    """Let each path pass once, and none that reaches beyond its place."""
    seen: set[str] = set()
    for name, content in members:
        path = name.removeprefix("./")
        if path.startswith("/") or "\\" in path or "\0" in path or ".." in PurePosixPath(path).parts:
            raise _refused(name, "reaches beyond the archive")
        if path in seen:
            raise _refused(name, "is there twice")
        if len(seen) >= MOST_MEMBERS:
            raise Unreadable(f"The archive has too many files: a set's has {MOST_MEMBERS} at most.")
        seen.add(path)
        yield path, content


def _of_the_set(members: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files in the folders of a set; one folder round them all is stepped into."""
    tops = {path.partition("/")[0] for path in members if not path.startswith((".", "__MACOSX/"))}
    if len(tops) == 1 and not tops <= set(DIRECTORIES):
        members = {path.partition("/")[2]: content for path, content in members.items()}
    found = {}
    for path, content in members.items():
        folder, _, name = path.partition("/")
        if folder in DIRECTORIES and name and "/" not in name and not name.startswith("."):
            found[_named(path)] = content
    return found


def _named(path: str) -> str:
    try:
        return set_path(path)
    except ValueError as error:
        raise _refused(path, f"can't be the name of a file: {error}") from error


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(path, f"is not UTF-8 in line {line}: save it as UTF-8") from error


def _refused(name: str, reason: str) -> Unreadable:
    shown = name[:200].encode("unicode_escape").decode()
    return Unreadable(f"{shown} in the archive {reason}; nothing was changed.")
