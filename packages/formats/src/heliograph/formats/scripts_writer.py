"""Changes of `<uid>_scl.ini` (spec 4.3): a script is named, named otherwise, or taken out; all other lines stay."""

import re
from typing import Final

from heliograph.formats.scripts import VARIABLE

_LINE: Final = re.compile(rf"(\s*{VARIABLE}\[([0-9]{{1,9}})\]\s*=)([^\r\n]*)(\r?\n?)")


def with_script(text: str, name: str) -> str:
    """Name one more script, at the end; a list that names it already stays as it is."""
    lines = _lines(text)
    named = [match for line in lines if (match := _LINE.fullmatch(line))]
    if any(match[3].strip() == name for match in named):
        return text
    number = max((int(match[2]) for match in named), default=-1) + 1
    end = "\r\n" if "\r\n" in text else "\n"
    before = text if not text or text.endswith("\n") else f"{text}{end}"
    return f"{before}{VARIABLE}[{number}]={name}{end}"


def without_script(text: str, name: str) -> str:
    """Take a script out; the numbers of the others stay."""
    return "".join(line for line in _lines(text) if not _names(line, name))


def renamed_script(text: str, name: str, new: str) -> str:
    """Name a script otherwise, where it stands."""
    return "".join(_renamed(line, new) if _names(line, name) else line for line in _lines(text))


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _names(line: str, name: str) -> bool:
    match = _LINE.fullmatch(line)
    return match is not None and match[3].strip() == name


def _renamed(line: str, new: str) -> str:
    match = _LINE.fullmatch(line)
    return line if match is None else f"{match[1]}{new}{match[4]}"
