"""Every way in which the API says no is a problem document (RFC 9457) that says what to do."""

import httpx
import pytest

from heliograph.api.explanations import EXPLANATIONS
from heliograph.api.models import ProblemDocument
from heliograph.api.problem_answers import install
from heliograph.api.problems import ProblemApp
from support.described import PROBLEM

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
FOREIGN = {"Origin": "https://evil.example"}
WRONG = {"Authorization": "Bearer wrong"}
EDIT = "/api/v1/configuration/files/DEF/x.csv"
SAYING_NO = [
    ("GET", "/api/v1/nowhere", {}, b"", 404, "not-found", "/api/v1/openapi.json"),
    ("GET", "/api/v1/devices/99", {}, b"", 404, "not-found", "/api/v1/devices lists"),
    ("GET", "/api/v1/configuration/files/DEF/none.csv", {}, b"", 404, "not-found", "lists those"),
    ("GET", "/api/v1/configuration/revisions/999", {}, b"", 404, "not-found", "lists those"),
    ("DELETE", "/api/v1/status", {}, b"", 405, "method-not-allowed", "header Allow"),
    ("PUT", "/login", {}, b"", 405, "method-not-allowed", "header Allow"),
    ("GET", "/api/v1/events", {"Accept": "image/png"}, b"", 406, "not-acceptable", "text/event-stream"),
    ("POST", "/api/v1/connections", JSON, b" " * 20_000, 413, "too-large", "16,384 bytes at most"),
    ("POST", "/api/v1/connections", TEXT, b"x", 415, "unsupported-media-type", "application/json"),
    ("POST", "/api/v1/connections", JSON, b'{"server": 3}', 422, "does-not-fit", "body.server"),
    ("POST", "/api/v1/connections", JSON, b"{", 422, "does-not-fit", "body"),
    ("GET", "/api/v1/alarms?limit=0", {}, b"", 422, "does-not-fit", "query.limit"),
    ("PUT", EDIT, {}, b"\xff", 422, "does-not-fit", "Save it as UTF-8"),
    ("PUT", EDIT, {"If-Match": "old"}, b"x", 412, "overtaken", "ETag of what was read"),
    ("DELETE", "/api/v1/devices/1", {"If-Match": '"1"'}, b"", 412, "overtaken", "look again"),
    ("GET", "/api/v1/status", WRONG, b"", 401, "login-needed", "token"),
    ("POST", "/api/v1/session", JSON | FOREIGN, b'{"token": "x"}', 403, "not-allowed", "site"),
    ("GET", "/api/v1/scripts", {}, b"", 503, "not-available", "try again"),
    ("GET", "/api/v1/detections", {}, b"", 503, "not-available", "try again"),
]  # fmt: skip


def told(answer: httpx.Response, status: int, slug: str) -> ProblemDocument:
    """The document of an answer, complete."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    assert answer.headers["cache-control"] == "no-store"
    problem = ProblemDocument.model_validate_json(answer.content)
    assert (problem.status, problem.type) == (status, f"/problems/{slug}")
    assert slug in EXPLANATIONS
    assert problem.title
    assert len(problem.detail.split()) > 2
    assert problem.instance == answer.request.url.path
    return problem


async def test_every_no_is_a_problem_that_says_what_to_do(api):
    for method, path, headers, content, status, slug, words in SAYING_NO:
        asked = (WRONG if headers == WRONG else api.bearer) | headers
        answer = await api.clients[0].request(method, path, headers=asked, content=content)
        problem = told(answer, status, slug)
        assert words in problem.detail, (method, path, problem.detail)
        assert bool(problem.errors) == (words.startswith(("body", "query"))), problem
        assert status != 503 or int(answer.headers["retry-after"]) > 0
        assert status != 405 or answer.headers["allow"]
        assert status != 401 or answer.headers["www-authenticate"]


async def test_what_the_gateway_refuses_is_told_in_its_words(api, peers):
    peers.refusal = "server 2 is not configured"
    refused = await api.send("POST", "/api/v1/connections", json={"server": 2})
    assert told(refused, 409, "refused").detail == peers.refusal
    peers.revisions.finding, peers.revisions.is_checking = "DEF/x.csv:2:5: error: no such register", True
    unfit = told(await api.send("PUT", f"{EDIT}?check=true", content=b"x"), 422, "set-refused")
    assert [(row.file, row.line, row.column, row.text) for row in unfit.findings] == [
        ("DEF/x.csv", 2, 5, "no such register")
    ]


async def test_too_many_wrong_tries_are_told_how_long_to_wait(api):
    for _ in range(30):
        answer = await api.post("/api/v1/session", json={"name": "anna", "password": "wrong"})
        if answer.status_code == 429:
            break
    problem = told(answer, 429, "too-many-tries")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert f"in {answer.headers['retry-after']} s" in problem.detail


async def test_a_fault_of_the_gateway_tells_nothing_of_its_inside(caplog):
    app = ProblemApp(title="x", version="1")
    install(app)

    @app.get("/faulty")
    async def faulty() -> None:
        raise ValueError("a secret of the inside")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/faulty")
    problem = ProblemDocument.model_validate_json(answer.content)
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert (problem.type, problem.instance) == ("/problems/internal-error", "/faulty")
    assert "its log tells more" in problem.detail
    assert "secret" not in answer.text
    assert "a secret of the inside" in caplog.text


@pytest.mark.parametrize(
    "path", ["/api/v1/connections", "/api/v1/alarms", "/api/v1/configuration/revisions", "/api/v1/log"]
)
async def test_where_sync_is_silent_it_is_named(serve, peers, path):
    await peers.configure()
    api = await serve()
    assert "sync does not answer" in told(await api.get(path), 503, "not-available").detail
