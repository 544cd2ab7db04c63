"""Waits that grow, files that are never half, passwords from files."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.runtime import Backoff, ServiceSettings, write_atomically


@given(st.floats(0.1, 100), st.floats(1, 64), st.floats(0, 0.9), st.integers())
def test_waits_double_up_to_the_most_and_jitter_only_shortens(first, factor, jitter, seed):
    most = first * factor
    backoff = Backoff(first, most, jitter, Random(seed))
    for number in range(12):
        full = min(most, first * 2**number)
        assert full * (1 - jitter) <= backoff.wait() <= full
    backoff.reset()
    assert backoff.wait() <= first


def test_a_long_outage_does_not_overflow():
    backoff = Backoff(30, 900, failures=5000)
    assert backoff.wait() <= 900


def test_written_atomically_with_its_mode(tmp_path):
    path = tmp_path / "secret"
    write_atomically(path, b"one", 0o600)
    write_atomically(path, b"two", 0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "text is not bytes")
    assert path.read_bytes() == b"old"


def test_the_password_comes_from_its_file_and_is_not_shown(tmp_path):
    (tmp_path / "password").write_text("from file\n")
    settings = ServiceSettings(bus_password_file=tmp_path / "password", bus_password="other")
    assert settings.password() == "from file"
    assert "other" not in repr(settings)
