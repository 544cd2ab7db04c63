"""What a revision makes of the plant: stations to poll, and what cannot be polled, with its cause. Pure.

A revision is taken whole or not at all. Two revisions are compared station by station: what is the same goes on
untouched.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from heliograph.collector.errors import RevisionRejected
from heliograph.contract import Revision, VariableLimit
from heliograph.formats.daq import Daq, Device, SerialInterface, SerialLine, TcpInterface
from heliograph.formats.daq_parser import parse_daq
from heliograph.formats.definition import Definition, Protocol
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.findings import Finding, Severity

MOST_CAUSES: Final = 5
"""Errors named of a revision that is rejected."""
_NO_INPUTS: Final = (
    "this gateway has no inputs and outputs: set DI1_LINE to DI4_LINE, AI1_CHANNEL to AI3_CHANNEL or RELAY1_LINE"
)
_NO_METER: Final = "this gateway has no port for a meter's customer output: set TIC1_DEVICE"
_PROTOCOLS: Final = {"IO": Protocol.IO, "TIC": Protocol.TIC}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the plant is; None where it was not said."""

    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """A device with all that its polling depends on. Equal stations are polled alike."""

    device: Device
    definition: Definition
    serial: SerialLine | None = None
    port: str = ""
    """The device file or address behind the serial line."""

    @property
    def link(self) -> str:
        """Which line it is on: `SERIAL1`, or `host:port`; `None` for the gateway's own inputs and a meter."""
        return link_name(self.device.interface)

    def is_polled_like(self, other: "Station") -> bool:
        """Tell whether the polling of one can go on as that of the other.

        The line behind them may differ, and of the definition whatever is not polled: its place in the file, names in
        the first line, variables that are no part of a record.
        """
        return self.device == other.device and (
            self.definition is other.definition or polled_of(self.definition) == polled_of(other.definition)
        )


def link_name(interface: SerialInterface | TcpInterface | None) -> str:
    """Return the name of the line behind an interface: `SERIAL1`, or `host:port`."""
    return str(interface) if isinstance(interface, SerialInterface) else str(interface).lower()


def polled_of(definition: Definition) -> tuple[object, ...]:
    """Return what of a definition the polling and the records of a device depend on."""
    recorded = tuple(replace(variable, line=0) for variable in definition.recorded)
    return definition.file, definition.protocol, definition.written_protocol, recorded


@dataclass(frozen=True, slots=True)
class Absent:
    """A device that cannot be polled here, and why."""

    device: Device
    cause: str


