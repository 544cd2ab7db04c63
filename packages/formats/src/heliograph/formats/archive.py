"""A packed tar without a clock and an owner: the same files give the same bytes, and none leaves its folder."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from heliograph.formats.gziptext import pack

_MODE = 0o644


def pack_tar(files: Mapping[str, bytes], modified: int) -> bytes:
    """Return a `.tar.gz` of files by their relative paths, in the order of these.

    `modified` is their time in seconds since 1970. Raises `ValueError` for a path that is absolute or climbs.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            if not is_relative(path):
                raise ValueError(f"{path!r} is no path inside an archive")
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(files[path]), max(0, modified), _MODE
            tar.addfile(entry, io.BytesIO(files[path]))
    return pack(buffer.getvalue())


def is_relative(path: str) -> bool:
    """Tell whether a path names a file below where it is unpacked, on any system."""
    parts = path.split("/")
    plain = not any(character in path for character in "\\:\0") and path.isprintable()
    return plain and not PurePosixPath(path).is_absolute() and not any(part in {"", ".", ".."} for part in parts)
