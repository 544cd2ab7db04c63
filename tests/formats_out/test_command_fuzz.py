"""Command texts damaged in every way: each is read as the standard reads it, or refused with the place of its fault."""

import json
import math
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import (
    COMMAND_FILE_LIMIT,
    CommandError,
    CommandResult,
    parse_commands,
    parse_results,
    write_results,
)
from support.growth import grows_in_step

SCALARS = [
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "-0", "00", "1.", ".5", "+1", "0x1", "1E5", "true", "nul",
    "9" * 999, "9" * 1001, "7", "60.5", "null", '""', '"a"', '"a', "'a'", '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"',
    '"\x00"', '"\n"', '"\\x"', '"sunpm.status"', '"é😀"', "\ufeff", "\u2028",
]  # fmt: skip
KEYS = ['"rpcName"', '"parameters"', '"callerId"', '"expires"', '"rpcname"', '""', '"\\u0072pcName"', "rpcName", "7"]

OUR_OWN = re.compile("object is expected|unknown key|rpcName is|is to be|digits|surrogate")
"""Reasons to refuse what is JSON all the same."""

blanks = st.sampled_from(["", "", "", " ", "\n", "\r\n", "\t"])
scalars = (
    st.sampled_from(SCALARS) | st.integers().map(str) | st.floats().map(repr) | st.text(max_size=4).map(json.dumps)
)


def _array(members: list[str], blank: str) -> str:
    return "[" + blank + f",{blank}".join(members) + "]"


def _object(members: list[tuple[str, str]], blank: str) -> str:
    return "{" + f",{blank}".join(f"{key}:{blank}{value}" for key, value in members) + blank + "}"


