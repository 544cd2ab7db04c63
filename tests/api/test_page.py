"""The page: true, escaped, live, without anything from elsewhere."""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.api import stream as ticking
from heliograph.api.pages import ASSETS, words
from heliograph.api.pages.rendering import NAVIGATION
from heliograph.api.stream import MAX_CLIENTS
from heliograph.contract import (
    Alarm,
    AlarmSource,
    ConnectionResult,
    DeviceCondition,
    RevisionState,
    ServerState,
    Trial,
    Trigger,
)
from heliograph.contract.channels import STATE
from heliograph.contract.requests import NumberedAlarm
from support.cases import each
from support.markup import Markup
from support.plausible import SERVER_2, collector_state, connections, now, reading, sync_state
from support.plausible_set import FILES, UID

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;</time><script>alert(2)</script>"
FOREIGN = ("http:", "https:", "//", "data:", "javascript:")


async def stream(api, query: str = "") -> AsyncIterator[dict]:
    async with api.client().stream("GET", f"/events{query}") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line:
                assert line.startswith("data: ")
                yield json.loads(line[6:])


async def sections_until(api, condition, query: str = "") -> dict[str, str]:
    """Follow the stream until the sections, as a page would hold them, fit."""
    held: dict[str, str] = {}
    events = stream(api, query)
    async with asyncio.timeout(90):
        async for event in events:
            held |= event["sections"]
            if condition(held):
                await events.aclose()
                return held
    raise AssertionError(f"the stream ended: {held}")


@each(
    "path, parts",
    [
        ("/", ("Roof of the dairy", "WPM00C44F", "need attention", "Service commands is not running.")),
        ("/devices", (
            "roof_1", "Not answering", "nothing came within 0.2 s, 3 times in a row", "AC power", "grid meter",
            "SERIAL1", "busy 42 %", "Modbus TCP on port 5020: 2 clients",
        )),
        ("/devices/new", ("Search for SunSpec devices",)),
        ("/servers", ("Server 1 main", "SFTP · data.example.org:22/dairy/", "3 files, 19.4 kB", "login was refused")),
        ("/configuration", ("decimal comma read as a decimal point", "Revision 12")),
        ("/alarms", ("DEVICE LOST roof_3", "State")),
        ("/system", ("collector Running",)),
    ],
)  # fmt: skip
async def test_a_page_shows_the_gateway_at_the_first_look(api, path, parts):
    answer = await api.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    text = " ".join(" ".join(Markup(answer.text).texts).split())
    for part in parts:
        assert part.replace(" ", " ") in text.replace(words.NARROW, " "), part
    assert api.token not in answer.text


@each("place", NAVIGATION)
async def test_the_navigation_leads_to_every_page_and_names_the_open_one(api, place):
    page = (await api.get(place.path)).text
    assert {other.path for other in NAVIGATION} <= set(Markup(page).loaded)
    assert f'href="{place.path}" aria-current="page"' in page


@each("path", [*(place.path for place in NAVIGATION), "/devices/new", "/devices/1"])
async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(api, path):
    markup = Markup((await api.get(path)).text)
    assert markup.inline == []
    assert not [link for link in markup.loaded if link.startswith(FOREIGN)]
    for link in markup.loaded:
        assert link.startswith(("/", "#"))
        if link.startswith("/assets/"):
            assert (await api.get(link)).status_code == 200


def test_no_asset_names_a_place_elsewhere():
    for name, asset in ASSETS.items():
        text = re.sub(r"/\*!?.*?\*/", "", asset.content.decode(), flags=re.DOTALL)  # whose it is, a library says there
        text = text.replace("http://www.w3.org/2000/svg", "")
        assert not [mark for mark in ("http:", "https:", "@import", "url(") if mark in text], name


async def test_an_asset_is_sent_once(serve):
    api = await serve()
    asset = await api.get("/assets/page.css")
    known = {"If-None-Match": asset.headers["etag"]}
    assert (await api.get("/assets/page.css", headers=known)).status_code == 304
    assert (await api.get("/assets/page.js", headers=known)).status_code == 200


async def test_an_asset_outside_of_the_list_is_not_there(api):
    for name in ("..%2fassets.py", "page.css%00", "%2e%2e/words.py", "nothing.js"):
        assert (await api.get(f"/assets/{name}")).status_code == 404


