"""`POST /api/v1/traces`: who may ask, and what is answered."""

from heliograph.api.models import ProblemDocument, TraceAccepted
from support.cases import each

PATH = "/api/v1/traces"
TEN = {"interface": "serial1", "minutes": 10}


async def test_a_trace_is_asked_for_and_ended(api, peers):
    answer = await api.send("POST", PATH, json=TEN)
    assert answer.status_code == 202, answer.text
    accepted = TraceAccepted.model_validate_json(answer.content)
    assert accepted.detail == "serial1 is traced for 10 minutes; the file goes to the /LOG of the servers."
    assert (await api.send("POST", PATH, json={"interface": "serial1", "minutes": 0})).status_code == 202
    assert [(r.interface, r.minutes, r.origin) for r in peers.traces] == [
        ("serial1", 10, "REST"),
        ("serial1", 0, "REST"),
    ]


async def test_without_the_token_none_is_begun(api, peers):
    assert (await api.post(PATH, json=TEN)).status_code == 401
    assert peers.traces == []


@each(
    "body",
    [{"interface": "serial4", "minutes": 1}, {"interface": "serial1", "minutes": 1441}, {"interface": "serial1"}, {}],
)
async def test_what_is_no_interface_or_no_time_is_refused(api, peers, body):
    assert (await api.send("POST", PATH, json=body)).status_code == 422
    assert peers.traces == []


async def test_a_refusal_of_the_collector_is_told(api, peers):
    peers.refusal = "there is nothing to trace"
    answer = await api.send("POST", PATH, json=TEN)
    assert answer.status_code == 409
    assert ProblemDocument.model_validate_json(answer.content).detail == "there is nothing to trace"


async def test_without_the_collector_it_is_said(serve, peers):
    api = await serve()
    answer = await api.send("POST", PATH, json=TEN)
    assert answer.status_code == 503
    assert "collector does not answer" in answer.text
