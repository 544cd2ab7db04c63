"""`/api/v1/detections` and its section of the page: asked, looked at, stopped, accepted; the collector is played."""

import asyncio
import json
import re

import pytest

from heliograph.api.detected import DetectionList, DetectionNow
from heliograph.api.sets import EditDone
from heliograph.contract import (
    DetectionProgress,
    EditAnswer,
)
from heliograph.contract.channels import DETECTION_PROGRESS
from heliograph.formats import parse_daq
from support.cases import each
from support.plausible_detection import KEY, TEXT, Collector
from support.plausible_set import FILES, UID
from support.proposals import DEFINITION
from support.waiting import until

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;"
PATH = f"/api/v1/detections/{KEY}"


async def section_with(api, text: str) -> str:
    """Follow the page's stream until its section about detection holds a text."""
    async with asyncio.timeout(30), api.client().stream("GET", "/events?page=new+device") as answer:
        async for line in answer.aiter_lines():
            section = json.loads(line[6:])["sections"].get("detection", "") if line else ""
            if text in section:
                return section
    raise AssertionError("the stream ended")


@pytest.fixture
async def collector(peers) -> Collector:
    played = Collector()
    await played.serve(peers.collector)
    return played


async def test_a_search_is_begun_with_all_that_was_said(api, collector):
    body = {"targets": ["192.168.1.10-40", "SERIAL1"], "units": "1-5,7", "timeout_ms": 300, "port": 1502}
    answer = await api.send("POST", "/api/v1/detections", json=body)
    assert (answer.status_code, answer.json()["detection"]) == (202, KEY)
    (asked,) = collector.asked
    assert asked.model_dump(include=set(body)) == {**body, "targets": ("192.168.1.10-40", "SERIAL1")}


async def test_what_the_collector_refuses_is_a_problem(api, collector):
    collector.refusal = "a detection is running: wait for its end, or stop it first"
    answer = await api.send("POST", "/api/v1/detections", json={"targets": ["10.0.0.1"]})
    assert (answer.status_code, answer.json()["detail"]) == (409, collector.refusal)


@each(
    "body",
    [{}, {"targets": []}, {"targets": ["a"], "timeout_ms": 1}, {"targets": ["a"], "colour": 1}, {"targets": "a"}],
)
async def test_what_does_not_fit_is_refused_here(api, collector, body):
    assert (await api.send("POST", "/api/v1/detections", json=body)).status_code == 422
    assert collector.asked == []


async def test_writing_needs_the_token(api, collector):
    for method, path in (("POST", "/api/v1/detections"), ("POST", f"{PATH}/accept"), ("POST", f"{PATH}/stop"),
                         ("DELETE", PATH)):  # fmt: skip
        assert (await api.clients[0].request(method, path, json={"targets": ["a"]})).status_code == 401
    assert (collector.asked, collector.stopped) == ([], [])


async def test_it_is_looked_at_stopped_and_forgotten(api, collector):
    now = DetectionNow.model_validate_json((await api.get(PATH)).content)
    assert [found.key for found in now.proposals if found.ticked] == ["7", "8"]
    listed = DetectionList.model_validate_json((await api.get("/api/v1/detections")).content)
    assert listed.detections == (now,)
    stopped = DetectionNow.model_validate_json((await api.send("POST", f"{PATH}/stop")).content)
    assert not stopped.running
    assert (await api.send("DELETE", PATH)).json() == {"detections": []}
    assert [request.forget for request in collector.stopped] == [False, True]
    assert (await api.get("/api/v1/detections")).json() == {"detections": []}
    assert (await api.get(PATH)).status_code == 404


async def test_unknown_detections_are_not_there(api, collector):
    del collector
    assert (await api.get("/api/v1/detections/ffffffffffff")).status_code == 404
    assert (await api.send("POST", "/api/v1/detections/ffffffffffff/stop")).status_code == 404
    assert (await api.get("/api/v1/detections/..")).status_code in (404, 422)


