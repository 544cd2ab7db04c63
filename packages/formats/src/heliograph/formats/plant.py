"""The plant that a revision describes: each device with its definition, for services that get the set's files as texts.

The set was validated as a whole before it became a revision; what still cannot be read here is left out and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from heliograph.formats.daq import Daq, Device
from heliograph.formats.daq_parser import parse_daq
from heliograph.formats.definition import Definition, Variable
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class PlantDevice:
    """One device and what its variables are."""

    device: Device
    definition: Definition


@dataclass(frozen=True, slots=True)
class Plant:
    """The devices in the order of `_daq.csv`, and why others are missing."""

    devices: tuple[PlantDevice, ...] = ()
    findings: tuple[Finding, ...] = ()

    def by_index(self, index: str) -> PlantDevice | None:
        """The device of that `index`."""
        return next((entry for entry in self.devices if entry.device.index == index), None)


def read_plant(files: Mapping[str, str], uid: str) -> Plant:
    """Read the `_daq.csv` of `uid`, else the first there is, and the definitions that it names. Raises nothing."""
    names = sorted(name for name in files if name.startswith("CONFIG/") and name.endswith("_daq.csv"))
    wanted = f"CONFIG/{uid}_daq.csv"
    name = wanted if wanted in files else next(iter(names), "")
    if not name:
        return Plant()
    daq, findings = parse_daq(files[name].encode(), name)
    return _with_definitions(daq, files, findings) if daq else Plant(findings=tuple(findings))


def scale_factor_of(definition: Definition, variable: Variable) -> Variable | None:
    """The variable that holds the scale factor of another (`Info4`), or None."""
    return next((v for v in definition.variables if variable.scale_factor and v.name == variable.scale_factor), None)


def _with_definitions(daq: Daq, files: Mapping[str, str], findings: list[Finding]) -> Plant:
    read: dict[str, Definition | None] = {}
    for file in dict.fromkeys(device.definition for device in daq.devices):
        path = f"DEF/{file}"
        if path not in files:
            read[file], found = None, [Finding(path, 1, 1, Severity.ERROR, "a device names it, and it is not there")]
        else:
            read[file], found = parse_definition(files[path].encode(), path)
        findings = [*findings, *found]
    pairs = ((device, read[device.definition]) for device in daq.devices)
    devices = tuple(PlantDevice(device, definition) for device, definition in pairs if definition)
    return Plant(devices, tuple(findings))
