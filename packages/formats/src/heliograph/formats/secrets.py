"""Passwords: where a value stands for one kept elsewhere, and how texts are shown without them (spec 1.9)."""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping

from heliograph.formats.report import WrongValue

REFERENCE = re.compile(r"(env|file):(.*)", re.DOTALL)
NAME = {"env": re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}"), "file": re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")}
HIDDEN = "***"
NAMED = r"\w{0,99}(?:password|token|secret)\w{0,99}"
ASSIGNED = re.compile(
    rf"(?im)(?:^|(?<=\r))((?:\ufeff|ï»¿)?[-+ \t;#]*{NAMED}[ \t]*=[ \t]*)(?!(?-i:env:|file:))[^\n]*[^\r\n]"
)
"""Also in a diff, commented out, after a byte-order mark, and behind a lone CR."""
QUOTED = re.compile(rf'(?i)("{NAMED}"\s*:\s*)"(?:[^"\\\r\n]|\\.)*"')
IN_ADDRESS = re.compile(r"(://)[^\s\"]{1,999}@")
MARK = b"\xef\xbb\xbf"


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
    except FileNotFoundError:
        raise ValueError(f"there is no secret file {name}; put it into the gateway's directory of secrets") from None
    except PermissionError:
        raise ValueError(f"the secret file {name} may not be read by the gateway; give it to its user") from None
    except UnicodeDecodeError:
        raise ValueError(f"the secret file {name} is no text; it holds the secret alone, in UTF-8") from None
    except OSError as error:
        raise ValueError(f"the secret file {name} cannot be read: {error.strerror}") from None


def mask_secrets(text: str) -> str:
    """Return a text (a configuration file, a diff, JSON) with passwords hidden; `env:` and `file:` stay as written."""
    text = ASSIGNED.sub(rf"\g<1>{HIDDEN}", text)
    text = QUOTED.sub(rf'\g<1>"{HIDDEN}"', text)
    return IN_ADDRESS.sub(rf"\g<1>{HIDDEN}@", text)


def restore_secrets(edited: bytes, current: bytes) -> bytes:
    """Put back the passwords of a `_config.ini` that was shown by `mask_secrets` and comes back edited.

    A line that is as it was shown becomes the line that it was; a secret whose value is `***` gets the value of the
    same variable in `current`. Where that has none the line stays: nobody knows what was meant.
    """
    text, encoding = _decoded(edited)
    known, known_encoding = _decoded(current)
    hidden = _Hidden(known)
    restored = "\n".join(hidden.restore(line) if HIDDEN in line else line for line in text.split("\n"))
    body = _encoded(restored, known_encoding if text.isascii() else encoding)
    return MARK + body if edited.startswith(MARK) else body


class _Hidden:
    """What `***` stands for in a text."""

    def __init__(self, text: str) -> None:
        self._lines: defaultdict[str, deque[str]] = defaultdict(deque)
        """By how they are shown; lines that look the same come back in their order."""
        self._values: dict[str, str] = {}
        for line in text.split("\n"):
            bare = line.removesuffix("\r")
            if (shown := mask_secrets(bare)) != bare:
                self._lines[shown].append(bare)
            name, sign, value = bare.partition("=")
            if sign:
                self._values.setdefault(name.strip(), value)

    def restore(self, line: str) -> str:
        bare = line.removesuffix("\r")
        end = line[len(bare) :]
        if self._lines[bare]:
            return self._lines[bare].popleft() + end
        name, _, value = bare.partition("=")
        is_hidden = value.strip() == HIDDEN and ASSIGNED.fullmatch(bare) is not None
        return f"{name}={self._values.get(name.strip(), value)}{end}" if is_hidden else line


def _decoded(content: bytes) -> tuple[str, str]:
    body = content.removeprefix(MARK)
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        return body.decode("latin-1"), "latin-1"


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode()