async def test_hostile_names_stay_text(serve, peers):
    """Names of devices, variables, servers' messages, alarms and findings come from outside."""
    daq = FILES[f"CONFIG/{UID}_daq.csv"].replace("roof_2", HOSTILE.replace(";", ""))
    inverter = FILES["DEF/inv.csv"].replace("DC voltage", HOSTILE.replace(";", "")).replace(";V;", ";<b>V;")
    await peers.configure(3, {**FILES, f"CONFIG/{UID}_daq.csv": daq, "DEF/inv.csv": inverter})
    peers.alarm_rows = [
        NumberedAlarm(number=1, alarm=Alarm(identity="a", source=AlarmSource.GATEWAY, time=10**17, info=HOSTILE))
    ]
    peers.revisions.rows = [
        row.model_copy(update={"note": HOSTILE, "origin": HOSTILE, "changed": (HOSTILE,) * 5})
        for row in peers.revisions.rows
    ]
    peers.connection_rows = [connections()[0].model_copy(update={"failures": (HOSTILE,)})]
    await peers.serve()
    api = await serve()
    lost = collector_state().devices[2].model_copy(update={"cause": HOSTILE, "errors": {HOSTILE: 1}})
    sync = sync_state(site=HOSTILE, findings=(f"x:1:1: error: {HOSTILE}",))
    server = sync.servers[0].model_copy(update={"problems": (HOSTILE,), "next_trigger": HOSTILE})

    async def tell() -> None:
        while True:
            await peers.sync.store(STATE, sync.model_copy(update={"servers": (server,), "time": now()}), service="sync")
            await peers.collector.store(STATE, collector_state(devices=(lost,)), service="collector")
            await peers.report_live("1")
            await asyncio.sleep(0.3)

    telling = asyncio.create_task(tell())
    shown: list[str] = []
    for query, name, part in (
        ("?page=device&index=1", "values", "alert"), ("?page=servers", "history", "alert(1)"),
        ("?page=configuration", "revisions", "Taken back"), ("?page=alarms", "alarms", "alert(1)"),
    ):  # fmt: skip
        held = await sections_until(
            api, lambda s, n=name, p=part: p in s.get(n, "") and "alert" in s["identity"], query
        )
        assert "&lt;img src=x onerror=alert(1)&gt;" in held["identity"]
        shown += held.values()
    shown += [(await api.get(place.path)).text for place in NAVIGATION]
    telling.cancel()
    for html in shown:
        markup = Markup(html)
        assert "img" not in markup.tags
        assert "b" not in markup.tags
        assert not [inline for inline in markup.inline if inline != "script"]
        assert markup.tags.count("script") <= 6  # the page's own


async def test_a_trial_a_refused_set_and_the_last_revisions_stand_on_the_page(api, peers):
    trial = Trial(revision=4, back_to=3, since=now() - 60_000, until=now() + 1_440_000, failures=1)
    findings = (f"CONFIG/{UID}_daq.csv:2:1: error: 'x' is no number",)
    broker = SERVER_2.model_copy(update={"type": "mqtts", "mode": "strategy_mqtt"})
    session = sync_state().servers[1].model_copy(update={"server": broker, "connected": True})
    state = sync_state(revision=4, trial=trial, rejected=True, findings=findings, servers=(session,))
    await peers.sync.store(STATE, state, service="sync")
    lagging = collector_state(rejected="DEF/m.csv:1:1: error: no", rejected_revision=4)
    await peers.collector.store(STATE, lagging, service="collector")
    held = await sections_until(
        api,
        lambda s: (
            all(w in s["configuration"] for w in ("On trial since", "goes on with")) and "<table" in s["revisions"]
        ),
        "?page=configuration",
    )
    text = " ".join(" ".join(Markup(held["configuration"] + held["revisions"]).texts).split())
    for part in (
        "Revision 4 On trial", "back to revision 3", "1 of 3 tries failed", "The newest set is refused",
        "'x' is no number", "Service collector goes on with revision 3: DEF/m.csv:1:1",
        "CONFIG/WPM00C44F_config.ini", "Taken back the main server was not reached in 30 minutes: back to revision 10",
    ):  # fmt: skip
        assert part in text, part
    assert f'data-ms="{trial.until}" data-form="left"' in held["configuration"]
    assert held["revisions"].count("<tr>") == 1 + 12
    attention = (await sections_until(api, lambda _: True))["attention"]
    assert "Revision 4 is on trial: back to revision 3 in 2" in attention
    assert "could not take the newest revision (4)" in attention
    shown = (await sections_until(api, lambda _: True, "?page=servers"))["servers"]
    servers = " ".join(" ".join(Markup(shown).texts).split())
    assert "Server 2 MQTT" in servers
    assert "Session open" in servers


async def test_a_revision_in_force_stands_on_the_page_with_its_origin(api):
    text = " ".join(" ".join(Markup((await api.get("/configuration")).text).texts).split())
    assert "Revision 3 In force From: set directory · in force since" in text
    assert "Findings about the set" in text


def test_every_state_has_a_word():
    assert set(words.TRIGGERS) == set(Trigger)
    assert set(words.RESULTS) == set(ConnectionResult)
    assert set(words.REVISIONS) == set(RevisionState)
    assert {*words.CONDITIONS} == {*DeviceCondition, None}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"connected": True}, "Connected"),
        ({"connected": False}, "Not yet connected"),
        ({"connected": True, "failures": 1}, "Failing"),
        ({"connected": True, "problems": ("the topic is refused",)}, "Needs a hand"),
    ],
)
def test_an_mqtt_server_says_whether_its_session_stands(changes, word):
    server = ServerState(server=SERVER_2.model_copy(update={"type": "mqtts", "mode": "strategy_mqtt"}), **changes)
    assert words.server_chip(server)[1] == word


