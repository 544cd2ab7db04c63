"""The stream of events keeps what its description promises; schemathesis cannot follow it, as it never ends."""

import asyncio
import contextlib
import json

import pytest

from heliograph.api import following
from heliograph.api.feed import Kind
from heliograph.contract import Event, Level, NumberedEvent
from heliograph.contract.channels import LOG_LINE
from heliograph.contract.requests import NumberedAlarm
from support.described import description, faults
from support.people import add_account, logged_in

LIMIT = 60
STREAM = description()["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]


@contextlib.asynccontextmanager
async def causing(peers):
    """Have everything happen that is told, again and again."""

    async def go_on() -> None:
        for number in range(100_000):
            await peers.report_live("1", "2")
            await peers.report()
            event = Event(time=1, level=Level.INFO, service="sync", text="hello")
            await peers.sync.publish(LOG_LINE, NumberedEvent(number=number, event=event))
            newest = peers.alarm_rows[0]
            more = newest.alarm.model_copy(update={"identity": f"more.{newest.number}"})
            peers.alarm_rows.insert(0, NumberedAlarm(number=newest.number + 1, alarm=more))
            await asyncio.sleep(0.1)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def parts(client, headers: dict[str, str], query: str = ""):
    """Each part between empty lines as its fields; a comment is the field of no name."""
    async with client.stream("GET", f"/api/v1/events{query}", headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        fields: list[tuple[str, str]] = []
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields.append((name.removesuffix(":"), value))
            else:
                yield dict(fields)
                fields = []


async def events_until(api, peers, kinds: set[str], **headers: str) -> list[dict[str, str]]:
    """What comes until each of these kinds came."""
    came: list[dict[str, str]] = []
    async with asyncio.timeout(LIMIT), causing(peers):
        stream = parts(api.client(), api.bearer | headers)
        async for part in stream:
            came.append(part)
            if kinds <= {part.get("event") for part in came}:
                break
        await stream.aclose()
    return came


async def test_each_event_has_its_name_its_number_and_data_as_described(api, peers):
    assert set(STREAM["x-event-data"]) == {*Kind, "gap"}
    came = await events_until(api, peers, set(Kind))
    assert came[0] == {"retry": "3000"}
    events = [part for part in came if "event" in part]
    for event in events:
        assert set(event) == {"id", "event", "data"}
        assert list(faults(STREAM["x-event-data"][event["event"]], json.loads(event["data"]))) == []
    eras, numbers = zip(*(event["id"].split("-") for event in events), strict=True)
    assert len(set(eras)) == 1
    assert list(map(int, numbers)) == sorted(set(map(int, numbers)))


def test_the_example_of_the_stream_is_what_it_says():
    data = STREAM["example"].partition("data: ")[2].strip()
    assert list(faults(STREAM["x-event-data"]["reading"], json.loads(data))) == []


async def test_who_comes_back_gets_what_came_since_and_a_stranger_a_gap(api, peers):
    came = [part for part in await events_until(api, peers, {Kind.STATE}) if "event" in part]
    first = came[0]["id"]
    era, _, number = first.partition("-")
    again = [
        part for part in await events_until(api, peers, {Kind.STATE}, **{"Last-Event-ID": first}) if "event" in part
    ]
    assert again[0]["id"] == f"{era}-{int(number) + 1}"
    strange = await events_until(api, peers, {Kind.STATE}, **{"Last-Event-ID": "0-1"})
    gap = next(part for part in strange if "event" in part)
    assert (gap["event"], json.loads(gap["data"])) == ("gap", {})
    assert list(faults(STREAM["x-event-data"]["gap"], {})) == []


async def test_a_comment_comes_where_nothing_happens(api, monkeypatch):
    monkeypatch.setattr(following, "BEAT_SECONDS", 0.01)
    stream = parts(api.client(), api.bearer, "?kind=alarm&device=9")
    async with asyncio.timeout(LIMIT):
        came = [await anext(stream) for _ in range(4)]
    await stream.aclose()
    assert came == [{"retry": "3000"}, *[{"": "beat"}] * 3]


async def ended(stream) -> None:
    async with asyncio.timeout(LIMIT):
        async for _ in stream:
            pass


@pytest.mark.parametrize("page", ["/api/v1/events", "/events"])
async def test_a_stream_ends_when_its_token_or_its_session_is_taken_away(api, peers, monkeypatch, page):
    monkeypatch.setattr(following, "BEAT_SECONDS", 0.1)
    await add_account(api, "anna")
    token = (await api.send("POST", "/api/v1/tokens", json={"name": "grafana"})).json()["token"]
    browser = await logged_in(api, "anna")
    ways = (
        (api.client(), {"Authorization": f"Bearer {token}"}, lambda: api.send("DELETE", "/api/v1/tokens/grafana")),
        (browser.client, {}, lambda: browser.send("DELETE", "/api/v1/session")),
    )
    for client, headers, take_away in ways:
        async with client.stream("GET", page, headers=headers) as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            assert (await take_away()).status_code == 200
            await ended(lines)
        assert (await client.get(page, headers=headers)).status_code == 401


async def test_a_stream_that_was_open_to_the_machine_ends_with_the_first_account(api, monkeypatch):
    monkeypatch.setattr(following, "BEAT_SECONDS", 0.1)
    stream = parts(api.client(), {})
    await anext(stream)
    await add_account(api, "anna")
    await ended(stream)
