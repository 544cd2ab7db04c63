"""`<uid>_scl.ini`: which scripts run (spec 4.3)."""

from dataclasses import dataclass, field

from heliograph.formats import fields, ini
from heliograph.formats.findings import Finding
from heliograph.formats.report import Field, Report, WrongValue, quote
from heliograph.formats.text import read_text

VARIABLE = "SCRIPT_File"
SUFFIX = ".lua"


@dataclass(frozen=True, slots=True)
class ScriptsReading:
    """What could be read, also of a file with errors: for the checks across files."""

    report: Report
    content: bytes
    """As applied."""
    places: list[Field] = field(default_factory=list)
    """The fields that name files of `/SCRIPT`."""


def parse_scripts(content: bytes, file: str) -> tuple[tuple[str, ...] | None, list[Finding]]:
    """Return the names of the scripts in their order; None if there are errors."""
    reading = read_scripts(content, file)
    names = tuple(place.text for place in reading.places)
    return (None if reading.report.rejected else names), reading.report.findings()


def read_scripts(content: bytes, file: str) -> ScriptsReading:
    """Read as much of a `_scl.ini` as can be."""
    report = Report(file)
    text = read_text(content, report, ini.field_start)
    if text is None:
        return ScriptsReading(report, content)
    places = []
    for variable in ini.numbered(text, report, [VARIABLE]):
        try:
            _check(variable.value.text)
        except WrongValue as error:
            report.wrong(variable.value, str(error))
        else:
            places.append(variable.value)
    return ScriptsReading(report, content, places)


def _check(name: str) -> None:
    if not fields.base_name(name).endswith(SUFFIX) or name == SUFFIX:
        raise WrongValue(f"{quote(name)} is no script: its name ends with {SUFFIX}")
