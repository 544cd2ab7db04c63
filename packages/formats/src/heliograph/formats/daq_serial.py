"""The serial section of a `_daq.csv`: one row a line (spec 2.1)."""

from typing import Literal

from heliograph.formats.daq import SerialLine
from heliograph.formats.daq_columns import choice, count, number
from heliograph.formats.daq_sections import Row
from heliograph.formats.report import Report, quote

LineNumber = Literal[1, 2, 3]

LINES: dict[str, LineNumber] = {"SERIAL1": 1, "SERIAL2": 2, "SERIAL3": 3}
BAUDRATES = ("1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200")
PARITIES: dict[str, Literal["N", "E", "O"]] = {"N": "N", "E": "E", "O": "O"}
PROTOCOL = "modbusRTU"
PROTOCOLS = ("modbusrtu", "modbus")
INTERFRAME_LIMIT_MS = 60_000


def read_serial(row: Row, taken: dict[str, int], report: Report) -> SerialLine | None:
    """Read one row; None if it names no line, or one that stands in `taken` already (name → line of the file)."""
    name = _name(row, taken, report)
    line = SerialLine(
        number=LINES.get(name, 1),
        baudrate=int(choice(row, "baudrate", BAUDRATES, "19200", report)),
        data_bits=int(choice(row, "data_bits", ("7", "8"), "8", report)),
        parity=PARITIES[choice(row, "parity", PARITIES, "N", report)],
        stop_bits=int(choice(row, "stop_bits", ("1", "2"), "1", report)),
        wires=int(choice(row, "wires", ("2", "4"), "2", report)),
        protocol=_protocol(row, report),
        interframe_ms=count(row, "interframe(ms)", 0, INTERFRAME_LIMIT_MS, 0, report),
        forwarded_port=number(row, "forwardedTcpPort", 1, 65_535, None, report),
    )
    return line if name else None


def _name(row: Row, taken: dict[str, int], report: Report) -> str:
    place = row.field("type")
    if place is None:
        return ""
    if place.text not in LINES:
        report.wrong(place, f"type: {quote(place.text)} is none of {', '.join(LINES)}")
        return ""
    if place.text in taken:
        report.wrong(place, f"{place.text} stands twice, first on line {taken[place.text]}")
        return ""
    taken[place.text] = place.line
    return place.text


def _protocol(row: Row, report: Report) -> str:
    place = row.field("protocol")
    if place is None or not place.text or place.text.casefold() in PROTOCOLS:
        return PROTOCOL
    report.note(place, f"protocol: {quote(place.text)} is not supported; the devices of this line are not polled")
    return place.text
