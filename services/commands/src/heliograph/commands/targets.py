"""Which device and which variable a command means: by name or index, by name, tag or Index (spec 4.2)."""

from dataclasses import dataclass

from heliograph.commands.errors import CommandFailed
from heliograph.commands.language import nearest, quoted
from heliograph.formats import Plant, PlantDevice, Variable


@dataclass(frozen=True, slots=True)
class Target:
    """One variable of one device."""

    entry: PlantDevice
    variable: Variable

    def __str__(self) -> str:
        return f"{quoted(self.variable.name)} of {quoted(self.entry.device.name)}"


def find_device(plant: Plant, reference: int | str) -> PlantDevice:
    """Return the device meant, or raise `CommandFailed` with the nearest known name. A number is an index."""
    text = str(reference)
    found = [entry for entry in plant.devices if text in _device_names(entry, reference)]
    if len(found) == 1:
        return found[0]
    if found:
        both = " and ".join(f"{quoted(entry.device.name)} (index {entry.device.index})" for entry in found)
        raise CommandFailed(f"device {quoted(reference)} may be {both}; give the index as a number")
    known = [entry.device.name for entry in plant.devices]
    raise CommandFailed(f"unknown device {quoted(reference)}{nearest(text, known) or _listed(known)}")


def find_variable(entry: PlantDevice, reference: int | str) -> Target:
    """Return the variable meant, or raise `CommandFailed` with the nearest known name. A number is an Index."""
    text = str(reference)
    variables = entry.definition.variables
    found = [v for v in variables if text in _variable_names(v, reference)]
    if len(found) == 1:
        return Target(entry, found[0])
    if found:
        both = " and ".join(f"{quoted(v.name)} (Index {v.index})" for v in found)
        raise CommandFailed(f"variable {quoted(reference)} may be {both}; give the Index as a number")
    known = [name for v in variables for name in (v.name, v.tag) if name]
    device = quoted(entry.device.name)
    raise CommandFailed(f"unknown variable {quoted(reference)} of device {device}{nearest(text, known)}")


def refuse_read_only(target: Target) -> None:
    """Raise `CommandFailed` where a variable cannot be written, whatever the value."""
    kind, point = target.entry.device.kind, target.variable.point
    if kind == "TIC":
        raise CommandFailed(f"{target} cannot be written: a meter's customer output only sends")
    if not target.entry.definition.can_write(target.variable):
        what = "an input of the gateway" if point is None else f"a {point.table.name.lower().replace('_', ' ')}"
        raise CommandFailed(f"{target} cannot be written: it is {what}")


def _device_names(entry: PlantDevice, reference: int | str) -> tuple[str, ...]:
    device = entry.device
    return (device.index,) if isinstance(reference, int) else (device.index, device.name)


def _variable_names(variable: Variable, reference: int | str) -> tuple[str, ...]:
    return (variable.index,) if isinstance(reference, int) else (variable.index, variable.name, variable.tag)


def _listed(names: list[str]) -> str:
    """What there is, where nothing is near."""
    if not names:
        return ": no device is configured"
    shown = ", ".join(quoted(name) for name in names[:5])
    return f" (there are {shown}{' …' if len(names) > 5 else ''})"
