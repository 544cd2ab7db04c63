"""What the journal writes of a command: no secrets, nothing long, always storable."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.commands.entries import (
    MAX_PARAMETERS,
    Entry,
    is_shortened,
    json_text,
    payload_of,
    shortened,
    storable,
    written_parameters,
)

SECRET = "hunter2-very-secret"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_secrets_are_masked_by_name_and_in_addresses_at_any_depth():
    parameters = {
        "url": f"ftp://me:{SECRET}@host/x.bin",
        "password": SECRET,
        "nested": [{"apiKey": SECRET, "Password2": {"a": SECRET}, "login": "me"}],
        "checksum": "d41d8",
    }
    written = written_parameters(parameters)
    assert SECRET not in written
    assert json.loads(written)["nested"] == [{"apiKey": "***", "Password2": "***", "login": "me"}]
    assert json.loads(written)["checksum"] == "d41d8"
    assert parameters["password"] == SECRET


@settings(max_examples=40)
@given(parameters=st.dictionaries(st.text(max_size=10), JSON, max_size=4))
def test_parameters_of_any_kind_are_short_json(parameters):
    written = written_parameters(parameters)
    json.loads(written)
    assert written.encode()
    assert len(written) <= 6 * MAX_PARAMETERS + 50


def test_what_is_long_is_shortened_to_a_json_text_that_says_so():
    long = json_text({"rows": ["x" * 50] * 100})
    short = shortened(long, 300)
    assert json.loads(short).startswith('{"rows": ["xxx')
    assert is_shortened(short)
    assert not is_shortened(long)
    assert shortened('"OK"', 300) == '"OK"'


def test_no_number_becomes_null_and_half_a_character_a_question_mark():
    assert json_text([float("nan"), float("inf"), 1.5]) == "[null, null, 1.5]"
    assert storable("a\ud800é") == "a?é"


def test_an_entry_for_others_has_its_long_texts_cut():
    entry = Entry("t", 0, "file", "x", "sunpm.status", 1, result=json_text("y" * 5000), error="z" * 5000, number=3)
    payload = payload_of(entry, 100)
    assert len(payload.result) < 150
    assert len(payload.error) == 100
    assert (payload.number, payload.caller, payload.way) == (3, "", "file")
