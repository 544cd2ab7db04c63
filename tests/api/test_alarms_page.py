"""Alarms in words, filtered by the page's address and over REST."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.alarmed import told
from heliograph.api.pages import AlarmFilter
from heliograph.contract import Alarm, AlarmSource
from heliograph.formats import read_plant
from support.markup import seen
from support.plausible_set import FILES, UID

PLANT = read_plant(FILES, UID)


def of_device(**changes: object) -> Alarm:
    alarm = Alarm(
        identity="a", source=AlarmSource.MODBUS, time=1, definition="inv.csv", device="2", device_name="roof_2",
        variable="3", value="6124",
    )  # fmt: skip
    return alarm.model_copy(update=changes)


def test_an_alarm_of_a_device_names_its_variable_and_its_engineering_value():
    about = told(of_device(), PLANT)
    assert (about.words, about.place, about.unit) == ("DC voltage changed", "/devices/2", "V")
    assert about.value == pytest.approx(612.4)
    assert told(of_device(variable="7", value="100"), PLANT).value is None, "it needs a scale factor of that moment"


@pytest.mark.parametrize(
    "changes", [{"variable": "99"}, {"definition": "other.csv"}, {"device_name": "renamed"}, {"device": "77"}]
)
def test_what_the_configuration_in_force_does_not_know_is_not_guessed(changes):
    about = told(of_device(**changes), PLANT)
    assert about.words == f"Variable {changes.get('variable', '3')} changed"
    assert about.value is None


@pytest.mark.parametrize(
    ("info", "words", "place"),
    [
        ("DEVICE LOST roof_3", "roof_3 does not answer any more", "/devices/3"),
        ("DEVICE BACK gone", "gone answers again", ""),
        ("STORAGE FULL", "The storage is full: new records are not kept", "/servers"),
        ("CLOCK STEP -12", "The clock was set by -12 s", ""),
        ("the grid is too strong", "the grid is too strong", ""),
    ],
)
def test_an_alarm_of_the_gateway_is_a_sentence_with_where_to_look(info, words, place):
    about = told(Alarm(identity="a", source=AlarmSource.GATEWAY, time=1, info=info), PLANT)
    assert (about.words, about.place) == (words, place)


@given(st.dictionaries(st.sampled_from(["device", "source", "from", "to", "before"]), st.text(max_size=12)))
def test_any_address_is_a_filter_that_can_be_asked_for(query):
    wanted = AlarmFilter.of_query(query)
    assert wanted.request.limit
    assert AlarmFilter.of_query(wanted.query) == wanted


def test_days_are_whole_and_in_utc():
    request = AlarmFilter.of_query({"from": "2026-03-01", "to": "2026-03-02"}).request
    start = int(dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp() * 1000)
    assert (request.since, request.until) == (start, start + 2 * 86_400_000)


async def test_alarms_are_shown_in_words_and_filtered_by_the_address(api, peers):
    text = seen((await api.get("/alarms")).text)
    for part in ("roof_3 does not answer any more", "Gateway · DEVICE LOST roof_3", "roof_2 State changed", "raw 4"):
        assert part in text, part
    html = (await api.get("/alarms?device=2&source=MODBUS")).text
    assert 'value="2" selected' in html
    assert "does not answer" not in seen(html)
    assert "/alarms?device=2&amp;source=MODBUS" not in html, "one page is all there is"
    assert "No alarm fits" in seen((await api.get("/alarms?to=2001-01-01")).text)
    peers.alarm_rows = []
    assert "Give a variable action 8" in seen((await api.get("/alarms")).text)


async def test_alarms_are_filtered_over_rest(api):
    rows = (await api.get("/api/v1/alarms?device=2&limit=3")).json()["alarms"]
    assert {row["device"] for row in rows} == {"2"}
    assert (rows[0]["words"], rows[0]["variable_name"]) == ("State changed", "State")
    moment = rows[1]["time"]
    found = (await api.get(f"/api/v1/alarms?since={moment}&until={moment + 1}")).json()["alarms"]
    assert [row["number"] for row in found] == [rows[1]["number"]]
    for query in ("source=DOOR", "device=a.>", "since=-1", "until=x"):
        assert (await api.get(f"/api/v1/alarms?{query}")).status_code == 422
