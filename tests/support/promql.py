"""Reads PromQL as far as names go: which metrics an expression asks for, with which labels, and which words it uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9.]+(?:e[+-]?[0-9]+)?[a-z]*|=~|!~|!=|>=|<=|==|\S'
)
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
KNOWN_WORDS = _GROUPING | {
    "and", "or", "unless", "bool", "offset", "sum", "min", "max", "avg", "count", "rate", "increase", "changes", "time",
    "label_values",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression speaks of."""

    metrics: dict[str, set[str]]
    """By name: the labels that its selectors choose by."""
    grouping: set[str]
    """Labels of `by`, `on` and the like."""
    words: set[str]
    """Everything else: functions, operators."""


def names(expression: str) -> Names:
    """Take an expression apart; raises `ValueError` where brackets do not match."""
    found = Names({}, set(), set())
    tokens = _TOKEN.findall(expression)
    if tokens.count("(") != tokens.count(")") or tokens.count("{") != tokens.count("}"):
        raise ValueError(expression)
    position = 0
    while position < len(tokens):
        token, following = tokens[position], tokens[position + 1 : position + 2]
        if token in _GROUPING:
            inside, position = _inside(tokens, position + 1, ")")
            found.grouping.update(filter(_WORD.fullmatch, inside))
        elif _WORD.fullmatch(token) and following == ["{"]:
            inside, position = _inside(tokens, position + 1, "}")
            found.metrics.setdefault(token, set()).update(_labels(inside))
        elif _WORD.fullmatch(token) and (following == ["("] or token in KNOWN_WORDS):
            found.words.add(token)
        elif _WORD.fullmatch(token):
            found.metrics.setdefault(token, set())
        position += 1
    return found


def _inside(tokens: list[str], start: int, end: str) -> tuple[list[str], int]:
    stop = tokens.index(end, start)
    return tokens[start + 1 : stop], stop


def _labels(inside: list[str]) -> Iterator[str]:
    """The words before `=`, `!=`, `=~`, `!~`."""
    for word, sign in pairwise(inside):
        if _WORD.fullmatch(word) and sign in ("=", "!=", "=~", "!~"):
            yield word
