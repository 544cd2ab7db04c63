"""What simulated variables say in time: each kind of source, and that seed and time alone decide."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.demo.simulate.timeline import Chance, Timeline, sun_share
from support.plants import Hands, plant, signals

START = plant().file.start.timestamp()
HOUR = 3600


def said(spec, index, seconds):
    return signals(spec).value(("roof", index), START + seconds)


def test_a_ramp_goes_from_one_value_to_the_other_and_stays_or_begins_anew():
    held = plant("values: {Power: {ramp: {start: 100, end: 200, over: 100}}}")
    assert [said(held, "1", at) for at in (0, 50, 100, 500)] == [100, 150, 200, 200]
    again = plant("values: {Power: {ramp: {start: 100, end: 200, over: 100, repeat: true}}}")
    assert [said(again, "1", at) for at in (0, 150)] == [100, 150]


def test_a_sequence_gives_one_value_after_the_other():
    spec = plant("values: {State: {sequence: {values: [1, 2, 3], every: 1m}}}")
    assert [said(spec, "6", 60 * at) for at in range(5)] == [1, 2, 3, 1, 2]
    texts = plant("values: {Serial number: {sequence: {values: [a, b], every: 1m, repeat: false}}}")
    assert [said(texts, "5", 60 * at) for at in (0, 1, 7)] == ["a", "b", "b"]


def test_a_day_has_its_peak_at_noon_and_its_base_at_night():
    spec = plant("values: {Power: {day: {peak: 900, base: 10, clouds: 0}}}")
    assert said(spec, "1", 6 * HOUR) == pytest.approx(900)
    assert said(spec, "1", 15 * HOUR) == 10
    assert 10 < said(spec, "1", 1 * HOUR) < said(spec, "1", 3 * HOUR) < 900


def test_with_a_place_the_sun_stands_where_it_stands():
    """Munich, 21 June 2026: sunrise 03:13 UTC, noon 11:16 UTC at 65.3 degrees, sunset 19:17 UTC."""
    midnight = START - 6 * HOUR
    assert math.degrees(math.asin(sun_share(midnight + 11.27 * HOUR, 48.137, 11.575))) == pytest.approx(65.3, abs=0.3)
    assert sun_share(midnight + 3.0 * HOUR, 48.137, 11.575) == 0
    assert 0 < sun_share(midnight + 3.5 * HOUR, 48.137, 11.575) < 0.1
    assert 0 < sun_share(midnight + 19.0 * HOUR, 48.137, 11.575) < 0.1
    assert sun_share(midnight + 19.6 * HOUR, 48.137, 11.575) == 0
    spec = plant("values: {Power: {day: {peak: 1000, clouds: 0}}}", "place: {latitude: -33.9, longitude: 18.4}")
    assert said(spec, "1", 12 * HOUR) == 0, "night falls in Cape Town in June before six in the evening"


def test_a_counter_is_the_integral_of_another_value_and_never_goes_back():
    spec = plant("values: {Power: 1800, Energy: {counter: {of: Power, start: 5000}}}")
    assert said(spec, "3", 0) == 5000
    assert said(spec, "3", 2 * HOUR) == pytest.approx(8600)
    assert said(spec, "3", 7) == pytest.approx(5003.5)
    taken = plant("values: {Temperature: -20, Energy: {counter: {of: Temperature, start: 9}}}")
    assert said(taken, "3", HOUR) == 9


def test_a_daily_counter_begins_anew_at_midnight():
    spec = plant("values: {Power: 3600, Energy: {counter: {of: Power, daily: true}}}")
    assert said(spec, "3", 18 * HOUR - 10) == pytest.approx(18 * HOUR - 10)
    assert said(spec, "3", 18 * HOUR + 5) == pytest.approx(5)


def test_a_sum_adds_and_subtracts_values_of_other_devices():
    spec = plant(
        "values: {Power: 700}",
        "  - {name: meter, definition: inverter.csv, tcp: 0, hidden: {load: 200},"
        " values: {Power: {sum: {of: [roof.Power, roof.RealPower, -load], factor: 0.5, offset: 1}}}}",
    )
    assert signals(spec).value(("meter", "1"), START) == 601


def test_noise_is_new_each_second_and_bounds_hold_it():
    spec = plant("values: {Power: {constant: 100, noise: 30, min: 80, max: 120}}")
    values = [said(spec, "1", at) for at in range(200)]
    assert len(set(values)) > 50
    assert min(values) == 80
    assert max(values) == 120


def test_a_walk_stays_between_its_bounds_and_moves_by_steps():
    spec = plant("values: {Power: {walk: {start: 50, step: 5, min: 0, max: 100, every: 10}}}")
    values = [said(spec, "1", 10 * at) for at in range(300)]
    assert values[0] == 50
    assert 0 <= min(values) < 40
    assert 60 < max(values) <= 100
    assert said(spec, "1", 9) == 50


def test_an_inverter_obeys_its_limit_after_the_delay_and_with_its_lag():
    spec = plant(
        "values: {Power: {constant: 9000, limited: {percent: Limit, rated: 10000}},"
        " Limit: {writable: {start: 100, delay: 2, lag: 10}}}"
    )
    found = signals(spec)
    found.write(("roof", "2"), 50.0, START + 100)
    at = {since: found.value(("roof", "1"), START + 100 + since) for since in (0, 1, 2, 12, 32, 200)}
    assert (at[0], at[1], at[2]) == (9000, 9000, 9000)
    assert at[12] == pytest.approx(5000 + 5000 * math.exp(-1))
    assert at[32] == pytest.approx(5000 + 5000 * math.exp(-3))
    assert at[200] == pytest.approx(5000, abs=0.01)
    assert found.value(("roof", "2"), START + 100) == 50, "the set point itself reads back at once"
    found.write(("roof", "2"), 100.0, START + 212)
    assert found.value(("roof", "1"), START + 214) == pytest.approx(5000, abs=1)
    assert found.value(("roof", "1"), START + 240) == pytest.approx(9000, abs=1), "100 % is above what there is"


def test_a_limit_that_is_not_enabled_is_no_limit():
    """As of SunSpec inverters: `WMaxLimPct` does nothing while `WMaxLim_Ena` is 0."""
    spec = plant(
        "values: {Power: {constant: 9000, limited: {percent: Limit, rated: 10000, enabled: Run}},"
        " Limit: {writable: {start: 50}}, Run: {writable: {start: 0, max: 1, delay: 2}}}"
    )
    found = signals(spec)
    assert found.value(("roof", "1"), START + 10) == 9000
    found.write(("roof", "9"), 1.0, START + 10)
    assert [found.value(("roof", "1"), START + at) for at in (12, 13)] == [9000, 5000]
    found.write(("roof", "9"), 0.0, START + 20)
    assert found.value(("roof", "1"), START + 23) == 9000


def test_a_restart_begins_anew_and_keeps_the_counters():
    spec = plant(
        "values: {Power: {ramp: {start: 0, end: 1000, over: 1000}}, Energy: {counter: {of: Power}},"
        " Limit: {writable: {start: 100}}}",
        "faults: [{device: roof, fault: restart, at: 300, lasts: 20}]",
    )
    found = signals(spec)
    found.write(("roof", "2"), 40.0, START + 10)
    assert [found.value(("roof", "1"), START + at) for at in (299, 321)] == [299, 1]
    assert [found.value(("roof", "2"), START + at) for at in (299, 321)] == [40, 100]
    assert found.value(("roof", "3"), START + 321) > found.value(("roof", "3"), START + 299) > 0


MIXED = (
    "values: {Power: {day: {peak: 9000}, noise: 20, limited: {percent: Limit, rated: 10000}},"
    " Energy: {counter: {of: Power, start: 1}}, Temperature: {walk: {start: 20, step: 1, min: 0, max: 60}},"
    " Voltage L1: {sum: {of: [Energy, Temperature]}}}"
)
FAULTY = "faults: [{device: roof, fault: restart, at: 100, lasts: 10, every: 900, probability: 0.5}]"


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["1", "3", "4", "8"]), st.integers(0, 2 * HOUR)), max_size=25), st.randoms())
def test_the_same_seed_and_time_give_the_same_value_in_whatever_order(asked, order: random.Random):
    spec = plant(MIXED, FAULTY)
    first = signals(spec)
    expected = {pair: first.value(("roof", pair[0]), START + pair[1]) for pair in sorted(asked, key=lambda p: p[1])}
    shuffled = list(expected)
    order.shuffle(shuffled)
    again = signals(spec)
    assert {pair: again.value(("roof", pair[0]), START + pair[1]) for pair in shuffled} == expected


def test_another_seed_is_another_day():
    spec = plant(MIXED)
    assert signals(spec, 1).value(("roof", "1"), START + HOUR) != signals(spec, 2).value(("roof", "1"), START + HOUR)


def test_time_goes_as_fast_as_said_and_in_whole_seconds():
    hands = Hands()
    timeline = Timeline(1000.0, 60.0, hands)
    hands.seconds = 1.51
    assert timeline.time() == 1090.0
    slow = Timeline(1000.0, 0.5, hands)
    hands.seconds += 3.0
    assert slow.time() == 1001.0


@given(st.integers(0, 2**63), st.text(max_size=10), st.floats(-1e6, 1e6))
def test_chance_lies_in_its_bounds(seed, name, position):
    chance = Chance(seed)
    assert 0 <= chance.uniform(name, int(position)) < 1
    assert 0 <= chance.smooth(name, position) <= 1
