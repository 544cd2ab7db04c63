"""Devices added, changed and removed over REST: one edit each, checked first, refused field by field."""

import re

import pytest

from heliograph.api.devicechanges import Chosen, with_new
from heliograph.api.deviceplaces import places
from heliograph.contract import EditAnswer
from support.plausible_set import DAQ, FILES, INVERTER, UID

PATH = f"CONFIG/{UID}_daq.csv"
NEW = {"name": "roof_4", "interface": "192.168.1.44", "address": 1, "definition": "inv.csv"}


async def test_a_device_is_added_changed_and_removed_as_one_revision_each(api, peers):
    answer = await api.send("POST", "/api/v1/devices", json=NEW)
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["index"], done["name"], done["revision"], done["checked"]) == ("5", "roof_4", 13, False)
    assert done["detail"] == "roof_4 is configured. Revision 13 is in force."
    assert answer.headers["ETag"] == '"13"'
    edit = peers.revisions.edits[-1]
    assert edit.files == {PATH: DAQ + f"{done['line']}\n"}
    assert (edit.based_on, edit.origin, edit.only_check) == (3, "REST", False)
    done = (await api.send("PATCH", "/api/v1/devices/1", json={"period_seconds": 60, "name": "south"})).json()
    assert done["detail"].startswith("south is changed.")
    assert peers.revisions.edits[1].files == {PATH: DAQ.replace("roof_1;1;600", "south;1;60")}
    done = (await api.send("DELETE", "/api/v1/devices/4", headers={"Heliograph-Client": "web page"})).json()
    assert "its records stay" in done["detail"]
    line = "4;SERIAL1;grid meter;5;600;1000;;;meter;UMG 96;meter.csv\n"
    assert peers.revisions.edits[2].files == {PATH: DAQ.replace(line, "")}
    assert peers.revisions.edits[2].origin == "web page"
    for method in ("PATCH", "DELETE"):
        assert (await api.send(method, "/api/v1/devices/77", json={})).status_code == 404


async def test_a_check_changes_nothing_and_tells_what_would_be(api, peers):
    warning = "DEF/inv.csv:3:1: warning: something to know"
    peers.revisions.finding, peers.revisions.is_checking = warning, True
    body = NEW | {"definition": "", "library": "huawei_sun2000", "interface": "SERIAL2", "serial": {"baudrate": 9600}}
    done = (await api.send("POST", "/api/v1/devices?check=true", json=body)).json()
    assert (done["checked"], done["revision"]) == (True, None)
    assert done["files"] == [PATH, "DEF/huawei_sun2000.csv"]
    assert done["findings"][0]["text"] == "something to know"
    assert peers.revisions.edits == []
    (edit,) = peers.revisions.checks
    assert edit.files["DEF/huawei_sun2000.csv"].startswith("modbusRTU;Inverter;Huawei")
    assert "SERIAL2;9600;8;N;1" in edit.files[PATH]


UNFIT = [
    ({"name": "roof_1"}, "body.name", "has this name already"),
    ({"name": "a;b"}, "body.name", "semicolon"),
    ({"name": ""}, "body.name", "at least 1"),
    ({"interface": "SERIAL4"}, "body.interface", "none of SERIAL1"),
    ({"address": 300}, "body.address", "255"),
    ({"period_seconds": 0}, "body.period_seconds", "1"),
    ({"definition": "none.csv"}, "body.definition", "DEF/ has no file none.csv"),
    ({"definition": ""}, "body", "a definition is needed"),
    ({"definition": "", "library": "nothing"}, "body.library", "the library has no 'nothing'"),
    ({"extra": 1}, "body.extra", ""),
]


async def test_a_field_that_does_not_fit_is_named_and_nothing_is_asked_of_sync(api, peers):
    for changes, place, text in UNFIT:
        answer = await api.send("POST", "/api/v1/devices", json=NEW | changes)
        assert answer.status_code == 422, changes
        faults = {fault["place"]: fault["text"] for fault in answer.json()["errors"]}
        assert text in faults[place], changes
    assert peers.revisions.edits == []


async def test_a_definition_with_errors_is_refused_with_its_lines(api, peers):
    finding = "DEF/new.csv:2:9: error: 'x' is no address"
    peers.revisions.answer = EditAnswer(error="the set has errors: nothing was changed", findings=(finding,))
    body = NEW | {"definition": "new.csv", "text": "modbusTCP;a;b;c\n1;3;x;U16;;n;;;;;4\n"}
    answer = await api.send("POST", "/api/v1/devices", json=body)
    assert answer.status_code == 422
    (row,) = answer.json()["findings"]
    assert (row["file"], row["line"], row["column"]) == ("DEF/new.csv", 2, 9)


