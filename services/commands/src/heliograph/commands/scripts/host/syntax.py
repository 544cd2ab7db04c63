"""Reads scripts without running them: `python -I -m heliograph.commands.scripts.host.syntax`, in a process of its own.

Standard input is a JSON object of names and sources; standard output a list of `[name, line, mistake]`.
"""

import json
import re
import resource
import sys
from typing import Final

from lupa import lua54

from heliograph.commands.scripts.host.sandbox import without_mark

CPU_SECONDS: Final = 20
MEMORY_BYTES: Final = 64 * 1024 * 1024
_PLACED: Final = re.compile(r"s:([0-9]+): (.*)", re.DOTALL)


def mistake_in(source: str) -> tuple[int, str] | None:
    """Return line and text of the first mistake in a script; None where Lua can read it."""
    lua = lua54.LuaRuntime(encoding=None, register_eval=False, register_builtins=False, max_memory=MEMORY_BYTES)
    load = lua.eval(b"function(source) local _, mistake = load(source, '=s', 't') return mistake end")
    try:
        mistake = load(without_mark(source).encode(errors="replace"))
    except (lua54.LuaError, MemoryError) as error:
        return 1, str(error)
    if mistake is None:
        return None
    placed = _PLACED.fullmatch(text := mistake.decode(errors="replace"))
    return (int(placed[1]), placed[2]) if placed else (1, text)


def main() -> None:
    """See above."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    found = [(name, mistake_in(source)) for name, source in json.load(sys.stdin).items()]
    json.dump([[name, *mistake] for name, mistake in found if mistake], sys.stdout)


if __name__ == "__main__":
    main()
