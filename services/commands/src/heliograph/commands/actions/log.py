"""`log`: what goes over an interface is written down for some minutes; the trace comes in `/LOG` (spec 3.4)."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.gateway import Gateway
from heliograph.contract import TraceInterface


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> str:
    """Have the collector write it."""
    await gateway.trace(TraceInterface(parameters["interface"]), parameters["minutes"])
    return "OK"
