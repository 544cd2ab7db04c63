"""What a client has already is not sent again; lists come in pages that name the next one; bodies are of their type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.conditional import based_on, tag
from heliograph.api.errors import Overtaken
from support.cases import each
from support.waiting import until

READS = [
    "/api/v1/devices",
    "/api/v1/configuration/files",
    "/api/v1/configuration/files/DEF/inv.csv",
    "/api/v1/configuration/revisions/7",
]


@pytest.mark.parametrize("path", READS[1:])
async def test_what_did_not_change_is_not_sent_again(api, path):
    whole = await api.get(path)
    etag = whole.headers["etag"]
    for held in (etag, f'"x", {etag}', "*"):
        again = await api.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await api.get(path, headers={"If-None-Match": '"x"'})).content == whole.content


async def test_devices_change_with_each_thing_heard_of_them(api, peers):
    first = (await api.get(READS[0])).headers["etag"]
    assert first.startswith('W/"')

    async def is_another() -> bool:
        await peers.report_live("1")
        return (await api.get(READS[0], headers={"If-None-Match": first})).status_code == 200

    await until(is_another)


@each("path", ["/api/v1/alarms", "/api/v1/connections", "/api/v1/configuration/revisions"])
async def test_pages_name_the_next_one_in_the_body_and_the_header(api, path):
    page = await api.get(f"{path}?limit=1")
    link = page.json()["next"]
    assert page.headers["link"] == f'<{link}>; rel="next"'
    assert link == f"{path}?limit=1&before={page.json()['before']}"
    seen = 1
    while link:
        page = await api.get(link)
        link, seen = page.json()["next"], seen + 1
        assert seen < 200
    assert "link" not in page.headers


@each(
    "method, path, media, status",
    [
        ("POST", "/api/v1/connections", "text/plain", 415),
        ("POST", "/api/v1/connections", "application/x-www-form-urlencoded", 415),
        ("POST", "/api/v1/connections", "application/json; charset=utf-8", 202),
        ("POST", "/api/v1/connections", "", 202),
        ("POST", "/api/v1/commands", "multipart/form-data", 415),
        ("PUT", "/api/v1/configuration/files/DEF/x.csv", "image/png", 415),
        ("POST", "/login", "application/json", 415),
    ],
)
async def test_a_body_of_another_type_is_refused(api, method, path, media, status):
    answer = await api.send(method, path, content=b"{}", headers={"Content-Type": media} if media else {})
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["type"] == "/problems/unsupported-media-type"
        assert answer.json()["instance"] == path


async def test_every_type_of_problem_leads_to_a_page_that_explains_it(api):
    for path, status in (("/api/v1/nothing", 404), ("/api/v1/devices/99", 404), ("/api/v1/alarms?limit=0", 422)):
        problem = (await api.get(path)).json()
        assert problem["status"] == status
        assert problem["instance"] == path.partition("?")[0]
        assert (await api.get(problem["type"])).status_code == 200
    assert (await api.get("/problems/none")).status_code == 404


async def test_a_return_is_refused_where_another_revision_is_in_force(api, peers):
    path = "/api/v1/configuration/revisions/7/return"
    late = await api.send("POST", path, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["type"]) == (412, "/problems/overtaken")
    assert peers.revisions.returns == []


@given(st.text(max_size=40), st.integers(1, 10**9))
def test_an_if_match_names_what_is_there_or_is_refused(text, now):
    assert based_on(f'"x", {tag(now)}', now) == now
    assert based_on(tag(now + 1), now) == now + 1
    try:
        number = based_on(text, now)
    except Overtaken:
        return
    assert number is None or number >= 0
