"""Accounts of people: who makes them, what roles may, and that the last operator stays."""

import json
import stat

import pytest

from support.people import PASSWORD, add_account, logged_in


@pytest.fixture
async def gateway(serve, peers):
    """An api with an operator and a viewer."""
    api = await serve()
    await add_account(api, "anna")
    await add_account(api, "otto", "viewer")
    return api


async def test_with_the_first_account_reads_need_one_too(serve, peers):
    api = await serve()
    assert (await api.get("/api/v1/status")).status_code == 200
    await add_account(api, "anna")
    answer = await api.get("/api/v1/status")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/login-needed")
    assert (await api.get("/")).headers["location"] == "/login?next=%2F"
    assert (await api.get("/api/v1/status", headers=api.bearer)).status_code == 200


async def test_the_first_account_is_an_operators(serve, peers):
    api = await serve()
    body = {"name": "otto", "role": "viewer", "password": PASSWORD}
    answer = await api.send("POST", "/api/v1/accounts", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (409, "The first account is an operator's.")


async def test_passwords_lie_hashed_in_a_file_closed_to_others(gateway):
    path = gateway.state_dir / "accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert [row["hash"][:10] for row in json.loads(path.read_text())] == ["$argon2id$"] * 2


async def test_a_viewer_reads_and_changes_nothing(gateway):
    otto = await logged_in(gateway, "otto")
    assert (await otto.send("GET", "/api/v1/status")).status_code == 200
    for method, path in (
        ("POST", "/api/v1/connections"),
        ("GET", "/api/v1/accounts"),
        ("GET", "/api/v1/accounts/anna"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", "/api/v1/accounts/anna"),
    ):
        answer = await otto.send(method, path)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed"), path
        assert "operator" in answer.json()["detail"]
    assert (await otto.send("GET", "/api/v1/accounts/otto")).json()["role"] == "viewer"


async def test_a_viewers_page_shows_nothing_that_would_be_refused(gateway):
    for name, looks_only in (("otto", True), ("anna", False)):
        browser = await logged_in(gateway, name)
        page = (await browser.send("GET", "/servers")).text
        assert ("data-looks-only" in page) is looks_only
        assert f'content="{browser.csrf}"' in page
        assert f">{name}</a>" in page


async def test_a_role_is_changed_against_what_was_read_and_holds_at_once(gateway):
    otto = await logged_in(gateway, "otto")
    read = await gateway.send("GET", "/api/v1/accounts/otto")
    changed = await gateway.send(
        "PATCH", "/api/v1/accounts/otto", json={"role": "operator"}, headers={"If-Match": read.headers["etag"]}
    )
    assert changed.json()["role"] == "operator"
    assert changed.headers["etag"] != read.headers["etag"]
    assert (await otto.send("GET", "/api/v1/accounts")).status_code == 200
    late = await gateway.send(
        "PATCH", "/api/v1/accounts/otto", json={"role": "viewer"}, headers={"If-Match": read.headers["etag"]}
    )
    assert (late.status_code, late.json()["type"]) == (412, "/problems/overtaken")
    known = {"If-None-Match": changed.headers["etag"]}
    assert (await gateway.send("GET", "/api/v1/accounts/otto", headers=known)).status_code == 304


async def test_the_last_operator_stays_one(gateway):
    for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"})):
        answer = await gateway.send(method, "/api/v1/accounts/anna", json=body)
        assert answer.status_code == 409
        assert "last operator" in answer.json()["detail"]


async def test_whoever_is_removed_is_out_at_once(gateway):
    otto = await logged_in(gateway, "otto")
    assert (await gateway.send("DELETE", "/api/v1/accounts/otto")).status_code == 200
    assert (await otto.send("GET", "/api/v1/status")).status_code == 401
    assert (await gateway.send("DELETE", "/api/v1/accounts/otto")).status_code == 404
    await add_account(gateway, "otto", "viewer")
    assert (await otto.send("GET", "/api/v1/status")).status_code == 401


async def test_ones_own_password_takes_the_one_until_now_and_ends_other_sessions(gateway):
    first, second = await logged_in(gateway, "otto"), await logged_in(gateway, "otto")
    path = "/api/v1/accounts/otto/password"
    for current, status in ((None, 422), ("something else", 403)):
        body = {"password": "four words and one more", **({"current": current} if current else {})}
        assert (await first.send("PUT", path, json=body)).status_code == status
    body = {"password": "four words and one more", "current": PASSWORD}
    assert (await first.send("PUT", path, json=body)).status_code == 200
    assert (await first.send("GET", "/api/v1/session")).json()["name"] == "otto"
    assert (await second.send("GET", "/api/v1/session")).status_code == 401
    await logged_in(gateway, "otto", "four words and one more")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("../x", PASSWORD),
        ("Anna Q", PASSWORD),
        ("", PASSWORD),
        ("x" * 33, PASSWORD),
        ("fine", "short"),
        ("fine", "password123"),
        ("fine", "aaaaaaaaaaaa"),
        ("longenough1", "longenough1"),
        ("fine", "x" * 201),
    ],
)
async def test_names_and_passwords_that_will_not_do_are_refused(gateway, name, password):
    body = {"name": name, "role": "viewer", "password": password}
    answer = await gateway.send("POST", "/api/v1/accounts", json=body)
    assert answer.status_code == 422
    assert password not in answer.text or password == name
    names = [row["name"] for row in (await gateway.send("GET", "/api/v1/accounts")).json()["accounts"]]
    assert names == ["anna", "otto"]


async def test_the_journal_names_the_account_or_the_token(gateway, peers):
    await peers.serve()
    anna = await logged_in(gateway, "anna")
    made = await anna.send("POST", "/api/v1/tokens", json={"name": "grafana", "role": "operator"})
    token = {"Authorization": f"Bearer {made.json()['token']}"}
    assert (await anna.send("POST", "/api/v1/support-bundle")).status_code == 202
    assert (await gateway.post("/api/v1/support-bundle", headers=token)).status_code == 202
    assert [request.origin for request in peers.bundles.asked] == ["web page: anna", "REST token grafana"]
    assert (await anna.send("GET", "/api/v1/tokens")).json()["tokens"][0]["by"] == "web page: anna"
