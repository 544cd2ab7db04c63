"""Who may do what, for every operation of the description and every page: nobody, a viewer, an operator, a forger."""

import pytest

from heliograph.api.routes import ROUTERS
from support.described import operations
from support.people import Browser, add_account, logged_in

OPEN = {
    "GET /health/live": "tells nothing", "GET /health/ready": "tells nothing", "POST /api/v1/session": "logs in",
}  # fmt: skip
"""What needs nobody known."""
FOR_VIEWERS = {
    "POST /api/v1/servers/host-key": "reads what a text says",
    "POST /api/v1/schedules/next": "reads what a text would plan",
    "DELETE /api/v1/session": "one's own",
    "DELETE /api/v1/sessions/{key}": "one's own",
    "PUT /api/v1/accounts/{name}/password": "one's own",
}
"""What sends more than it reads, and is a viewer's all the same."""
FOR_OPERATORS = {
    "GET /api/v1/accounts": "people",
    "GET /api/v1/tokens": "programs",
    "GET /api/v1/tokens/{name}": "programs",
}
"""What is read, and is none of a viewer's business."""
PLACES = {
    "{index}": "1", "{folder}": "DEF", "{key}": "0123456789abcdef", "{number}": "1", "{action}": "start",
    "{identity}": "x", "{test}": "1", "accounts/{name}": "accounts/otto", "{name}": "x",
}  # fmt: skip
ENDLESS = "GET /api/v1/events"
OPERATIONS = [operation for operation in operations() if str(operation) not in OPEN]
PAGES = {"/login", "/setup", "/problems/{slug}", "/assets/{name}", "/events", "/account"}
"""Addresses beside the REST API that are no page of the plant."""


def placed(path: str) -> str:
    for place, value in PLACES.items():
        path = path.replace(place, value)
    return path


def is_for_viewers(operation) -> bool:
    return str(operation) in FOR_VIEWERS or (operation.method == "get" and str(operation) not in FOR_OPERATORS)


@pytest.fixture
async def people(api, commands) -> tuple[Browser, Browser]:
    """A viewer and an operator, in their browsers."""
    del commands
    await add_account(api, "anna")
    await add_account(api, "otto", "viewer")
    return await logged_in(api, "otto"), await logged_in(api, "anna")


async def token_of(api, role: str) -> dict[str, str]:
    made = await api.send("POST", "/api/v1/tokens", json={"name": f"t.{role}", "role": role})
    return {"Authorization": f"Bearer {made.json()['token']}"}


def test_what_is_open_and_what_is_not_is_described():
    assert {str(operation) for operation in operations() if not operation.told.get("security")} == set(OPEN)
    for operation in OPERATIONS:
        assert is_for_viewers(operation) or {"401", "403"} <= set(operation.answers), operation


async def test_who_is_not_known_is_asked_who_it_is(api, people):
    client = api.client()
    for operation in OPERATIONS:
        answer = await client.request(operation.method, placed(operation.path))
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/login-needed"), operation
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_viewer_reads_and_changes_nothing(api, peers, people):
    viewer = await token_of(api, "viewer")
    for operation in OPERATIONS:
        if str(operation) == ENDLESS or "session" in operation.path:
            continue
        body = {"password": "three other words"} if operation.path.endswith("/password") else None
        answer = await api.clients[0].request(operation.method, placed(operation.path), headers=viewer, json=body)
        is_own = "{name}" in operation.path and "/accounts/" in operation.path  # a token is nobody's account
        if is_for_viewers(operation) and not is_own:
            assert answer.status_code not in (401, 403), operation
        else:
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed"), operation
    assert (peers.revisions.edits, peers.revisions.returns, peers.connects) == ([], [], [])
    browser, _ = people
    assert (await browser.send("GET", "/api/v1/accounts/otto")).status_code == 200
    assert (await browser.send("GET", "/api/v1/accounts/anna")).status_code == 403


async def test_an_operator_and_its_token_may_do_everything(api, people):
    operator = await token_of(api, "operator")
    for operation in OPERATIONS:
        if str(operation) == ENDLESS:
            continue
        answer = await api.clients[0].request(operation.method, placed(operation.path), headers=operator)
        assert answer.status_code not in (401, 403), (operation, answer.text)


async def test_what_comes_with_a_cookie_alone_changes_nothing(api, peers, people):
    _, operator = people
    changing = [operation for operation in OPERATIONS if operation.method != "get"]
    for operation in changing:
        for forged in ({"X-CSRF-Token": ""}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await operator.send(operation.method, placed(operation.path), headers=forged)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed"), operation
    assert (peers.revisions.edits, peers.revisions.returns, peers.connects) == ([], [], [])
    assert (await operator.send("POST", "/api/v1/connections")).status_code == 202


def page_routes(method: str) -> list[str]:
    """Addresses beside the REST API."""
    routes = [route for router in ROUTERS for route in router.routes if not route.include_in_schema]
    return [route.path for route in routes if method in route.methods]


async def test_a_page_leads_who_is_not_known_to_the_login(api, people):
    client = api.client()
    for path in page_routes("GET"):
        answer = await client.get(placed(path))
        if path in PAGES - {"/account"}:
            assert answer.status_code in (200, 401, 303, 404), path
        else:
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), path


async def test_what_a_page_checks_is_for_operators_and_its_own_pages(api, people):
    viewer, operator = people
    checks = page_routes("PUT")
    assert len(checks) == 3
    for path in checks:
        assert (await api.client().put(placed(path))).status_code == 401
        assert (await viewer.send("PUT", placed(path))).status_code == 403
        assert (await operator.send("PUT", placed(path), headers={"X-CSRF-Token": ""})).status_code == 403
        assert (await operator.send("PUT", placed(path), content=b"x")).status_code not in (401, 403)