values = st.recursive(
    scalars,
    lambda inner: (
        st.builds(_array, st.lists(inner, max_size=3), blanks)
        | st.builds(_object, st.lists(st.tuples(st.sampled_from(KEYS) | scalars, inner), max_size=3), blanks)
    ),
    max_leaves=4,
)
right = st.fixed_dictionaries(
    {"rpcName": st.just("sunpm.status")},
    optional={
        "parameters": st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
        "callerId": st.text(max_size=5),
        "expires": st.integers(),
    },
).map(json.dumps)
commands = right | st.builds(_object, st.lists(st.tuples(st.sampled_from(KEYS), values), max_size=4), blanks)
texts = st.builds(_array, st.lists(commands, max_size=4), blanks) | commands | values


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A text from which a piece is gone, or into which one came."""
    text = draw(texts)
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(len(text), begin + 3)))
    return text[:begin] + draw(st.sampled_from(["", "", *SCALARS, ",", "]", "}", "{", "["])) + text[end:]


def by_the_standard(text: str) -> Any:
    """What RFC 8259 and spec 4.1 say of a text; raises `ValueError`."""

    def refuse(word: str) -> Any:
        raise ValueError(word)

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(members)) < len(members):
            raise ValueError("twice")
        return dict(members)

    def finite(digits: str) -> float:
        if not math.isfinite(float(digits)):
            raise ValueError(digits)
        return float(digits)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once, parse_float=finite)


def told(text: str) -> str:
    """The one result that a refused text gets; empty when it is accepted."""
    try:
        parse_commands(text)
    except CommandError as error:
        (result,) = parse_results(write_results([CommandResult(error=str(error))]))
        return result.error
    return ""


@given(texts | damaged())
def test_every_text_is_read_as_the_standard_reads_it_or_refused_at_a_place_within(text: str):
    refusal, text = told(text), text.removeprefix("\ufeff")
    if not refusal:
        meant = by_the_standard(text)
        meant = meant if isinstance(meant, list) else [meant]
        assert [(c.name, c.parameters, c.caller_id, c.expires) for c in parse_commands(text)] == [
            (m["rpcName"], m.get("parameters") or {}, m.get("callerId"), m.get("expires")) for m in meant
        ]
        return
    line, column = map(int, re.search(r"line (\d+), column (\d+): .", refusal).groups())
    lines = text.split("\n")
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1
    if not OUR_OWN.search(refusal):
        with pytest.raises(ValueError):  # noqa: PT011  # any of the standard's reasons
            by_the_standard(text)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "line 1, column 1:"),
        (b"null", "line 1, column 1:"),
        (b"\x00", "line 1, column 1:"),
        (b"\xef\xbb\xbf\xef\xbb\xbf[]", "line 1, column 1:"),
        ("[]".encode("utf-16"), "line 1, column 1: not UTF-8"),
        ("[]".encode("utf-16-le"), "line 1, column 2:"),
        ("[]".encode("utf-16-be"), "line 1, column 1:"),
        ("[]".encode("utf-32"), "line 1, column 1: not UTF-8"),
        (b'[{"rpcName":"a.b","callerId":"\xed\xa0\x80"}]', "line 1, column 31: not UTF-8"),
        (b'[{"rpcName":"a.b","expires":1e400}]', "line 1, column 29: the number is too large"),
        (b'[{"rpcName":"a.b","expires":' + b"9" * 5000 + b"}]", "line 1, column 29: a number of more than"),
        (b'[{"rpcName":"a.b"},\n' * 40_000, "line 32, column 13: nested more than 32 deep"),
        (b'[{"rpcName":"a.b","parameters":{"x":[' + b"0," * 20_000 + b"0]}}]", "more than 20000 values"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_a_file_that_is_no_text_of_commands_is_refused_with_its_place(content: bytes, place: str):
    with pytest.raises(CommandError) as caught:
        parse_commands(content[:COMMAND_FILE_LIMIT])
    assert place in str(caught.value)


def test_a_hundred_thousand_commands_are_too_large_and_a_whole_mebibyte_of_them_is_read():
    with pytest.raises(CommandError, match="larger than 1024 KiB"):
        parse_commands(text_of(b'{"rpcName":"a.b"},', 100_000 * 18))
    assert len(parse_commands(text_of(b'{"rpcName":"a.b"},', COMMAND_FILE_LIMIT))) > 58_000


BOMBS = {
    "commands": (b'{"rpcName":"a.b"},', b"]"),
    "empty arrays": (b"[],", b"]"),
    "empty objects in one command": (b"{},", b'{"rpcName":"a.b","parameters":{"x":['),
    "keys": (b'"%d":0,', b'{"rpcName":"a.b","parameters":{'),
    "escapes": (b"\\u0000", b'{"rpcName":"a.b","callerId":"'),
    "digits": (b"1", b'{"rpcName":"a.b","expires":'),
    "blanks": (b" \n", b""),
    "openings": (b'{"a":', b""),
}


def text_of(piece: bytes, size: int, head: bytes = b"") -> bytes:
    """A text of about this size; the last comma is taken away."""
    many = max(0, size - len(head) - 2) // len(piece)
    body = b"".join(piece % number for number in range(many)) if b"%" in piece else piece * many
    return (b"[" + head + body).removesuffix(b",") + b"]"


def refused_or_read(content: bytes) -> None:
    try:
        parse_commands(content[:COMMAND_FILE_LIMIT])
    except CommandError as error:
        assert len(str(error)) < 300  # noqa: PT017  # how much it says is the point


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_time_in_step_with_its_size(bomb: str):
    piece, head = BOMBS[bomb]
    assert grows_in_step(lambda size: refused_or_read(text_of(piece, size, head)), COMMAND_FILE_LIMIT // 32)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_no_more_memory_than_a_file_full_of_commands(bomb: str):
    """A value costs some hundred bytes and may stand in three: those of a whole file are never held together."""
    piece, head = BOMBS[bomb]
    size = COMMAND_FILE_LIMIT // 4
    content = text_of(piece, size, head)
    tracemalloc.start()
    try:
        refused_or_read(content)
        assert tracemalloc.get_traced_memory()[1] < 32 * size
    finally:
        tracemalloc.stop()
