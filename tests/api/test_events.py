"""The stream of events for programs: what comes, what is filtered, and what a client that comes back has missed."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from heliograph.api.feed import AFTERWARDS_SECONDS, MAX_CLIENTS, MOST_EVENTS, Feed, Kind, ReadingNews, Wanted
from heliograph.api.following import Following
from heliograph.contract import Event, Level, NumberedEvent, Service
from heliograph.contract.channels import LOG_LINE
from heliograph.contract.requests import NumberedAlarm
from support.people import add_account

NEWS = ReadingNews(device="1", name="roof_1", time=1, values={"3": 42.1})


class Hands:
    """A clock whose hands the test moves."""

    seconds = 0.0

    def time(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


async def happenings(api, query: str = "", **headers: str) -> AsyncIterator[dict]:
    """Each event as a program reads it."""
    async with api.client().stream("GET", f"/api/v1/events{query}", headers=api.bearer | headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        known: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                known[name] = value
            elif not line and "data" in known:
                yield {**known, "data": json.loads(known["data"])}
                known = {}


async def first(api, query: str, cause) -> dict:
    """The first event of a stream, of a cause that goes on until it comes."""

    async def go_on() -> None:
        while True:
            await cause()
            await asyncio.sleep(0.1)

    causing = asyncio.create_task(go_on())
    events = happenings(api, query)
    try:
        async with asyncio.timeout(60):
            return await anext(events)
    finally:
        causing.cancel()
        await events.aclose()


async def test_readings_states_alarms_and_lines_of_the_log_come_as_they_happen(api, peers):
    reading = await first(api, "?kind=reading&device=1", lambda: peers.report_live("1"))
    assert (reading["event"], reading["data"]["name"]) == ("reading", "roof_1")
    now = (await api.get("/api/v1/devices/1/variables")).json()["variables"]
    assert set(reading["data"]["values"]) == {row["index"] for row in now}
    assert 40 < reading["data"]["values"]["1"] < 45  # kW: the raw value is in tens of watts
    state = await first(api, "?kind=state", peers.report)
    assert (state["event"], state["data"]["service"] in ("sync", "collector", "api")) == ("state", True)
    line = NumberedEvent(number=7, event=Event(time=1, level=Level.INFO, service="sync", text="hello"))
    told = await first(api, "?kind=log", lambda: peers.sync.publish(LOG_LINE, line))
    assert (told["data"]["number"], told["data"]["event"]["text"]) == (7, "hello")

    async def one_more_alarm() -> None:
        newest = peers.alarm_rows[0]
        alarm = newest.alarm.model_copy(update={"identity": f"more.{newest.number}"})
        peers.alarm_rows.insert(0, NumberedAlarm(number=newest.number + 1, alarm=alarm))

    alarm = await first(api, "?kind=alarm", one_more_alarm)
    assert alarm["data"]["number"] > 1
    assert alarm["data"]["identity"].startswith("more.")


async def test_who_may_not_read_follows_nothing_and_nonsense_is_refused(api):
    for query, status in (("?kind=nonsense", 422), ("?device=much-too-long", 422)):
        assert (await api.get(f"/api/v1/events{query}")).status_code == status
    refused = await api.get("/api/v1/events", headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["type"]) == (406, "/problems/not-acceptable")
    await add_account(api, "anna")
    assert (await api.get("/api/v1/events")).status_code == 401


async def test_who_comes_back_with_the_last_number_misses_nothing():
    clock = Hands()
    feed = Feed(clock)
    seen, missed = feed.enter("")
    assert (seen, missed) == (0, False)
    feed.tell(Kind.READING, NEWS, "1")
    feed.leave()
    clock.seconds += AFTERWARDS_SECONDS
    feed.tell(Kind.READING, NEWS, "2")
    back, missed = feed.enter(f"{feed.era}-1")
    events, _ = feed.since(back)
    assert ([event.device for event in events], missed) == (["2"], False)


async def test_what_was_missed_is_told_as_a_gap():
    clock = Hands()
    feed = Feed(clock)
    feed.enter("")
    for _ in range(MOST_EVENTS + 5):
        feed.tell(Kind.READING, NEWS, "1")
    assert feed.since(3) == (list(feed._backlog), True)
    assert feed.enter(f"{feed.era}-3") == (3, True)
    for stranger in ("another-3", "nonsense", f"{feed.era}-x", f"{feed.era}-{10**9}"):
        assert feed.enter(stranger) == (MOST_EVENTS + 5, True)


async def test_nothing_is_made_while_nobody_follows_nor_long_after():
    clock = Hands()
    feed = Feed(clock)
    feed.tell(Kind.READING, lambda: pytest.fail("made for nobody"))
    feed.enter("")
    feed.tell(Kind.READING, NEWS, "1")
    feed.leave()
    clock.seconds += AFTERWARDS_SECONDS + 1
    feed.tell(Kind.READING, lambda: pytest.fail("made for nobody"))
    assert len(feed._backlog) == 0


async def test_filters_let_pass_what_is_asked_for():
    feed = Feed(Hands())
    feed.enter("")
    feed.tell(Kind.READING, NEWS, "1")
    feed.tell(Kind.STATE, NEWS)
    reading, state = feed.since(0)[0]
    assert Wanted().passes(reading)
    assert not Wanted(kinds={Kind.STATE}).passes(reading)
    assert not Wanted(devices={"2"}).passes(reading)
    assert Wanted(devices={"2"}).passes(state)


async def test_a_hundred_programs_follow_and_no_more_than_are_allowed(serve, peers):
    from heliograph.api.errors import Silent

    feed = Feed(Hands())
    assert MAX_CLIENTS >= 100
    streams = [Following(feed, Wanted(), "", lambda: True) for _ in range(MAX_CLIENTS)]
    with pytest.raises(Silent, match="end one"):
        Following(feed, Wanted(), "", lambda: True)
    assert len(streams) == MAX_CLIENTS


async def test_a_stream_ends_in_order_with_the_service(serve, peers):
    api = await serve()
    assert api.context.service is Service.API
    events = happenings(api)
    waiting = asyncio.create_task(anext(events, None))
    await asyncio.sleep(0)
    api.context.stopping.set()
    async with asyncio.timeout(60):
        await asyncio.wait({waiting})
        await api.task
