"""One Lua 5.4 with a script in it, and the calls into the script: each ends within its limits, or by an error.

The sandbox is made of what is given: the globals of `prelude.lua`, no library that reaches outside, no bytecode, no
object of Python's. Time is computing time, so that a slow machine or a slow device takes nothing from a script.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from lupa import lua54

from heliograph.commands.scripts.host import confine
from heliograph.commands.scripts.host.limits import Limits
from heliograph.commands.scripts.host.values import text_of, to_lua

PRELUDE: Final = Path(__file__).with_name("prelude.lua").read_bytes()
INSTRUCTIONS: Final = 2000
"""Between two looks at the time: some 20 µs."""
NO_MEMORY: Final = "not enough memory"
MAX_TROUBLE: Final = 1000


class Trouble(Exception):
    """A call into the script ended by an error; the message says where and why."""


class LimitReached(Trouble):
    """A call took what a script may not have; the script is to end."""


class Sandbox:
    """One script's Lua. `bridge` holds what `wd` asks: each returns an error text or None, and then its results."""

    def __init__(self, limits: Limits, bridge: Mapping[str, Callable[..., Any]]) -> None:
        self._limits = limits
        self._lua = lua54.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_refuse,
            unpack_returned_tuples=True,
            max_memory=limits.memory_bytes,
        )
        table = self._lua.table()
        for name, function in bridge.items():
            table[name.encode()] = _never_raising(function)
        table[b"overdue"] = self._overdue
        self._calls = self._lua.execute(PRELUDE, table, INSTRUCTIONS)
        self._since = 0.0
        self._late = False

    @property
    def memory_bytes(self) -> int:
        """What Lua holds now."""
        return int(self._lua.get_memory_used())

    def load(self, file: str, source: str) -> None:
        """Run the script's own lines. Raises `Trouble`."""
        self._run(b"load", file.encode(), without_mark(source).encode(errors="replace"))

    def init(self) -> None:
        """Call `wsInit`, where there is one. Raises `Trouble`."""
        self._run(b"init")

    def header(self) -> dict[str, str]:
        """Return label and version of `header`."""
        header = self._calls[b"header"]()
        if lua54.lua_type(header) != "table":
            return {}
        pairs = {key: _shown(value) for key, value in header.items() if isinstance(key, bytes)}
        return {name: pairs.get(name.encode(), "") for name in ("label", "version")}

    def functions(self) -> list[str]:
        """Return the names that can be called by command."""
        return sorted(text_of(name) for name in self._calls[b"functions"]().values())

    def fire(self, number: int, *arguments: Any, once: bool = False) -> None:
        """Call a function that was given to a timer or a watch. Raises `Trouble`."""
        self._run(b"fire", number, once, *arguments)

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Call a global function and return Lua's value. Raises `Trouble`."""
        return self._run(b"call", function.encode(), self.value(dict(parameters)))

    def value(self, value: Any) -> Any:
        """Return a JSON value as Lua has it."""
        return to_lua(value, self._lua.table)

    def _run(self, name: bytes, *arguments: Any) -> Any:
        self._since, self._late = time.process_time(), False
        confine.limit_computing(self._limits.call_seconds)
        try:
            ok, *results = _several(self._calls[name](*arguments))
        except (lua54.LuaError, MemoryError, UnicodeError) as error:
            raise LimitReached(f"{error}"[:MAX_TROUBLE]) from None
        if ok:
            return results[0] if results else None
        text = _shown(results[0] if results else b"") or "an error without a text"
        if text == NO_MEMORY:
            raise LimitReached(f"{NO_MEMORY}: a script has {self._limits.memory_bytes // 1024:,} KiB")
        raise (LimitReached if self._late else Trouble)(text)

    def _overdue(self) -> bytes | None:
        if time.process_time() - self._since <= self._limits.call_seconds:
            return None
        self._late = True
        return f"more than {self._limits.call_seconds:g} s of computing in one call".encode()


def _never_raising(function: Callable[..., Any]) -> Callable[..., Any]:
    """An exception of Python's would reach the script as an object."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001  # as above
            return (f"{error!r:.300}".encode(),)

    return call


def _refuse(_: object, name: object, is_setting: bool) -> object:
    raise AttributeError(f"{name!r} is not there ({'set' if is_setting else 'get'})")


def _several(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


def without_mark(source: str) -> str:
    """Leave out what Lua's own loader of files leaves out: a byte order mark, and a first line that begins with #."""
    source = source.removeprefix("\ufeff")
    return f"--{source}" if source.startswith("#") else source


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return text_of(value[:MAX_TROUBLE])
    return f"{value:.14g}" if isinstance(value, float) else "" if value is None else str(value)[:MAX_TROUBLE]
