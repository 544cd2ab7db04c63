"""Broad day against published sunrise and sunset times."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.collector.daylight import is_broad_day

# Published times in UTC: Berlin, Nairobi, Sydney (its day spans two UTC days), Reykjavik.
PLACES = [
    (52.52, 13.405, "2024-06-20T02:43", "2024-06-20T19:33"),
    (52.52, 13.405, "2024-12-21T07:15", "2024-12-21T14:54"),
    (-1.286, 36.817, "2024-03-20T03:34", "2024-03-20T15:41"),
    (-33.869, 151.209, "2024-01-09T18:53", "2024-01-10T09:10"),
    (64.147, -21.94, "2024-03-20T07:27", "2024-03-20T19:44"),
]


@pytest.mark.parametrize(("latitude", "longitude", "rise", "set_"), PLACES)
def test_broad_day_begins_an_hour_after_sunrise_and_ends_an_hour_before_sunset(latitude, longitude, rise, set_):
    begin = datetime.fromisoformat(rise).replace(tzinfo=UTC) + timedelta(hours=1)
    end = datetime.fromisoformat(set_).replace(tzinfo=UTC) - timedelta(hours=1)
    slack = timedelta(minutes=5)

    def broad(moment: datetime) -> bool:
        return is_broad_day(moment.timestamp(), latitude, longitude)

    assert [broad(begin - slack), broad(begin + slack), broad(end - slack), broad(end + slack)] == [
        False,
        True,
        True,
        False,
    ]
    assert broad(begin + (end - begin) / 2)
    assert not broad(begin - timedelta(hours=4))


def test_beyond_the_polar_circle_it_is_always_or_never_day():
    midsummer, midwinter = datetime(2024, 6, 21, tzinfo=UTC), datetime(2024, 12, 21, tzinfo=UTC)
    for hour in range(24):
        assert is_broad_day((midsummer + timedelta(hours=hour)).timestamp(), 78.2, 15.6)
        assert not is_broad_day((midwinter + timedelta(hours=hour)).timestamp(), 78.2, 15.6)
