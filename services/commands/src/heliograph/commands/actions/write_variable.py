"""`writeVariable`: one variable, written between two polls and read back."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.engineering import engineering_value, wire_value
from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.targets import Target, find_device, find_variable


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was read back; both values are `null` where nothing was."""
    target = find_variable(find_device(await gateway.plant(), parameters["device"]), parameters["variable"])
    _refuse_read_only(target)
    verify = parameters.get("verify", True)
    raw = await wire_value(gateway, target, parameters["value"], is_raw=parameters.get("raw", False))
    answer = await gateway.write(target, raw, verify=verify)
    if verify and answer.raw is not None and not answer.verified:
        raise CommandFailed(f"{target} was written with raw value {raw!r}, but reads back as {answer.raw!r}")
    return {"value": await engineering_value(gateway, target, answer.raw), "raw": answer.raw}


def _refuse_read_only(target: Target) -> None:
    kind, point = target.entry.device.kind, target.variable.point
    if kind == "TIC":
        raise CommandFailed(f"{target} cannot be written: a meter's customer output only sends")
    if not target.entry.definition.can_write(target.variable):
        what = "an input of the gateway" if point is None else f"a {point.table.name.lower().replace('_', ' ')}"
        raise CommandFailed(f"{target} cannot be written: it is {what}")
