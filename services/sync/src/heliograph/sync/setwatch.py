"""The set directory on the gateway itself: read, never written (spec 1.7).

It is taken whole at the first start; later only a file whose content differs from what was last taken *from it* is a
local edit.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from heliograph.formats.findings import Finding
from heliograph.runtime.setdirectory import Snapshot, read_set_directory, snapshot
from heliograph.sync.applied import Applied
from heliograph.sync.candidates import Candidate
from heliograph.sync.configuration import Configuration
from heliograph.sync.diary import Diary
from heliograph.sync.remembered import digest_of
from heliograph.sync.revisions import Revisions
from heliograph.sync.settings import Settings
from heliograph.sync.telling import SET_DIRECTORY
from heliograph.sync.uid import choose_uid, prefixes

TAKEN: Final = "set directory: taken"
UID: Final = "uid"


class SetWatch:
    """Looks at the set directory and offers what was edited in it. One thread at a time, but for `uid` and `files`."""

    def __init__(self, settings: Settings, revisions: Revisions, configuration: Configuration, diary: Diary) -> None:
        self._settings = settings
        self._revisions = revisions
        self._configuration = configuration
        self._diary = diary
        self._seen: Snapshot | None = None
        self._before: Snapshot | None = None
        self._trouble = ""
        self._naming = threading.Lock()  # the state is reported while the directory is read
        self._files: dict[str, bytes] = {}

    @property
    def files(self) -> Mapping[str, bytes]:
        """What others may name, as the directory held it at the last look: a file named only now may lie there already.

        None of `CONFIG`: one that waits there rejected must not reject edits from elsewhere, nor come in with them.
        """
        return _nameable(self._files)

    @property
    def trouble(self) -> str:
        """Why there is no set to read; empty when there is one."""
        return self._trouble

    def look(self) -> bool:
        """Read the set directory where it changed, and offer what was edited; tell whether a revision came of it."""
        directory = self._settings.gateway_set
        trouble = _trouble(directory)
        seen = snapshot(directory) if directory is not None and not trouble else ()
        if not trouble and not seen:
            trouble = f"{directory} holds no configuration set: put CONFIG/<uid>_config.ini and the others there"
        if trouble or directory is None:
            return self._cannot(trouble)
        if seen == self._seen or self._is_moving(seen):
            return False
        is_new = self._consider(*read_set_directory(directory))
        self._seen, self._trouble = seen, ""
        return is_new

    def pass_over(self, paths: Mapping[str, bytes]) -> None:
        """Forget local edits of these files: the server has won (spec 1.7). `paths` holds what is in force of them."""
        with self._configuration.steady():
            self._pass_over(paths)

    def uid(self) -> str:
        """Return the uid in force, also before there is any configuration."""
        applied = self._configuration.applied
        return applied.set.uid if applied else self._choose_uid({})

    def _is_moving(self, seen: Snapshot) -> bool:
        """Tell whether somebody may still be copying: a change counts when two looks find the same."""
        before, self._before = self._before, seen
        return self._seen is not None and seen != before

    def _consider(self, files: Mapping[str, bytes], unread: list[Finding]) -> bool:
        self._files = dict(files)
        with self._configuration.steady() as applied:
            return self._offered(files, unread, applied)

    def _offered(self, files: Mapping[str, bytes], unread: list[Finding], applied: Applied | None) -> bool:
        taken = self._taken()
        edited = {path for path, content in files.items() if taken.get(path) != digest_of(content)}
        if applied is not None and not edited and not unread:
            self._configuration.withdraw(SET_DIRECTORY)
            return False
        own = self._choose_uid(files)
        if applied is None:
            # Where the files' names decide, the reader is to find out itself: two prefixes in one set are an error.
            read_as = "" if own in prefixes(files) and not self._settings.gateway_uid else own
            candidate = Candidate(files, own, SET_DIRECTORY, read_as, unread)
        else:
            whole = {**_nameable(files), **applied.set.files, **{path: files[path] for path in edited}}
            uid = applied.prefix if applied.prefix in prefixes(files) or not prefixes(files) else own
            candidate = Candidate(whole, uid, SET_DIRECTORY, None, unread)
        decision = self._configuration.offer(candidate)
        if decision.applied is not None:
            self._revisions.note(TAKEN, json.dumps({path: digest_of(content) for path, content in files.items()}))
        return decision.applied is not None and decision.is_new

    def _pass_over(self, paths: Mapping[str, bytes]) -> None:
        taken = self._taken()
        edited = [path for path in paths if path in self._files and taken.get(path) != digest_of(self._files[path])]
        if edited:
            taken.update({path: digest_of(self._files[path]) for path in edited})
            self._revisions.note(TAKEN, json.dumps(taken))
            self._diary.warning(f"the edit of {', '.join(edited)} in the set directory gives way to the main server's")

    def _taken(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._revisions.fact(TAKEN) or "{}")
        return found

    def _cannot(self, trouble: str) -> bool:
        """Note once that there is no set to read; what is in force stays."""
        self._seen = None
        if trouble != self._trouble:
            self._trouble = trouble
            self._diary.warning(trouble)
        return False

    def _choose_uid(self, files: Mapping[str, bytes]) -> str:
        settings = self._settings
        with self._naming:
            kept = self._revisions.fact(UID)
            return choose_uid(
                settings.gateway_uid, files, settings.gateway_mac, kept, lambda uid: self._revisions.note(UID, uid)
            )


def _nameable(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if not path.startswith("CONFIG/")}


def _trouble(directory: Path | None) -> str:
    if directory is None:
        return "no configuration set is given: GATEWAY_SET names its directory"
    if not directory.is_dir():
        return f"{directory} is no directory: put a configuration set there (CONFIG/, DEF/, …)"
    return ""
