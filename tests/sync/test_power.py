"""`POWER ON` and `POWER OFF` (spec 3.3) from the mark on disk."""

import pytest

from heliograph.sync.power import Mark, PowerAlarm, alarm_at_start, read_mark, write_mark


@pytest.mark.parametrize(
    ("mark", "broker", "expected"),
    [
        (None, "A", None),  # the very first start
        (Mark("running", "A", 5), "A", None),  # sync alone was killed
        (Mark("stopped", "A", 5), "A", None),  # sync alone was restarted orderly
        (Mark("running", "A", 5), "B", ("POWER ON", 99)),  # the whole stack, after an unclean end
        (Mark("stopped", "A", 5), "B", ("POWER OFF", 5)),  # an orderly stop, told after the next start
    ],
)
def test_what_a_start_tells(mark, broker, expected):
    alarm = alarm_at_start(mark, broker, 99)
    assert (alarm and (alarm.info, alarm.time)) == expected


def test_the_alarm_has_one_identity_however_often_the_start_is_repeated():
    first = alarm_at_start(Mark("running", "A", 5), "B", 99)
    second = alarm_at_start(Mark("running", "A", 5), "C", 120)
    assert isinstance(first, PowerAlarm)
    assert first.identity == second.identity


def test_the_mark_survives_and_a_damaged_one_counts_as_none(tmp_path):
    path = tmp_path / "power.json"
    assert read_mark(path) is None
    write_mark(path, Mark("stopped", "A", 5))
    assert read_mark(path) == Mark("stopped", "A", 5)
    for text in ("", "{}", "[1]", '{"state": "stopped", "broker": "x", "time": "soon"}'):
        path.write_text(text)
        assert read_mark(path) is None
