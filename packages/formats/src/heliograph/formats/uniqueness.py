"""Names that must be unique in a file, compared exactly; those that differ only in case are a warning (spec 1.10)."""

from heliograph.formats.report import Field, Report, quote


class Unique:
    """The names of one kind that were met so far, with the line of each."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lines: dict[str, int] = {}
        self._folded: dict[str, str] = {}

    def take(self, field: Field, name: str, report: Report) -> bool:
        """Take a name and report a second one like it; tell whether it is new."""
        if name in self._lines:
            report.wrong(field, f"{self._what} {quote(name)} stands twice, first on line {self._lines[name]}")
            return False
        self._lines[name] = field.line
        other = self._folded.setdefault(name.casefold(), name)
        if other != name:
            report.note(
                field, f"{self._what} {quote(name)} and {quote(other)} (line {self._lines[other]}) differ only in case"
            )
        return True
