"""The variables of one `_config.ini` by their rules, with defaults where there is none (spec 1.7, 1.9)."""

from dataclasses import dataclass, field

from heliograph.formats import ini
from heliograph.formats.config_limits import EXAMPLE
from heliograph.formats.config_rules import RULES, Rule
from heliograph.formats.report import Field, Report, WrongValue, quote


@dataclass(slots=True)
class Values:
    """The values of a file by variable, and where they stand."""

    report: Report
    uid: str = ""
    """What a wrong `GATEWAY_Uid` is replaced by."""
    fields: dict[str, Field] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    _lines: dict[str, int] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a value; its default if it is absent, empty or wrong."""
        if name in self.replaced:
            return self.replaced[name]
        written = self.fields[name].text if name in self.fields and name not in self.wrong else ""
        return written or RULES[name].default

    def password(self, name: str) -> str:
        """Return a value with the blanks at its ends, which may belong to it."""
        return self.fields[name].raw if name in self.fields and name not in self.wrong else ""

    def flag(self, name: str) -> bool:
        """Return whether a variable of `0` and `1` is `1`."""
        return self.text(name) == "1"

    def is_written(self, name: str) -> bool:
        """Return whether the file gives a variable a value, right or wrong."""
        return name in self.fields and bool(self.fields[name].text)

    def place(self, name: str) -> tuple[int, int]:
        """Return line and column of a variable's value; 1, 1 if it is absent."""
        return (self.fields[name].line, self.fields[name].column) if name in self.fields else (1, 1)

    def error(self, name: str, text: str) -> None:
        """Report an error about a variable: at its value, or at the file's start if it is absent."""
        self.wrong.add(name)
        self.report.error(*self.place(name), f"{name}: {text}")

    def require(self, name: str) -> bool:
        """Report a needed variable that is absent or empty; tell whether there is a value to go on with."""
        if name not in self.wrong and not self.text(name):
            self.error(name, "a value is needed")
        return name not in self.wrong

    def warn(self, name: str, text: str) -> None:
        """Report a warning about a variable at its value, or at the file's start if it is absent."""
        self.report.warning(*self.place(name), f"{name}: {text}")

    def take(self, assignment: ini.Assignment) -> None:
        """Take one line of the file and report what is wrong with it."""
        name = assignment.name.text
        if name in self._lines:
            self.report.wrong(assignment.name, f"{quote(name)} stands twice, first on line {self._lines[name]}")
            return
        self._lines[name] = assignment.name.line
        if name not in RULES:
            self.report.note(assignment.name, ini.unknown(name, (*RULES, EXAMPLE), self.report))
            return
        self.fields[name] = assignment.value
        if assignment.value.text:
            self._check(name, RULES[name])

    def _check(self, name: str, rule: Rule) -> None:
        try:
            rule.check(self.fields[name].text)
        except WrongValue as error:
            if rule.is_mended:
                self._mend(name, rule, str(error))
            else:
                self.error(name, str(error))
        else:
            self._remark(name)

    def _mend(self, name: str, rule: Rule, reason: str) -> None:
        self.replaced[name] = self.uid if name == "GATEWAY_Uid" else rule.default
        self.report.mend(self.fields[name], self.replaced[name], f"{name}: {reason}")

    def _remark(self, name: str) -> None:
        place = self.fields[name]
        if name in {"GATEWAY_Latitude", "GATEWAY_Longitude"} and "," in place.text:
            self.report.note(place, f"{name}: {quote(place.text)} has a decimal comma; it is read as a point")
        if name.startswith("BIN_"):
            self.report.note(place, f"{name}: updates of the gateway's program are not supported")
