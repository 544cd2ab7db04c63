"""Strict JSON in which every value knows its place, so that an error can name line and column (spec 4.1).

Stricter than the standard library's: no `NaN` or `Infinity`, no number beyond a double, no key twice in an object, no
half of a surrogate pair, and limits on nesting and on the number of values, since each costs many times its text.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import Any, Final

from heliograph.formats.report import quote

MOST_NESTED: Final = 32
MOST_VALUES: Final = 20_000
"""In one member of an outermost array, or in what stands in its place."""
_MOST_DIGITS = 1000
_STRINGS = JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


class JsonError(ValueError):
    """A text that is not JSON, or not of the expected form."""

    def __init__(self, text: str, offset: int, reason: str) -> None:
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - text.rfind("\n", 0, offset)
        self.reason = reason
        super().__init__(f"line {self.line}, column {self.column}: {reason}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the offset of its first character. Arrays and objects hold nodes."""

    value: "str | int | float | bool | list[Node] | dict[str, Node] | None"
    offset: int
    keys: "dict[str, int] | None" = None
    """Of an object: the offset of each key."""

    def plain(self) -> Any:
        """The value as `json.loads` gives it."""
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value


def each_member(text: str) -> Iterator[Node]:
    """Read the members of an array one after the other, or the one value that stands in its place.

    Raises `JsonError` with the place of the first fault, after the members before it.
    """
    reader = _Reader(text)
    begin = reader.skip(0)
    if text.startswith("[", begin):
        for node in reader.members(begin, 0):
            yield node
            reader.values = 0
    else:
        yield reader.value(begin, 0)
    if reader.at < len(text):
        raise JsonError(text, reader.at, "there is more text after the end of the JSON value")


class _Reader:
    """A recursive-descent reader; `at` is the offset behind the last token and the blanks that follow it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.values = 0

    def skip(self, offset: int) -> int:
        match = _BLANK.match(self.text, offset)
        self.at = match.end() if match else offset
        return self.at

    def value(self, offset: int, depth: int) -> Node:
        self.values += 1
        if depth > MOST_NESTED:
            raise self.error(offset, f"nested more than {MOST_NESTED} deep")
        if self.values > MOST_VALUES:
            raise self.error(offset, f"more than {MOST_VALUES} values together")
        first = self.text[offset : offset + 1]
        if first == "{":
            return self.object(offset, depth)
        if first == "[":
            return Node(list(self.members(offset, depth)), offset)
        if first == '"':
            return Node(self.string(offset), offset)
        return self.word(offset) if first.isalpha() else self.number(offset)

    def object(self, offset: int, depth: int) -> Node:
        members: dict[str, Node] = {}
        keys: dict[str, int] = {}
        self.skip(offset + 1)
        while not self.took("}", first=not members):
            at = self.at
            key = self.string(at)
            if key in members:
                raise self.error(at, f"the key {quote(key)} stands twice")
            self.expect(":", "a key is followed by ':'")
            members[key] = self.value(self.at, depth + 1)
            keys[key] = at
        return Node(members, offset, keys)

    def members(self, offset: int, depth: int) -> Iterator[Node]:
        """Read the members of an array."""
        self.skip(offset + 1)
        first = True
        while not self.took("]", first=first):
            yield self.value(self.at, depth + 1)
            first = False

    def took(self, end: str, *, first: bool) -> bool:
        """Whether the object or array ends here; else the comma before the next member is taken."""
        if self.text.startswith(end, self.at):
            self.skip(self.at + 1)
            return True
        if not first:
            self.expect(",", f"',' or '{end}' is missing")
        if self.at >= len(self.text):
            raise self.error(self.at, f"the text ends before '{end}'")
        return False

    def expect(self, mark: str, reason: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise self.error(self.at, reason)
        self.skip(self.at + 1)

    def string(self, offset: int) -> str:
        if not self.text.startswith('"', offset):
            raise self.error(offset, "a text in double quotes is expected")
        try:
            string, end = _STRINGS.raw_decode(self.text, offset)
        except JSONDecodeError as error:
            reason = error.msg.removesuffix(" at").removesuffix(" starting")
            raise self.error(error.pos, reason[:1].lower() + reason[1:]) from error
        if any("\ud800" <= character <= "\udfff" for character in string):
            raise self.error(offset, "the text holds half of a surrogate pair")
        self.skip(end)
        return str(string)

    def word(self, offset: int) -> Node:
        for word, value in _WORDS.items():
            if self.text.startswith(word, offset):
                self.skip(offset + len(word))
                return Node(value, offset)
        raise self.error(offset, "a JSON value is expected (texts stand in double quotes; NaN and Infinity are none)")

    def number(self, offset: int) -> Node:
        match = _NUMBER.match(self.text, offset)
        if match is None:
            raise self.error(offset, "a JSON value is expected")
        digits = match[0]
        if len(digits) > _MOST_DIGITS:
            raise self.error(offset, f"a number of more than {_MOST_DIGITS} digits")
        number: int | float = float(digits) if match[1] or match[2] else int(digits)
        if isinstance(number, float) and not math.isfinite(number):
            raise self.error(offset, "the number is too large")
        self.skip(match.end())
        return Node(number, offset)

    def error(self, offset: int, reason: str) -> JsonError:
        return JsonError(self.text, offset, reason)
