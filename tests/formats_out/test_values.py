"""Values as text (spec 3.1)."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import format_row, format_value, shortest_single


def test_integers_are_printed_as_integers():
    assert [format_value(value) for value in (0, -7, 65535, 2**64 - 1)] == ["0", "-7", "65535", "18446744073709551615"]


def test_whole_floats_have_no_point_and_others_are_never_rounded():
    assert [format_value(value) for value in (108.0, -3.0, 107.33333333333333, 1e22)] == [
        "108",
        "-3",
        "107.33333333333333",
        "1e+22",
    ]


def test_infinities_and_not_a_number_are_missing():
    assert format_row([math.inf, -math.inf, math.nan, None, ""]) == ";;;;"


def test_separators_in_a_text_become_blanks():
    assert format_value("a;b\r\nc") == "a b  c"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_double_reads_back(value: float):
    assert float(format_value(value)) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_single_reads_back_from_the_shortest_decimal(value: float):
    short = shortest_single(value)
    assert struct.pack("<f", float(format_value(short))) == struct.pack("<f", value)
    assert len(repr(short)) <= len(repr(float(f"{value:.9g}")))


def test_singles_print_as_people_wrote_them():
    for text in ("0.1", "230.4", "-0.7", "3.4028235e+38", "1e-45", "1.2621775e-29", "16777216", "50.02"):
        single = struct.unpack("<f", struct.pack("<f", float(text)))[0]
        assert format_value(shortest_single(single)) == text


def test_what_is_no_number_stays_so():
    assert math.isnan(shortest_single(math.nan))
    assert shortest_single(-math.inf) == -math.inf
