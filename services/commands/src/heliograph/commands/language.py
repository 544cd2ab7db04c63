"""Which commands there are and what each takes: a table, and the check of a command against it (spec 4.2)."""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from heliograph.commands.errors import CommandFailed
from heliograph.contract import TraceInterface
from heliograph.contract.authoring import ParameterForm
from heliograph.formats import Command

BUILT_IN: Final = "sunpm"
MAX_WORD = 60
"""Longer names are shortened where a message quotes them."""
MAX_TEXT: Final = 300
MAX_LIST: Final = 1024
SEARCHABLE: Final = ("serial1", "serial2", "serial3", "ethernet1", "ethernet2")
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter may hold: in words, and as a check."""

    words: str
    fits: Callable[[Any], bool]
    form: ParameterForm = "text"
    """How a person is asked for it."""
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


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


DEVICE = Kind("a device's name or index", _is_reference, "device")
VARIABLE = Kind("a variable's name, tag or Index", _is_reference, "variable")
VALUE = Kind("a number or a text", _is_value, "value")
FLAG = Kind("true or false", lambda value: isinstance(value, bool), "flag")


def _is_between(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: _is_index(value) and low <= value <= high


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _is_list(value: Any, fits: Callable[[Any], bool]) -> bool:
    return fits(value) or (isinstance(value, list) and 0 < len(value) <= MAX_LIST and all(map(fits, value)))


def _is_unit(value: Any) -> bool:
    return _is_text(value) or (_is_index(value) and value <= 255)


def _choice(*choices: str) -> Kind:
    words = f"{', '.join(choices[:-1])} or {choices[-1]}"
    return Kind(words, lambda value: isinstance(value, str) and value in choices, "choice", choices)


def _number(words: str, least: int, most: int) -> Kind:
    return Kind(words, _is_between(least, most), "number", (), least, most)


INTERFACE = _choice(*TraceInterface)
MINUTES = _number("a whole number of minutes, 1 to 1440", 1, 1440)
AGE = _number("a whole number of seconds, 1 to 3600", 1, 3600)
SERVER = _number("1 or 2", 1, 2)
SWITCH = _number("0 or 1", 0, 1)
RELAY = _number("the number of a relay, from 1", 1, 999)
PROTOCOL = _choice("sunspec", "tic")
SEARCHED = _choice(*SEARCHABLE)
PORT = _number("a port, 1 to 65535", 1, 65_535)
TIMEOUT = _number("a whole number of milliseconds, 50 to 10000", 50, 10_000)
MOST_DEVICES = _number("a whole number of devices, 1 to 1000", 1, 1000)
HOSTS = Kind("an address, a range or a network, or a list of these", lambda value: _is_list(value, _is_text))
UNITS = Kind("a unit, a range such as 1-5, or a list of these", lambda value: _is_list(value, _is_unit))
UID = Kind("the gateway's uid", lambda value: isinstance(value, str) and bool(value))
TEXT = Kind(f"a text of at most {MAX_TEXT} characters", _is_text)
PASSWORD = Kind(TEXT.words, _is_text, "secret")
MD5 = Kind("an MD5 sum, 32 hexadecimal digits", lambda value: isinstance(value, str) and bool(_MD5.fullmatch(value)))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command; an optional one may be absent or `null`."""

    name: str
    kind: Kind
    required: bool = False
    secret: bool = False
    """Its value is never quoted."""


COMMANDS: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "getParameters": (Parameter("device", DEVICE),),
    "writeVariable": (
        Parameter("device", DEVICE, required=True),
        Parameter("variable", VARIABLE, required=True),
        Parameter("value", VALUE, required=True),
        Parameter("raw", FLAG),
        Parameter("verify", FLAG),
    ),
    "readVariable": (
        Parameter("device", DEVICE, required=True),
        Parameter("variable", VARIABLE, required=True),
        Parameter("maxAge", AGE),
    ),
    "setRelay": (Parameter("state", SWITCH, required=True), Parameter("device", DEVICE), Parameter("relay", RELAY)),
    "discoverDevices": (
        Parameter("protocol", PROTOCOL, required=True),
        Parameter("interface", SEARCHED),
        Parameter("port", PORT),
        Parameter("timeout", TIMEOUT),
        Parameter("maxDevices", MOST_DEVICES),
        Parameter("hosts", HOSTS),
        Parameter("addresses", UNITS),
        Parameter("accept", FLAG),
    ),
    "connect": (Parameter("server", SERVER),),
    "log": (Parameter("interface", INTERFACE, required=True), Parameter("minutes", MINUTES, required=True)),
    "status": (),
    "reboot": (),
    "factory": (Parameter("confirm", UID, required=True, secret=True),),
    "updateFirmware": (
        Parameter("url", TEXT, required=True, secret=True),
        Parameter("login", TEXT),
        Parameter("password", PASSWORD, secret=True),
        Parameter("checksum", MD5),
        Parameter("interface", TEXT),
    ),
}
"""The built-in commands."""


def check(command: Command) -> Mapping[str, Any]:
    """Return the given parameters of a built-in command, or raise `CommandFailed` with all that is wrong with them."""
    declared = _declared(command)
    given = {name: value for name, value in command.parameters.items() if value is not None}
    names = [parameter.name for parameter in declared]
    faults = [f"unknown parameter {quoted(name)}{nearest(name, names)}" for name in given if name not in names]
    faults += [
        f"{parameter.name} is to be {parameter.kind.words}{_instead(parameter, given[parameter.name])}"
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


def _instead(parameter: Parameter, value: Any) -> str:
    return "" if parameter.secret else f", not {quoted(value)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint that ends a message, or nothing."""
    lowered = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(word[:MAX_WORD].lower(), lowered, n=1)
    return f" (is {quoted(lowered[matches[0]])} meant?)" if matches else ""


def quoted(value: Any) -> str:
    """What a stranger wrote, on one line, in quotes where it is a text, and not too long."""
    text = repr(value)
    return text if len(text) <= MAX_WORD else f"{text[: MAX_WORD - 1]}…"


def _declared(command: Command) -> tuple[Parameter, ...]:
    """What a built-in command takes; raises `CommandFailed` when there is no such command."""
    declared = COMMANDS.get(command.function)
    if declared is None:
        hint = nearest(command.function, COMMANDS)
        raise CommandFailed(f"unknown command {quoted(command.name)}{hint}")
    return declared
