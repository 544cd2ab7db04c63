"""Logging in, staying in and going: cookies, forged requests, restarts, and the first account of all."""

import re

import pytest

from heliograph.api.forms import local_path
from support.cases import each
from support.people import PASSWORD, Browser, add_account, logged_in


@pytest.fixture
async def anna(api) -> Browser:
    await add_account(api, "anna")
    return await logged_in(api, "anna")


async def test_the_first_account_is_made_by_whoever_has_the_gateways_token(serve, peers, caplog):
    caplog.set_level("INFO")
    api = await serve()
    assert str(api.state_dir / "api-token") in (await api.get("/setup")).text
    form = {"name": "Anna ", "password": PASSWORD, "again": PASSWORD}
    wrong = await api.post("/setup", data=form | {"token": "wrong"})
    assert wrong.status_code == 401
    assert "The token is wrong" in wrong.text
    differs = await api.post("/setup", data=form | {"token": api.token, "again": "another"})
    assert (differs.status_code, "not the same" in differs.text) == (422, True)
    done = await api.post("/setup", data=form | {"token": api.token})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await api.get("/api/v1/session")).json()["name"] == "anna"
    assert (await api.post("/setup", data=form | {"token": api.token, "name": "eve"})).status_code == 409
    assert "account anna (operator) was made" in caplog.text
    assert PASSWORD not in caplog.text


async def test_what_the_person_wanted_goes_on_after_the_login(serve, peers):
    api = await serve()
    await add_account(api, "anna")
    asked = await api.get("/commands?way=file")
    wanted = asked.headers["location"]
    assert wanted == "/login?next=%2Fcommands%3Fway%3Dfile"
    page = await api.get(wanted)
    assert page.status_code == 200
    form = dict(re.findall(r'<input type="hidden" name="(next)" value="([^"]*)"', page.text))
    refused = await api.post("/login", data=form | {"name": "anna", "password": "not the right one"})
    assert (refused.status_code, "Name or password is wrong." in refused.text) == (401, True)
    done = await api.post("/login", data=form | {"name": "anna", "password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/commands?way=file")
    assert (await api.get("/commands?way=file")).status_code == 200


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb", "", "x"]
)
def test_a_login_leads_nowhere_else(wanted):
    assert local_path(wanted) == "/"
    assert local_path("/devices/1?a=b") == "/devices/1?a=b"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(serve, peers):
    api = await serve()
    answer = await api.post("/api/v1/session", json={"token": api.token})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("heliograph=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    (value,) = api.clients[0].cookies.values()
    assert value not in (api.state_dir / "sessions.json").read_text()


@each(
    "headers, is_done",
    [
        ({}, True),
        ({"X-CSRF-Token": ""}, False),
        ({"X-CSRF-Token": "0" * 64}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, False),
        ({"Sec-Fetch-Site": "", "Origin": "null"}, False),
        ({"Sec-Fetch-Site": "", "Origin": "HERE"}, True),
    ],
)
async def test_a_forged_request_changes_nothing(api, anna, peers, headers, is_done):
    peers.connects.clear()
    told = {name: value.replace("HERE", api.url) for name, value in headers.items()}
    answer = await anna.send("POST", "/api/v1/connections", headers=told)
    assert answer.status_code == (202 if is_done else 403)
    assert len(peers.connects) == is_done
    assert (await anna.send("GET", "/api/v1/status", headers=told)).status_code == 200


async def test_another_site_logs_nobody_in_or_out(serve, peers):
    api = await serve()
    foreign = {"Origin": "https://evil.example"}
    token = {"token": api.token}
    assert (await api.post("/login", data=token, headers=foreign)).status_code == 403
    assert (await api.post("/api/v1/session", json=token, headers=foreign)).status_code == 403
    await api.post("/login", data=token)
    csrf = (await api.get("/api/v1/session")).json()["csrf"]
    assert (await api.post("/logout", data={"csrf": "x"})).status_code == 403
    assert (await api.post("/logout", data={"csrf": csrf}, headers=foreign)).status_code == 403
    assert (await api.get("/account")).status_code == 200
    assert (await api.post("/logout", data={"csrf": csrf})).headers["location"] == "/login"
    assert (await api.get("/account")).status_code == 303


async def test_one_sees_and_ends_ones_own_sessions_alone(serve, peers):
    api = await serve()
    for name in ("anna", "otto"):
        await add_account(api, name)
    first, second, other = [await logged_in(api, name) for name in ("anna", "anna", "otto")]
    rows = (await first.send("GET", "/api/v1/sessions")).json()["sessions"]
    assert [row["current"] for row in rows] == [False, True]
    (foreign,) = (await other.send("GET", "/api/v1/sessions")).json()["sessions"]
    assert (await first.send("DELETE", f"/api/v1/sessions/{foreign['key']}")).status_code == 404
    assert (await first.send("DELETE", f"/api/v1/sessions/{rows[0]['key']}")).status_code == 200
    assert (await second.send("GET", "/api/v1/session")).status_code == 401
    assert (await other.send("GET", "/api/v1/session")).status_code == 200


async def test_the_page_of_the_account_shows_each_what_is_theirs(serve, peers):
    api = await serve()
    await add_account(api, "anna")
    await add_account(api, "otto", "viewer")
    anna, otto = await logged_in(api, "anna"), await logged_in(api, "otto")
    for browser, sees_all in ((anna, True), (otto, False)):
        page = (await browser.send("GET", "/account")).text
        assert "Change the password" in page
        assert ("Tokens for programs" in page) is sees_all
        assert ("Remove otto" in page) is sees_all
