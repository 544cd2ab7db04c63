"""`connect`: a connection to a server, or to all, follows."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.gateway import Gateway


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> str:
    """Ask sync for it."""
    await gateway.connect(parameters.get("server"))
    return "OK"
