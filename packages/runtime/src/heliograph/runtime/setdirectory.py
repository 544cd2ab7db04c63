"""A configuration set read from a local directory, file by file, with limits on what strangers may have put there.

The gateway and `heliograph check` read with it, so that both find the same (spec 1.10).
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from heliograph.formats.findings import Finding, Severity

DIRECTORIES: Final = ("CONFIG", "DEF", "SCRIPT", "CERT")
FILE_LIMIT: Final = 16 * 1024 * 1024
"""A larger file is read up to one byte more, so that whoever checks it sees that it is too large (spec 1.10)."""
SET_LIMIT: Final = 256 * 1024 * 1024

Snapshot = tuple[tuple[str, int, int, int], ...]
"""Path, time of change (of content or rights), size and inode of each file of a set."""


def snapshot(directory: Path) -> Snapshot:
    """Return what changes when a file of the set changes; what cannot be looked at is left out."""
    found = []
    for name, path in _entries(directory, []):
        with suppress(OSError):
            status = path.stat()
            found.append((name, status.st_ctime_ns, status.st_size, status.st_ino))
    return tuple(found)


def read_set_directory(directory: Path) -> tuple[dict[str, bytes], list[Finding]]:
    """Return the files of a set by their path relative to it, and what kept others from being read.

    Links are followed; hidden files and sub-directories are no part of a set.
    """
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    room = SET_LIMIT
    for name, path in _entries(directory, findings):
        try:
            content = _read(path)
        except FileNotFoundError:
            findings.append(_finding(name, Severity.WARNING, "is a link to nothing and is left alone"))
            continue
        except OSError as error:
            findings.append(_finding(name, Severity.ERROR, f"can't be read: {error.strerror}"))
            continue
        if content is None:
            findings.append(_finding(name, Severity.WARNING, "is no regular file and is left alone"))
            continue
        room -= len(content)
        if room < 0:
            reason = f"the set is larger than {SET_LIMIT // 2**20} MiB; this file and those after it are not read"
            findings.append(_finding(name, Severity.ERROR, reason))
            break
        files[name] = content
    return files, findings


def read_limited(path: Path, limit: int) -> bytes:
    """Return the content of a file, and no more than one byte beyond the limit. Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _entries(directory: Path, findings: list[Finding]) -> Iterator[tuple[str, Path]]:
    for folder in DIRECTORIES:
        try:
            paths = sorted((directory / folder).iterdir())
        except FileNotFoundError:
            continue
        except OSError as error:
            findings.append(_finding(folder, Severity.ERROR, f"can't be read: {error.strerror}"))
            continue
        for path in paths:
            if not path.name.startswith(".") and not path.is_dir():
                yield f"{folder}/{_text(path.name)}", path


def _text(name: str) -> str:
    """A file's name as UTF-8, as the files of the set write it, whatever the locale."""
    return os.fsencode(name).decode(errors="surrogateescape")


def _read(path: Path) -> bytes | None:
    """The content, or None where it is a pipe, a socket or a device: opening one might never return."""
    path.stat()
    return read_limited(path, FILE_LIMIT) if path.is_file() else None


def _finding(name: str, severity: Severity, text: str) -> Finding:
    return Finding(name, 1, 1, severity, text)
