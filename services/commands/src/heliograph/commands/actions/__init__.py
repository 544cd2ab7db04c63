"""The built-in commands of spec 4.2, one a file: each takes the gateway and checked parameters and returns JSON."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from heliograph.commands.actions import connect, get_parameters, log, read_variable, status, write_variable
from heliograph.commands.gateway import Gateway

Action = Callable[[Gateway, Mapping[str, Any]], Awaitable[Any]]
"""Returns the command's result, or raises `CommandFailed`."""

ACTIONS: Mapping[str, Action] = {
    "getParameters": get_parameters.run,
    "writeVariable": write_variable.run,
    "readVariable": read_variable.run,
    "connect": connect.run,
    "log": log.run,
    "status": status.run,
}
"""By the function's name, as `language.COMMANDS` declares them."""

__all__ = ["ACTIONS", "Action"]
