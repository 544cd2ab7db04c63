"""Passwords: where a value stands for one kept elsewhere, and how texts are shown without them (spec 1.9)."""

import re
from collections.abc import Callable, Mapping

from heliograph.formats.report import WrongValue

REFERENCE = re.compile(r"(env|file):(.*)", re.DOTALL)
NAME = {"env": re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}"), "file": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")}
HIDDEN = "***"
ASSIGNED = re.compile(r"(?im)^([-+ ]?[ \t]*\w*(?:password|token|secret)\w*[ \t]*=[ \t]*)(?!env:|file:)[^\r\n]+")
QUOTED = re.compile(r'(?i)("\w*(?:password|token|secret)\w*"\s*:\s*)"(?:[^"\\]|\\.)*"')
IN_ADDRESS = re.compile(r"(://)[^/\s@]+@")


def is_reference(value: str) -> bool:
    """Tell whether a value is `env:…` or `file:…` instead of a secret itself."""
    return REFERENCE.fullmatch(value) is not None


def check_reference(value: str) -> None:
    """Refuse a reference whose name is no plain name: the file may come from a server, it must not reach any path."""
    match = REFERENCE.fullmatch(value)
    if match and not NAME[match[1]].fullmatch(match[2]):
        raise WrongValue(f"after {match[1]}: a plain name is needed, without a path")


def resolve_secret(value: str, environment: Mapping[str, str], read_file: Callable[[str], str]) -> str:
    """Return the secret that a value is or stands for (`env:NAME`, `file:NAME`).

    `read_file` gets the plain name and raises `OSError` if it has no such secret; a line end at the end of what it
    returns is dropped. Raises `ValueError` with a text for people if there is none; it never holds a secret.
    """
    match = REFERENCE.fullmatch(value)
    if not match:
        return value
    check_reference(value)
    kind, name = match.groups()
    if kind == "env":
        if name not in environment:
            raise ValueError(f"the environment has no variable {name}")
        return environment[name]
    try:
        return read_file(name).removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the secret file {name} could not be read: {type(error).__name__}") from None


def mask_secrets(text: str) -> str:
    """Return a text (a configuration file, a diff, JSON) with passwords hidden; `env:` and `file:` stay as written."""
    text = ASSIGNED.sub(rf"\g<1>{HIDDEN}", text)
    text = QUOTED.sub(rf'\g<1>"{HIDDEN}"', text)
    return IN_ADDRESS.sub(rf"\g<1>{HIDDEN}@", text)
