"""`getParameters`: the variables of actions 1, 7 and 9 are read; their values come in the `_P_` file (spec 3.2)."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.gateway import Gateway
from heliograph.commands.targets import find_device


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> str:
    """Have the collector record them, of one device or of all."""
    device = parameters.get("device")
    index = None if device is None else find_device(await gateway.plant(), device).device.index
    await gateway.record_parameters(index)
    return "OK"
