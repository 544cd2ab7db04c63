"""Puts found devices into a configuration set: new definition files and new lines of `_daq.csv`, and nothing else.

Nothing configured is ever overwritten (spec 2.4): names are made unique, indices are the next free ones, a device that
is configured already is passed over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from heliograph.formats.daq import Daq, Device, SerialInterface, SerialLine, TcpInterface
from heliograph.formats.daq_parser import parse_daq
from heliograph.formats.daq_writer import write_daq
from heliograph.formats.set_files import DAQ, find_files
from heliograph.formats.sunspec.names import CATEGORY, Identity, device_name, free_name, plain

ENDING = ".csv"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A found device that is to be configured."""

    interface: SerialInterface | TcpInterface
    address: int
    identity: Identity
    definition: str
    """Name of its definition file, as detection makes it."""
    content: bytes
    """Of that file."""
    timeout_ms: int = 1000


@dataclass(frozen=True, slots=True)
class Additions:
    """What comes into a set."""

    files: dict[str, bytes]
    """By path: new definition files, and the `_daq.csv` with its new lines."""
    devices: tuple[Device, ...]
    """The new lines."""
    known: tuple[str, ...]
    """For people: what was passed over since it is configured already."""


def additions(
    files: Mapping[str, bytes], uid: str, proposed: Sequence[Proposed], lines: Iterable[SerialLine] = ()
) -> Additions:
    """Return what has to be added to a set so that its gateway polls these devices.

    `lines` are the settings with which serial lines were searched, for those that `_daq.csv` does not have yet. Raises
    `ValueError` with a text for people where the `_daq.csv` that stands cannot be continued.
    """
    path = find_files(files, uid).path(DAQ)
    base = files.get(path, b"")
    daq, findings = parse_daq(base, path)
    if daq is None:
        raise ValueError(f"{path} has errors and is left alone: {next(iter(findings))}")
    devices: list[Device] = []
    known: list[str] = []
    added: dict[str, bytes] = {}
    for entry in proposed:
        everything = (*daq.devices, *devices)
        same = configured_as(everything, entry.interface, entry.address, entry.identity.serial_number)
        if same is not None:
            known.append(f"@{entry.address} {entry.interface} is configured already: {same.name} ({same.index})")
            continue
        name = _place(entry, files, added)
        devices.append(_device(entry, name, everything))
    if not devices:
        return Additions({}, (), tuple(known))
    content, written = _continued(base, daq, _missing_lines(daq, devices, lines), devices)
    return Additions({**added, path: content}, written, tuple(known))


def configured_as(
    devices: Iterable[Device], interface: SerialInterface | TcpInterface, address: int, serial_number: str = ""
) -> Device | None:
    """Return the device that is configured at this place, or has this serial number; None where there is none."""
    where = str(interface).casefold()
    serial = plain(serial_number)
    for device in devices:
        if device.interface is None:
            continue
        if device.address == address and str(device.interface).casefold() == where:
            return device
        if serial and device.serial_number == serial:
            return device
    return None


def _place(entry: Proposed, files: Mapping[str, bytes], added: dict[str, bytes]) -> str:
    """Return the name of the device's definition: one that reads the same is shared, none is replaced."""
    stem = entry.definition.removesuffix(ENDING)
    for path, content in (*files.items(), *added.items()):
        if content == entry.content and path.startswith(f"DEF/{stem}"):
            return path.removeprefix("DEF/")
    taken = {path.removeprefix("DEF/") for path in (*files, *added) if path.startswith("DEF/")}
    name = free_name(entry.definition, taken, ENDING)
    added[f"DEF/{name}"] = entry.content
    return name


def _device(entry: Proposed, definition: str, others: Sequence[Device]) -> Device:
    wanted = device_name(entry.identity, str(entry.interface), entry.address)
    numbers = [int(device.index) for device in others if device.index.isdecimal()]
    return Device(
        line=0,
        index=str(max(numbers, default=-1) + 1),
        interface=entry.interface,
        name=free_name(wanted, {device.name for device in others}),
        address=entry.address,
        timeout_ms=entry.timeout_ms,
        serial_number=plain(entry.identity.serial_number),
        category=CATEGORY,
        model=plain(entry.identity.model),
        definition=definition,
    )


def _missing_lines(daq: Daq, devices: Sequence[Device], lines: Iterable[SerialLine]) -> list[SerialLine]:
    there = {line.number for line in daq.lines}
    needed = {device.interface.number for device in devices if isinstance(device.interface, SerialInterface)} - there
    settings = {line.number: line for line in lines}
    return [settings.get(number, SerialLine(number)) for number in sorted(needed)]


def _continued(
    base: bytes, daq: Daq, lines: Sequence[SerialLine], devices: Sequence[Device]
) -> tuple[bytes, tuple[Device, ...]]:
    """Write the longer `_daq.csv`; what people filled in is left out where the file has no column for it."""
    plainer = [replace(device, serial_number="", category="", model="") for device in devices]
    for written in (devices, plainer):
        wanted = Daq((*daq.lines, *lines), (*daq.devices, *written))
        try:
            return write_daq(wanted, base), tuple(written)
        except ValueError as error:
            fault = error
    raise ValueError(f"the _daq.csv cannot be continued by itself: {fault}")
