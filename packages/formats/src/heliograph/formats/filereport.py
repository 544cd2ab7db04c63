"""The findings about one file that is being read, up to a number that a person still reads."""

from typing import Final

from heliograph.formats.findings import Finding, Severity

MOST_FINDINGS: Final = 1000
_SHOWN = 60


class Report:
    """Collects findings about one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def error(self, line: int, column: int, text: str) -> None:
        """Note what makes a part of the file unusable."""
        self._add(line, column, Severity.ERROR, text)

    def warning(self, line: int, column: int, text: str) -> None:
        """Note what is tolerated."""
        self._add(line, column, Severity.WARNING, text)

    def _add(self, line: int, column: int, severity: Severity, text: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(self.file, line, column, severity, text))
        elif len(self.findings) == MOST_FINDINGS:
            more = Finding(self.file, line, column, severity, "more findings from here on are not listed")
            self.findings.append(more)


def shown(text: str) -> str:
    """Return a piece of a file so that it can stand in a message: cut, quoted, control characters escaped."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def column_of(fields: list[str], position: int) -> int:
    """Return the 1-based column at which a field of a `;`-separated line starts."""
    return sum(len(field) + 1 for field in fields[:position]) + 1
