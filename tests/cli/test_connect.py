"""`heliograph connect`: what is asked for, and with `--wait` what came of it."""

import json
from urllib.parse import parse_qs, urlsplit

from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.contract import ServerState, ServerSummary, StatusDocument
from support.restpage import Asked, answering, deciding, problem

ACCEPTED = (202, {"server": None, "detail": "A connection to each server follows."})
OLD = {"number": 40, "server": 1, "trigger": "schedule", "start": 1000, "end": 2000, "result": "failed"}


def connect(url: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["connect", "--url", url, *options])


def row(number: int, server: int, result: str, **more: object) -> dict[str, object]:
    return {"number": number, "server": server, "trigger": "request", "start": 5000, "result": result, **more}


class Servers:
    """A gateway whose connections are these, as they are seen one look after the other."""

    def __init__(self, *looks: list[dict[str, object]], servers: tuple[int, ...] = (1,)) -> None:
        self._looks = list(looks)
        known = [ServerSummary(number=n, type="sftp", mode="m", address="a") for n in servers]
        state = StatusDocument(time=0, servers=tuple(ServerState(server=server) for server in known))
        self._status = state.model_dump_json()
        self._is_asked = False

    def decide(self, asked: Asked) -> tuple[int, object]:
        if asked.path.endswith("/status"):
            return 200, self._status
        if asked.method == "POST":
            self._is_asked = True
            return ACCEPTED
        rows = [OLD]
        if self._is_asked:
            rows = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        server = int(parse_qs(urlsplit(asked.path).query)["server"][0])
        return 200, {"connections": [row for row in rows if row["server"] == server], "before": None}


def test_a_connection_is_asked_for_to_one_server_or_to_each():
    with answering(ACCEPTED) as (url, asked):
        every, one = connect(url), connect(url, "--server", "2", "--json")
    assert (every.exit_code, every.stdout) == (0, "A connection to each server follows.\n")
    assert json.loads(one.stdout)["detail"] == "A connection to each server follows."
    assert [json.loads(request.body) for request in asked] == [{}, {"server": 2}]
    assert connect(url, "--server", "3").exit_code == 2


def test_waiting_tells_what_moved_and_what_failed():
    done = row(41, 1, "done", end=6840, transfers=[{"kind": "data", "files": 2, "bytes": 18304}])
    partial = row(42, 2, "partial", end=7000, failures=["/LOG is missing: make it there"])
    looks = ([OLD], [row(41, 1, "running"), OLD], [partial, done, OLD])
    with deciding(Servers(*looks, servers=(1, 2)).decide) as (url, _):
        result = connect(url, "--wait")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "server 1: done in 1.8 s, 2 data (18 kB)",
        "server 2: reached, yet not all was done in 2.0 s",
        "  /LOG is missing: make it there",
    ]


def test_the_first_connection_that_began_after_the_question_counts():
    looks = [[row(42, 1, "failed", end=9000), row(41, 1, "done", end=6000), OLD]]
    with deciding(Servers(*looks).decide) as (url, _):
        result = connect(url, "--wait", "--json")
    assert result.exit_code == 0
    assert [row["number"] for row in json.loads(result.stdout)["connections"]] == [41]


def test_what_is_not_over_in_time_is_status_6():
    with deciding(Servers([row(41, 1, "running"), OLD]).decide) as (url, _):
        result = connect(url, "--wait", "--timeout", "1")
    assert result.exit_code == 6
    assert "server 1 is not over after 1 s; it goes on" in result.stderr


def test_without_a_server_there_is_nothing_to_wait_for():
    with deciding(Servers([OLD], servers=()).decide) as (url, asked):
        result = connect(url, "--wait")
    assert result.exit_code == 1
    assert "no server is configured" in result.stderr
    assert all(request.method == "GET" for request in asked)


def test_a_refusal_has_its_words():
    with answering(problem(409, "server 2 is not configured")) as (url, _):
        result = connect(url)
    assert (result.exit_code, result.stderr) == (1, "heliograph connect: server 2 is not configured\n")
