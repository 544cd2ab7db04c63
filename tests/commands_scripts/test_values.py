"""Between JSON and Lua: what passes is the same on both sides, whatever it is."""

import math

from hypothesis import given
from hypothesis import strategies as st
from lupa import lua54

from heliograph.commands.scripts.host.syntax import mistake_in
from heliograph.commands.scripts.host.values import NoJson, to_json, to_lua

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, min_size=1, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
LUA = lua54.LuaRuntime(encoding=None)


@given(VALUES)
def test_a_json_value_comes_back_as_it_went(value):
    assert to_json(to_lua(value, LUA.table)) == value


@given(TEXTS | st.text("()[]{}=~<>+-*/#'\";:.,\\\n\x1b 0x1e9abcendfunctiolwh"))
def test_any_source_can_be_read_or_has_a_mistake_in_one_of_its_lines(source):
    mistake = mistake_in(source)
    if mistake is not None:
        line, text = mistake
        assert 1 <= line <= source.count("\n") + source.count("\r") + 1
        assert text


@given(st.floats())
def test_a_number_of_lua_is_json_where_json_has_it(number):
    try:
        assert to_json(LUA.eval(b"function(n) return n end")(number)) == number
    except NoJson:
        assert not math.isfinite(number)
