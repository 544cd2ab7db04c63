"""The page of one device: its condition, what was counted, how it is read and what it refuses."""

import asyncio

from heliograph.contract import DevicePlan, RefusedVariable
from heliograph.contract.channels import STATE
from support.markup import Markup
from support.plausible import PLAN, collector_state

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;</time><script>alert(2)</script>"


def seen(html: str) -> str:
    """What a person reads, with plain blanks."""
    return " ".join(" ".join(Markup(html).texts).replace("\u202f", " ").split())


async def test_the_page_shows_one_device(api):
    answer = await api.get("/devices/1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = seen(answer.text)
    for part in (
        "Roof of the dairy", "roof_1", "Answering", "Index 1 · 192.168.1.41:502 · unit 1", "inv.csv",
        "7 195 readings by 21 600 requests", "12 records", "Requests a poll 3", "for 9 values", "95 B",
        "64.20 ms", "it needs 21.30 ms to answer", "It is not read across the registers 40005 to 40009.",
        "Grid frequency", "And 21 more.", "timeout", "AC power", "Serial number",
    ):  # fmt: skip
        assert part in text, part


async def test_the_list_leads_to_it_and_it_leads_back(api):
    overview, page = (await api.get("/devices")).text, (await api.get("/devices/3")).text
    assert "/devices/3" in Markup(overview).loaded
    assert "/devices" in Markup(page).loaded
    text = seen(page)
    assert "nothing came within 0.2 s, 3 times in a row" in text
    assert "2 gaps" in text
    assert "timeout 41" in text


async def test_nothing_on_it_comes_from_elsewhere_and_nothing_is_inline(api):
    markup = Markup((await api.get("/devices/1")).text)
    assert markup.inline == []
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in markup.loaded)


async def test_a_device_that_is_not_there_is_said(api):
    answer = await api.get("/devices/77")
    assert answer.status_code == 404
    assert "There is no such device" in seen(answer.text)
    assert (await api.get("/devices/1234567890")).status_code == 422


async def test_it_leads_to_the_login_who_may_not_read_and_holds_no_data(serve, peers):
    await peers.configure()
    await peers.serve()
    api = await serve(gateway_api_token="0123456789abcdef0123")
    answer = await api.get("/devices/1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fdevices%2F1")
    assert "roof_1" not in answer.text


async def test_rest_gives_the_plan_of_a_device(api):
    device = (await api.get("/api/v1/devices/1")).json()
    assert DevicePlan.model_validate(device["plan"]) == PLAN
    assert (await api.get("/api/v1/devices/3")).json()["plan"] is None


async def test_its_stream_sends_its_own_sections_alone(api, peers):
    async with api.client().stream("GET", "/events?page=device&index=1") as answer:
        lines = answer.aiter_lines()
        first = await anext(lines)
    assert '"device"' in first
    assert "roof_1" in first
    assert '"devices"' not in first
    assert "grid meter" not in first


async def test_hostile_names_stay_text(api, peers):
    refused = RefusedVariable(variable="9", name=HOSTILE, code=2)
    plan = PLAN.model_copy(update={"refused": (refused,), "lessons": (HOSTILE,)})
    device = collector_state().devices[0].model_copy(update={"plan": plan, "cause": HOSTILE, "errors": {HOSTILE: 1}})

    async def shown() -> bool:
        await peers.collector.store(STATE, collector_state(devices=(device,)), service="collector")
        return "onerror" in (await api.get("/devices/1")).text

    async with asyncio.timeout(30):
        while not await shown():
            await asyncio.sleep(0.02)
    markup = Markup((await api.get("/devices/1")).text)
    assert markup.inline == []
    assert "img" not in markup.tags
    assert markup.tags.count("script") <= 6  # the page's own
