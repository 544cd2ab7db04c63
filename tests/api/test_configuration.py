"""The configuration over REST: what is in force, its revisions and files, edits whole or not at all, and every no."""

import asyncio
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.conditional import based_on, tag
from heliograph.api.errors import Overtaken
from heliograph.api.headers import MAX_EDIT
from heliograph.api.models import ProblemDocument
from heliograph.api.sets import ConfigurationNow, EditDone, RevisionList, RevisionWhole, SetFiles, set_path
from heliograph.contract import EditAnswer, EditRequest, Trial
from heliograph.contract.channels import STATE
from support.cases import each
from support.plausible import now, sync_state
from support.plausible_revisions import NEWEST
from support.plausible_set import FILES, UID
from support.waiting import until

BASE = "/api/v1/configuration"
DAQ = f"CONFIG/{UID}_daq.csv"
CONFIG = f"CONFIG/{UID}_config.ini"


def problem(answer, status: int) -> ProblemDocument:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return ProblemDocument.model_validate_json(answer.content)


async def configuration(api) -> ConfigurationNow:
    return ConfigurationNow.model_validate_json((await api.get(BASE)).content)


async def test_the_configuration_in_force_with_the_findings_taken_apart(api):
    known = await configuration(api)
    assert (known.revision, known.origin, known.uid, known.site) == (3, "set directory", UID, "Roof of the dairy")
    assert (known.rejected, known.trial) == (False, None)
    first = known.findings[0]
    assert (first.file, first.line, first.column, first.severity) == (DAQ, 5, 61, "warning")
    assert first.text == "timeout of 200 ms is short for a device behind a radio"
    assert {s.service: s.revision for s in known.services} == {"api": 3, "collector": 3}


async def test_a_trial_with_its_countdown_and_a_refused_set_with_its_findings(api, peers):
    trial = Trial(revision=4, back_to=3, since=now() - 60_000, until=now() + 1_440_000, failures=1)
    findings = (f"{DAQ}:2:1: error: 'x' is no number", "… and 12 more")
    state = sync_state(revision=4, trial=trial, rejected=True, findings=findings)
    await peers.sync.store(STATE, state, service="sync")

    async def told() -> ConfigurationNow | None:
        known = await configuration(api)
        return known if known.trial else None

    known = await until(told)
    assert (known.trial.revision, known.trial.back_to, known.trial.failures, known.trial.tries) == (4, 3, 1, 3)
    assert 0 < known.trial.seconds_left <= 1_440
    assert (known.rejected, known.findings[0].severity, known.findings[0].line) == (True, "error", 2)
    assert known.findings[1].model_dump() == {
        "file": "", "line": None, "column": None, "severity": None, "text": "… and 12 more", "field": "",
    }  # fmt: skip


async def test_revisions_come_in_pages_newest_first(api):
    first = RevisionList.model_validate_json((await api.get(f"{BASE}/revisions?limit=8")).content)
    rest = RevisionList.model_validate_json((await api.get(f"{BASE}/revisions?limit=8&before={first.before}")).content)
    assert [row.number for row in (*first.revisions, *rest.revisions)] == list(range(NEWEST, 0, -1))
    assert rest.before is None
    assert [row.state for row in first.revisions[:3]] == ["in force", "taken back", "past"]
    for query in ("limit=0", "limit=1001", "before=x"):
        problem(await api.get(f"{BASE}/revisions?{query}"), 422)


async def test_one_revision_has_its_difference_and_its_files(api, peers):
    whole = RevisionWhole.model_validate_json((await api.get(f"{BASE}/revisions/11")).content)
    assert (whole.number, whole.state, whole.diff) == (11, "taken back", "-FTP_Address=a\n+FTP_Address=b")
    assert set(whole.files) == {CONFIG, *FILES}
    assert "no revision 99" in problem(await api.get(f"{BASE}/revisions/99"), 404).detail
    peers.revisions.trouble = "OSError: the disk is full"
    assert problem(await api.get(f"{BASE}/revisions/11"), 409).detail == "OSError: the disk is full"
    for number in ("0", "-1", "x", str(10**20)):
        problem(await api.get(f"{BASE}/revisions/{number}"), 422)


async def test_files_are_listed_with_the_digest_of_what_is_shown(api):
    answer = await api.get(f"{BASE}/files")
    assert answer.headers["etag"] == f'"{NEWEST}"'
    listed = SetFiles.model_validate_json(answer.content)
    assert listed.revision == NEWEST
    for file in listed.files:
        shown = await api.get(f"{BASE}/files/{file.path}")
        assert shown.headers["content-type"] == "text/plain; charset=utf-8"
        assert shown.headers["etag"] == f'"{NEWEST}"'
        assert (len(shown.content), hashlib.sha256(shown.content).hexdigest()) == (file.bytes, file.sha256)
    assert "has no file DEF/none.csv" in problem(await api.get(f"{BASE}/files/DEF/none.csv"), 404).detail


