"""The reference is made from the code: what is not described, or is described and not there, ends the generator."""

import importlib.util

import pytest

from support.terminal import ROOT


@pytest.fixture
def tables():
    spec = importlib.util.spec_from_file_location("reference_tables", ROOT / "scripts/reference/tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_names_without_a_meaning_and_meanings_without_a_name_end_it(tables):
    tables.matched("columns", {"a": "x", "b": "y"}, ("b", "a"))
    with pytest.raises(SystemExit, match=r"columns: .*\['c'\].*\['b'\]"):
        tables.matched("columns", {"a": "x", "b": "y"}, ("a", "c"))


def test_a_bar_in_a_cell_does_not_end_it(tables):
    assert list(tables.table(("name",), [("a|b\nc",)])) == ["| name |", "|---|", "| a&#124;b c |", ""]
