"""A device's line of `_daq.csv` out of what a person gave, judged field by field as `heliograph check` does. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from heliograph.formats import Device, Finding, Severity, parse_daq
from heliograph.formats.cells import SEPARATOR

COLUMNS: Final = {
    "index": "index",
    "interface": "interface",
    "name": "name",
    "address": "address",
    "acqPeriod(s)": "period_seconds",
    "timeout(ms)": "timeout_ms",
    "defFile": "definition",
}
"""The field that a person filled in, by the column."""
_LINES: Final = "type;baudrate\nSERIAL1;9600\nSERIAL2;9600\nSERIAL3;9600\n\n"
"""Whether the line has its own row already is not judged here."""

Faults = dict[str, str]
"""Texts for people by field."""


class LineFaults(ValueError):
    """Fields that cannot be taken as they are."""

    def __init__(self, faults: Faults) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in faults.items()))
        self.faults = faults


def new_line(cells: Mapping[str, str], others: Iterable[Device]) -> Device:
    """Return a device by its cells by column, beside the others. Raises `LineFaults`."""
    wanted = {**cells, "index": cells.get("index") or _free_index(others)}
    text = f"{SEPARATOR.join(COLUMNS)}\n{SEPARATOR.join(wanted.get(column, '') for column in COLUMNS)}\n"
    daq, findings = parse_daq((_LINES + text).encode(), "")
    faults = _taken(wanted["name"], others) | _faults(findings, text)
    if faults or daq is None:
        raise LineFaults(faults or {"name": "this device cannot stand in _daq.csv"})
    return replace(daq.devices[0], line=0)


def changed_line(device: Device, cells: Mapping[str, str], others: Iterable[Device]) -> Device:
    """Return a device with other cells; what is not in `cells` stays. Raises `LineFaults`."""
    now = {
        "index": device.index,
        "interface": str(device.interface or ""),
        "name": device.name,
        "address": str(device.address),
        "acqPeriod(s)": str(device.period_seconds),
        "timeout(ms)": str(device.timeout_ms),
        "defFile": device.definition,
    }
    read = new_line({**now, **cells}, others)
    is_same = read.definition == device.definition
    return replace(
        device,
        interface=read.interface,
        name=read.name,
        address=read.address,
        period_seconds=read.period_seconds,
        timeout_ms=read.timeout_ms,
        definition=read.definition,
        category=device.category if is_same else "",
        model=device.model if is_same else "",
    )


def _free_index(others: Iterable[Device]) -> str:
    return str(max((int(device.index) for device in others if device.index.isdecimal()), default=0) + 1)


def _taken(name: str, others: Iterable[Device]) -> Faults:
    same = next((device for device in others if device.name.casefold() == name.casefold()), None)
    return {"name": f"device {same.index} has this name already"} if same else {}


def _faults(findings: Iterable[Finding], text: str) -> Faults:
    """Every finding of the row, by its field: a value that would be mended is not what the person wanted."""
    row = text.splitlines()[1]
    last = (_LINES + text).count("\n")
    found: Faults = {}
    for finding in findings:
        if finding.line == last and (finding.severity is Severity.ERROR or "instead" in finding.text):
            column = list(COLUMNS)[row[: finding.column - 1].count(SEPARATOR)]
            found.setdefault(COLUMNS[column], finding.text.removeprefix(f"{column}: "))
    return found
