"""The directory of the configuration set, read with bounds: its files as `formats.read_set` wants them."""

from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Final

DIRECTORIES: Final = ("CONFIG", "DEF", "SCRIPT", "CERT")
FILE_BYTES: Final = 16 * 1024 * 1024 + 1
"""One byte more than a file of a set may have: enough to see that it is too long."""
FILES: Final = 5000
TOTAL_BYTES: Final = 128 * 1024 * 1024

Snapshot = tuple[tuple[str, int, int, int], ...]
"""Path, modification time, size and inode of each file."""


class UnreadableSet(OSError):
    """The directory cannot be read, or holds more than a set may; the text says which."""


def snapshot(directory: Path) -> Snapshot:
    """Return what changes when a file changes. Raises `UnreadableSet`."""
    found = []
    for path in _files(directory):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        if S_ISREG(status.st_mode):
            found.append((_name(path), status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


def read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of each file by its path in the set. Raises `UnreadableSet`."""
    files: dict[str, bytes] = {}
    room = TOTAL_BYTES
    for path in _files(directory):
        try:
            if not path.is_file():
                continue
            with path.open("rb") as file:
                files[_name(path)] = file.read(FILE_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UnreadableSet(f"{path} cannot be read: {error.strerror or error}") from error
        room -= len(files[_name(path)])
        if room < 0:
            raise UnreadableSet(f"the files of {directory} are larger than {TOTAL_BYTES // 2**20} MiB together")
    return files


def _files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        raise UnreadableSet(f"{directory} is no directory: put a configuration set there (CONFIG/, DEF/, …)")
    count = 0
    for name in DIRECTORIES:
        try:
            paths = sorted((directory / name).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise UnreadableSet(f"{directory / name} cannot be read: {error.strerror or error}") from error
        for path in paths:
            if path.name.startswith(".") or not path.name.isprintable():
                continue  # an editor's or a mount's own
            count += 1
            if count > FILES:
                raise UnreadableSet(f"{directory} holds more than {FILES} files")
            yield path


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