async def test_without_the_collector_it_is_said(api):
    answer = await api.get("/api/v1/detections")
    assert answer.status_code == 503
    assert "collector does not answer" in answer.json()["detail"]


async def test_what_is_accepted_becomes_one_edit_that_only_adds(api, peers, collector):
    del collector
    answer = await api.send("POST", f"{PATH}/accept", json={"devices": ["8", "7", "8"]})
    assert answer.status_code == 200, answer.text
    done = EditDone.model_validate_json(answer.content)
    assert done.detail.startswith("2 devices are configured. Revision ")
    assert answer.headers["etag"] == f'"{done.revision}"'
    (edit,) = peers.revisions.edits
    assert (edit.origin, set(edit.files)) == ("REST", {f"CONFIG/{UID}_daq.csv", f"DEF/{DEFINITION}"})
    assert edit.based_on is not None
    assert edit.files[f"DEF/{DEFINITION}"] == TEXT
    before = FILES[f"CONFIG/{UID}_daq.csv"]
    written = edit.files[f"CONFIG/{UID}_daq.csv"]
    assert written.startswith(before)
    daq, findings = parse_daq(written.encode(), "daq.csv")
    assert not [finding for finding in findings if finding.line > before.count("\n")]
    new = daq.devices[-2:]
    assert [(str(d.interface), d.name, d.definition) for d in new] == [
        ("192.168.1.8:502", "X5 A-8", DEFINITION),
        ("192.168.1.7:502", "X5 A-7", DEFINITION),
    ]
    assert len({d.index for d in daq.devices}) == len(daq.devices)


async def test_a_device_that_is_not_found_cannot_be_accepted(api, peers, collector):
    del collector
    assert (await api.send("POST", f"{PATH}/accept", json={"devices": ["99"]})).status_code == 404
    assert (await api.send("POST", f"{PATH}/accept", json={"devices": []})).status_code == 422
    assert peers.revisions.edits == []


async def test_a_device_that_is_configured_meanwhile_is_not_added_again(api, peers, collector):
    line = "40;192.168.1.7:502;there;1;600;1000;;1;;;inv.csv\n"
    daq = f"CONFIG/{UID}_daq.csv"
    await peers.configure(number=9, files={**FILES, daq: FILES[daq] + line})

    async def refused() -> bool:
        answer = await api.send("POST", f"{PATH}/accept", json={"devices": ["7"]})
        return answer.status_code == 409 and "is configured already: there (40)" in answer.text

    del collector
    await until(refused)


async def test_an_edit_in_between_is_seen_and_never_overwritten(api, peers, collector):
    del collector
    peers.revisions.answer = EditAnswer(error="revision 9 is in force by now", conflict=True)
    answer = await api.send("POST", f"{PATH}/accept", json={"devices": ["7"]})
    assert answer.status_code == 412
    assert len(peers.revisions.edits) == 3, "computed anew and tried again, then told"


async def test_the_page_shows_progress_and_a_list_with_ticks(api, peers, collector):
    del collector
    line = f"2024-06-01 12:00:09: Found table 103:50 at 40070@1 {HOSTILE}"
    progress = DetectionProgress(detection=KEY, line=line, asked=4, total=254, found=3, running=True)
    await peers.collector.publish(DETECTION_PROGRESS, progress)
    section = await section_with(api, "40070")
    text = " ".join(re.sub("<[^>]*>", " ", section).split())
    for part in ("192.168.1.0/24:502", "Searching", "254", "Found table 103:50", "ACME X5", "A-8", "is configured",
                 "Stop the search", "Add the ticked devices"):  # fmt: skip
        assert part in text.replace("\u202f", " "), part
    assert "<img" not in section
    assert section.count(" checked") == 2
    assert section.count(" disabled") == 1


async def test_the_page_has_the_form_of_a_search(api):
    html = (await api.get("/devices/new")).text
    assert 'id="detection-form"' in html
    assert (await api.get("/assets/detection.js")).status_code == 200
