"""SunSpec's patterns for 'not implemented': missing values in a file made by SunSpec detection (spec 2.2).

The name of a definition file tells that it is one (spec 2.4). A file knows fewer types than SunSpec: an accumulator
whose pattern is 0 reads as 0, and where SunSpec marks nothing (a counter at its very end) one reading is missing.
"""

import re

from heliograph.formats.definition import Kind, ModbusPoint
from heliograph.formats.values import Value

SUNSPEC_FILE = re.compile(r"[A-Za-z0-9_-]{1,32}_SunSpec_.+")
_PATTERNS: dict[Kind, int | str] = {
    Kind.U16: 0xFFFF,
    Kind.I16: -0x8000,
    Kind.U32: 0xFFFF_FFFF,
    Kind.I32: -0x8000_0000,
    Kind.U64: 0xFFFF_FFFF_FFFF_FFFF,
    Kind.I64: -0x8000_0000_0000_0000,
    Kind.STRING: "",
    Kind.IP: "0.0.0.0",  # noqa: S104  # a pattern, nothing listens
    Kind.IPV6: "::",
    Kind.MAC: "FF:FF:FF:FF:FF:FF",
}


def is_sunspec_file(name: str) -> bool:
    """Tell whether a definition file was made by SunSpec detection."""
    return SUNSPEC_FILE.fullmatch(name) is not None


def pattern_of(point: ModbusPoint) -> Value:
    """Return the raw value that stands for 'not implemented', None where none does (floats have not-a-number)."""
    return _PATTERNS.get(point.kind) if point.is_sunspec else None
