"""`status`: the status document of the REST API."""

from collections.abc import Mapping
from typing import Any

from heliograph.commands.gateway import Gateway


async def run(gateway: Gateway, _: Mapping[str, Any]) -> dict[str, Any]:
    """Make it of the services' last states."""
    return gateway.status().model_dump(mode="json")
