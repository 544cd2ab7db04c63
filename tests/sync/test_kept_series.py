"""Kept records as series for a plot: against a slow reference, and gaps that stay gaps."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import engineering_value, parse_definition
from heliograph.sync.kept.axis import axis_of, gaps_of
from heliograph.sync.kept.definitions import Rows
from heliograph.sync.kept.gathering import Gathering, Source
from support.keeping import MINUTE, NOW, Keeping, layout_of, made

SCALED = """modbusTCP;inverter;Sunny;One
1;3;0;I16;;Plain;;-0.5;3;V;4
2;3;1;I16;Scale;Scaled;;1;0;W;2
3;3;2;I16;;Scale;;1;0;;4
"""
DEFINITION, _ = parse_definition(SCALED.encode(), "inv.csv")
ROWS = Rows.of(DEFINITION, parameters=False)
raw = st.none() | st.integers(-32000, 32000)
scale = st.none() | st.integers(-3, 3)


@st.composite
def records(draw):
    """Records of the definition above: time, raw values, minimum not above maximum."""
    steps = draw(st.lists(st.integers(1, 5000), min_size=1, max_size=40))
    found, time = [], 0
    for step in steps:
        time += step
        plain, low, mean, high = draw(raw), *sorted(draw(st.tuples(*[st.integers(-99, 99)] * 3)))
        statistics = (low, high, mean) if draw(st.booleans()) else (None, None, None)
        found.append((time, (plain, *statistics, draw(scale))))
    return found


@settings(deadline=None, max_examples=150)
@given(records(), st.integers(1, 50))
def test_points_have_the_extremes_and_the_mean_of_their_records(rows, most):
    axis = axis_of([time for time, _ in rows], most)
    for index in ("1", "2"):
        source = Source.of(index, ROWS.fields)
        gathering = Gathering(index, "", "", len(axis.times))
        for place, (_, values) in zip(axis.places, rows, strict=True):
            gathering.add(place, 1, source, values)
        found = gathering.series()
        for point in range(len(axis.times)):
            own = [values for place, (_, values) in zip(axis.places, rows, strict=True) if place == point]
            expected = _slowly(index, own)
            given_ = (found.least[point], found.mean[point], found.most[point])
            if expected is None:
                assert given_ == (None, None, None)
            else:
                assert (given_[0], given_[2]) == (expected[0], expected[2])
                assert given_[1] == pytest.approx(expected[1], rel=1e-9, abs=1e-9)


def _slowly(index: str, rows: list):
    """Least, mean and most of engineering values, each record converted by itself."""
    variable = DEFINITION.variables[int(index) - 1]
    triples = []
    for values in rows:
        raws = (values[0],) * 3 if index == "1" else (values[1], values[3], values[2])
        found = [engineering_value(variable, one, values[4] if index == "2" else None) for one in raws]
        if None not in found:
            triples.append((min(found), found[1], max(found)))
    if not triples:
        return None
    mean = float(sum(Fraction(mean) for _, mean, _ in triples) / len(triples))
    return min(t[0] for t in triples), mean, max(t[2] for t in triples)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(1, 10_000), max_size=60), st.integers(1, 80))
def test_an_axis_is_in_order_within_its_number_and_has_every_record(steps, most):
    times = [sum(steps[: n + 1]) for n in range(len(steps))]
    axis = axis_of(times, most)
    assert len(axis.times) <= most or len(axis.times) <= 1
    assert list(axis.times) == sorted(set(axis.times))
    assert len(axis.places) == len(times)
    assert list(axis.places) == sorted(axis.places)
    for place in range(len(axis.times)):
        own = [time for time, at in zip(times, axis.places, strict=True) if at == place]
        if own:
            assert own[0] <= axis.times[place] <= own[-1]


def test_few_records_are_points_as_they_are():
    axis = axis_of([10, 20, 30], 3)
    assert (axis.times, axis.places) == ((10, 20, 30), (0, 1, 2))
    assert axis_of([], 600).times == ()
    assert axis_of([10], 1).times == (10,)


def test_a_missing_stretch_is_a_gap_also_where_points_are_shared():
    times = [*range(0, 6000, 10), *range(9000, 12000, 10)]
    assert gaps_of(times) == {600}
    axis = axis_of(times, 100)
    empty = [n for n in range(len(axis.times)) if n not in axis.places]
    assert len(empty) == 1
    assert 5990 < axis.times[empty[0]] < 9000


def test_a_changed_period_is_no_gap():
    assert not gaps_of([*range(0, 600, 60), *range(600, 6600, 600), *range(6600, 7200, 60)])


def test_several_gaps_beside_each_other_are_found():
    assert gaps_of([0, 10, 20, 30, 90, 100, 180, 190, 200, 210]) == {4, 6}


@pytest.fixture
def keeping(tmp_path):
    keeping = Keeping(tmp_path, definitions=[SCALED])
    yield keeping
    keeping.kept.close()


def test_a_series_has_a_gap_where_records_are_missing(keeping):
    layout = layout_of(SCALED)
    minutes = (*range(5), *range(20, 25))
    keeping.take(made(NOW + n * MINUTE, (n, n - 1, n + 1, n, -1), layout=layout) for n in minutes)
    found = keeping.look("1", "2")
    assert len(found.times) == 11
    assert found.times[5] == NOW + 12 * MINUTE
    plain, scaled = found.series
    assert (plain.name, plain.unit) == ("Plain", "V")
    assert plain.mean[:6] == (3.0, 2.5, 2.0, 1.5, 1.0, None)
    assert (scaled.least[1], scaled.mean[1], scaled.most[1]) == (0.0, 0.1, 0.2)


def test_many_records_share_points(keeping):
    layout = layout_of(SCALED)
    keeping.take(made(NOW + n * MINUTE, (2 * n, 0, 0, 0, 0), layout=layout) for n in range(1440))
    found = keeping.look("1", end=NOW + 2000 * MINUTE, points=144)
    assert len(found.times) == 144
    (series,) = found.series
    assert (series.most[0], series.mean[0], series.least[0]) == (3.0, -1.5, -6.0)


def test_a_variable_that_is_nowhere_has_no_name_and_no_values(keeping):
    keeping.take([made(NOW, (1, 2, 3, 4, 5), layout=layout_of(SCALED))])
    series = keeping.series("99")
    assert (series.name, series.mean) == ("", (None,))
    assert keeping.look("1", begin=NOW).times == ()


def test_a_meters_numbers_are_texts_and_its_texts_no_numbers(tmp_path):
    text = "tic;Meter;Linky;Standard\n1;EAST;;;;Index;;0.001;0;kWh;4\n2;NGTF;;;;Tariff;;1;0;;4\n"
    keeping = Keeping(tmp_path, definitions=[text])
    keeping.take([made(NOW, ("0001500", "TEMPO"), layout=layout_of(text))])
    assert keeping.series("1").mean == (1.5,)
    assert keeping.series("2").mean == (None,)
    rows = keeping.rows()
    assert [column.is_text for column in rows.columns] == [False, True]
    assert rows.rows == ((1.5, "TEMPO"),)
    keeping.kept.close()
