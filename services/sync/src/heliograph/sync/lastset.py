"""The last confirmed set in a plain directory beside the database, which may be damaged (spec 1.7).

    last-set/CONFIG/…  DEF/…  SCRIPT/…  CERT/…  manifest.json

It is laid out like a set directory, for a person too. A gateway whose database was moved aside starts from it: its
configuration came from its server, and an older one may no longer reach that. The directory is replaced as a whole;
the manifest, written last, tells a whole one from a half. It holds secrets, so nobody else may read it.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import TypeAdapter

from heliograph.runtime.files import flush_directory
from heliograph.runtime.setdirectory import DIRECTORIES, FILE_LIMIT, read_limited
from heliograph.sync.applied import Applied
from heliograph.sync.candidates import Candidate
from heliograph.sync.configuration import LASTING_FACTS, Configuration
from heliograph.sync.diary import Diary
from heliograph.sync.remembered import digest_of
from heliograph.sync.revisions import Revisions
from heliograph.sync.setwatch import TAKEN, UID
from heliograph.sync.telling import LAST_SET

_NAME: Final = "last-set"
_MANIFEST: Final = "manifest.json"
_MANIFEST_LIMIT: Final = 4 * 1024 * 1024
_FACTS: Final = (*LASTING_FACTS, TAKEN, UID)
"""What goes on with a set: that its server was reached, what is refused, what was taken from the set directory."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is said of a set beside its files."""

    number: int
    """Of the revision."""
    uid: str
    """With which it is read: the prefix of its files' names."""
    files: dict[str, str]
    """Path in the set → SHA-256 of its content."""
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A set as it lies there, whole."""

    manifest: Manifest
    files: dict[str, bytes]


class LastSet:
    """Keeps the last confirmed set. One thread at a time."""

    def __init__(self, state_dir: Path, revisions: Revisions) -> None:
        self._place = state_dir / _NAME
        self._revisions = revisions
        self._written: Kept | None = None

    def keep(self, applied: Applied | None) -> None:
        """Write the revision in force, unless it is on trial or lies there already. Raises `OSError`."""
        if applied is None or applied.provisional:
            return
        kept = self._written or _read(self._place)
        written, facts = kept.manifest if kept else None, self._revisions.facts(_FACTS)
        if written is None or (written.number, written.facts) != (applied.number, facts):
            manifest = Manifest(applied.number, applied.prefix, _digests(applied.set.files), facts)
            kept = Kept(manifest, applied.set.files)
            self._replace(kept)
        elif self._written is None:
            self._tidy()
        self._written = kept

    def restore(self, configuration: Configuration, diary: Diary) -> None:
        """Put the last confirmed set in force where the database holds no revision, and say so."""
        kept = self.read() if self._revisions.last() is None else None
        if kept is None:
            return
        number = kept.manifest.number
        self._revisions.go_on(number, kept.manifest.facts)
        configuration.load()
        note = f"as it was confirmed in revision {number}, before the database was lost"
        decision = configuration.offer(Candidate(kept.files, kept.manifest.uid, LAST_SET, note=note))
        if decision.applied is None:
            why = "; ".join(str(finding) for finding in decision.findings[:3])
            diary.error(f"the last confirmed set in {self._place} can't be put in force again: {why}")

    def read(self) -> Kept | None:
        """Return the newest set that is whole, None when there is none."""
        for place in (self._beside("new"), self._place, self._beside("old")):
            kept = _read(place)
            if kept is not None:
                return kept
        return None

    def _replace(self, kept: Kept) -> None:
        """Write all beside, then change places. A kill leaves the old set or the new one, whole, under some name."""
        new, old = self._beside("new"), self._beside("old")
        shutil.rmtree(new, ignore_errors=True)
        try:
            _write(new, kept)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)
        if self._place.exists():
            self._place.rename(old)
        new.rename(self._place)
        flush_directory(self._place.parent)
        shutil.rmtree(old, ignore_errors=True)

    def _tidy(self) -> None:
        """Remove what a kill left beside the set."""
        for ending in ("new", "old"):
            shutil.rmtree(self._beside(ending), ignore_errors=True)

    def _beside(self, ending: str) -> Path:
        return self._place.with_name(f"{_NAME}.{ending}")


def _write(place: Path, kept: Kept) -> None:
    place.mkdir(mode=0o700, parents=True)
    for path, content in kept.files.items():
        (place / path).parent.mkdir(mode=0o700, exist_ok=True)
        _put(place / path, content)
    for folder in {path.partition("/")[0] for path in kept.files}:
        flush_directory(place / folder)
    _put(place / _MANIFEST, json.dumps(asdict(kept.manifest), indent=1).encode())
    flush_directory(place)


def _put(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(place: Path) -> Kept | None:
    """Read a set; None where it is not whole, or not as it was written."""
    try:
        text = read_limited(place / _MANIFEST, _MANIFEST_LIMIT)
        manifest = _ADAPTER.validate_json(text)
        files = {path: read_limited(place / path, FILE_LIMIT) for path in manifest.files if _is_plain(path)}
    except (OSError, ValueError):
        return None
    return Kept(manifest, files) if _digests(files) == manifest.files else None


def _is_plain(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return len(parts) == 2 and parts[0] in DIRECTORIES and parts[1] != ".."  # folder and name


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: digest_of(content) for path, content in files.items()}


_ADAPTER: Final = TypeAdapter(Manifest)