async def test_the_stream_sends_what_changed_and_no_more(api, peers):
    events = stream(api, "?page=devices")
    first = await anext(events)
    assert set(first["sections"]) == {"identity", "devices"}
    assert abs(first["time"] - now()) < 60_000
    await peers.report()
    async with asyncio.timeout(90):
        later = await anext(events)
        while "devices" not in later["sections"]:
            later = await anext(events)
    assert "identity" not in later["sections"]
    await events.aclose()


async def test_the_stream_beats_when_nothing_changes(serve, peers):
    api = await serve()
    events = stream(api)
    async with asyncio.timeout(90):
        times = [(await anext(events))["time"] for _ in range(3)]
    await events.aclose()
    assert times == sorted(times)


async def test_who_goes_alone_from_page_to_page_sees_each_live_at_once(serve, peers, monkeypatch):
    monkeypatch.setattr(ticking, "TICK_SECONDS", 3600)
    api = await serve()
    async with asyncio.timeout(90):
        for _ in range(3):
            events = stream(api)
            await anext(events)
            await events.aclose()


async def test_the_number_of_streams_is_bounded(serve, peers):
    api = await serve()
    opened = [stream(api) for _ in range(MAX_CLIENTS)]
    for events in opened:
        await anext(events)
    refused = await api.get("/events")
    assert refused.status_code == 503
    await opened.pop().aclose()
    async with asyncio.timeout(90):
        while True:
            answer = api.client().stream("GET", "/events")
            async with answer as response:
                if response.status_code == 200:
                    break
            await asyncio.sleep(0.1)
    for events in opened:
        await events.aclose()


async def test_without_anything_the_page_says_what_to_do_next(serve, peers):
    api = await serve()
    for path, part in (
        ("/devices", "No configuration is in force yet"), ("/devices", "GATEWAY_SET"),
        ("/servers", "No server is configured"), ("/", "Service collector is not running."),
    ):  # fmt: skip
        assert part in (await api.get(path)).text
    await peers.configure(1, {f"CONFIG/{UID}_daq.csv": FILES[f"CONFIG/{UID}_daq.csv"].partition("1;192")[0]})
    held = await sections_until(api, lambda s: "No device is configured" in s["devices"], "?page=devices")
    assert f"CONFIG/{UID}_daq.csv" in held["devices"]


async def test_a_silent_collector_makes_conditions_unknown(serve, peers):
    """What is not known is not shown as it once was."""
    await peers.configure()
    api = await serve()
    old = now() - 60_000
    await peers.collector.store(STATE, collector_state(time=old), service="collector")
    await sections_until(api, lambda s: "last seen" in s["services"], "?page=system")
    held = await sections_until(api, lambda s: "roof_1" in s["devices"], "?page=devices")
    assert "Answering" not in held["devices"]
    assert held["devices"].count("The collector does not report.") == 4
    assert "Service collector is not running." in (await sections_until(api, lambda _: True))["attention"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (0, "0"), (1234567, "1 234 567"), (-5, "−5"), (0.5, "0.500"), (42.7712, "42.77"),
        (231.66, "231.7"), (-112450.5, "−112 450"), (1e-9, "1e−09"), (float("nan"), "–"), ("on", "on"),
    ],
)  # fmt: skip
def test_numbers_for_people(value, shown):
    assert words.number(value).replace(words.NARROW, " ") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (1.84, "1.8 s"), (59.9, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (90061, "1 d 1 h")],
)
def test_stretches_of_time_for_people(seconds, shown):
    assert words.span(seconds).replace(words.NARROW, " ") == shown


@settings(deadline=None, max_examples=100)
@given(st.floats() | st.integers(-(2**70), 2**70) | st.text(max_size=10) | st.none())
def test_any_value_has_a_short_form(value):
    text = words.number(value)
    assert isinstance(value, str) or 0 < len(text) <= 40
    if isinstance(value, float) and not math.isfinite(value):
        assert text == words.NOTHING


@settings(deadline=None, max_examples=50)
@given(st.integers(-(2**70), 2**70))
def test_any_moment_has_a_form(milliseconds):
    assert words.utc(milliseconds)


@pytest.mark.parametrize("count", [0, 999, 1000, 19_424, 2_147_483_648])
def test_sizes_for_people(count):
    assert words.size(count)[-1] == "B"


def test_reading_samples_are_what_definitions_hold():
    assert set(reading("1").values) <= {line.partition(";")[0] for line in FILES["DEF/inv.csv"].splitlines()[1:]}