async def test_a_password_is_shown_nowhere_even_if_it_came_this_far(api, peers):
    peers.revisions.files[CONFIG] = "FTP_Password=hunter2\nHTTP_Address=https://me:hunter2@example.org\n"
    for path in (f"{BASE}/files/{CONFIG}", f"{BASE}/revisions/11"):
        answer = await api.get(path)
        assert "hunter2" not in answer.text
        assert "FTP_Password=***" in answer.text


@each(
    "path",
    ["DATA/x.csv", "def/x.csv", "DEF/..%2fx", "DEF/%2e%2e", "DEF/.hidden", "DEF/a%5cb", "DEF/a%00b", "DEF/a%0ab"],
)
async def test_a_path_that_is_none_reaches_nobody(api, peers, path):
    for method in ("GET", "PUT", "DELETE"):
        answer = await api.send(method, f"{BASE}/files/{path}", content=b"x" if method == "PUT" else None)
        assert answer.status_code in (404, 422), method
        problem(answer, answer.status_code)
        assert peers.revisions.edits == []


async def test_several_files_become_one_edit(api, peers):
    peers.revisions.answer = EditAnswer(
        revision=13, provisional=True, findings=("DEF/inv.csv:2:3: warning: decimal comma",)
    )
    files = {DAQ: "new\n", "DEF/old.csv": None}
    answer = await api.send("PATCH", f"{BASE}/files", json={"files": files})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"13"'
    done = EditDone.model_validate_json(answer.content)
    assert (done.revision, done.provisional, done.findings[0].line) == (13, True, 2)
    assert "on trial" in done.detail
    assert peers.revisions.edits == [EditRequest(files=files, origin="REST")]


async def test_one_file_is_written_and_taken_out(api, peers):
    text = "modbusTCP;a;b;°\r\n"
    answer = await api.send("PUT", f"{BASE}/files/DEF/a%20b.csv", content=text.encode(), headers={"If-Match": '"12"'})
    assert answer.status_code == 200, answer.text
    assert (await api.send("DELETE", f"{BASE}/files/SCRIPT/x.lua")).status_code == 200
    assert peers.revisions.edits == [
        EditRequest(files={"DEF/a b.csv": text}, origin="REST", based_on=12),
        EditRequest(files={"SCRIPT/x.lua": None}, origin="REST"),
    ]


async def test_an_edit_of_another_revision_than_the_one_in_force_is_refused(api, peers):
    peers.revisions.answer = EditAnswer(error="revision 12 is in force, not 11: read it again", conflict=True)
    answer = await api.send("PUT", f"{BASE}/files/DEF/m.csv", content=b"x", headers={"If-Match": '"11"'})
    assert problem(answer, 412).detail == "revision 12 is in force, not 11: read it again"
    assert peers.revisions.edits[0].based_on == 11


async def test_an_if_match_that_names_no_revision_changes_nothing(api, peers):
    for method in ("PUT", "DELETE"):
        answer = await api.send(method, f"{BASE}/files/DEF/m.csv", headers={"If-Match": '"abc"'})
        assert '"3"' in problem(answer, 412).detail
    assert peers.revisions.edits == []


async def test_a_set_with_errors_is_refused_with_every_finding(api, peers):
    findings = (
        f"{DAQ}:4:7: error: 'SERIAL9' is no interface",
        "DEF/a: b.csv:2:3: warning: decimal comma",
        "… and 3 more",
    )
    peers.revisions.answer = EditAnswer(error="the set has 1 error: nothing was changed", findings=findings)
    document = problem(await api.send("PATCH", f"{BASE}/files", json={"files": {DAQ: "x"}}), 422)
    assert document.detail == "the set has 1 error: nothing was changed"
    assert [(f.file, f.line, f.column, f.severity) for f in document.findings] == [
        (DAQ, 4, 7, "error"), ("DEF/a: b.csv", 2, 3, "warning"), ("", None, None, None),
    ]  # fmt: skip


async def test_a_refusal_that_is_not_about_the_set_is_told(api, peers):
    peers.revisions.answer = EditAnswer(error="the collector rejected revision 13: taken back")
    assert "rejected" in problem(await api.send("DELETE", f"{BASE}/files/DEF/m.csv"), 409).detail


@each(
    "body, place",
    [
        ("{", "body"),
        ("[]", "body"),
        ('{"files": {}}', "body.files"),
        ('{"files": {"DEF/m.csv": 1}}', "body.files.DEF/m.csv"),
        ('{"files": {"DEF/m.csv": "\\ud800"}}', "body"),
        ('{"files": {"DEF/../m.csv": "x"}}', "body.files.DEF/../m.csv"),
        ('{"files": {"/etc/passwd": null}}', "body.files./etc/passwd"),
        ('{"files": {"DEF/m.csv": "x"}, "origin": "server"}', "body.origin"),
        (json.dumps({"files": {f"DEF/{n}.csv": "x" for n in range(33)}}), "body.files"),
    ],
)
async def test_a_body_that_does_not_fit_changes_nothing_and_its_place_is_told(api, peers, body, place):
    document = problem(await api.send("PATCH", f"{BASE}/files", content=body), 422)
    assert document.errors[0].place.startswith(place)
    assert peers.revisions.edits == []


