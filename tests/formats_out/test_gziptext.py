"""Gzip in both directions."""

import contextlib
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import GzipText, Unpackable, pack, unpack

LIMIT = 1024 * 1024


@given(st.lists(st.binary(max_size=2000), max_size=50))
def test_what_is_packed_piece_by_piece_unpacks(pieces: list[bytes]):
    text = GzipText()
    for piece in pieces:
        text.add(piece)
    assert text.size == sum(map(len, pieces))
    assert unpack(text.close(), LIMIT) == b"".join(pieces)


def test_neither_clock_nor_name_goes_into_the_file():
    assert pack(b"x")[4:8] == bytes(4)
    assert pack(b"x")[3] == 0


def test_files_of_several_members_are_read():
    assert unpack(gzip.compress(b"a") + gzip.compress(b"b"), LIMIT) == b"ab"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(b"x" * 100)[:-5], "cut off"),
        (gzip.compress(b"x") + b"rubbish", "damaged"),
        (b"\x1f\x8bnothing", "damaged"),
        (gzip.compress(bytes(LIMIT + 1)), "more than 1 MiB"),
        (gzip.compress(bytes(LIMIT)) + gzip.compress(b"x"), "more than 1 MiB"),
        (gzip.compress(b"") * 101, "parts"),
    ],
)
def test_what_can_not_be_unpacked_is_told(content: bytes, reason: str):
    with pytest.raises(Unpackable, match=reason):
        unpack(content, LIMIT)


@given(st.binary(max_size=200))
def test_no_bytes_crash_it(content: bytes):
    with contextlib.suppress(Unpackable):
        unpack(b"\x1f\x8b" + content, LIMIT)
