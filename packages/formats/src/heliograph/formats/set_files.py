"""Which files of a directory are the set's four of `CONFIG`: told by their names (spec 1.3, 1.10)."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from heliograph.formats.findings import Finding, Severity
from heliograph.formats.report import quote
from heliograph.formats.uid import is_uid

CONFIG = "config.ini"
SCHEDULES = "var.ini"
DAQ = "daq.csv"
SCRIPTS = "scl.ini"
OLD_SCRIPTS = "sci.ini"
NAME = re.compile(r"CONFIG/([^/]+)_(config\.ini|var\.ini|daq\.csv|scl\.ini|sci\.ini)")
UNKNOWN_UID = "<uid>"

Match = re.Match[str]


@dataclass(slots=True)
class SetFiles:
    """The files of `CONFIG` that belong to the set, and what is wrong with their names."""

    uid: str
    """The one that was given, else the prefix of the files; empty if there is none."""
    paths: dict[str, str] = field(default_factory=dict)
    """By kind: `config.ini`, `var.ini` …"""
    lookalikes: tuple[str, ...] = ()
    """Paths that differ from those of the set in case, or belong to another uid than the given one."""
    findings: list[Finding] = field(default_factory=list)

    def path(self, kind: str) -> str:
        """Return the path of a kind of file, also of one that is missing."""
        return self.paths.get(kind, f"CONFIG/{self.uid or UNKNOWN_UID}_{kind}")

    def missing(self, kind: str) -> str:
        """Return what to say of a missing file: also which one may be meant."""
        ending = f"_{kind}".casefold()
        meant = [path for path in self.lookalikes if path.casefold().endswith(ending)]
        hint = f"; {quote(meant[0])} is another name (compared exactly)" if meant else ""
        return f"the file is missing{hint}"


def find_files(paths: Iterable[str], uid: str) -> SetFiles:
    """Find the files of `uid` or, where it is empty, of the prefix that they have; a second prefix is an error."""
    paths = sorted(paths)
    matches = [match for path in paths if (match := NAME.fullmatch(path))]
    found = SetFiles(uid or _prefix(matches))
    found.paths = {match[2]: match[0] for match in matches if match[1] == found.uid}
    others = [match for match in matches if match[1] != found.uid]
    if not uid:
        _take_others(found, others)
    found.lookalikes = tuple(path for path in paths if path.casefold().startswith("config/"))
    if found.uid and not is_uid(found.uid):
        text = f"{quote(found.uid)} is no uid: 1 to 32 of A-Z a-z 0-9 _ -"
        found.findings.append(Finding(found.path(CONFIG), 1, 1, Severity.ERROR, text))
    _choose_scripts(found)
    return found


def _prefix(matches: list[Match]) -> str:
    """Return the prefix of most files; of two with as many, the one that has a `_config.ini`."""
    counts = Counter(match[1] for match in matches)
    with_config = {match[1] for match in matches if match[2] == CONFIG}
    return max(counts, key=lambda prefix: (counts[prefix], prefix in with_config), default="")


def _take_others(found: SetFiles, others: list[Match]) -> None:
    """Report files of another prefix; where the set lacks their kind they are read all the same, for their findings."""
    for prefix in dict.fromkeys(match[1] for match in others):
        path = next(match[0] for match in others if match[1] == prefix)
        text = f"the prefixes {quote(prefix)} and {quote(found.uid)} in one set: which is the uid?"
        found.findings.append(Finding(path, 1, 1, Severity.ERROR, text))
    found.paths = {match[2]: match[0] for match in reversed(others)} | found.paths


def _choose_scripts(found: SetFiles) -> None:
    old = found.paths.pop(OLD_SCRIPTS, None)
    if old and SCRIPTS in found.paths:
        text = f"{found.paths[SCRIPTS]} stands beside it, so it has no effect"
        found.findings.append(Finding(old, 1, 1, Severity.WARNING, text))
    elif old:
        found.paths[SCRIPTS] = old
