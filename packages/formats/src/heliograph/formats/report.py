"""Gathers the findings about one file while it is read, with the mends that make it 'as applied' (spec 1.7, 1.10).

Readers of all formats point at a `Field` and say what is wrong with it; the report keeps the place, the order and the
limits, so that no reader has to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from heliograph.formats.findings import Finding, Severity

FINDINGS_LIMIT = 10_000
SUGGESTIONS_LIMIT = 100
QUOTE_LIMIT = 80
SEARCH_LIMIT = 2_000


class WrongValue(ValueError):
    """A value that its rule refuses; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Field:
    """A piece of a line: what a finding points to and a mend replaces. Line and column count from 1."""

    line: int
    column: int
    raw: str

    @property
    def text(self) -> str:
        """The field without blanks at its ends."""
        return self.raw.strip()


@dataclass(frozen=True, slots=True)
class Edit:
    """A field that gets another text; everything round it stays byte for byte."""

    field: Field
    text: str


class Report:
    """The findings and mends of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.edits: list[Edit] = []
        self.errors = 0
        self._findings: set[Finding] = set()
        self._spoilt: set[tuple[int, int]] = set()

    @property
    def rejected(self) -> bool:
        """Whether there is any error."""
        return self.errors > 0

    @property
    def is_full(self) -> bool:
        """Whether so much is wrong that reading on tells nobody more; the file is rejected then."""
        return len(self._findings) >= FINDINGS_LIMIT

    def error(self, line: int, column: int, text: str) -> None:
        """Report what rejects the file."""
        self.errors += 1
        self._add(line, column, Severity.ERROR, text)

    def warning(self, line: int, column: int, text: str) -> None:
        """Report what is tolerated."""
        self._add(line, column, Severity.WARNING, text)

    def wrong(self, field: Field, text: str) -> None:
        """Report an error at the start of a field."""
        self.error(field.line, field.column, text)

    def note(self, field: Field, text: str) -> None:
        """Report a warning at the start of a field."""
        self.warning(field.line, field.column, text)

    def mend(self, field: Field, default: str, text: str, within: Field | None = None) -> None:
        """Replace a wrong value by its default, and say so; `within` is a larger field to point at."""
        self.note(within or field, f"{text}; {quote(default) if default else 'an empty value'} is used instead")
        self.edits.append(Edit(field, default))

    def fill(self, field: Field, text: str) -> None:
        """Put a value in place without a finding."""
        self.edits.append(Edit(field, text))

    def spoil(self, line: int, column: int, text: str) -> None:
        """Report an error that makes everything else about this place meaningless."""
        self.error(line, column, text)
        self._spoilt.add((line, column))

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """Return '; did you mean "X"?' or an empty text. The search is spared in a file full of findings."""
        return nearest(name, known) if len(self._findings) <= SUGGESTIONS_LIMIT else ""

    def findings(self) -> list[Finding]:
        """Return the findings in the order of their places."""
        return sorted(self._findings)

    def _add(self, line: int, column: int, severity: Severity, text: str) -> None:
        if (line, column) in self._spoilt:
            return
        if self.is_full:
            return
        self._findings.add(Finding(self.file, line, column, severity, text))
        if len(self._findings) == FINDINGS_LIMIT:
            self.errors += 1
            text = f"more than {FINDINGS_LIMIT} findings; what follows is not read"
            self._findings.add(Finding(self.file, line, column, Severity.ERROR, text))


def quote(text: str) -> str:
    """Return a text in quotes, cut to a readable length, with everything escaped that is not printable."""
    cut = text if len(text) <= QUOTE_LIMIT else text[:QUOTE_LIMIT] + "…"
    return '"' + "".join(_escaped(character) for character in cut) + '"'


def nearest(name: str, known: Iterable[str]) -> str:
    """Return '; did you mean "X"?' for the known name nearest to this one, or an empty text."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    if len(name) > QUOTE_LIMIT or len(by_fold) > SEARCH_LIMIT:
        return ""
    close = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.75)
    return f"; did you mean {quote(by_fold[close[0]])}?" if close else ""


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else character.encode("unicode_escape").decode()
