"""What scripts store: within their share, each for itself, and nothing of it in the way of the service."""

import pytest

from heliograph.commands.scripts.keeping import MAX_SCRIPTS, Keeping, TooMuch


def test_values_and_what_is_disabled_are_there_again(tmp_path):
    first = Keeping(tmp_path / "scripts.sqlite")
    first.keep("a", "k", {"x": [1, 2]})
    first.keep("a", "gone", 1)
    first.keep("a", "gone", None)
    first.disable("a", disabled=True)
    first.disable("b", disabled=True)
    first.disable("b", disabled=False)
    first.close()
    again = Keeping(tmp_path / "scripts.sqlite")
    assert again.values("a") == {"k": {"x": [1, 2]}}
    assert again.values("b") == {}
    assert again.disabled() == {"a"}
    again.close()


def test_too_much_changes_nothing(tmp_path):
    keeping = Keeping(tmp_path / "scripts.sqlite")
    keeping.keep("a", "k", 1)
    with pytest.raises(TooMuch):
        keeping.keep("a", "k", "x" * 5000)
    assert keeping.values("a") == {"k": 1}
    keeping.close()


def test_the_longest_unused_are_forgotten(tmp_path):
    """A script that left the set keeps its values for when it comes back, until too many others came."""
    keeping = Keeping(tmp_path / "scripts.sqlite")
    for number in range(MAX_SCRIPTS + 5):
        keeping.keep(f"s{number}", "k", number)
        keeping.use([f"s{number}", "always"], number)
    assert keeping.values("s0") == keeping.values("s5") == {}
    assert keeping.values("s6") == {"k": 6}
    keeping.close()


def test_a_damaged_file_is_put_aside(tmp_path):
    path = tmp_path / "scripts.sqlite"
    path.write_bytes(b"this is no database at all, whatever its name says" * 100)
    keeping = Keeping(path)
    assert keeping.moved_aside == tmp_path / "scripts.damaged"
    keeping.keep("a", "k", 1)
    assert keeping.values("a") == {"k": 1}
    keeping.close()
