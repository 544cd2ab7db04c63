"""Limits alone: what is inside, what is nearest, and what a write makes of a variable."""

import struct
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from heliograph.collector.effects import effect_of, effect_of_message
from heliograph.collector.encode import encode, write_calls
from heliograph.collector.limits import Limited
from heliograph.collector.links.messages import call_of
from heliograph.formats import engineering_value, parse_definition
from heliograph.formats.daq import Device, TcpInterface
from heliograph.formats.definition import Kind, Table
from support.points import point, variable

ROOF = Device(1, "1", TcpInterface("10.0.0.1"), "roof", 1, definition="m.csv")


def limited(coef_a: str, coef_b: str, least: float | None, most: float | None) -> Limited:
    text = f"modbusTCP;a;b;c\n1;3;0;I16;;Power;;{coef_a};{coef_b};kW;4\n"
    definition, findings = parse_definition(text.encode(), "m.csv")
    assert definition is not None, findings
    return Limited(ROOF, definition, definition.variables[0], None, least, most)


steps = st.integers(-5000, 5000).filter(bool).map(lambda n: f"{n / 1000:.3f}")
offsets = st.integers(-10_000, 10_000).map(lambda n: f"{n / 100:.2f}")


@given(coef_a=steps, coef_b=offsets, ends=st.tuples(*[st.floats(-1e4, 1e4)] * 2), raw=st.integers(-(2**15), 2**15 - 1))
def test_the_nearest_value_within_the_limits_is_within_and_none_is_nearer(coef_a, coef_b, ends, raw):
    limits = limited(coef_a, coef_b, min(ends), max(ends))
    try:
        nearest = limits.nearest(raw, None)
    except ValueError:
        inside = [each for each in range(-(2**15), 2**15, 997) if not limits.refusal(each, None)]
        assert inside == []
        return
    assert limits.refusal(nearest, None) == ""
    assert isinstance(nearest, int)
    step = (raw > nearest) - (raw < nearest)
    assert step == 0 or limits.refusal(nearest + step, None), "the next one towards it is outside"


@pytest.mark.parametrize(
    ("least", "most", "raw", "words"),
    [
        (0, 60, 601, "'Power' of roof may be from 0 to 60 kW, not 60.1 kW (LIMIT_Params of _config.ini)"),
        (None, 60, 601, "at most 60 kW"),
        (0.5, None, 4, "at least 0.5 kW, not 0.4 kW"),
        (0, 60, "x", "not no number"),
        (0, 60, None, "not no number"),
    ],
)
def test_a_refusal_says_what_is_allowed_and_where_that_stands(least, most, raw, words):
    assert words.replace("not no number", "no number") in limited("0.1", "0", least, most).refusal(raw, None)


def test_a_value_whose_scale_factor_is_not_known_is_refused():
    scaled = limited("1", "0", 0, 60)
    scaled = replace(scaled, variable=replace(scaled.variable, scale_factor="SF"), scale=variable(point(1)))
    assert "scale factor 'v1' is not known" in scaled.refusal(1, None)
    assert scaled.refusal(600, -1) == ""
    assert scaled.refusal(6, 1) == ""
    assert "not 70 kW" in scaled.refusal(7, 1)
    assert engineering_value(scaled.variable, scaled.nearest(7, 1), 1) == 60


NUMBERS = [Kind.U16, Kind.I16, Kind.U32, Kind.I32, Kind.U64, Kind.I64]


@given(kind=st.sampled_from(NUMBERS), swap=st.booleans(), address=st.integers(0, 65_000), data=st.data())
def test_what_a_write_makes_of_a_variable_is_what_reads_back(kind, swap, address, data):
    where = point(address, kind, swap_words=swap)
    bits = 16 * where.count
    low = -(1 << bits - 1) if kind.value.startswith("I") else 0
    raw = data.draw(st.integers(low, low + (1 << bits) - 1))
    forced = data.draw(st.sampled_from([None, 6, 16]))
    effect = effect_of(*write_calls(1, where, encode(where, raw), forced))
    assert effect.becomes(variable(where), where) == (raw,)
    assume(where.count > 1)
    part = effect_of(write_calls(1, where, encode(where, raw), 6)[0])
    assert part.touches(where)
    assert part.becomes(variable(where), where) is None


@given(message=st.binary(min_size=1, max_size=253).filter(lambda message: 0 < message[0] < 128))
def test_any_request_of_another_master_is_judged_or_known_not_to_be(message):
    effect = effect_of_message(call_of(1, message))
    assert effect is None or all(table in (Table.COIL, Table.HOLDING_REGISTER) for table, _ in effect.cells)


def test_a_mask_write_and_a_write_with_a_read_tell_what_they_touch():
    register = point(7)
    masked = effect_of_message(call_of(1, struct.pack(">BHHH", 22, 7, 0, 1)))
    assert masked is not None
    assert masked.touches(register)
    assert masked.becomes(variable(register), register) is None
    both = effect_of_message(call_of(1, struct.pack(">BHHHHB2H", 23, 0, 1, 6, 2, 4, 5, 9)))
    assert both is not None
    assert both.becomes(variable(register), register) == (9,)
    assert effect_of_message(call_of(1, struct.pack(">BHHHHBH", 23, 0, 1, 6, 2, 4, 5))) is None
