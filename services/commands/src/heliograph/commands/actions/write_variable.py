"""`writeVariable`: one variable, written between two polls and read back."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.engineering import engineering_value, wire_value
from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.targets import find_device, find_variable, refuse_read_only


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was read back; both values are `null` where nothing was."""
    target = find_variable(find_device(await gateway.plant(), parameters["device"]), parameters["variable"])
    refuse_read_only(target)
    verify = parameters.get("verify", True)
    raw = await wire_value(gateway, target, parameters["value"], is_raw=parameters.get("raw", False))
    answer = await gateway.write(target, raw, verify=verify)
    if verify and answer.raw is not None and not answer.verified:
        raise CommandFailed(f"{target} was written with raw value {raw!r}, but reads back as {answer.raw!r}")
    return {"value": await engineering_value(gateway, target, answer.raw), "raw": answer.raw}
