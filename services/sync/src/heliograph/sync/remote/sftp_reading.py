"""Reading directories and files over SFTP: many requests at once, since on a slow line each exchange counts."""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from paramiko.sftp import CMD_ATTRS, CMD_DATA, CMD_FSTAT, CMD_NAME, CMD_READ, CMD_READDIR, CMD_STAT

from heliograph.sync.remote.errors import IsDirectory, RemoteFailure, TooLarge
from heliograph.sync.remote.listing import keep
from heliograph.sync.remote.sftp_pipeline import refusal
from heliograph.sync.remote.sftp_wire import Answer, Attributes, Reader, Wire, string
from heliograph.sync.remote.store import MAX_SCANNED, Entry, join

READ_BYTES = 32_000


def read_directory(wire: Wire, handle: bytes, directory: str, match: Callable[[str], bool]) -> Sequence[Entry]:
    """Return what an open directory holds; symbolic links are shown as what they lead to."""
    links: set[str] = set()
    kept = keep(directory, _entries(wire, handle, directory, links), match)
    return [_followed(wire, directory, entry) if entry.name in links else entry for entry in kept]


def read_file(wire: Wire, handle: bytes, path: str, limit: int) -> bytes:
    """Return the content of an open file. Raises `TooLarge`, `IsDirectory`, `RemoteFailure`, `NoRight`."""
    content, size = bytearray(), None
    for together in _growing():
        facts, pieces = _pieces(wire, handle, len(content), together)
        size = facts.size
        if facts.is_directory:
            raise IsDirectory(path)
        has_ended = (size or 0) <= limit and _take(content, pieces, path)
        if max(size or 0, len(content)) > limit:
            raise TooLarge(path, f"{limit} bytes")
        if has_ended or (size is not None and len(content) >= size):
            break
    if size is not None and len(content) < size:
        raise RemoteFailure(path, f"{path} became shorter while it came; it is read again at the next connection")
    return bytes(content)


def _entries(wire: Wire, handle: bytes, directory: str, links: set[str]) -> Iterator[Entry]:
    """Yield what stands in a directory; names of symbolic links are added to `links`."""
    scanned = 0
    for answer in _names(wire, handle, directory):
        reader = Reader(answer.body)
        count = reader.number()
        scanned += count
        if scanned > MAX_SCANNED or count == 0:
            raise TooLarge(directory, f"{MAX_SCANNED} entries")
        for _ in range(count):
            name = reader.string().decode("utf-8", "surrogateescape")
            reader.string()
            attributes = reader.attributes()
            if attributes.is_link:
                links.add(name)
            yield _entry(name, attributes)


def _names(wire: Wire, handle: bytes, directory: str) -> Iterator[Answer]:
    """Yield a directory's names as they come; small ones come whole in one exchange, with the word that they end."""
    for together in _growing():
        for answer in wire.ask_together([(CMD_READDIR, handle)] * together):
            if answer.at_end:
                return
            if answer.kind != CMD_NAME:
                raise refusal(answer, directory, "list")
            yield answer


def _followed(wire: Wire, directory: str, entry: Entry) -> Entry:
    """Return what a link leads to: the link's own size and time stay when the file changes."""
    answer = wire.ask(CMD_STAT, string(join(directory, entry.name).encode()))
    return _entry(entry.name, Reader(answer.body).attributes()) if answer.kind == CMD_ATTRS else entry


def _pieces(wire: Wire, handle: bytes, offset: int, together: int) -> tuple[Answer, Sequence[Answer]]:
    """Ask for a file's attributes and its next pieces."""
    offsets = (offset + number * READ_BYTES for number in range(together))
    reads = [(CMD_READ, handle + struct.pack(">QI", start, READ_BYTES)) for start in offsets]
    facts, *pieces = wire.ask_together([(CMD_FSTAT, handle), *reads])
    return facts, pieces


def _take(content: bytearray, pieces: Sequence[Answer], path: str) -> bool:
    """Append pieces, up to one that is short: what was asked for behind it left a gap. Tell whether the file ends."""
    for answer in pieces:
        if answer.at_end:
            return True
        if answer.kind != CMD_DATA:
            raise refusal(answer, path, "read")
        data = Reader(answer.body).string()
        content += data
        if len(data) < READ_BYTES:
            return not data
    return False


def _growing() -> Iterator[int]:
    """Yield how many requests go out together: few first, since most directories and files are small."""
    yield from (2, 4, 8)
    yield from repeat(16)


def _entry(name: str, attributes: Attributes) -> Entry:
    directory = attributes.is_directory
    modified = None if attributes.modified is None else float(attributes.modified)
    return Entry(name, 0 if directory else attributes.size or 0, modified, is_directory=directory)
