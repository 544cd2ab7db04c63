"""One rule for all that can be edited: it has an `ETag`, an edit may name it, and is refused where it is old (412)."""

from dataclasses import replace

import pytest

from heliograph.api.archives import ArchiveFormat, pack
from support.described import operations
from support.people import add_account
from support.plausible_detection import KEY, Collector

RUNS = {
    "DELETE /api/v1/session": "ends a session",
    "DELETE /api/v1/sessions/{key}": "ends a session",
    "DELETE /api/v1/servers/tests/{test}": "stops a test",
    "DELETE /api/v1/detections/{key}": "forgets a search",
    "DELETE /api/v1/servers/{number}/connection": "stops a connection",
    "DELETE /api/v1/support-bundle": "stops a debug bundle",
}
"""What is deleted without being anything that could be edited."""
READ_AT = {
    "POST /api/v1/devices": "/api/v1/configuration",
    "POST /api/v1/detections/{key}/accept": "/api/v1/configuration",
    "POST /api/v1/configuration/revisions/{number}/return": "/api/v1/configuration",
    "PUT /api/v1/scripts/{name}": "/api/v1/scripts/{name}/source",
    "DELETE /api/v1/scripts/{name}": "/api/v1/scripts/{name}/source",
    "PUT /api/v1/accounts/{name}/password": "/api/v1/accounts/{name}",
}
"""Where the tag of what is edited is read, unless it is the same address."""
OPERATIONS = operations()
EDITS = [operation for operation in OPERATIONS if "if-match" in operation.parameters]
NEW = {"name": "roof_4", "interface": "192.168.1.44", "address": 1, "definition": "inv.csv"}
PLACES = {
    "{index}": "1", "{folder}": "DEF", "{key}": KEY, "{number}": "7",
    "tokens/{name}": "tokens/grafana", "accounts/{name}": "accounts/anna", "scripts/{name}": "scripts/night",
    "{name}": "inv.csv",
}  # fmt: skip
BODIES = {
    "POST /api/v1/devices": {"json": NEW},
    "PATCH /api/v1/devices/{index}": {"json": {"period_seconds": 60}},
    "PATCH /api/v1/configuration/files": {"json": {"files": {"DEF/inv.csv": "x"}}},
    "PUT /api/v1/configuration/files/{folder}/{name}": {"content": b"x"},
    "PUT /api/v1/configuration/archive": {"content": None},
    "PUT /api/v1/scripts/{name}": {"content": b"function wsInit() end"},
    "POST /api/v1/detections/{key}/accept": {"json": {"devices": ["7"]}},
    "PATCH /api/v1/accounts/{name}": {"json": {"role": "operator"}},
    "PUT /api/v1/accounts/{name}/password": {"json": {"password": "another one of three words"}},
}


def test_whatever_is_edited_takes_the_tag_of_what_was_read():
    for operation in OPERATIONS:
        is_edit = operation.method in {"put", "patch", "delete"} and str(operation) not in RUNS
        assert not is_edit or operation in EDITS, operation
        assert (operation in EDITS) == ("412" in operation.answers), operation


def test_whatever_is_edited_has_a_tag_where_it_is_read():
    tagged = {
        operation.path for operation in OPERATIONS if operation.method == "get" and "ETag" in operation.headers("200")
    }
    for operation in EDITS:
        assert READ_AT.get(str(operation), operation.path) in tagged, operation


@pytest.fixture
async def editable(api, peers):
    """A gateway with one of everything that can be edited."""
    peers.revisions.files |= {"SCRIPT/night.lua": "function wsInit() end", "CONFIG/WPM00C44F_scl.ini": ""}
    await Collector().serve(peers.collector)
    for name in ("anna", "otto"):
        await add_account(api, name)
    made = await api.send("POST", "/api/v1/tokens", json={"name": "grafana"})
    assert made.headers["ETag"] == (await api.send("GET", "/api/v1/tokens/grafana")).headers["ETag"]
    return api


def placed(path: str) -> str:
    for place, value in PLACES.items():
        path = path.replace(place, value)
    return path


async def sent(api, operation, tag: str):
    plain = replace(operation, path=operation.path.partition("?")[0])
    body = BODIES.get(str(plain), {})
    if body.get("content", b"") is None:
        body = {"content": pack({"CONFIG/WPM00C44F_config.ini": "x"}, ArchiveFormat.ZIP, 0)}
    return await api.send(operation.method, placed(operation.path), headers={"If-Match": tag}, **body)


async def test_an_edit_of_what_was_changed_meanwhile_is_refused_and_changes_nothing(editable, peers):
    peers.revisions.conflict = True
    for operation in EDITS:
        for tag in ('"999"', "no tag"):
            answer = await sent(editable, operation, tag)
            assert (answer.status_code, answer.json()["type"]) == (412, "/problems/overtaken"), operation
    assert (peers.revisions.edits, peers.revisions.returns) == ([], [])
    for path in ("accounts/anna", "tokens/grafana"):
        assert (await editable.send("GET", f"/api/v1/{path}")).status_code == 200


async def test_an_edit_of_what_was_read_is_done(editable, peers):
    for operation in sorted(EDITS, key=lambda operation: operation.method == "delete"):
        place = placed(READ_AT.get(str(operation), operation.path))
        tag = (await editable.send("GET", place)).headers["ETag"]
        answer = await sent(editable, operation, tag)
        assert answer.status_code == 200, (operation, answer.text)
    assert len(peers.revisions.edits) > 5
    assert all(edit.based_on is not None for edit in peers.revisions.edits)


async def test_why_something_was_changed_goes_along_with_every_edit_of_the_set(editable, peers):
    told = [operation for operation in EDITS if "message" in operation.parameters]
    assert {operation.path.split("/")[3] for operation in told} == {"devices", "configuration", "scripts", "detections"}
    for operation in told:
        path = f"{operation.path}?message=because%20%0A%20of+it"
        assert (await sent(editable, replace(operation, path=path), "*")).status_code == 200, operation
    assert {edit.message for edit in peers.revisions.edits} == {"because of it"}
    assert peers.revisions.returns[-1].message == "because of it"
