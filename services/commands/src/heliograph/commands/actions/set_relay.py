"""`setRelay`: the gateway's own relay is switched and read back."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.language import quoted
from heliograph.commands.targets import Target, find_device
from heliograph.formats import Plant, PlantDevice
from heliograph.formats.definition import RELAY

OWN = "IO"


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> str:
    """Switch it; the answer comes after it was read back."""
    target = _relay(_own(await gateway.plant(), parameters.get("device")), parameters.get("relay", 1))
    state = parameters["state"]
    answer = await gateway.write(target, state, verify=True)
    if answer.raw != state:
        raise CommandFailed(f"{target} was switched to {state}, but reads back as {answer.raw!r}")
    return "OK"


def _own(plant: Plant, reference: int | str | None) -> PlantDevice:
    """Return the device of the gateway's own inputs and outputs, the one there is or the one that is named."""
    if reference is not None:
        entry = find_device(plant, reference)
        if entry.device.kind != OWN:
            raise CommandFailed(f"device {quoted(entry.device.name)} has no relay: it is not the device with index IO")
        return entry
    entry_or_none = plant.by_index(OWN)
    if entry_or_none is None:
        raise CommandFailed("no relay is configured: _daq.csv has no device with index IO, the gateway's own outputs")
    return entry_or_none


def _relay(entry: PlantDevice, number: int) -> Target:
    relays = {variable.info[1]: variable for variable in entry.definition.variables if variable.info[0] == RELAY}
    if str(number) in relays:
        return Target(entry, relays[str(number)])
    there = ", ".join(f"{n} ({quoted(variable.name)})" for n, variable in sorted(relays.items()))
    what = f"its relays are {there}" if there else "it has no variable with Info1 = 3, a relay"
    raise CommandFailed(f"there is no relay {number} in {entry.definition.file}: {what}")
