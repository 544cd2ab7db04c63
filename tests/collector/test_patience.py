"""How long a device that does not answer may hold a line."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.patience import FIRST_SHARE, SHORTEST_SECONDS, Patience


def test_a_device_that_falls_silent_holds_a_shared_line_for_one_time_limit_only():
    patience = Patience(1.0)
    patience.answered(0.05)
    assert [patience.of_poll(failures, shared=True) for failures in range(3)] == [0.95, 0.2, 0.2]
    assert [patience.of_poll(failures, shared=False) for failures in range(3)] == [1.0, 1.0, 1.0]


def test_an_answer_after_a_short_wait_gives_a_slow_device_its_whole_time_limit_again():
    patience = Patience(1.0)
    patience.answered(0.01)
    patience.of_poll(1, shared=True)
    patience.answered_late()
    assert patience.of_poll(2, shared=True) == 1.0
    assert patience.of_probe(0, shared=True) == 1.0


def test_a_device_known_to_need_it_gets_its_whole_time_limit_at_the_first_try_as_well():
    patience = Patience(1.0)
    patience.answered(0.24)
    assert patience.of_poll(0, shared=True) == 0.96
    patience.answered(0.3)
    assert patience.of_poll(0, shared=True) == 1.0


def test_an_answer_after_a_whole_time_limit_gains_a_device_nothing():
    patience = Patience(1.0)
    patience.answered(0.01)
    patience.of_poll(0, shared=True)
    patience.answered_late()
    assert patience.of_poll(1, shared=True) == 0.1


def test_a_device_never_heard_holds_a_shared_line_for_one_time_limit_only():
    assert [Patience(1.0).of_poll(failures, shared=True) for failures in range(3)] == [0.95, 0.1, 0.1]
    assert [Patience(1.0).of_poll(failures, shared=False) for failures in range(3)] == [1.0, 1.0, 1.0]


def test_probes_are_short_on_a_shared_line_but_every_fourth():
    assert [Patience(1.0).of_probe(failures, shared=True) for failures in range(5)] == [0.1, 0.1, 0.1, 1.0, 0.1]
    assert {Patience(1.0).of_probe(failures, shared=False) for failures in range(5)} == {1.0}


def test_a_slow_device_gets_the_time_it_needed_and_one_hiccup_is_forgotten():
    patience = Patience(1.0)
    patience.answered(0.2)
    assert patience.of_probe(0, shared=True) == 0.8
    patience.answered(0.5)
    assert patience.of_probe(0, shared=True) == 1.0
    for _ in range(5000):
        patience.answered(0.02)
    assert patience.of_probe(0, shared=True) == 0.1


@given(
    st.floats(0.01, 60),
    st.lists(st.tuples(st.sampled_from(["poll", "probe", "answered", "late"]), st.floats(0, 100), st.booleans())),
)
def test_whatever_a_device_does_no_wait_is_longer_than_its_limit_nor_too_short_to_answer(limit, steps):
    patience, failures = Patience(limit), 0
    for step, seconds, shared in steps:
        if step == "answered":
            patience.answered(seconds)
            failures = 0
        elif step == "late":
            patience.answered_late()
        else:
            wait = (patience.of_poll if step == "poll" else patience.of_probe)(failures, shared=shared)
            assert min(limit, SHORTEST_SECONDS) * FIRST_SHARE <= wait <= limit
            assert shared or wait == limit
            failures += 1


def test_a_short_time_limit_stays_the_limit():
    assert Patience(0.05).of_probe(0, shared=True) == 0.05
