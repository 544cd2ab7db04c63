"""Local edits of the configuration and the history of revisions, asked for over the bus (spec 1.7).

A local edit is a candidate like any other; it reaches the main server at the next connection.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from heliograph.contract import (
    EditAnswer,
    EditRequest,
    PageRequest,
    ReturnRequest,
    RevisionDetail,
    RevisionPage,
    RevisionRequest,
    RevisionState,
    RevisionSummary,
)
from heliograph.formats import named_files, parse_config
from heliograph.formats.config import MqttServer, Server, ServerType
from heliograph.formats.findings import Finding, has_errors
from heliograph.formats.secrets import HIDDEN, mask_secrets, restore_secrets
from heliograph.sync.applied import Applied, text
from heliograph.sync.bundle import without_keys
from heliograph.sync.candidates import Candidate, Decision
from heliograph.sync.configuration import Configuration
from heliograph.sync.given import certificate_findings, key_findings, pair_findings
from heliograph.sync.keys import Keys
from heliograph.sync.placing import CONFIG, KINDS
from heliograph.sync.revisions import KEPT, Revisions, Stored, difference

_KEY_FILE: Final = re.compile(r"(?m)^[ \t]*\w+_KeyFile[ \t]*=[ \t]*(?:file:)?(.*?)[ \t\r]*$")
REJECTED: Final = "the edit is rejected; nothing was changed. Mend what the findings name and send it again"

WOULD_BE_REJECTED: Final = "the edit would be rejected. Mend what the findings name; nothing was changed"


class Desk:
    """Answers about revisions. Blocks: its calls belong to threads."""

    def __init__(
        self,
        configuration: Configuration,
        revisions: Revisions,
        set_files: Callable[[], Mapping[str, bytes]],
        keys: Keys,
    ) -> None:
        self._configuration = configuration
        self._revisions = revisions
        self._set_files = set_files
        self._keys = keys

    def edit(self, request: EditRequest) -> EditAnswer:
        """Change files of the set: one revision or nothing."""
        with self._configuration.steady() as applied:
            return self._edited(request, applied)

    def put_back(self, request: ReturnRequest) -> EditAnswer:
        """Put an older revision in force again."""
        decision = self._configuration.return_to(request.number, request.origin)
        if decision is None:
            return EditAnswer(error=f"revision {request.number} is not kept: the last {KEPT} are")
        return _answer(decision)

    def page(self, request: PageRequest) -> RevisionPage:
        """Return a page of the history, newest first."""
        found = self._revisions.page(request.limit, request.before)
        return RevisionPage(revisions=tuple(self._summary(stored) for stored in found))

    def detail(self, request: RevisionRequest) -> RevisionDetail:
        """Return one revision whole, passwords masked."""
        last = self._revisions.last()
        stored = last if request.number is None else self._revisions.find(request.number)
        if stored is None:
            what = "no configuration is in force yet" if request.number is None else f"there is no {request.number}"
            return RevisionDetail(error=f"{what}: the last {KEPT} revisions are kept")
        other = None if request.against is None else self._revisions.find(request.against)
        if request.against is not None and other is None:
            return RevisionDetail(error=f"there is no {request.against}: the last {KEPT} revisions are kept")
        diff = stored.diff if other is None else difference(other.files, stored.files)
        files = {path: _shown(path, text(content)) for path, content in stored.files.items()}
        return RevisionDetail(summary=self._summary(stored), diff=diff, files=files)

    def difference(self, number: int) -> str:
        """Return what a revision changed, without secrets; empty when it is not kept."""
        stored = self._revisions.find(number)
        return "" if stored is None else stored.diff

    def _edited(self, request: EditRequest, applied: Applied | None) -> EditAnswer:
        if applied is None:
            return EditAnswer(error="no configuration is in force yet: put a whole set into the set directory first")
        if request.based_on is not None and request.based_on != applied.number:
            said = f"revision {applied.number} is in force by now, not {request.based_on}: look again"
            return EditAnswer(error=said, conflict=True)
        files = self._files(request, applied)
        path = f"{CONFIG}/{applied.prefix}_config.ini"
        if moved := moved_with_masked_password(request.files.get(path) or "", files.get(path, b""), applied):
            return EditAnswer(error=moved)
        added = [path for path, content in request.files.items() if content is not None]
        if strange := sorted(set(added) - set(applied.set.files) - _set_paths(files, applied.prefix)):
            return EditAnswer(error=f"{strange[0][:200]!r} is none of the set's files and none of them names it")
        findings = self._given(request.keys, files, files.get(path, b""), applied)
        candidate = Candidate(files, applied.prefix, request.origin, unread=findings)
        if request.only_check or has_errors(findings):
            return _checked(self._configuration.check(candidate), applied, is_asked=request.only_check)
        return self._offered(candidate, request.keys)

    def _offered(self, candidate: Candidate, keys: Mapping[str, str]) -> EditAnswer:
        """Put a candidate in force, its keys first: a key without its revision does no harm."""
        try:
            new = self._keys.keep(keys)
        except OSError as error:
            return EditAnswer(error=f"the gateway's own disk refuses the private key ({error.strerror}); free it")
        decision = self._configuration.offer(candidate)
        if decision.applied is None:
            self._keys.forget(new)
        elif keys:
            self._keys.keep_only(_named_keys(stored.files for stored in self._revisions.page(KEPT, None)))
        return _answer(decision)

    def _given(
        self, keys: Mapping[str, str], files: Mapping[str, bytes], config: bytes, applied: Applied
    ) -> list[Finding]:
        """Judge the certificates and keys that an edit brings."""
        known = self._keys.known(keys)
        found = [*certificate_findings(files, applied.set.files), *key_findings(keys, known)]
        read, _ = parse_config(config, "") if keys and not found else (None, ())
        if read is not None:
            given = {name: text.encode() for name, text in keys.items()}
            found += pair_findings(read.servers, files, {**known, **given}, keys)
        return found

    def _files(self, request: EditRequest, applied: Applied) -> dict[str, bytes]:
        """Return the set as edited, its masked passwords put back."""
        before = {**self._set_files(), **applied.set.files}
        files = {} if request.whole else dict(before)
        for path, content in request.files.items():
            if content is None:
                files.pop(path, None)
            else:
                files[path] = _restored(path, content.encode(), before.get(path, b""))
        return files

    def _summary(self, stored: Stored) -> RevisionSummary:
        applied = self._configuration.applied
        state = RevisionState.TAKEN_BACK if stored.taken_back else RevisionState.PAST
        if applied is not None and applied.number == stored.number:
            state = RevisionState.TRIAL if applied.provisional else RevisionState.IN_FORCE
        return RevisionSummary(
            number=stored.number,
            time=stored.time,
            origin=stored.origin,
            state=state,
            note=stored.note,
            changed=stored.changed,
        )


def _named_keys(sets: Iterable[Mapping[str, bytes]]) -> set[str]:
    """Return the names of keys in sets."""
    configs = (text(content) for files in sets for path, content in files.items() if path.endswith("_config.ini"))
    return {name for config in configs for name in _KEY_FILE.findall(config)}


def _set_paths(files: Mapping[str, bytes], prefix: str) -> set[str]:
    """Return the paths that belong to a set: the four of the gateway, and what they name."""
    named = named_files(files, prefix)
    own = {f"CONFIG/{prefix}_{kind}" for kind in KINDS}
    folders = {"DEF": named.definitions, "SCRIPT": named.scripts, "CERT": named.certificates}
    return own | {f"{folder}/{name}" for folder, names in folders.items() for name in names}


def _shown(path: str, content: str) -> str:
    """Hide the passwords, and a private key that was put into `CERT` by mistake; definitions come back as they are."""
    return mask_secrets(content) if path.endswith("_config.ini") else without_keys(content)


def moved_with_masked_password(edited: str, content: bytes, applied: Applied) -> str:
    """Say that a masked password would go to another address: whoever may edit need not know it, nor send it away.

    `edited` is the `_config.ini` as it came, `content` the same with its passwords put back.
    """
    config, _ = parse_config(content, "") if edited else (None, ())
    if config is None:
        return ""
    before = {server.number: (server.type, server.address, server.port) for server in applied.set.config.servers}
    for server in config.servers:
        is_moved = before.get(server.number) != (server.type, server.address, server.port)
        if is_moved and re.search(rf"(?m)^{_family(server)}_Password={re.escape(HIDDEN)}\s*$", edited):
            return f"server {server.number} gets another address: give its password again, *** is that of the old one"
    return ""


def _family(server: Server) -> str:
    kind = "MQTT" if isinstance(server, MqttServer) else "HTTP" if server.type is ServerType.WEBDAV else "FTP"
    return f"{kind}{'' if server.number == 1 else '2'}"


def _restored(path: str, content: bytes, current: bytes) -> bytes:
    """Put back the passwords that the edit left masked."""
    return restore_secrets(content, text(current).encode()) if path.endswith("_config.ini") else content


def _checked(decision: Decision, applied: Applied, *, is_asked: bool) -> EditAnswer:
    """Tell what an edit would come to."""
    findings = tuple(str(finding) for finding in decision.findings)
    if decision.applied is None:
        return EditAnswer(error=WOULD_BE_REJECTED if is_asked else REJECTED, findings=findings)
    diff = difference(applied.set.files, decision.applied.set.files)
    return EditAnswer(provisional=bool(diff) and decision.applied.provisional, findings=findings, diff=diff)


def _answer(decision: Decision) -> EditAnswer:
    findings = tuple(str(finding) for finding in decision.findings)
    if decision.applied is None:
        return EditAnswer(error=REJECTED, findings=findings)
    return EditAnswer(revision=decision.applied.number, provisional=decision.applied.provisional, findings=findings)
