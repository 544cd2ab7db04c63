"""Raw values to engineering values and back."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import Definition, engineering_value, engineering_values, parse_definition, raw_value

INVERTER = """modbusTCP;;;
1;3;0;U16;;tenth;;0.1;;;4
2;3;1;I32;sf;scaled;;2;-1;;4
3;3;3;I16;;sf;;;;;4
4;3;4;F32;;float;;10;;;4
5;3;6_4;String;;text;;5;5;;4
6;3;8_4_3;Bits;;bits;;10;1;;4
7;1;9;;;coil;;;;;4
8;3;10;U64;;big;;;;;4
9;3;14;IP;;ip;;;;;1
10;3;16;IPV6;;ipv6;;;;;1
11;3;24;MAC;;mac;;;;;1
12;3;27;U16;;nothing;;0;5;;4
13;3;28;F64;;double;;;;;4
"""


def definition_of(content: str = INVERTER) -> Definition:
    definition, _ = parse_definition(content.encode(), "x")
    assert definition is not None
    return definition


def raw(index: str, engineering, scale=None):
    definition = definition_of()
    variable = next(variable for variable in definition.variables if variable.index == index)
    return raw_value(definition, variable, engineering, scale)


def test_coefficients_of_a_variable_made_by_hand_may_be_whole_numbers():
    variable = replace(definition_of().variables[0], coef_a=2, coef_b=1)
    value = engineering_value(variable, 3)
    assert (value, type(value)) == (7, int)


def test_coefficients_and_scale_factors():
    values = engineering_values(
        definition_of(),
        {"1": 3, "2": 1234, "3": -2, "4": 0.1, "5": "12", "6": 5, "7": 1, "8": 2**64 - 1, "9": "10.0.0.1"},
    )
    assert values == {
        "1": 0.3,
        "2": 23.68,
        "3": -2,
        "4": 1.0,
        "5": "12",
        "6": 51,
        "7": 1,
        "8": 2**64 - 1,
        "9": "10.0.0.1",
    }
    assert {type(values[index]) for index in "3678"} == {int}


@pytest.mark.parametrize(
    "values", [{"2": 5}, {"2": 5, "3": None}, {"2": 5, "3": -32768}, {"4": math.nan}, {"4": math.inf}, {"1": None}]
)
def test_what_is_missing_is_left_out(values):
    assert engineering_values(definition_of(), values).keys() <= {"3"}


def test_a_positive_scale_factor_keeps_whole_numbers_whole():
    assert engineering_values(definition_of(), {"2": 7, "3": 3})["2"] == 13_999


def test_the_text_of_a_meter_has_coefficients_where_it_is_a_number():
    definition = definition_of("tic;;;\n1;BASE;;;;a;;0.001;;kWh;4\n2;PTEC;;;;b;;0.001;;;4\n")
    assert engineering_values(definition, {"1": "000123456", "2": "HP.."}) == {"1": 123.456, "2": "HP.."}


@pytest.mark.parametrize(
    ("index", "engineering", "scale", "expected"),
    [
        ("1", 0.3, None, 3),
        ("1", 6553.5, None, 65_535),
        ("2", 23.68, -2, 1234),
        ("4", 1, None, 0.1),
        ("5", "abcd", None, "abcd"),
        ("6", 71, None, 7),
        ("7", True, None, 1),
        ("8", 2**64 - 1, None, 2**64 - 1),
        ("9", "10.0.0.1", None, "10.0.0.1"),
        ("10", "FD00:0::1", None, "fd00::1"),
        ("11", "00:8d:00:00:bd:e4", None, "00:8D:00:00:BD:E4"),
        ("13", -1e308, None, -1e308),
    ],
)
def test_what_can_be_written(index, engineering, scale, expected):
    assert raw(index, engineering, scale) == expected


@pytest.mark.parametrize(
    ("index", "engineering", "scale"),
    [
        ("1", 6553.6, None),
        ("1", -0.1, None),
        ("1", 0.35, None),
        ("1", "1", None),
        ("1", None, None),
        ("1", math.nan, None),
        ("1", 1e308, None),
        ("2", 1, None),
        ("2", 1, 0.5),
        ("4", 1e40, None),
        ("5", "abcde", None),
        ("5", 5, None),
        ("6", 81, None),
        ("7", 2, None),
        ("8", 2**64, None),
        ("9", "10.0.0.256", None),
        ("10", "10.0.0.1", None),
        ("11", "x", None),
        ("12", 5, None),
    ],
)
def test_what_does_not_fit_is_refused(index, engineering, scale):
    with pytest.raises(ValueError, match=r"\w"):
        raw(index, engineering, scale)


def test_a_relay_can_be_written_and_other_inputs_not():
    definition = definition_of("io;;;\n1;3;1;;;Relay;;;;;4\n2;2;1;1;;In;;;;;4\n")
    relay, digital = definition.variables
    assert raw_value(definition, relay, 1, None) == 1
    with pytest.raises(ValueError, match="relays"):
        raw_value(definition, digital, 1, None)


@settings(deadline=None, max_examples=100)
@given(
    value=st.integers(-(2**31), 2**31 - 1),
    scale=st.integers(-10, 10),
    a=st.integers(-9999, 9999).filter(bool),
    b=st.integers(-9999, 9999),
    places=st.integers(0, 4),
)
def test_there_and_back(value, scale, a, b, places):
    """What was read can be written back to the same raw value."""
    definition = definition_of(
        f"modbusTCP;;;\n1;3;0;I32;sf;v;;{a / 10**places!r};{b / 10**places!r};;4\n2;3;2;I16;;sf;;;;;4\n"
    )
    engineering = engineering_values(definition, {"1": value, "2": scale})["1"]
    if abs(value) < 10**5 and abs(scale) <= 3:
        assert raw_value(definition, definition.variables[0], engineering, scale) == value
