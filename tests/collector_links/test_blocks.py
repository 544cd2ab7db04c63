"""The request plan: every variable once, limits kept, no holes, and never a request too many."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.blocks import MOST_BITS, PLAIN_COST, Hole, Rules, plan
from heliograph.formats.definition import Kind, Table
from support.points import point, variables

NUMBERS = [Kind.U16, Kind.U32, Kind.U64]
TABLES = [Table.HOLDING_REGISTER, Table.INPUT_REGISTER]


@st.composite
def sparse_points(draw):
    kind = draw(st.sampled_from([*NUMBERS, Kind.STRING]))
    more = {"length": draw(st.integers(1, 60))} if kind is Kind.STRING else {}
    return point(draw(st.integers(0, 150)), kind, draw(st.sampled_from(TABLES)), **more)


def addresses(span):
    return range(span.address, span.end)


def needed(wanted, table):
    return {a for p in wanted if p.table is table for a in range(p.address, p.address + p.count)}


def requests(blocks):
    return sum(len(block.spans) for block in blocks)


@settings(max_examples=150, deadline=None)
@given(st.lists(sparse_points(), max_size=30), st.integers(1, 125))
def test_without_gap(wanted, limit):
    """Each variable is covered once; no request is too long or touches what nobody needs."""
    blocks = plan(variables(wanted), Rules(limit))
    assert sorted(place for block in blocks for place in block.positions) == list(range(len(wanted)))
    for block in blocks:
        assert not block.holes
        for span in block.spans:
            assert 1 <= span.count <= limit
            assert needed(wanted, block.table).issuperset(addresses(span))
        for member in block.members:
            assert sum(piece.count for piece in member.pieces) == member.point.count
            assert len(member.pieces) == 1 or member.point.count > limit
            assert member.variable.point is member.point


def least(spans, limit):
    """The least number of requests, by trying: windows that begin at any start, of any length, without holes."""
    used = {a for start, count in spans for a in range(start, start + count)}
    starts = sorted({start for start, _ in spans})
    windows = []
    for start in starts:
        end = start
        while end in used and end < start + limit:
            end += 1
        windows.append((start, end))
    for size in range(1, len(windows) + 1):
        for chosen in itertools.combinations(windows, size):
            if all(any(a <= s and s + c <= b for a, b in chosen) for s, c in spans):
                return size
    return len(windows)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 24), st.sampled_from(NUMBERS)), min_size=1, max_size=8, unique=True),
    st.integers(4, 12),
)
def test_least_number_of_requests(chosen, limit):
    """On small cases no other plan has fewer requests."""
    wanted = [point(address, kind) for address, kind in chosen]
    assert requests(plan(variables(wanted), Rules(limit))) == least([(p.address, p.count) for p in wanted], limit)


@settings(max_examples=100, deadline=None)
@given(st.lists(sparse_points(), max_size=20), st.integers(1, 125), st.integers(0, 20))
def test_with_gap(wanted, limit, gap):
    """Holes are no wider than the gap, named, never cost more than they save, and can be closed."""
    without = plan(variables(wanted), Rules(limit))
    blocks = plan(variables(wanted), Rules(limit, gap))
    holes = [hole for block in blocks for hole in block.holes]
    assert all(hole.count <= gap for hole in holes)
    assert cost(blocks) <= cost(without)
    for block in blocks:
        skipped = {a for hole in block.holes for a in range(hole.address, hole.address + hole.count)}
        read = {a for span in block.spans for a in addresses(span)}
        assert read - skipped <= needed(wanted, block.table)
    closed = plan(variables(wanted), Rules(limit, gap, closed=holes))
    assert not {hole for block in closed for hole in block.holes} & set(holes)


def cost(blocks, price=PLAIN_COST):
    return sum(price.of(block.table, span.count) for block in blocks for span in block.spans)


def test_contiguous_variables_are_one_request():
    (block,) = plan(variables([point(n) for n in range(100, 225)]))
    assert [(call.unit, call.table, call.address, call.count) for call in block.calls(5)] == [
        (5, Table.HOLDING_REGISTER, 100, 125)
    ]


def test_a_value_is_never_cut():
    """The 32-bit value at the limit goes whole into the next request."""
    blocks = plan(variables([point(n, Kind.U32) for n in range(0, 250, 2)]))
    assert [span.count for block in blocks for span in block.spans] == [124, 124, 2]


def test_tables_are_apart():
    wanted = [point(1), point(2, table=Table.INPUT_REGISTER), point(3, table=Table.COIL), point(4)]
    assert [block.table for block in plan(variables(wanted))] == [
        Table.COIL, Table.HOLDING_REGISTER, Table.HOLDING_REGISTER, Table.INPUT_REGISTER,
    ]  # fmt: skip


def test_bits_take_two_thousand_a_request():
    wanted = [point(n, table=Table.COIL) for n in range(MOST_BITS + 1)]
    assert [block.count for block in plan(variables(wanted))] == [2000, 1]


def test_holes_of_the_cheapest_plan():
    """A hole is read across where that is cheaper than one more request."""
    wanted = [point(0), point(5), point(40)]
    blocks = plan(variables(wanted), Rules(gap=40))
    assert [block.holes for block in blocks] == [(Hole(Table.HOLDING_REGISTER, 1, 4),), ()]
    closed = plan(variables(wanted), Rules(gap=40, closed=blocks[0].holes))
    assert requests(closed) == 3


def test_gap_cuts_where_it_is_cheapest():
    """A request that could reach further ends before a wide hole, since the other side needs one anyway."""
    wanted = [point(n) for n in (*range(100), *range(105, 205))]
    blocks = plan(variables(wanted), Rules(gap=20))
    assert [[(s.address, s.count) for s in block.spans] for block in blocks] == [[(0, 100)], [(105, 100)]]


@pytest.mark.parametrize("gap", [0, 5])
def test_a_large_plan_is_made_at_once(gap):
    """A whole register space of one long text and thousands of variables takes no noticeable time."""
    wanted = [point(n, Kind.STRING, length=2000) for n in range(0, 20000, 1000)]
    wanted += [point(n) for n in range(30000, 36000)]
    assert requests(plan(variables(wanted), Rules(gap=gap))) == 160 + 48


def test_a_seam_that_is_closed_is_a_border_between_requests():
    """A device may refuse neighbours together that it gives alone."""
    wanted = [point(0), point(1), point(2)]
    (first, second) = plan(variables(wanted), Rules(closed=[Hole(Table.HOLDING_REGISTER, 1, 0)]))
    assert [(s.address, s.count) for s in (*first.spans, *second.spans)] == [(0, 1), (1, 2)]


def test_no_hole_is_crossed_that_holds_a_closed_one():
    """When a variable beside a closed hole falls away, the wider hole is closed as well."""
    closed = [Hole(Table.HOLDING_REGISTER, 1, 2)]
    assert requests(plan(variables([point(0), point(5)]), Rules(gap=10))) == 1
    assert requests(plan(variables([point(0), point(5)]), Rules(gap=10, closed=closed))) == 2


def test_what_a_device_gives_at_most_holds_for_its_table_alone():
    wanted = [point(n) for n in range(100)] + [point(n, table=Table.INPUT_REGISTER) for n in range(100)]
    blocks = plan(variables(wanted), Rules(largest={Table.INPUT_REGISTER: 40}))
    assert [block.count for block in blocks] == [100, 40, 40, 20]
