"""The configuration in force: from the set directory, validated as a whole, applied as one revision or not at all.

A set with errors changes nothing: the last good revision stays in force, the findings are told once for each content.
What the server changes comes in here as well, as another origin of a candidate (spec 1.7).
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from heliograph.contract import Level, Revision, ServerSummary
from heliograph.formats import read_set
from heliograph.formats.config import FileServer, MqttServer, Server
from heliograph.formats.findings import Finding, Severity, has_errors
from heliograph.formats.sets import ConfigurationSet
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.runtime.setdirectory import Snapshot, read_set_directory, snapshot
from heliograph.sync.diary import Diary
from heliograph.sync.revisions import Revisions, Stored
from heliograph.sync.settings import Settings
from heliograph.sync.spool import Spool
from heliograph.sync.uid import choose_uid, prefixes

ORIGIN: Final = "set directory"
TOLD_FINDINGS: Final = 200
_READ: Final = "set directory: digest"
_UID: Final = "uid"


@dataclass(frozen=True, slots=True)
class Applied:
    """The revision in force."""

    number: int
    origin: str
    time: int
    set: ConfigurationSet
    uids: tuple[str, ...]
    """Whose files are read: the uid that names what is written, then the prefix of the set's files."""

    @property
    def file_servers(self) -> dict[int, FileServer]:
        """The servers of type ftp, ftps, sftp and webdav, by number."""
        return {server.number: server for server in self.set.config.servers if isinstance(server, FileServer)}

    def revision(self) -> Revision:
        """Return what the other services get: no `_config.ini`, no certificate, no secret."""
        config = self.set.config
        return Revision(
            number=self.number,
            time=self.time,
            origin=self.origin,
            uid=self.set.uid,
            site=config.name,
            time_zone=config.time_zone,
            latitude=config.latitude,
            longitude=config.longitude,
            log_level=config.log_level,
            servers=tuple(summary(server) for server in config.servers),
            files={path: _text(content) for path, content in self.set.files.items() if _is_public(path)},
        )


class Configuration:
    """Reads the set directory and keeps what is in force. One thread at a time, but for `uid`."""

    def __init__(self, settings: Settings, revisions: Revisions, spool: Spool, diary: Diary, clock: Clock) -> None:
        self._settings = settings
        self._revisions = revisions
        self._spool = spool
        self._diary = diary
        self._clock = clock
        self._seen: Snapshot | None = None
        self._before: Snapshot | None = None
        self._trouble = ""
        self._naming = threading.Lock()  # the state is reported while the directory is read
        self.applied: Applied | None = None
        self.findings: tuple[str, ...] = ()
        self.rejected = False

    def load(self) -> None:
        """Take the last good revision from the disk."""
        stored = self._revisions.last()
        if stored is None:
            return
        found, findings = read_set(stored.files, stored.uid)
        if found is None:
            self._diary.error(f"revision {stored.number} of the configuration can no longer be read")
            self.findings = _told(findings)
            return
        self.applied = _applied(stored, found)

    def look(self) -> bool:
        """Read the set directory where it changed; tell whether another revision is in force."""
        directory = self._settings.gateway_set
        if directory is None:
            return self._cannot("no configuration set is given: GATEWAY_SET names its directory")
        if not directory.is_dir():
            return self._cannot(f"{directory} is no directory: put a configuration set there (CONFIG/, DEF/, …)")
        seen = snapshot(directory)
        if not seen:
            return self._cannot(
                f"{directory} holds no configuration set: put CONFIG/<uid>_config.ini and the others there"
            )
        if seen == self._seen or self._is_moving(seen):
            return False
        changed = self._consider(*read_set_directory(directory))
        self._seen, self._trouble = seen, ""
        return changed

    def uid(self) -> str:
        """Return the uid in force, also before there is any configuration."""
        return self.applied.set.uid if self.applied else self._choose_uid({})

    def _is_moving(self, seen: Snapshot) -> bool:
        """Tell whether somebody may still be copying: a change counts when two looks find the same."""
        before, self._before = self._before, seen
        return self._seen is not None and seen != before

    def _consider(self, files: Mapping[str, bytes], unread: list[Finding]) -> bool:
        """Validate a candidate; apply it when it is new and good. `unread` tells of files that could not be read."""
        digest = _digest(files)
        is_news = digest != self._revisions.fact(_READ)
        uid = self._choose_uid(files)
        # Where the files' names decide, `read_set` is to find out itself: two prefixes in one set are an error.
        found, findings = read_set(files, "" if uid in prefixes(files) and not self._settings.gateway_uid else uid)
        findings = sorted({*unread, *findings})
        found = None if has_errors(findings) else found
        self.findings = _told(findings)
        self.rejected = found is None
        if found is None:
            self._reject(digest, findings)
        elif is_news or self.applied is None:
            self._apply(found, uid)
        self._revisions.note(_READ, digest)
        return found is not None and is_news

    def _apply(self, found: ConfigurationSet, uid: str) -> None:
        if self.applied is not None and self.applied.set.files == found.files:
            return
        stored = self._revisions.keep(ORIGIN, milliseconds(self._clock), uid, found.files)
        self.applied = _applied(stored, found)
        for line in self.findings:
            self._diary.warning(line)
        self._diary.info(f"configuration revision {stored.number} applied, from the {ORIGIN}")

    def _reject(self, digest: str, findings: list[Finding]) -> None:
        """Tell once for each content why it was not taken."""
        number = self.applied.number if self.applied else 0
        if not self._spool.raise_alarm("CONFIGURATION REJECTED", identity=f"rejected-{number}-{digest}"):
            return
        stays = f"revision {number} stays in force" if number else "there is no earlier one: nothing is polled"
        self._diary.error(f"the configuration set is rejected, {stays}")
        for finding in findings[:TOLD_FINDINGS]:
            self._diary.say(Level.ERROR if finding.severity is Severity.ERROR else Level.WARNING, str(finding))

    def _cannot(self, trouble: str) -> bool:
        """Note once that there is no set to read; what is in force stays."""
        self._seen = None
        if trouble != self._trouble:
            self._trouble = trouble
            self._diary.warning(trouble)
        if self.applied is None:
            self.findings = (trouble,)
        return False

    def _choose_uid(self, files: Mapping[str, bytes]) -> str:
        settings = self._settings
        with self._naming:
            kept = self._revisions.fact(_UID)
            return choose_uid(
                settings.gateway_uid, files, settings.gateway_mac, kept, lambda uid: self._revisions.note(_UID, uid)
            )


def summary(server: Server) -> ServerSummary:
    """Return what may be known of a server outside of sync."""
    return ServerSummary(
        number=server.number,
        type=server.type.value,
        mode=server.mode.value,
        address=server.address,
        port=server.port,
        directory="" if isinstance(server, MqttServer) else server.root,
    )


def _applied(stored: Stored, found: ConfigurationSet) -> Applied:
    uids = tuple(dict.fromkeys([found.uid, stored.uid]))
    return Applied(stored.number, stored.origin, stored.time, found, uids)


def _told(findings: list[Finding]) -> tuple[str, ...]:
    lines = [str(finding) for finding in findings[:TOLD_FINDINGS]]
    if len(findings) > TOLD_FINDINGS:
        lines.append(f"… and {len(findings) - TOLD_FINDINGS} more")
    return tuple(lines)


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{len(path)}:{path}:{len(files[path])}:".encode())
        digest.update(files[path])
    return digest.hexdigest()


def _is_public(path: str) -> bool:
    return path.startswith("DEF/") or path.endswith("_daq.csv")


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
