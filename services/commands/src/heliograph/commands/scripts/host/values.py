"""Between Lua's values and JSON's: what passes from a script to the gateway and back, limited in size and depth.

A table whose keys are exactly 1 to n becomes an array, any other an object; an empty one becomes `{}`. What JSON does
not have (functions, NaN, a table within itself) is refused by name. Lua's texts are bytes here.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from lupa import lua54

MAX_DEPTH: Final = 16
MAX_VALUES: Final = 10_000
MAX_TEXT: Final = 64 * 1024

TableMaker = Callable[[], Any]


class NoJson(Exception):
    """A value of Lua that JSON does not have; the message says which."""


def to_json(value: Any) -> Any:
    """Return a value of Lua as JSON has it. Raises `NoJson`."""
    return _Reader().read(value, 0)


def to_lua(value: Any, new_table: TableMaker) -> Any:
    """Return a JSON value as Lua has it; `null` is absence."""
    if isinstance(value, str):
        return value.encode(errors="replace")
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return float(value)
    if not isinstance(value, (dict, list)):
        return value
    table = new_table()
    pairs = value.items() if isinstance(value, dict) else enumerate(value, 1)
    for key, item in pairs:
        if item is not None:
            table[key.encode(errors="replace") if isinstance(key, str) else key] = to_lua(item, new_table)
    return table


def text_of(value: bytes) -> str:
    """Return a text of Lua; bytes that are no UTF-8 are replaced."""
    return value.decode(errors="replace")


class _Reader:
    """Reads one value, and counts what it holds."""

    def __init__(self) -> None:
        self._values = 0

    def read(self, value: Any, depth: int) -> Any:
        self._values += 1
        if self._values > MAX_VALUES:
            raise NoJson(f"more than {MAX_VALUES:,} values")
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                raise NoJson(f"{value} is no number of JSON")
            return value
        if isinstance(value, bytes):
            return self._text(value)
        if lua54.lua_type(value) != "table":
            raise NoJson(f"a {lua54.lua_type(value)} is no JSON")
        if depth == MAX_DEPTH:
            raise NoJson(f"tables nested deeper than {MAX_DEPTH}, or within themselves")
        return self._table(value, depth + 1)

    def _text(self, value: bytes) -> str:
        if len(value) > MAX_TEXT:
            raise NoJson(f"a text of {len(value):,} bytes, at most {MAX_TEXT:,} pass")
        return text_of(value)

    def _table(self, table: Any, depth: int) -> Any:
        found: dict[Any, Any] = {}
        for key, item in table.items():
            found[self._key(key)] = self.read(item, depth)
        if found and all(isinstance(key, int) for key in found) and set(found) == set(range(1, len(found) + 1)):
            return [found[number] for number in range(1, len(found) + 1)]
        return {str(key): item for key, item in found.items()}

    def _key(self, key: Any) -> Any:
        if isinstance(key, bytes):
            return self._text(key)
        if isinstance(key, bool) or not isinstance(key, (int, float)) or not math.isfinite(key):
            raise NoJson(f"a key of a table that is neither a text nor a number ({key!r:.40})")
        return int(key) if key == int(key) else key
