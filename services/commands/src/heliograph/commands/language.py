"""Which commands there are and what each takes: a table, and the check of a command against it (spec 4.2)."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.commands.entries import is_secret
from heliograph.commands.errors import CommandFailed
from heliograph.contract import TraceInterface
from heliograph.formats import Command
from heliograph.formats.secrets import HIDDEN

BUILT_IN: Final = "sunpm"
MAX_WORD = 60
"""Longer names are shortened where a message quotes them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter may hold: in words, and as a check."""

    words: str
    fits: Callable[[Any], bool]


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def _is_reference(value: Any) -> bool:
    return _is_index(value) or (isinstance(value, str) and bool(value.strip()))


def _is_value(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < 2**64)


DEVICE = Kind("a device's name or index", _is_reference)
VARIABLE = Kind("a variable's name, tag or Index", _is_reference)
VALUE = Kind("a number or a text", _is_value)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
INTERFACE = Kind("serial1, serial2, serial3 or ethernet", lambda value: value in tuple(TraceInterface))
MINUTES = Kind("a whole number of minutes, 1 to 1440", lambda value: _is_index(value) and 1 <= value <= 1440)
SERVER = Kind("1 or 2", lambda value: _is_index(value) and value in (1, 2))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command; an optional one may be absent or `null`."""

    name: str
    kind: Kind
    required: bool = False


COMMANDS: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "getParameters": (Parameter("device", DEVICE),),
    "writeVariable": (
        Parameter("device", DEVICE, required=True),
        Parameter("variable", VARIABLE, required=True),
        Parameter("value", VALUE, required=True),
        Parameter("raw", FLAG),
        Parameter("verify", FLAG),
    ),
    "readVariable": (Parameter("device", DEVICE, required=True), Parameter("variable", VARIABLE, required=True)),
    "connect": (Parameter("server", SERVER),),
    "log": (Parameter("interface", INTERFACE, required=True), Parameter("minutes", MINUTES, required=True)),
    "status": (),
}
"""The built-in commands of this version."""

PLANNED: Final = ("setRelay", "discoverDevices", "reboot", "factory", "updateFirmware")
"""The other built-in commands of spec 4.2."""


def check(command: Command) -> Mapping[str, Any]:
    """Return the given parameters of a built-in command, or raise `CommandFailed` with all that is wrong with them."""
    declared = _declared(command)
    given = {name: value for name, value in command.parameters.items() if value is not None}
    names = [parameter.name for parameter in declared]
    faults = [f"unknown parameter {quoted(name)}{nearest(name, names)}" for name in given if name not in names]
    faults += [
        f"{parameter.name} is to be {parameter.kind.words}, not {_shown(parameter.name, given[parameter.name])}"
        for parameter in declared
        if parameter.name in given and not parameter.kind.fits(given[parameter.name])
    ]
    faults += [
        f"{parameter.name} is missing: {parameter.kind.words}"
        for parameter in declared
        if parameter.required and parameter.name not in given
    ]
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise CommandFailed(f"{command.name}: {'; '.join(faults[:5])}{more}")
    return given


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint that ends a message, or nothing."""
    lowered = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(word[:MAX_WORD].lower(), lowered, n=1)
    return f" (is {quoted(lowered[matches[0]])} meant?)" if matches else ""


def quoted(value: Any) -> str:
    """What a stranger wrote, on one line, in quotes where it is a text, and not too long."""
    text = repr(value)
    return text if len(text) <= MAX_WORD else f"{text[: MAX_WORD - 1]}…"


def _shown(name: str, value: Any) -> str:
    """A value that does not fit; a password stands in no message."""
    return repr(HIDDEN) if is_secret(name) else quoted(value)


def _declared(command: Command) -> tuple[Parameter, ...]:
    """What a built-in command takes; raises `CommandFailed` when there is no such command."""
    if command.function in PLANNED:
        raise CommandFailed(f"{command.name} is not supported yet by this version")
    declared = COMMANDS.get(command.function)
    if declared is None:
        hint = nearest(command.function, (*COMMANDS, *PLANNED))
        raise CommandFailed(f"unknown command {quoted(command.name)}{hint}")
    return declared