@dataclass(frozen=True, slots=True)
class ForwardedLine:
    """A serial line whose `forwardedTcpPort` is given."""

    serial: SerialLine
    device: str
    """What is behind the line; empty where it cannot be served."""
    cause: str = ""
    """Why it cannot be served."""

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.serial.forwarded_port or 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The devices of a revision in the order of `_daq.csv`."""

    stations: tuple[Station, ...]
    own: tuple[Station, ...]
    """The gateway's own inputs and outputs, and a meter's customer output."""
    absent: tuple[Absent, ...]
    order: tuple[str, ...]
    """The index of every device, as `_daq.csv` orders them."""
    place: Place
    daq: Daq
    """What `_daq.csv` says, whole."""
    forwarded: tuple[ForwardedLine, ...] = ()
    """The serial lines that other masters may reach through a port of their own."""
    limits: tuple[VariableLimit, ...] = ()
    """What may be written, whoever asks."""


def read_plan(
    revision: Revision, ports: Mapping[int, str], *, meter: str = "", terminals: Collection[str] = ()
) -> Plan:
    """Return what a revision makes of the plant.

    `ports` are the device files behind the serial lines of this gateway, `meter` the one of a meter's customer output,
    `terminals` the names of its inputs and outputs. Raises `RevisionRejected` with what is wrong, for people.
    """
    daq = _daq(revision)
    definitions = _definitions(revision, daq)
    own = {"IO": ("terminals" if terminals else "", _NO_INPUTS), "TIC": (meter, _NO_METER)}
    found = [
        _own_station(device, definitions, *own[device.kind])
        if device.kind in own
        else _station_of(device, daq, definitions, ports)
        for device in daq.devices
    ]
    stations = [entry for entry in found if isinstance(entry, Station)]
    return Plan(
        stations=tuple(station for station in stations if station.device.kind not in own),
        own=tuple(station for station in stations if station.device.kind in own),
        absent=tuple(entry for entry in found if isinstance(entry, Absent)),
        order=tuple(device.index for device in daq.devices),
        place=Place(revision.latitude, revision.longitude),
        daq=daq,
        forwarded=tuple(_forwarded(line, ports) for line in daq.lines if line.forwarded_port is not None),
        limits=revision.limits,
    )


def _daq(revision: Revision) -> Daq:
    own = f"CONFIG/{revision.uid}_daq.csv"
    names = [own] if own in revision.files else sorted(n for n in revision.files if n.endswith("_daq.csv"))
    if not names:
        return Daq((), ())
    daq, findings = parse_daq(revision.files[names[0]].encode(), names[0])
    _reject(findings)
    if daq is None:
        raise RevisionRejected(f"{names[0]} cannot be read")
    return daq


def _definitions(revision: Revision, daq: Daq) -> dict[str, Definition]:
    definitions: dict[str, Definition] = {}
    findings: list[Finding] = []
    for name in dict.fromkeys(device.definition for device in daq.devices):
        path = f"DEF/{name}"
        if path not in revision.files:
            raise RevisionRejected(f"the definition {name!r} is named by a device but is not in the revision")
        definition, found = parse_definition(revision.files[path].encode(), path)
        findings += found
        if definition is not None:
            definitions[name] = definition
    _reject(findings)
    return definitions


def _reject(findings: list[Finding]) -> None:
    errors = [str(finding) for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        more = f" and {len(errors) - MOST_CAUSES} more" if len(errors) > MOST_CAUSES else ""
        raise RevisionRejected("; ".join(errors[:MOST_CAUSES]) + more)


def _station_of(
    device: Device, daq: Daq, definitions: Mapping[str, Definition], ports: Mapping[int, str]
) -> Station | Absent:
    definition = definitions.get(device.definition)
    if definition is None:
        raise RevisionRejected(f"the definition {device.definition!r} of {device.name} cannot be read")
    if any(variable.point is None for variable in definition.recorded):
        raise RevisionRejected(f"{device.name}: {device.definition} is no Modbus definition")
    polled = replace(device, line=0, category="", model="")
    if not isinstance(device.interface, SerialInterface):
        return Station(polled, definition)
    return _serial_station(device, polled, definition, device.interface, daq, ports)


def _own_station(device: Device, definitions: Mapping[str, Definition], port: str, otherwise: str) -> Station | Absent:
    definition = definitions.get(device.definition)
    if definition is None:
        raise RevisionRejected(f"the definition {device.definition!r} of {device.name} cannot be read")
    if definition.protocol is not _PROTOCOLS[device.kind]:
        raise RevisionRejected(
            f"{device.name}: {device.definition} is for {definition.protocol}, not {_PROTOCOLS[device.kind]}"
        )
    if not port:
        return Absent(device, otherwise)
    return Station(replace(device, line=0, category="", model=""), definition, port=port)


def _serial_station(
    device: Device,
    polled: Device,
    definition: Definition,
    interface: SerialInterface,
    daq: Daq,
    ports: Mapping[int, str],
) -> Station | Absent:
    line = next((line for line in daq.lines if line.number == interface.number), None)
    if line is None:
        raise RevisionRejected(f"{device.name} is on {interface}, which has no serial line in _daq.csv")
    cause = _unserved(line, ports)
    return Absent(device, cause) if cause else Station(polled, definition, line, ports[line.number])


def _unserved(line: SerialLine, ports: Mapping[int, str]) -> str:
    """Return why this gateway cannot speak on a line; empty where it can."""
    if not line.is_supported:
        return f"{line.name} speaks {line.protocol!r}, which this gateway does not"
    if not ports.get(line.number):
        return f"no serial port is behind {line.name}: set {line.name}_DEVICE"
    return ""


def _forwarded(line: SerialLine, ports: Mapping[int, str]) -> ForwardedLine:
    cause = _unserved(line, ports)
    return ForwardedLine(line, "" if cause else ports[line.number], cause)
