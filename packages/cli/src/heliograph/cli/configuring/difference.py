"""The difference between two sets, unified and without passwords; coloured on a terminal."""

import difflib
import sys
from collections.abc import Iterator, Mapping
from typing import TextIO

from heliograph.cli.output import printable
from heliograph.formats.secrets import mask_secrets


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return what turns one set into the other; empty where nothing differs but passwords."""
    return "".join(
        f"{line}\n" for path in sorted({*old, *new}) for line in _of_file(path, old.get(path), new.get(path))
    )


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that differ."""
    return [path for path in sorted({*old, *new}) if any(_of_file(path, old.get(path), new.get(path)))]


def show_difference(text: str, stream: TextIO | None = None) -> None:
    """Print a difference, with colours where somebody looks; the signs tell all that the colours tell."""
    stream = stream or sys.stdout
    if not stream.isatty():
        stream.writelines(f"{printable(line)}\n" for line in text.splitlines())
        return
    from rich.console import Console  # noqa: PLC0415  # a terminal alone wants it
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in text.splitlines():
        console.print(Text(printable(line), style=_style(line)))


def _of_file(path: str, old: str | None, new: str | None) -> Iterator[str]:
    before, after = (_lines(path, text) for text in (old, new))
    names = (f"a/{path}" if old is not None else "/dev/null", f"b/{path}" if new is not None else "/dev/null")
    yield from difflib.unified_diff(before, after, *names, lineterm="")


def _lines(path: str, text: str | None) -> list[str]:
    if text is None:
        return []
    return (mask_secrets(text) if path.endswith("_config.ini") else text).splitlines()


def _style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
