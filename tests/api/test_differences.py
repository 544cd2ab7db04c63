"""Differences taken apart for the page: each line comes, goes or stays, with its numbers, and none is lost."""

import difflib

from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.pages.differences import MOST_LINES, Line, files_of

DIFFERENCE = """--- a/CONFIG/x_daq.csv
+++ b/CONFIG/x_daq.csv
@@ -3,3 +3,4 @@
 index
-1;a
+1;b
+2;c
 3;d
CONFIG/x_config.ini: changed in a secret or in its line ends"""
LINES = st.lists(st.sampled_from(["", "a", "-b", "+c", "--- a/x", "+++ b/x", "@@ -1 +1 @@", " d"]), max_size=12)


def test_each_line_has_its_kind_and_its_numbers():
    daq, remark = files_of(DIFFERENCE)
    assert (daq.path, daq.added, daq.removed) == ("CONFIG/x_daq.csv", 2, 1)
    assert daq.lines == [
        Line("place", "from line 3"),
        Line("kept", "index", 3, 3),
        Line("removed", "1;a", 4, None),
        Line("added", "1;b", None, 4),
        Line("added", "2;c", None, 5),
        Line("kept", "3;d", 5, 6),
    ]
    assert remark.lines == [Line("note", "CONFIG/x_config.ini: changed in a secret or in its line ends")]
    assert files_of("") == []


def test_a_long_one_is_cut_and_says_so():
    (file,) = files_of("--- a/DEF/m.csv\n+++ b/DEF/m.csv\n@@ -0,0 +1,9000 @@\n" + "+x\n" * 9000)
    assert len(file.lines) < MOST_LINES
    assert "7003 more lines" in file.lines[-1].text


@given(LINES, LINES)
def test_the_lines_that_come_and_go_are_those_of_the_files(old, new):
    """Whatever a file holds, also lines that look like those of a difference."""
    text = "\n".join(difflib.unified_diff(old, new, "a/DEF/m.csv", "b/DEF/m.csv", lineterm="", n=20))
    lines = [line for file in files_of(text) for line in file.lines]
    assert [line.text for line in lines if line.kind in ("kept", "removed")] == (old if old != new else [])
    assert [line.text for line in lines if line.kind in ("kept", "added")] == (new if old != new else [])
    assert [line.new for line in lines if line.new] == [n for n, _ in enumerate(new, 1) if old != new]
