"""`reboot`: all services end and begin again, after the results are handed over."""

from collections.abc import Mapping
from typing import Any, Final

from heliograph.commands.followup import Followed
from heliograph.commands.gateway import Gateway

HAND_OVER_SECONDS: Final = 3.0
"""A connection that is open carries the results in this time; else they go with the one that each start makes."""


async def run(gateway: Gateway, _: Mapping[str, Any]) -> Followed:
    """Announce it. A kill before it comes is a restart of this service alone: it is not made up for."""

    async def follow_up() -> None:
        await gateway.clock.sleep(HAND_OVER_SECONDS)
        await gateway.restart("the command reboot asks for it")

    return Followed("OK", follow_up)
