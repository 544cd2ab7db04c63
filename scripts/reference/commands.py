"""`reference/commands.md`: the built-in commands, from the table that checks them; every example passes that check."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from heliograph.commands.language import BUILT_IN, COMMANDS, Parameter, check
from heliograph.formats.commandfile import parse_commands
from reference.tables import code, matched, page, table

Words = tuple[str, str, Mapping[str, Any]]
WORDS: Final[Mapping[str, Words]] = {
    "getParameters": (
        "Reads the variables of actions 1, 7 and 9, of one device, or of all when none is given; their values come in the `_P_` file.",
        '`"OK"`',
        {"device": "roof_1"},
    ),
    "writeVariable": (
        "Writes a variable between two polls and reads it back. The value is an engineering value, or with `raw` the one on the wire; `verify: false` writes without reading back. Limits of the set hold.",
        "`value` and `raw` as read back",
        {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60},
    ),
    "readVariable": (
        "Reads a variable between two polls; with `maxAge` the last reading is enough when it is as young (seconds).",
        "`value`, `raw`, `unit`, `timestamp`",
        {"device": "roof_1", "variable": "Power"},
    ),
    "setRelay": (
        "Switches a relay of the gateway: `relay` 1 of the device `IO` unless given.",
        '`"OK"` after the read-back',
        {"state": 1},
    ),
    "discoverDevices": (
        "Searches for devices that are not configured yet, on serial lines or hosts. What is found waits for a person, or with `accept` comes into the configuration as one revision.",
        "the number found, those configured included; one search at a time, 30 minutes at most",
        {"protocol": "sunspec", "interface": "ethernet1", "hosts": ["192.168.1.10-40"], "addresses": "1-3"},
    ),
    "connect": ("A connection to a server follows, or to all.", '`"OK"`', {"server": 1}),
    "log": (
        "Writes down what goes over an interface, for some minutes; the trace comes in `LOG/`.",
        '`"OK"`',
        {"interface": "serial1", "minutes": 10},
    ),
    "status": ("The state of the whole gateway.", "the document of `GET /api/v1/status`", {}),
    "reboot": (
        "Three seconds later all services, but not the broker, end in order and begin again.",
        '`"OK"`, then the restart',
        {},
    ),
    "factory": (
        "Deletes configuration and collected data of all services. `confirm` is the gateway's uid.",
        '`"OK"`, then the reset',
        {"confirm": "WPM00C44F"},
    ),
    "updateFirmware": (
        "Not supported yet: answered with an error.",
        "an error",
        {"url": "https://example.org/wgapp_2.spm", "checksum": "0" * 32},
    ),
}
PURPOSE: Final = "Every command that a gateway executes: parameters, result, an example. How they come in, who may send them and how they are answered: [Commands](../commands.md)."


def text() -> str:
    """The page."""
    matched("commands", WORDS, COMMANDS)
    return page(
        "Built-in commands",
        PURPOSE,
        "`heliograph/commands/language.py`",
        *(_command(name, parameters) for name, parameters in COMMANDS.items()),
    )


def _command(name: str, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    meaning, result, given = WORDS[name]
    yield f"## {name}"
    yield ""
    yield meaning
    yield ""
    if parameters:
        yield from table(("parameter", "is", "needed"), map(_parameter, parameters))
    yield f"Result: {result}."
    yield ""
    yield "```json"
    yield _example(name, given)
    yield "```"
    yield ""


def _parameter(parameter: Parameter) -> tuple[str, str, str]:
    return code(parameter.name), parameter.kind.words, "yes" if parameter.required else ""


def _example(name: str, given: Mapping[str, Any]) -> str:
    command = {"rpcName": f"{BUILT_IN}.{name}"} | ({"parameters": given} if given else {}) | {"callerId": "req-41"}
    example = json.dumps([command])
    check(parse_commands(example)[0])
    return example
