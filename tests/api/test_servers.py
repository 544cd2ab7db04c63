"""REST of the servers: a test of one, planned connections, and the log."""

from heliograph.api.models import ProblemDocument
from support.cases import each

TEST = "/api/v1/servers/1/test"
NEXT = "/api/v1/schedules/next"


async def test_a_server_is_tested_with_the_settings_in_force_or_edited_ones(api, peers):
    answer = await api.send("POST", TEST)
    assert (answer.status_code, answer.json()["test"]) == (202, 4), answer.text
    assert (await api.send("POST", "/api/v1/servers/2/test", json={"config": "SERVER_Type=ftp\n"})).status_code == 202
    assert [(t.server, t.config) for t in peers.servers.tests] == [(1, None), (2, "SERVER_Type=ftp\n")]


async def test_a_test_is_looked_at_and_stopped(api, peers):
    assert (await api.get("/api/v1/servers/tests/newest")).status_code == 404
    await peers.servers.progress()
    state = (await api.get("/api/v1/servers/tests/newest")).json()
    assert [step["state"] for step in state["steps"]] == ["done", "running", "waiting"]
    assert (await api.get("/api/v1/servers/tests/9")).status_code == 404
    stopped = (await api.send("DELETE", "/api/v1/servers/tests/4")).json()
    assert stopped["stopped"]
    assert peers.servers.stopped == [4]


@each(
    "path, body, status",
    [
        ("/api/v1/servers/3/test", {}, 422),
        (TEST, {"password": "x"}, 422),
        (TEST, {"config": "x" * 300_000}, 422),
        (TEST, {"config": "x" * 700_000}, 413),
        (NEXT, {"text": "x", "count": 0}, 422),
    ],
)
async def test_what_does_not_fit_is_refused(api, peers, path, body, status):
    answer = await api.send("POST", path, json=body)
    assert answer.status_code == status, answer.text
    ProblemDocument.model_validate_json(answer.content)
    assert peers.servers.tests == []


async def test_who_may_not_write_starts_and_stops_no_test(api, peers):
    assert (await api.post(TEST)).status_code == 401
    assert (await api.clients[0].delete("/api/v1/servers/tests/4")).status_code == 401
    assert peers.servers.tests == peers.servers.stopped == []


async def test_a_refusal_of_sync_is_told(api, peers):
    peers.servers.trouble = "test 3 is not over: wait for its end, or stop it"
    answer = await api.send("POST", TEST)
    assert (answer.status_code, answer.json()["detail"]) == (409, peers.servers.trouble)


async def test_planned_connections_are_told_and_edited_ones_with_their_findings(api, peers):
    planned = (await api.get(NEXT, params={"count": 3})).json()
    assert planned["time_zone"] == "Europe/Paris"
    assert len(planned["connections"]) == 3
    peers.servers.findings = ("CONFIG/WPM00C44F_var.ini:1:44: warning: this schedule never fires: its Count is 0",)
    edited = (await api.post(NEXT, json={"text": "SCHEDULE_Params[0]=1|everyday|00:30:00|60|0\n"})).json()
    assert edited["findings"][0]["line"] == 1
    assert [request.text for request in peers.servers.schedules] == [
        None,
        "SCHEDULE_Params[0]=1|everyday|00:30:00|60|0\n",
    ]


async def test_the_log_is_paged_and_filtered(api, peers):
    first = (await api.get("/api/v1/log", params={"limit": 20})).json()
    assert (first["lines"][0]["number"], first["before"]) == (30, 11)
    rest = (await api.get("/api/v1/log", params={"limit": 20, "before": 11})).json()
    assert ([line["number"] for line in rest["lines"]], rest["before"]) == (list(range(10, 0, -1)), None)
    asked = {"level": "warning", "service": "collector", "text": "LINE 3 "}
    assert [line["number"] for line in (await api.get("/api/v1/log", params=asked)).json()["lines"]] == [3]
    line = first["lines"][4]
    span = {"since": line["time"], "until": line["time"] + 1}
    found = (await api.get("/api/v1/log", params=span)).json()["lines"]
    assert [row["number"] for row in found] == [line["number"]]
    assert (await api.get("/api/v1/log", params={"server": "1"})).json()["lines"] == []
    assert (await api.get("/api/v1/log", params={"level": "loud"})).status_code == 422


async def test_connections_with_failures_alone_are_told(api, peers):
    del peers
    rows = (await api.get("/api/v1/connections", params={"failed": True})).json()["connections"]
    assert {row["result"] for row in rows} == {"failed", "partial"}
