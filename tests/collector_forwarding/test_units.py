"""How long a request of another master may hold the line for each unit."""

from heliograph.collector.forwarding.units import Units


def test_a_unit_that_stays_silent_holds_a_shared_line_for_one_time_limit_only():
    units = Units()
    waits = []
    for _ in range(5):
        waits.append(units.wait(7, shared=True))
        units.failed(7)
    assert waits == [0.95, 0.1, 0.1, 0.1, 1.0]
    assert units.wait(8, shared=True) == 0.95


def test_an_answer_ends_that_and_a_late_one_gives_the_whole_limit():
    units = Units()
    units.failed(7)
    units.answered(7, 0.01)
    assert units.wait(7, shared=True) == 0.95
    units.failed(7)
    assert units.wait(7, shared=True) == 0.1
    units.answered_late(7)
    assert units.wait(7, shared=True) == 1.0


def test_a_configured_device_has_its_own_limit():
    units = Units()
    units.limit({7: 4.0})
    assert units.wait(7, shared=False) == 4.0
    assert units.wait(8, shared=False) == 1.0
