"""Reads `_daq.csv`: its sections, and what they say of one another (spec 2.1)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from heliograph.formats.daq import Daq, Device, SerialInterface, SerialLine
from heliograph.formats.daq_device import PlacedDevice, Taken, read_device
from heliograph.formats.daq_sections import DEVICES, field_start, rows
from heliograph.formats.daq_serial import read_serial
from heliograph.formats.findings import Finding
from heliograph.formats.report import Report
from heliograph.formats.text import Text, read_text


@dataclass(frozen=True, slots=True)
class DaqReading:
    """What could be read, also of a file with errors: for the checks across files."""

    report: Report
    raw: bytes
    text: Text | None = None
    lines: tuple[SerialLine, ...] = ()
    placed: list[PlacedDevice] = field(default_factory=list)

    @property
    def daq(self) -> Daq:
        """What has no errors."""
        return Daq(self.lines, _named([placed.device for placed in self.placed if placed.device]))

    @property
    def content(self) -> bytes:
        """The file as applied."""
        return self.text.encode(self.report.edits) if self.text else self.raw


def parse_daq(content: bytes, file: str) -> tuple[Daq | None, list[Finding]]:
    """Read a `_daq.csv`; the result is None if there are errors."""
    reading = read_daq(content, file)
    return (None if reading.report.rejected else reading.daq), reading.report.findings()


def read_daq(content: bytes, file: str) -> DaqReading:
    """Read as much of a `_daq.csv` as can be."""
    report = Report(file)
    text = read_text(content, report, field_start)
    if text is None:
        return DaqReading(report, content)
    found = list(rows(text, report))
    names: dict[str, int] = {}
    lines = [read_serial(row, names, report) for row in found if row.kind is not DEVICES]
    taken = Taken()
    placed = [read_device(row, taken, report) for row in found if row.kind is DEVICES]
    _check_lines(placed, names, report)
    if not placed and not report.rejected:
        report.warning(1, 1, "the file has no devices: nothing is polled")
    return DaqReading(report, content, text, tuple(line for line in lines if line), placed)


def _check_lines(placed: Iterable[PlacedDevice], lines: dict[str, int], report: Report) -> None:
    """A device on a serial line that has no row of its own is an error (spec 1.10)."""
    for entry in placed:
        place = entry.row.field("interface")
        if place and isinstance(entry.interface, SerialInterface) and str(entry.interface) not in lines:
            report.wrong(place, f"interface: {entry.interface} has no line in the serial section")


def _named(devices: list[Device]) -> tuple[Device, ...]:
    """Name the nameless after interface and address (spec 2.1), and after their index where that is not unique."""
    made = {device.index: _made_name(device) for device in devices if not device.name}
    counts = Counter([*made.values(), *(device.name for device in devices)])
    return tuple(
        device if device.name else replace(device, name=_unique(made[device.index], device.index, counts))
        for device in devices
    )


def _made_name(device: Device) -> str:
    return f"{device.interface}_{device.address}" if device.interface else device.index


def _unique(name: str, index: str, counts: Counter[str]) -> str:
    return name if counts[name] == 1 else f"{name}_{index}"
