"""The built-in commands of spec 4.2, one a file: each takes the gateway and checked parameters and returns JSON."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from heliograph.commands.actions import (
    connect,
    discover_devices,
    factory,
    get_parameters,
    log,
    read_variable,
    reboot,
    set_relay,
    status,
    update_firmware,
    write_variable,
)
from heliograph.commands.gateway import Gateway

Action = Callable[[Gateway, Mapping[str, Any]], Awaitable[Any]]
"""Returns the command's result, or it with a `Followed`; or raises `CommandFailed`."""

ACTIONS: Mapping[str, Action] = {
    "getParameters": get_parameters.run,
    "writeVariable": write_variable.run,
    "readVariable": read_variable.run,
    "setRelay": set_relay.run,
    "discoverDevices": discover_devices.run,
    "connect": connect.run,
    "log": log.run,
    "status": status.run,
    "reboot": reboot.run,
    "factory": factory.run,
    "updateFirmware": update_firmware.run,
}
"""By the function's name, as `language.COMMANDS` declares them."""

LIMITS: Mapping[str, float] = {"discoverDevices": discover_devices.MOST_SECONDS + 120}
"""Seconds of those that may take longer than others; they have closer limits of their own, and end in order."""

__all__ = ["ACTIONS", "LIMITS", "Action"]
