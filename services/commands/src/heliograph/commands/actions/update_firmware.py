"""`updateFirmware`: answered with 'not supported' until updates are built (spec 1.11)."""

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway

NOT_SUPPORTED: Final = (
    "sunpm.updateFirmware is not supported by this version: nothing was fetched or changed. "
    "Update the packages or images on the gateway itself"
)


async def run(_: Gateway, __: Mapping[str, Any]) -> NoReturn:
    """Refuse; that the parameters are right was checked before."""
    raise CommandFailed(NOT_SUPPORTED)
