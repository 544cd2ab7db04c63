"""Which commands there are: everything wrong is named, nothing crashes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.commands.errors import CommandFailed
from heliograph.commands.language import COMMANDS, check, nearest, quoted
from heliograph.formats import Command

GOOD = {
    "device": "roof_1",
    "variable": "AC power",
    "value": 60,
    "raw": False,
    "verify": True,
    "server": 1,
    "interface": "serial1",
    "minutes": 10,
    "state": 1,
    "relay": 1,
    "protocol": "sunspec",
    "port": 502,
    "timeout": 1000,
    "maxDevices": 10,
    "hosts": ["10.0.0.0/24"],
    "addresses": [1, "3-5"],
    "accept": True,
    "confirm": "WPM00C44F",
    "url": "https://example.org/wgapp_6.spm",
    "login": "plant",
    "password": "hush",
    "checksum": "0123456789abcdefABCDEF0123456789",
}
BAD = {
    "device": [True, 1.5, -1, "", " ", [], {}],
    "variable": [True, 1.5, -1, "", {}],
    "value": [True, [], {}, 2**64],
    "raw": [0, 1, "false", []],
    "verify": ["true", 1],
    "server": [0, 3, "1", True, 1.0],
    "interface": [1, "", [], {}, True],
    "minutes": [0, 1441, -1, 1.5, "10", True],
    "state": [2, -1, "1", True, 0.0],
    "relay": [0, 1000, "1", True],
    "protocol": ["modbus", "SUNSPEC", "", 1, [], {}],
    "port": [0, 65_536, "502", True],
    "timeout": [49, 10_001, 99.5, "1000", True],
    "maxDevices": [0, 1001, "1", True],
    "hosts": ["", [], [1], [""], ["x" * 301], {}, 1],
    "addresses": [256, -1, [], [True], [256], {}, 1.5],
    "accept": [1, "true", []],
    "confirm": [1, "", [], True],
    "url": [1, "", [], "x" * 301],
    "login": [1, "", []],
    "password": [1, "", []],
    "checksum": ["0" * 31, "0" * 33, "g" * 32, 1, ""],
}
PAIRS = [(name, parameter) for name, parameters in COMMANDS.items() for parameter in parameters]


def refusal(function: str, parameters: dict) -> str:
    with pytest.raises(CommandFailed) as failed:
        check(Command("sunpm", function, parameters))
    return str(failed.value)


def complete(function: str) -> dict:
    return {parameter.name: GOOD[parameter.name] for parameter in COMMANDS[function]}


@pytest.mark.parametrize("function", COMMANDS)
def test_a_command_with_all_its_parameters_is_good(function):
    assert check(Command("sunpm", function, complete(function))) == complete(function)


@pytest.mark.parametrize(("function", "parameter"), PAIRS, ids=lambda p: getattr(p, "name", p))
def test_a_parameter_of_the_wrong_type_is_named_with_what_it_may_be(function, parameter):
    for bad in BAD[parameter.name]:
        text = refusal(function, complete(function) | {parameter.name: bad})
        instead = "" if parameter.secret else f", not {quoted(bad)}"
        assert text == f"sunpm.{function}: {parameter.name} is to be {parameter.kind.words}{instead}"


@pytest.mark.parametrize(("function", "parameter"), PAIRS, ids=lambda p: getattr(p, "name", p))
def test_a_missing_parameter_is_named_when_it_is_required(function, parameter):
    """`null` is as good as absent."""
    for given_ in ({}, {parameter.name: None}):
        parameters = {k: v for k, v in complete(function).items() if k != parameter.name} | given_
        if parameter.required:
            assert f"{parameter.name} is missing" in refusal(function, parameters)
        else:
            assert parameter.name not in check(Command("sunpm", function, parameters))


@pytest.mark.parametrize("function", COMMANDS)
def test_an_unknown_parameter_is_named_with_the_nearest_known_one(function):
    for parameter in COMMANDS[function]:
        misspelt = parameter.name[:-1] + "_"
        text = refusal(function, complete(function) | {misspelt: 1})
        assert f"unknown parameter '{misspelt}' (is '{parameter.name}' meant?)" in text
    assert "unknown parameter 'zzzzzz'" in refusal(function, complete(function) | {"zzzzzz": 1})


def test_everything_wrong_is_told_at_once():
    text = refusal("writeVariable", {"devise": 1, "value": []})
    assert "unknown parameter 'devise' (is 'device' meant?)" in text
    assert "value is to be a number or a text, not []" in text
    assert "device is missing" in text
    assert "variable is missing" in text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sunpm.writeVariabel", "(is 'writeVariable' meant?)"),
        ("sunpm.STATUS", "(is 'status' meant?)"),
    ],
)
def test_an_unknown_command_gets_the_nearest_known_name(name, hint):
    assert hint in refusal(name.removeprefix("sunpm."), {})


def test_a_long_name_is_shortened_in_the_message():
    assert len(refusal("x" * 100_000, {"y" * 100_000: "z"})) < 400
    assert len(quoted({"a": "b" * 100_000})) == 60
    assert "\n" not in quoted("a\nb\x1b[2J")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([p.name for _, p in PAIRS]) | st.text(max_size=12)


@settings(deadline=None, max_examples=150)
@given(
    function=st.sampled_from(list(COMMANDS)) | st.text(max_size=20),
    parameters=st.dictionaries(NAMES, JSON, max_size=6),
)
def test_any_command_is_good_or_refused_in_one_short_line(function, parameters):
    outcome: object
    try:
        outcome = json.dumps(dict(check(Command("sunpm", function, parameters))))
    except CommandFailed as failed:
        outcome = failed
    if isinstance(outcome, CommandFailed):
        assert 0 < len(str(outcome)) < 1000
        assert str(outcome).isprintable()


@settings(deadline=None, max_examples=60)
@given(word=st.text(max_size=80), known=st.lists(st.text(max_size=20), max_size=10))
def test_the_nearest_name_is_a_known_one(word, known):
    hint = nearest(word, known)
    assert not hint or any(quoted(name) in hint for name in known)
