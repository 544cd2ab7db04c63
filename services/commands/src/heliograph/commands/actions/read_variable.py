"""`readVariable`: one variable, raw and as an engineering value, read now between two polls or as it was polled."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.engineering import engineering_value
from heliograph.commands.gateway import Gateway
from heliograph.commands.targets import find_device, find_variable


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return value, raw value, unit and the moment of the read (milliseconds since 1970).

    With `maxAge` a live reading of the last so many seconds will do, and the device is not asked. The value is `null`
    where its scale factor is missing (spec 2.2).
    """
    target = find_variable(find_device(await gateway.plant(), parameters["device"]), parameters["variable"])
    latest = gateway.latest(target, parameters["maxAge"]) if "maxAge" in parameters else None
    answer = latest or await gateway.read(target)
    value = await engineering_value(gateway, target, answer.raw)
    return {"value": value, "raw": answer.raw, "unit": target.variable.unit, "timestamp": answer.time}