async def test_an_edit_that_is_overtaken_all_the_time_is_told(api, peers):
    peers.revisions.answer = EditAnswer(error="revision 4 is in force", conflict=True)
    assert (await api.send("POST", "/api/v1/devices", json=NEW)).status_code == 412
    assert len(peers.revisions.edits) == 3


async def test_nobody_adds_a_device_without_the_right_to(api):
    assert (await api.post("/api/v1/devices", json=NEW)).status_code == 401
    for method in ("PATCH", "DELETE"):
        assert (await api.clients[0].request(method, "/api/v1/devices/1")).status_code == 401
    assert (await api.post("/api/v1/definitions/check", content="x")).status_code == 401


async def test_without_a_configuration_it_says_what_to_do_first(serve, peers):
    api = await serve()
    answer = await api.send("POST", "/api/v1/devices", json=NEW)
    assert answer.status_code == 409
    assert "put a whole set into the set directory first" in answer.json()["detail"]


async def test_definitions_of_the_set_and_of_the_library_are_listed_and_a_new_one_is_tried(api):
    rows = (await api.get("/api/v1/definitions")).json()["definitions"]
    assert [(row["name"], row["used"]) for row in rows if row["source"] == "set"] == [("inv.csv", 3), ("meter.csv", 1)]
    shipped = {row["name"]: row for row in rows if row["source"] == "library"}
    assert (shipped["huawei_sun2000"]["manufacturer"], shipped["huawei_sun2000"]["port"]) == ("Huawei", 502)
    assert not {"sources", "documents", "connections"} & set(shipped)

    answer = await api.send("POST", "/api/v1/definitions/check?file=inv.csv", content=INVERTER)
    tried = answer.json()
    assert (tried["usable"], tried["manufacturer"], tried["variables"], tried["recorded"]) == (True, "Sunny", 10, 9)
    broken = INVERTER.replace("U32;;Energy", "U33;;Energy")
    tried = (await api.send("POST", "/api/v1/definitions/check?file=inv.csv", content=broken)).json()
    assert tried["usable"] is False
    assert [(row["file"], row["line"]) for row in tried["findings"] if row["severity"] == "error"] == [
        ("DEF/inv.csv", 6)
    ]

    answer = await api.send("POST", "/api/v1/definitions/check", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_the_description_of_the_api_points_at_nothing_that_is_not_in_it(api):
    document = await api.get("/api/v1/openapi.json")
    known = document.json()["components"]["schemas"]
    named = set(re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', document.text))
    assert named <= set(known)
    assert '"#/$defs' not in document.text


PLACED = [
    (f"{PATH}:9:3: error: this host is not reached from here", "interface"),
    (f"{PATH}:9:20: error: another device has this name", "name"),
    (f"{PATH}:9:29: warning: a period of 600 s is long", "period_seconds"),
    (f"{PATH}:9:43: error: DEF/ has no file", "definition"),
    ("DEF/inv.csv:3:1: warning: something to know", "definition"),
    (f"{PATH}:5:1: error: it stands in the line of another device", ""),
    (f"{PATH}:99:1: error: there is no such line", ""),
    ("CONFIG/other.ini:1:1: error: another file", ""),
    ("the set as a whole is too large: error", ""),
]


@pytest.mark.parametrize(("finding", "field"), PLACED)
def test_a_finding_of_sync_belongs_to_the_field_that_it_is_about(finding, field):
    cells = {
        "name": "roof_4",
        "interface": "192.168.1.44",
        "address": "1",
        "acqPeriod(s)": "600",
        "timeout(ms)": "1000",
    }
    change = with_new(FILES, UID, cells, Chosen("inv.csv"), {})
    assert places(change, [finding]) == {finding: field}


async def test_the_field_of_a_finding_is_told_when_checked_and_when_applied(api, peers):
    finding, field = PLACED[1]
    peers.revisions.finding, peers.revisions.is_checking = finding, True
    checked = (await api.send("POST", "/api/v1/devices?check=true", json=NEW)).json()
    peers.revisions.answer = EditAnswer(error="the edit is rejected", findings=(finding,))
    applied = (await api.send("POST", "/api/v1/devices", json=NEW)).json()
    peers.revisions.answer = EditAnswer(revision=13, findings=(PLACED[2][0],))
    done = (await api.send("POST", "/api/v1/devices", json=NEW)).json()
    assert [answer["findings"][0]["field"] for answer in (checked, applied, done)] == [field, field, PLACED[2][1]]


async def test_a_finding_about_the_settings_of_a_new_serial_line_names_the_setting(api, peers):
    finding = f"{PATH}:3:9: error: this baud rate is not possible here"
    peers.revisions.finding, peers.revisions.is_checking = finding, True
    body = NEW | {"interface": "SERIAL2", "definition": "meter.csv"}
    answer = await api.send("POST", "/api/v1/devices?check=true", json=body)
    assert answer.json()["findings"][0]["field"] == "baudrate", peers.revisions.checks[0].files[PATH]
