"""A set that may become the next revision, and what it is read as: validated as `heliograph check` does (spec 1.7).

Pure; `configuration` decides what becomes of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from heliograph.formats import read_set
from heliograph.formats.findings import Finding, Severity, has_errors
from heliograph.formats.sets import ConfigurationSet
from heliograph.sync.applied import Applied
from heliograph.sync.revisions import Stored

MAX_REVISION_BYTES: Final = 7_500_000
"""What one message on the bus carries."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A whole set that may become the next revision."""

    files: Mapping[str, bytes]
    uid: str
    """With which it is kept: the prefix of its files, or the gateway's."""
    origin: str
    read_as: str | None = None
    """With which it is read; empty lets the names of the files decide. None: as it is kept."""
    unread: Sequence[Finding] = ()
    """Of files that could not be read."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """The main server's files that it was made from: path in the set → digest of the content there."""
    note: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a candidate."""

    applied: Applied | None
    """The revision in force when the candidate is good; None when it was rejected."""
    findings: tuple[Finding, ...]
    is_new: bool = False
    """Another revision is in force, or the rejection was never told before."""


def read_candidate(candidate: Candidate) -> tuple[ConfigurationSet | None, list[Finding]]:
    """Return the set as it would be applied, None with errors, and every finding about it."""
    read_as = candidate.uid if candidate.read_as is None else candidate.read_as
    found, findings = read_set(candidate.files, read_as)
    findings = sorted({*candidate.unread, *findings})
    if found is not None and not has_errors(findings):
        size = len(applied_of(Stored(0, "", 0, candidate.uid, {}), found).revision().model_dump_json().encode())
        if size > MAX_REVISION_BYTES:
            text = f"the set is larger than the gateway takes: {size} bytes of {MAX_REVISION_BYTES}"
            findings.append(Finding("CONFIG", 1, 1, Severity.ERROR, text))
    return (None if has_errors(findings) else found), findings


def applied_of(stored: Stored, found: ConfigurationSet, *, provisional: bool = False) -> Applied:
    """Return a stored revision as the parts of sync take it."""
    uids = tuple(dict.fromkeys([found.uid, stored.uid]))
    return Applied(stored.number, stored.origin, stored.time, found, uids, provisional)
