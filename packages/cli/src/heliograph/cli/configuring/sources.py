"""Sets and files of this machine for `heliograph config`: read with caution, written without losing what is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import typer

from heliograph.api.archives import ArchiveFormat, unpack
from heliograph.api.errors import Unreadable
from heliograph.api.sets import set_path
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, printable
from heliograph.formats.findings import Finding
from heliograph.formats.secrets import restore_secrets
from heliograph.runtime import write_atomically
from heliograph.runtime.setdirectory import DIRECTORIES, FILE_LIMIT, read_limited, read_set_directory

_ENDINGS: Final = {
    ".zip": ArchiveFormat.ZIP,
    ".tar.gz": ArchiveFormat.TAR_GZ,
    ".tgz": ArchiveFormat.TAR_GZ,
}


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be put: files by their paths in the set, and whether they are the whole set."""

    files: dict[str, bytes]
    is_whole: bool
    findings: list[Finding] = field(default_factory=list)
    """What kept others from being read."""


def archive_format(path: Path) -> ArchiveFormat | None:
    """Return which archive a name stands for; None: it is no archive's."""
    return next((form for ending, form in _ENDINGS.items() if path.name.lower().endswith(ending)), None)


def read_source(paths: Sequence[Path], *, only: bool) -> Source:
    """Read a directory, an archive, or single files. Raises `BadParameter`, `Failure`."""
    first = paths[0]
    if len(paths) == 1 and first.is_dir():
        files, findings = read_set_directory(first)
        return Source(files, not only, findings)
    if len(paths) == 1 and archive_format(first):
        return Source(_of_archive(first), not only)
    if directory := next((path for path in paths if path.is_dir()), None):
        raise typer.BadParameter(f"{directory} is a directory: it stands alone", param_hint="SOURCE")
    return Source({_place(path): _read(path, FILE_LIMIT) for path in paths}, is_whole=False)


def texts(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files as the gateway takes them. Raises `Failure` for one that is not UTF-8."""
    found = {}
    for path, content in files.items():
        try:
            found[path] = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise Failure(f"{path} is not UTF-8 in line {line}: save it as UTF-8", Exit.REFUSED) from error
    return found


def write_directory(directory: Path, files: Mapping[str, str], *, force: bool) -> list[str]:
    """Write the files of a set; return the paths that were written. Raises `Failure`, before anything is written.

    A password that reads `***` stays what it is in the file that is there.
    """
    contents = {_checked(path): _restored(directory / path, text) for path, text in files.items()}
    differing = [path for path, content in contents.items() if _differs(directory / path, content)]
    if differing and not force:
        named = ", ".join(differing[:5]) + (" …" if len(differing) > len(differing[:5]) else "")
        raise Failure(
            f"nothing is written, as {directory} has other files: {named}; --force replaces them", Exit.REFUSED
        )
    written = [path for path, content in contents.items() if _current(directory / path) != content]
    try:
        for path in written:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            _put(directory / path, contents[path])
    except OSError as error:
        raise Failure(
            f"not all is written: {error.filename or directory}: {error.strerror}", Exit.IN_THE_WAY
        ) from error
    return written


def write_file(path: Path, content: bytes, *, force: bool) -> None:
    """Write one file. Raises `Failure`, also where another one is there."""
    if _differs(path, content) and not force:
        raise Failure(f"{path} is there already and differs; --force replaces it", Exit.REFUSED)
    try:
        _put(path, content)
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}", Exit.IN_THE_WAY) from error


def _put(target: Path, content: bytes) -> None:
    """Write a file with the rights that the one in its place has. Raises `OSError`."""
    write_atomically(target, content, target.stat().st_mode & 0o777 if target.exists() else 0o644)


def _of_archive(path: Path) -> dict[str, bytes]:
    try:
        return {name: text.encode() for name, text in unpack(_read(path, FILE_LIMIT)).items()}
    except Unreadable as error:
        raise Failure(f"{path}: {error.detail}", Exit.REFUSED) from error


def _place(path: Path) -> str:
    """Return where a file belongs in a set: the folder that it lies in tells. Raises `BadParameter`."""
    folder = path.resolve().parent.name
    if folder not in DIRECTORIES:
        folders = ", ".join(f"{name}/" for name in DIRECTORIES)
        said = f"{printable(str(path))} lies in none of {folders}: a file's folder says what it is in the set"
        raise typer.BadParameter(said, param_hint="SOURCE")
    try:
        return set_path(f"{folder}/{path.name}")
    except ValueError as error:
        raise typer.BadParameter(f"{printable(str(path))}: {error}", param_hint="SOURCE") from error


def _read(path: Path, limit: int) -> bytes:
    try:
        if not path.is_file():
            raise typer.BadParameter(f"{path} is no file", param_hint="SOURCE")
        content = read_limited(path, limit)
    except OSError as error:
        raise typer.BadParameter(f"{path} can't be read: {error.strerror}", param_hint="SOURCE") from error
    if len(content) > limit:
        raise typer.BadParameter(f"{path} is larger than {limit // 2**20} MiB", param_hint="SOURCE")
    return content


def _checked(path: str) -> str:
    """Refuse a path that reaches beyond a set, whoever sent it."""
    try:
        return set_path(path)
    except ValueError as error:
        raise Failure(f"the gateway names a file {path!r}: {error}", Exit.NOT_REACHED) from error


def _restored(target: Path, text: str) -> bytes:
    current = _current(target) if target.name.endswith("_config.ini") else None
    return restore_secrets(text.encode(), current) if current else text.encode()


def _differs(target: Path, content: bytes) -> bool:
    current = _current(target)
    return current is not None and current != content


def _current(target: Path) -> bytes | None:
    """Return what is there; None where nothing is. What can't be read differs from everything."""
    try:
        return read_limited(target, FILE_LIMIT)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
