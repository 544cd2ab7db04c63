"""When a device rests, sleeps and is asked again; and when changes of a variable are joined."""

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.changes import Flow
from heliograph.collector.condition import Condition
from heliograph.contract import DeviceCondition


def test_three_failures_in_a_row_make_it_rest_and_its_first_answer_ends_it():
    device = Condition(0)
    assert device.answered(1)
    for _ in range(2):
        assert not device.failed("silent", 2, may_sleep=False)
    assert not device.answered(3)
    assert [device.failed("silent", 4, may_sleep=False) for _ in range(3)] == [False, False, True]
    assert (device.name, device.since, device.cause) == (DeviceCondition.RESTING, 4, "silent")
    assert device.answered(9)
    assert (device.name, device.since, device.cause) == (DeviceCondition.ANSWERING, 9, "")


def test_probes_grow_apart_to_a_minute():
    device = Condition(0)
    for _ in range(3):
        device.failed("silent", 1, may_sleep=False)
    waits = []
    for _ in range(6):
        waits.append(device.probe_seconds)
        device.failed("silent", 1, may_sleep=False)
    assert waits == [5, 10, 20, 40, 60, 60]


def test_who_may_sleep_is_asleep_until_broad_day_and_who_is_lost_stays_lost_at_night():
    device = Condition(0)
    for _ in range(3):
        device.failed("silent", 1, may_sleep=True)
    assert device.name is DeviceCondition.ASLEEP
    assert not device.failed("silent", 2, may_sleep=True)
    assert device.failed("silent", 3, may_sleep=False)
    assert device.name is DeviceCondition.RESTING
    assert not device.failed("silent", 4, may_sleep=True)
    assert device.name is DeviceCondition.RESTING


def test_up_to_sixty_changes_a_minute_are_told_one_by_one():
    flow = Flow()
    assert all(flow.change(n, n, float(n)) for n in range(300))
    assert flow.minute(301.0) is None


def test_more_are_joined_and_the_last_value_is_told_each_minute_with_their_number():
    flow = Flow()
    told = [flow.change(n, n, n / 10) for n in range(1300)]
    assert told == [True] * 60 + [False] * 1240
    joined = flow.minute(66.0)
    assert (joined.count, joined.value, joined.time) == (1240, 1299, 1299)
    assert flow.minute(130.0) is None
    assert flow.minute(130.0 + 60) is None
    assert flow.change(7, 7, 200.0)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=400))
def test_no_change_is_forgotten(steps):
    """Each change is told by itself or counted among joined ones, and the last value is told in the end."""
    flow, now, told, counted, last = Flow(), 0.0, 0, 0, None
    for number, step in enumerate(steps):
        now += step
        if joined := flow.minute(now):
            counted += joined.count
            last = joined.value
        if flow.change(number, number, now):
            told += 1
            last = number
    if joined := flow.minute(now + 60):
        counted += joined.count
        last = joined.value
    assert told + counted == len(steps)
    assert last == len(steps) - 1
