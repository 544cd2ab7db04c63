"""The device section of a `_daq.csv`: one row a device (spec 2.1)."""

import re
from dataclasses import dataclass, field

from heliograph.formats import fields
from heliograph.formats.daq import Device, SerialInterface, TcpInterface
from heliograph.formats.daq_columns import count
from heliograph.formats.daq_sections import Row
from heliograph.formats.device_parameters import read_bit_rate, read_parameters
from heliograph.formats.interface import Interface, read_interface
from heliograph.formats.report import Field, Report, WrongValue, quote
from heliograph.formats.uniqueness import Unique

INPUTS = "IO"
METER = "TIC1"
INDEX = re.compile(r"[0-9]{1,9}")
SERIAL_UNITS = range(1, 241)
TCP_UNITS = (*range(248), 255)
PERIOD_LIMIT_SECONDS = 86_400
TIMEOUT_LIMIT_MS = 600_000


@dataclass(frozen=True, slots=True)
class PlacedDevice:
    """What could be read of a row, also where it has errors: for the checks across sections and files."""

    row: Row
    index: str
    """Empty where it is wrong."""
    interface: Interface | None
    """None for `IO` and `TIC1`, and where it is wrong."""
    definition: str
    """Empty where it is absent or no plain file name."""
    device: Device | None
    """None where the row has errors."""


@dataclass(slots=True)
class Taken:
    """What must be unique in a file."""

    index: Unique = field(default_factory=lambda: Unique("index"))
    name: Unique = field(default_factory=lambda: Unique("name"))


def read_device(row: Row, taken: Taken, report: Report) -> PlacedDevice:
    """Read one row. A device without a name gets an empty one here."""
    errors = report.errors
    index = _index(row, taken, report)
    name = row.field("name")
    if name is not None and name.text:
        taken.name.take(name, name.text, report)
    is_modbus = index not in {INPUTS, METER}
    interface = _interface(row, is_modbus, report)
    address = _address(row, interface, report) if is_modbus else 0
    period = count(row, "acqPeriod(s)", 1, PERIOD_LIMIT_SECONDS, 600, report)
    timeout = count(row, "timeout(ms)", 1, TIMEOUT_LIMIT_MS, 1000, report)
    parameters = read_parameters(row.field("parameters") if index != METER else None, report)
    bit_rate = read_bit_rate(row.field("parameters"), report) if index == METER else None
    definition = _definition(row, report)
    device = Device(
        line=row.line,
        index=index,
        interface=interface,
        name=row.text("name"),
        address=address,
        period_seconds=period,
        timeout_ms=timeout,
        serial_number=row.text("serialNumber"),
        keep_alive=parameters.keep_alive,
        poll_ms=parameters.pairs["poll"],
        max_registers=parameters.pairs["maxRegisters"],
        gap=parameters.pairs["gap"],
        sleeps=bool(parameters.pairs["sleeps"]),
        bit_rate=bit_rate,
        category=row.text("category"),
        model=row.text("model"),
        definition=definition,
    )
    return PlacedDevice(row, index, interface, definition, device if report.errors == errors else None)


def _index(row: Row, taken: Taken, report: Report) -> str:
    place = row.field("index")
    if place is None:
        return ""
    if place.text in {INPUTS, METER}:
        index = place.text
    elif INDEX.fullmatch(place.text):
        index = str(int(place.text))
    else:
        report.wrong(place, f"index: {quote(place.text)} is neither a number from 0 nor {INPUTS} nor {METER}")
        return ""
    taken.index.take(place, index, report)
    return index


def _interface(row: Row, is_modbus: bool, report: Report) -> Interface | None:
    place = _needed(row, "interface", report) if is_modbus else row.field("interface")
    if place is None:
        return None
    if not is_modbus:
        if place.text:
            report.mend(place, "", f"interface: {row.text('index')} has none")
        return None
    try:
        return read_interface(place.text)
    except WrongValue as error:
        report.wrong(place, f"interface: {error}")
        return None


def _address(row: Row, interface: Interface | None, report: Report) -> int:
    place = _needed(row, "address", report)
    if place is None:
        return 0
    try:
        return _unit(place, interface)
    except WrongValue as error:
        report.wrong(place, f"address: {error}")
        return 0


def _unit(place: Field, interface: Interface | None) -> int:
    unit = fields.whole(place.text, 0, 255, "a Modbus unit")
    if isinstance(interface, SerialInterface) and unit not in SERIAL_UNITS:
        raise WrongValue(f"{unit} is no unit of a serial line: 1 to 240")
    if isinstance(interface, TcpInterface) and unit not in TCP_UNITS:
        raise WrongValue(f"{unit} is no unit on Modbus TCP: 0 to 247, and 255")
    return unit


def _definition(row: Row, report: Report) -> str:
    place = _needed(row, "defFile", report)
    if place is None:
        return ""
    try:
        return fields.base_name(place.text)
    except WrongValue as error:
        report.wrong(place, f"defFile: {error}")
        return ""


def _needed(row: Row, column: str, report: Report) -> Field | None:
    """Return a field that must hold something; where the line ends before it, the line is to blame."""
    place = row.field(column)
    if place is None:
        if column not in row.absent:
            report.error(row.line, 1, f"the line ends before its {column}")
        return None
    if not place.text:
        report.wrong(place, f"{column}: a value is needed")
        return None
    return place
