"""`factory`: configuration and collected data are deleted, and the gateway begins as at a first start (spec 1.7)."""

from collections.abc import Mapping
from typing import Any, Final

from heliograph.commands.gateway import Gateway
from heliograph.contract import FactoryRequest
from heliograph.contract.channels import FACTORY

ORDER_SECONDS: Final = 10.0


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> str:
    """Give sync the order. Its answer means that nothing can stop it any more, and that the results go out before."""
    request = FactoryRequest(confirm=parameters["confirm"], origin="command")
    await gateway.ask(FACTORY, request, ORDER_SECONDS, "it is not known whether everything will be deleted")
    return "OK"