async def test_the_texts_of_a_body_that_does_not_fit_are_not_repeated(api):
    body = {"files": {CONFIG: "FTP_Password=hunter2"}, "more": "FTP_Password=hunter2"}
    assert "hunter2" not in (await api.send("PATCH", f"{BASE}/files", json=body)).text


async def test_a_file_that_is_no_utf_8_is_told_with_its_place(api, peers):
    answer = await api.send("PUT", f"{BASE}/files/DEF/m.csv", content="a\nb;°C".encode("latin-1"))
    assert "line 2, byte 5" in problem(answer, 422).detail
    assert peers.revisions.edits == []


async def test_what_is_too_large_is_said_plainly(api, peers):
    """The body of a request has one limit, a message between services a smaller one."""
    answer = await api.send("PUT", f"{BASE}/files/DEF/m.csv", content=b"x" * (MAX_EDIT + 1))
    assert "16,777,216 bytes" in problem(answer, 413).detail
    answer = await api.send("PUT", f"{BASE}/files/DEF/m.csv", content=b"x" * 9_000_000)
    assert "one message" in problem(answer, 413).detail
    assert peers.revisions.edits == []
    text = "x" * 7_000_000
    assert (await api.send("PUT", f"{BASE}/files/DEF/m.csv", content=text)).status_code == 200
    assert peers.revisions.edits[0].files == {"DEF/m.csv": text}


async def test_a_stranger_may_change_nothing_and_his_body_is_not_read(api, peers):
    """A body of many megabytes is taken only from a client that has the token."""
    calls = [
        ("PATCH", f"{BASE}/files"),
        ("PUT", f"{BASE}/files/DEF/m.csv"),
        ("DELETE", f"{BASE}/files/DEF/m.csv"),
        ("POST", f"{BASE}/revisions/3/return"),
    ]
    for method, path in calls:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            problem(await api.clients[0].request(method, path, headers=headers), 401)
    assert (peers.revisions.edits, peers.revisions.returns) == ([], [])
    assert await first_answer(api, "") == 401
    assert await first_answer(api, f"Authorization: Bearer {api.token}\r\n") == 100


async def first_answer(api, header: str) -> int:
    """What the gateway says to the head of a request whose client waits before it sends the body."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"PUT {BASE}/files/DEF/m.csv HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9000000\r\n"
    writer.write(f"{head}Expect: 100-continue\r\n{header}\r\n".encode())
    async with asyncio.timeout(90):
        line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


async def test_an_older_revision_comes_in_force_again(api, peers):
    answer = await api.send("POST", f"{BASE}/revisions/7/return")
    assert answer.status_code == 200, answer.text
    assert EditDone.model_validate_json(answer.content).revision == 13
    assert [(r.number, r.origin) for r in peers.revisions.returns] == [(7, "REST")]
    assert "no revision 99" in problem(await api.send("POST", f"{BASE}/revisions/99/return"), 404).detail
    assert len(peers.revisions.returns) == 1


async def test_without_sync_it_is_said_that_an_edit_may_have_been_done(serve, peers):
    await peers.configure()
    api = await serve()
    problem(await api.get(BASE), 503)
    problem(await api.get(f"{BASE}/revisions"), 503)
    document = problem(await api.send("DELETE", f"{BASE}/files/DEF/m.csv"), 503)
    assert "Whether it was done is not known" in document.detail


async def test_before_the_first_revision_there_is_no_file(api, peers):
    peers.revisions.rows = []
    assert "No revision is in force yet" in problem(await api.get(f"{BASE}/files"), 404).detail


@pytest.mark.parametrize(
    ("header", "number"),
    [(None, None), ("*", None), ('"7"', 7), ('W/"7"', 7), ('"5", "8"', 8), ('"5","6"', 5), ('"x", "6"', 6)],
)
def test_an_if_match_names_the_revision_that_was_edited(header, number):
    assert based_on(header, 8) == number


@pytest.mark.parametrize("header", ["7", '""', '"-7"', '"' + "9" * 30 + '"', "junk"])
def test_another_if_match_is_refused(header):
    with pytest.raises(Overtaken):
        based_on(header, None)


@given(st.integers(0, 10**14))
def test_a_tag_is_read_back(number):
    assert based_on(tag(number), None) == number


@given(st.text(max_size=20) | st.text("./\\DEF\x00\nax", max_size=12).map("DEF/".__add__))
def test_any_path_that_is_taken_is_a_plain_name_in_a_folder_of_the_set(text):
    try:
        folder, _, name = set_path(text).partition("/")
    except ValueError:
        return
    assert folder in {"CONFIG", "DEF", "SCRIPT", "CERT"}
    assert name.strip(".")
    assert not set(name) & set("/\\\x00\n")
