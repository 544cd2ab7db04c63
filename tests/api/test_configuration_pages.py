"""The pages of the configuration: what is in force, revisions with their differences, and what an edit comes to."""

import io
import zipfile

from heliograph.contract import Trial
from heliograph.contract.channels import STATE
from support.markup import Markup, seen
from support.plausible import collector_state, now, sync_state
from support.plausible_revisions import NEWEST
from support.plausible_set import FILES, UID
from support.waiting import until

DAQ = f"CONFIG/{UID}_daq.csv"


async def checked(api, path: str, **body: object) -> str:
    answer = await api.send("PUT", path, **body)
    assert answer.status_code == 200, answer.text
    assert Markup(answer.text).inline == []
    return answer.text


async def test_what_is_in_force_is_shown_with_who_took_it_and_what_a_trial_means(api, peers):
    text = seen((await api.get("/configuration")).text)
    for part in ("Revision 3 In force", "From: set directory", "api Took it", "collector Took it", "Revision 12"):
        assert part in text, part
    trial = Trial(revision=4, back_to=3, since=now() - 60_000, until=now() + 1_440_000, failures=1)
    await peers.sync.store(STATE, sync_state(revision=4, trial=trial), service="sync")
    lagging = collector_state(rejected="no register 7", rejected_revision=4)
    await peers.collector.store(STATE, lagging, service="collector")

    async def told() -> str:
        text = seen((await api.get("/configuration")).text)
        return text if "On trial" in text and "Rejected 4" in text else ""

    text = await until(told)
    for part in ("back to revision 3", "When the main server is reached it stays", "collector Rejected 4"):
        assert part in text, part


async def test_revisions_come_page_by_page(api):
    text = seen((await api.get("/configuration?before=6")).text)
    assert "Revision 5" in text
    assert "Revision 6 " not in text
    assert "Newest" in text
    assert "There are none before 1" in seen((await api.get("/configuration?before=1")).text)


async def test_a_revision_is_shown_with_its_difference_to_any_other(api):
    html = (await api.get("/configuration/revisions/7?against=3")).text
    text = seen(html)
    for part in (
        "What it has that revision 3 has not", f"{DAQ} 1 line added, 1 removed", "+ added 1;192.168.1.51;roof_1",
        "− removed 1;192.168.1.41;roof_1", "changed in a secret", "DEF/inv.csv", "Return to it",
    ):  # fmt: skip
        assert part in text, part
    assert "<ins>1;192.168.1.51;roof_1</ins>" in html
    assert "Return to it" not in seen((await api.get(f"/configuration/revisions/{NEWEST}")).text)
    assert "no revision 99" in seen((await api.get("/configuration/revisions/99")).text)
    for path in ("0", "x", "7?against=0", f"{10**20}"):
        assert (await api.get(f"/configuration/revisions/{path}")).status_code == 422


async def test_a_return_shows_first_what_it_changes(api):
    text = seen((await api.get("/configuration/revisions/7/return")).text)
    assert "What changes against revision 3, which is in force" in text
    assert "+ added 1;192.168.1.51;roof_1" in text
    assert "is in force There is nothing" in seen((await api.get("/configuration/revisions/3/return")).text)


async def test_a_check_tells_findings_at_their_lines_and_the_difference(api, peers):
    revisions = peers.revisions
    revisions.is_checking, revisions.finding = True, f"{DAQ}:4:7: error: 'SERIAL9' is no interface"
    body = {"files": {DAQ: FILES[DAQ].replace("roof_1", "<b>roof</b>")}}
    html = await checked(api, "/configuration/check", json=body, headers={"If-Match": '"12"'})
    assert f'data-finding-file="{DAQ}" data-finding-line="4" data-finding-column="7"' in html
    assert "It cannot be applied" in seen(html)
    assert "data-apply" not in html
    revisions.finding = ""
    html = await checked(api, "/configuration/check", json=body)
    assert "It can be applied" in seen(html)
    assert "data-apply" in html
    assert "b" not in Markup(html).tags
    same = await checked(api, "/configuration/check", json={"files": {DAQ: FILES[DAQ]}})
    assert "There is nothing to apply" in seen(same)
    assert revisions.checks[0].based_on == NEWEST
    assert revisions.edits == []


async def test_an_archive_is_checked_before_it_replaces_the_set(api, peers):
    peers.revisions.is_checking = True
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(DAQ, FILES[DAQ].replace("roof_1", "roof_9"))
    html = await checked(api, "/configuration/check/archive", content=packed.getvalue())
    assert "roof_9" in seen(html)
    assert "It can be applied" in seen(html)
    assert peers.revisions.checks[0].whole
    assert "neither a .zip nor a .tar.gz" in seen(await checked(api, "/configuration/check/archive", content=b"x"))


async def test_a_check_that_was_overtaken_or_comes_from_a_stranger_is_a_problem(api, peers):
    peers.revisions.conflict = True
    body = {"files": {DAQ: "x"}}
    answer = await api.send("PUT", "/configuration/check", json=body, headers={"If-Match": '"12"'})
    assert (answer.status_code, "revision 13 is in force" in answer.json()["detail"]) == (412, True)
    for path in ("/configuration/check", "/configuration/check/archive"):
        assert (await api.clients[0].put(path, json=body)).status_code == 401
    assert (await api.send("PUT", "/configuration/check", json={"files": {}})).status_code == 422


async def test_the_pages_that_edit_load_nothing_from_elsewhere_and_hold_nothing_inline(api, commands):
    del commands
    for path in (
        "/configuration/edit?file=<script>", "/configuration/revisions/7", "/configuration/revisions/7/return",
        "/new-script", "/scripts/night/edit", "/scripts/%3Cb%3E/edit",
    ):  # fmt: skip
        markup = Markup((await api.get(path)).text)
        assert markup.inline == [], path
        assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in markup.loaded)
        assert "b" not in markup.tags
        for link in {link for link in markup.loaded if link.startswith("/assets/")}:
            assert (await api.get(link)).status_code == 200


async def test_a_finding_leads_to_its_line_in_the_editor(api):
    html = (await api.get("/configuration")).text
    place = f"/configuration/edit?file={DAQ}&line=5"
    assert place in Markup(html).loaded
    assert f'data-file="{DAQ}" data-line="5"' in (await api.get(place)).text


async def test_who_may_only_look_sees_nothing_that_changes_something(api, commands):
    del commands
    made = await api.send("POST", "/api/v1/tokens", json={"name": "screen", "role": "viewer"})
    viewer = {"Authorization": f"Bearer {made.json()['token']}"}
    for path, marks in (
        ("/configuration", ("Edit the files", "archive-form")),
        ("/configuration/revisions/7/return", ("data-return",)),
        ("/commands", ("variable-form", "builtin-form", "text-form")),
        ("/scripts", ("New script",)),
    ):
        looked = (await api.get(path, headers=viewer)).text
        operated = (await api.get(path, headers=api.bearer)).text
        for mark in marks:
            assert mark not in looked, (path, mark)
            assert mark in operated, (path, mark)
        assert "data-looks-only" in looked
