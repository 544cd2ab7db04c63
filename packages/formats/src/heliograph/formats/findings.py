"""What is wrong with a file, and where: the one form of every message about the configuration (spec 1.10)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error rejects the set; a warning is what the gateway mends or tolerates, and says."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding. Line and column count from 1; the column is the character where the faulty field starts."""

    file: str
    """Path relative to the set, with `/`."""
    line: int
    column: int
    severity: Severity
    text: str
    """What is wrong and what to do; quotes are escaped, passwords never quoted."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.text}"


_WRITTEN = re.compile(r"(.*?):([0-9]{1,9}):([0-9]{1,9}): (error|warning): (.*)", re.DOTALL)


def parse_finding(text: str) -> Finding | None:
    """Read a finding as it is written; None where a text is none."""
    match = _WRITTEN.fullmatch(text)
    return match and Finding(match[1], int(match[2]), int(match[3]), Severity(match[4]), match[5])


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether a set with these findings is rejected."""
    return any(finding.severity is Severity.ERROR for finding in findings)
