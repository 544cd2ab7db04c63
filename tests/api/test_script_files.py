"""Scripts written, named otherwise and taken out over REST: each is one edit of its file and of `_scl.ini`."""

import pytest

from heliograph.api.errors import NotThere, Refused, Unreadable
from heliograph.api.scripting import taken_out, written
from heliograph.api.sets import EditDone
from support.plausible_revisions import NEWEST

LIST = "CONFIG/WPM00C44F_scl.ini"
FILES = {
    "CONFIG/WPM00C44F_config.ini": "",
    LIST: "SCRIPT_File[0]=night.lua\n",
    "SCRIPT/night.lua": "-- night\n",
}
PATH = "/api/v1/scripts"


def test_a_new_script_is_named_in_the_list_and_one_that_is_named_keeps_its_line():
    assert written(FILES, "day", "x") == {"SCRIPT/day.lua": "x", LIST: f"{FILES[LIST]}SCRIPT_File[1]=day.lua\n"}
    assert written(FILES, "night", "x") == {"SCRIPT/night.lua": "x"}
    first = {"CONFIG/A_config.ini": ""}
    assert written(first, "day", "x") == {"SCRIPT/day.lua": "x", "CONFIG/A_scl.ini": "SCRIPT_File[0]=day.lua\n"}


def test_a_renamed_script_leaves_its_old_name_nowhere():
    edit = written(FILES, "dusk", "x", was="night")
    assert edit == {"SCRIPT/dusk.lua": "x", "SCRIPT/night.lua": None, LIST: "SCRIPT_File[0]=dusk.lua\n"}
    with pytest.raises(Refused, match="already"):
        written({**FILES, "SCRIPT/dusk.lua": ""}, "dusk", "x", was="night")
    with pytest.raises(NotThere):
        written(FILES, "dusk", "x", was="morning")


def test_a_script_that_is_taken_out_leaves_the_list():
    assert taken_out(FILES, "night") == {"SCRIPT/night.lua": None, LIST: ""}
    with pytest.raises(NotThere):
        taken_out(FILES, "day")


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "a\nb", "x\x00"])
def test_a_name_that_is_none_reaches_nothing(name):
    with pytest.raises(Unreadable):
        written(FILES, name, "x")


async def test_a_script_is_read_written_and_taken_out_over_rest(api, peers, commands):
    del commands
    peers.revisions.files |= FILES
    answer = await api.get(f"{PATH}/night/source")
    assert (answer.text, answer.headers["etag"]) == ("-- night\n", f'"{NEWEST}"')
    answer = await api.send("PUT", f"{PATH}/day", content=b"-- day\n", headers={"If-Match": f'"{NEWEST}"'})
    assert EditDone.model_validate_json(answer.content).revision == NEWEST + 1
    assert answer.headers["etag"] == f'"{NEWEST + 1}"'
    assert (await api.send("DELETE", f"{PATH}/night")).status_code == 200
    written_, taken = peers.revisions.edits
    assert (set(written_.files), written_.based_on) == ({"SCRIPT/day.lua", LIST}, NEWEST)
    assert taken.files == {"SCRIPT/night.lua": None, LIST: ""}
    assert (await api.get(f"{PATH}/none/source")).status_code == 404
    assert (await api.send("DELETE", f"{PATH}/none")).status_code == 404


async def test_what_lua_cannot_read_is_refused_with_its_line_before_anything_is_changed(api, peers, commands):
    del commands
    for method, path, body in (
        ("PUT", f"{PATH}/day", {"content": b"-- day\nif ??\n"}),
        ("PATCH", "/api/v1/configuration/files", {"json": {"files": {"SCRIPT/day.lua": "\n??"}}}),
    ):
        answer = await api.send(method, path, **body)
        assert answer.status_code == 422, answer.text
        (finding,) = answer.json()["findings"]
        assert (finding["file"], finding["line"], finding["severity"]) == ("SCRIPT/day.lua", 2, "error")
    assert peers.revisions.edits == []


async def test_a_check_changes_nothing_and_a_stranger_may_not_even_check(api, peers, commands):
    del commands
    peers.revisions.files |= FILES
    peers.revisions.is_checking = True
    answer = await api.send("PUT", f"{PATH}/day?check=true", content=b"-- day\n")
    assert "+-- day" in answer.json()["diff"]
    assert peers.revisions.edits == []
    for method, path in (("PUT", f"{PATH}/day"), ("DELETE", f"{PATH}/night"), ("PUT", "/scripts/day/check")):
        assert (await api.clients[0].request(method, path, content=b"x")).status_code == 401
    assert len(peers.revisions.checks) == 1
