"""`reference/definitions.md`: the fields of a definition, from the tables of its reader."""

from collections.abc import Iterator
from typing import Final

from heliograph.formats.definition import Kind, Protocol, Table
from heliograph.formats.definition_parser import HEADER
from heliograph.formats.modbus_point import REGISTERS, SUFFIXES
from heliograph.formats.variable_parser import ACTIONS, COLUMNS, INPUTS
from reference.tables import code, matched, page, table

HEADER_WORDS: Final = {
    "Protocol": ", ".join(code(protocol) for protocol in Protocol),
    "Category": "For people, `inverter`",
    "Manufacturer": "For people",
    "Model": "For people",
    "forced write code": "`5`, `6`, `15` or `16`: the function that writes; empty, `0`, `1`: by the table",
}
COLUMN_WORDS: Final = {
    "Index": "What data files, alarms and commands quote; unique in the file, gaps are normal",
    "Info1": "By protocol, below",
    "Info2": "By protocol, below",
    "Info3": "By protocol, below",
    "Info4": "Modbus: name of the variable of this file that holds the decimal scale factor",
    "Name": "Unique in the file; any UTF-8 but `;`",
    "Tag": "Handle for scripts: `cmdPwrPercent` is the power limit on every inverter",
    "CoefA": "Engineering value = CoefA × raw × 10^scale factor + CoefB; default `1`",
    "CoefB": "Default `0`",
    "Unit": "Text",
    "Action": "What is recorded, below",
}
ACTION_WORDS: Final = {
    "0": "Not read",
    "1": "Only in parameter files (`getParameters`), and readable on demand",
    "2": "Minimum, maximum and mean of the period",
    "4": "The value at the time of the record",
    "6": "2 and 4",
    "7": "1, 2 and 4",
    "8": "As 4, and an alarm at each change",
    "9": "1 and 8",
}
TABLE_WORDS: Final = {1: ("0x01", "0x05"), 2: ("0x02", "–"), 3: ("0x03", "0x10"), 4: ("0x04", "–")}
ADDRESS_WORDS: Final = {
    Kind.STRING: "`<address>_<bytes>`",
    Kind.BITS: "`<address>_<bit>[_<count>]`, bit 0 the least significant",
    Kind.U8: "`<address>_<offset>`, 0 the high byte",
    Kind.I8: "`<address>_<offset>`, 0 the high byte",
}
PURPOSE: Final = "What a definition may hold: one file in `DEF/` for each kind of device, which names its variables."


def text() -> str:
    """The page."""
    return page(
        "Fields of definitions", PURPOSE, "`heliograph/formats/variable_parser.py` and its neighbours",
        _header(), _columns(), _actions(), _modbus(), _others(),
    )  # fmt: skip


def _header() -> Iterator[str]:
    yield "Fields stand between `;`. Ready ones are in the [library](../../definitions/README.md)."
    yield ""
    yield "## First line"
    yield ""
    matched("first line of a definition", HEADER_WORDS, HEADER)
    yield from table(("field", "meaning"), ((name, HEADER_WORDS[name]) for name in HEADER))


def _columns() -> Iterator[str]:
    matched("columns of a definition", COLUMN_WORDS, COLUMNS)
    yield "## A variable"
    yield ""
    yield "```"
    yield ";".join(COLUMNS)
    yield "```"
    yield ""
    yield from table(("column", "meaning"), ((code(name), COLUMN_WORDS[name]) for name in COLUMNS))


def _actions() -> Iterator[str]:
    matched("actions", ACTION_WORDS, ACTIONS)
    yield "## Action"
    yield ""
    yield from table(("action", "meaning"), ((code(action), ACTION_WORDS[action]) for action in ACTIONS))


def _modbus() -> Iterator[str]:
    matched("tables", map(str, TABLE_WORDS), (str(int(kind)) for kind in Table))
    yield "## Modbus"
    yield ""
    rows = [(code(int(kind)), kind.name.lower().replace("_", " "), *TABLE_WORDS[int(kind)]) for kind in Table]
    yield from table(("Info1", "table", "read by", "written by"), rows)
    yield "`Info2` is the address as sent on the wire, 0 to 65535, without an offset of 40001. `Info3` is the type, in any case:"
    yield ""
    types = [
        (code(kind), str(REGISTERS.get(kind, "by its length")), ADDRESS_WORDS.get(kind, "`<address>`")) for kind in Kind
    ]
    yield from table(("Info3", "registers", "Info2"), types)
    suffixes = ", ".join(code(suffix) for suffix in SUFFIXES if suffix)
    yield f"High word first. Suffixes of numbers: {suffixes} – `_W` reverses the words, `_B` swaps the bytes in each word."
    yield ""


def _others() -> Iterator[str]:
    yield "## Inputs and outputs (`io`)"
    yield ""
    choices = {"1": "1 = 4–20 mA, 2 = 0–10 V", "2": "1 = on or off, 2 = S0 pulse counter", "3": ""}
    matched("inputs", choices, INPUTS)
    yield from table(
        ("Info1", "what", "Info2", "Info3"),
        ((code(n), what, f"1 to {last}" if last > 1 else "1", choices[n]) for n, (what, last, _) in INPUTS.items()),
    )
    yield "## Meter's customer output (`tic`)"
    yield ""
    yield "`Info1` is the label of the group in the meter's stream; values are recorded as the meter prints them."
    yield ""
