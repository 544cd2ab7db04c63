"""The files that other files of a set name: definitions, scripts, certificates (spec 1.7)."""

from collections.abc import Iterable

from heliograph.formats.report import Field, Report, quote


class Folder:
    """One folder of a set, and which of its files are named: those belong to the set, the others are left alone."""

    def __init__(self, name: str, paths: Iterable[str]) -> None:
        self._name = name
        prefix = f"{name}/"
        self._names = [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]
        self._known = frozenset(self._names)
        self._named: dict[str, str] = {}

    def take(self, place: Field, name: str, report: Report) -> str:
        """Return the path of a file that a field names; empty, and reported at the field, if it is missing."""
        if name not in self._known:
            report.wrong(place, f"{self._name}/ has no file {quote(name)}{self._hint(name, report)}")
            return ""
        other = self._named.setdefault(name.casefold(), name)
        if other != name:
            report.note(place, f"{quote(name)} and {quote(other)} differ only in case, and both are named")
        return f"{self._name}/{name}"

    def _hint(self, name: str, report: Report) -> str:
        folded = [known for known in self._names if known.casefold() == name.casefold()]
        return f"; {quote(folded[0])} differs from it in case" if folded else report.nearest(name, self._names)
