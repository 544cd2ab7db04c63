"""Where requests begin and end: never dearer than the best that brute force finds, and found at once."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.cost import SECOND, BusCost, Pace, Wire, data_bytes, wire_of
from heliograph.collector.cuts import Limits, Prices, Span, cuts
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import Table

spans = st.builds(Span, st.integers(0, 22), st.integers(1, 5))
prices = st.builds(Prices, st.integers(1, 60), st.integers(1, 9), st.sampled_from([1, 1, 8]))
closed = st.lists(st.builds(Span, st.integers(0, 26), st.integers(0, 3)), max_size=2)


def crosses(span: Span, wanted: set[Span], limits: Limits) -> bool:
    """Whether a request does what it must not, address by address."""
    used = {address for each in wanted for address in range(each.address, each.end)}
    run = 0
    for address in range(span.address, span.end):
        run = 0 if address in used else run + 1
        if run > limits.gap:
            return True
        if address not in used and any(bar.address <= address < bar.end for bar in limits.closed):
            return True
    return False


def least(wanted: set[Span], limits: Limits, prices: Prices) -> int:
    """The least price of all covers by any requests at all."""
    firsts, ends = {span.address for span in wanted}, {span.end for span in wanted}
    requests = [
        span
        for span in (Span(first, end - first) for first in firsts for end in ends if end > first)
        if span.count <= limits.count and not crosses(span, wanted, limits)
    ]
    best: dict[frozenset[Span], int] = {frozenset(): 0}
    for request in requests:
        held = frozenset(span for span in wanted if request.holds(span))
        for covered, price in list(best.items()):
            both = covered | held
            best[both] = min(best.get(both, price + prices.of(request.count)), price + prices.of(request.count))
    return best[frozenset(wanted)]


@given(st.sets(spans, min_size=1, max_size=6), st.integers(5, 14), st.integers(0, 8), closed, prices)
def test_no_other_cover_is_cheaper(wanted, count, gap, bars, price):
    limits = Limits(count, gap, [bar for bar in bars if bar.count])
    found = cuts(wanted, limits, price)
    assert all(any(request.holds(span) for request in found) for span in wanted)
    assert all(request.count <= count and not crosses(request, wanted, limits) for request in found)
    assert sum(price.of(request.count) for request in found) == least(wanted, limits, price)


@given(st.sets(spans, min_size=1, max_size=12), st.integers(1, 4), st.integers(0, 8), prices)
def test_what_is_longer_than_a_request_is_read_in_pieces_without_an_address_missing(wanted, count, gap, price):
    found = cuts(wanted, Limits(count, gap), price)
    read = {address for request in found for address in range(request.address, request.end)}
    assert read >= {address for span in wanted for address in range(span.address, span.end)}
    assert all(request.count <= count for request in found)
    assert all(any(request.holds(span) for request in found) for span in wanted if span.count <= count)


@given(st.sets(spans, min_size=1, max_size=12), st.integers(5, 14), st.integers(0, 8))
def test_a_closed_border_is_never_inside_a_request_unless_a_value_lies_across(wanted, count, gap):
    border = 10
    found = cuts(wanted, Limits(count, gap, [Span(border, 0)]), Prices(50, 1))
    across = any(span.address < border < span.end for span in wanted)
    assert across or not any(request.address < border < request.end for request in found)


@pytest.mark.parametrize("grain", [1, 8])
def test_a_whole_table_of_variables_with_holes_is_planned_at_once(grain):
    """Ten times the two thousand variables of a large device; work that grew with their square would not end here."""
    wanted = [Span(place * 3, 2) for place in range(20_000)]
    found = cuts(wanted, Limits(125 * grain, 5), Prices(50, 2, grain))
    together = (125 * grain - 2) // 3 + 1
    assert len(found) == -(-20_000 // together)


def test_a_read_on_a_line_costs_its_frames_its_silences_and_the_turnaround():
    """At 9600 8N1 a character takes 10 bits; 8 bytes go, 5 and the data come, 3.5 characters and 20 ms are silent."""
    wire = wire_of(SerialLine(1, baudrate=9600, interframe_ms=20))
    character = 10 / 9600
    expected = (8 + 5 + 3.5 + 24) * character + 0.020 + 0.004
    assert wire.cost(Pace(0.004, character)).of(Table.HOLDING_REGISTER, 12) / SECOND == pytest.approx(
        expected, abs=1e-6
    )
    assert wire.cost().of(Table.HOLDING_REGISTER, 12) / SECOND == pytest.approx(
        (8 + 5 + 3.5 + 3.5 + 24) * character + 0.020, abs=1e-6
    )


def test_parity_and_stop_bits_make_characters_longer():
    plain, long = (wire_of(SerialLine(1, 9600, 8, parity, stops)) for parity, stops in (("N", 1), ("E", 2)))
    assert long.byte_seconds / plain.byte_seconds == pytest.approx(12 / 10)


def test_bits_take_a_byte_for_each_eight_begun():
    assert [data_bytes(Table.COIL, count) for count in (1, 8, 9, 2000)] == [1, 1, 2, 250]
    cost = Wire(21, 0.0, 0.0, 0.0).cost(Pace(0.001, 0.001))
    assert cost == BusCost(21, 1_000_000, 1_000_000)
    assert cost.of(Table.COIL, 9) == 3_000_000


def test_a_hole_is_read_across_just_as_long_as_it_costs_less_than_a_request():
    """At 9600 baud and no turnaround but the silence, twenty characters: ten registers, to a rounded nanosecond."""
    cost = wire_of(SerialLine(1, baudrate=9600)).cost()
    found = []
    for hole in itertools.count(1):
        wanted = [Span(0, 1), Span(1 + hole, 1)]
        found.append(len(cuts(wanted, Limits(125, 124), Prices(cost.request_nanoseconds, 2 * cost.byte_nanoseconds))))
        if found[-1] == 2:
            break
    assert len(found) in (10, 11)
