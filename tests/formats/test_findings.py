"""Findings are read back as they are written."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats.findings import Finding, Severity, parse_finding

NAME = st.text(st.characters(exclude_characters=":\n", codec="utf-8"), min_size=1, max_size=20)
PLACE = st.integers(1, 10**9 - 1)


@given(NAME, PLACE, PLACE, st.sampled_from(Severity), st.text(max_size=40))
def test_a_written_finding_is_read_back(file, line, column, severity, text):
    finding = Finding(file, line, column, severity, text)
    assert parse_finding(str(finding)) == finding


@given(st.text(max_size=60))
def test_any_text_is_a_finding_or_none(text):
    found = parse_finding(text)
    assert found is None or str(found).count(":") >= 4


def test_a_remark_is_no_finding():
    assert parse_finding("… and 12 more") is None
    assert parse_finding("DEF/m.csv:1:1: note: x") is None
