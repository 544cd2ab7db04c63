"""Files of a configuration set with a device added, changed or removed; all else in them stays byte for byte. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from heliograph.api.deviceline import LineFaults, changed_line, new_line
from heliograph.formats import (
    Daq,
    Device,
    Protocol,
    SerialInterface,
    SerialLine,
    parse_daq,
    parse_definition,
    write_daq,
    write_definition,
)
from heliograph.formats.fields import base_name
from heliograph.formats.set_files import DAQ, find_files
from heliograph.formats.sunspec.names import free_name

ENDING: Final = ".csv"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The definition that a device is to have."""

    file: str
    text: str | None = None
    """Of a file that is to come into the set; None for one that is there."""
    is_shipped: bool = False
    """Of the library: it is named and spoken as the set needs it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit of the set is to hold."""

    files: dict[str, str | None]
    device: Device
    same_place: str = ""
    """Name of another device at the same place."""

    @property
    def line(self) -> str:
        """The device's line of `_daq.csv`; empty where it is gone."""
        daq = next((text for path, text in self.files.items() if path.startswith("CONFIG/") and text), "")
        read, _ = parse_daq(daq.encode(), "")
        place = next((device.line for device in read.devices if device.index == self.device.index), 0) if read else 0
        return daq.splitlines()[place - 1] if place else ""


def with_new(
    files: Mapping[str, str], uid: str, cells: Mapping[str, str], chosen: Chosen, serial: Mapping[str, int | str]
) -> Change:
    """Add a device. Raises `LineFaults`, or `ValueError` where the `_daq.csv` that stands cannot be continued."""
    path, daq = _daq(files, uid)
    device = new_line({**cells, "defFile": _named(chosen)}, daq.devices)
    return _change(files, path, daq, (*daq.devices, device), device, chosen, serial)


def with_changed(
    files: Mapping[str, str],
    uid: str,
    index: str,
    cells: Mapping[str, str],
    chosen: Chosen | None,
    serial: Mapping[str, int | str],
) -> Change:
    """Change a device; raises as `with_new`, and `LookupError`."""
    path, daq = _daq(files, uid)
    before = _of(daq, index)
    others = [device for device in daq.devices if device is not before]
    named = {"defFile": _named(chosen)} if chosen else {}
    device = changed_line(before, {**cells, **named}, others)
    devices = tuple(device if entry is before else entry for entry in daq.devices)
    return _change(files, path, daq, devices, device, chosen, serial)


def without(files: Mapping[str, str], uid: str, index: str) -> Change:
    """Remove a device; its definition stays. Raises `LookupError`, `ValueError`."""
    path, daq = _daq(files, uid)
    gone = _of(daq, index)
    left = Daq(daq.lines, tuple(device for device in daq.devices if device is not gone))
    return Change({path: write_daq(left, files[path].encode()).decode()}, gone)


def _change(
    files: Mapping[str, str],
    path: str,
    daq: Daq,
    devices: Iterable[Device],
    device: Device,
    chosen: Chosen | None,
    serial: Mapping[str, int | str],
) -> Change:
    added: dict[str, str | None] = {}
    placed = device
    if chosen is not None:
        name, added = _definition(files, chosen, device)
        placed = replace(device, definition=name)
    entries = tuple(placed if entry is device else entry for entry in devices)
    lines = (*daq.lines, *_new_line(daq, device, serial))
    try:
        content = write_daq(Daq(lines, entries), files.get(path, "").encode()).decode()
    except ValueError as error:
        raise ValueError(f"{path} cannot be continued by itself: {error}") from error
    return Change({**added, path: content}, placed, _same_place(daq, placed))


def _daq(files: Mapping[str, str], uid: str) -> tuple[str, Daq]:
    path = find_files(files, uid).path(DAQ)
    daq, findings = parse_daq(files.get(path, "").encode(), path)
    if daq is None:
        raise ValueError(f"{path} has errors and is left alone: {findings[0]}")
    return path, daq


def _of(daq: Daq, index: str) -> Device:
    device = next((device for device in daq.devices if device.index == index), None)
    if device is None:
        raise LookupError(index)
    return device


def _named(chosen: Chosen) -> str:
    try:
        return base_name(chosen.file)
    except ValueError as error:
        raise LineFaults({"definition": str(error)}) from error


def _definition(files: Mapping[str, str], chosen: Chosen, device: Device) -> tuple[str, dict[str, str | None]]:
    """The name of the definition and the file that comes with it: one that reads the same is shared, none replaced."""
    there = files.get(f"DEF/{chosen.file}")
    if chosen.text is None:
        if there is None:
            raise LineFaults({"definition": f"DEF/ has no file {chosen.file}"})
        return chosen.file, {}
    text = _spoken(chosen, device) if chosen.is_shipped else chosen.text
    if there == text:
        return chosen.file, {}
    if there is not None and not chosen.is_shipped:
        raise LineFaults({"definition": f"DEF/{chosen.file} is in the set already and differs: give this another name"})
    taken = {path.removeprefix("DEF/") for path in files if path.startswith("DEF/")}
    name = free_name(chosen.file, taken, ENDING)
    return name, {f"DEF/{name}": text}


def _spoken(chosen: Chosen, device: Device) -> str:
    """The text of a definition of the library, in the protocol of the device's interface."""
    text = chosen.text or ""
    own, findings = parse_definition(text.encode(), chosen.file)
    if own is None:
        raise ValueError(f"the library is damaged: {findings[0]}")
    wanted = Protocol.MODBUS_RTU if isinstance(device.interface, SerialInterface) else Protocol.MODBUS_TCP
    if own.protocol is wanted:
        return text
    return write_definition(replace(own, protocol=wanted, written_protocol=wanted.value), text.encode()).decode()


def _new_line(daq: Daq, device: Device, serial: Mapping[str, int | str]) -> list[SerialLine]:
    """The serial line that the device is the first on."""
    interface = device.interface
    if not isinstance(interface, SerialInterface) or any(line.number == interface.number for line in daq.lines):
        return []
    return [SerialLine(interface.number, **serial)]  # type: ignore[arg-type]  # checked at the border


def _same_place(daq: Daq, device: Device) -> str:
    same = (
        other.name
        for other in daq.devices
        if other.index != device.index
        and (str(other.interface), other.address) == (str(device.interface), device.address)
    )
    return next(same, "")
