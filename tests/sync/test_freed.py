"""Memory that is given back after a large connection."""

import platform
from pathlib import Path

import pytest

from heliograph.sync.freed import give_back

PIECES = 60_000
PIECE_BYTES = 1000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries give memory back themselves")
def test_what_was_freed_round_a_piece_that_stays_is_given_back():
    pieces = [bytes(PIECE_BYTES) for _ in range(PIECES)]
    last = pieces[-1]
    del pieces
    before = resident()
    give_back()
    assert before - resident() > PIECES * PIECE_BYTES / 2
    assert len(last) == PIECE_BYTES
