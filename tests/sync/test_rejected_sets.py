"""A set that stands rejected on the main server: it costs a listing a directory until something changes (spec 1.7)."""

import pytest

from heliograph.contract import ConnectionResult
from support.site import CONFIG, DAQ, INV, OTHER, SCHEDULE, VAR, config, daq, device, first_set
from support.syncing import DEFINITION

TWICE = daq(device(1), device(1))
LACKING = daq(device(1, "new.csv"))


@pytest.fixture
def site(settled):
    """A gateway whose set is on the server and remembered."""
    return settled


def reject(site, path: str, content: bytes) -> None:
    """Edit; connect until the rejected file's time is no longer young."""
    number = site.in_force.number
    site.edit(path, content)
    for _ in range(3):
        assert site.connect().result is ConnectionResult.PARTIAL
    assert site.in_force.number == number


def reads(site) -> list[str]:
    """The files of the set that a connection read, in order."""
    site.worlds["alpha"].reads.clear()
    site.connect()
    return [path.removeprefix("/") for path in site.worlds["alpha"].reads]


def test_nothing_is_downloaded_and_each_directory_is_listed_once_while_nothing_changes(site):
    reject(site, DAQ, TWICE)
    world = site.worlds["alpha"]
    world.lists.clear()
    assert site.quiet() == []
    assert {path: count for path, count in world.lists.items() if count} == {"/CONFIG": 1, "/DEF": 1, "/CMD": 1}
    assert site.on()[DAQ] == TWICE, "the server's file is left as it is"


def test_each_connection_still_says_that_a_set_is_rejected_and_tells_the_findings_only_once(site):
    reject(site, DAQ, TWICE)
    for _ in range(2):
        visited = site.connect()
        assert visited.result is ConnectionResult.PARTIAL
        assert any("rejected for 2 error(s)" in failure for failure in visited.failures), visited.failures
        assert not visited.again
    assert site.alarm_infos() == ["CONFIGURATION REJECTED"]


def test_it_holds_across_a_restart_and_the_status_goes_on_naming_the_findings(site):
    reject(site, DAQ, TWICE)
    findings = site.configuration.findings
    site.again()
    assert reads(site) == []
    assert site.configuration.rejected
    assert site.configuration.findings == findings
    assert site.alarm_infos() == ["CONFIGURATION REJECTED"]


def test_a_corrected_file_is_downloaded_and_taken(site):
    reject(site, DAQ, TWICE)
    site.edit(DAQ, daq(device(1)))
    assert reads(site) == [DAQ]
    assert site.files[DAQ] == daq(device(1))
    assert not site.configuration.rejected
    assert site.connect().failures == ()


def test_a_wrong_correction_is_rejected_anew_and_then_rests_too(site):
    reject(site, DAQ, TWICE)
    reject(site, DAQ, daq(device(1), device(1), device(1)))
    assert reads(site) == []
    assert site.alarm_infos() == ["CONFIGURATION REJECTED"] * 2


def test_what_a_rejected_file_lacked_is_taken_with_it_when_it_arrives(site):
    reject(site, DAQ, LACKING)
    assert reads(site) == []
    site.edit("DEF/new.csv", OTHER)
    assert sorted(reads(site)) == sorted([DAQ, "DEF/new.csv"])
    assert (site.files[DAQ], site.files["DEF/new.csv"]) == (LACKING, OTHER)


def test_a_broken_definition_beside_the_file_that_names_it_rests_and_both_are_taken_when_it_is_mended(site):
    site.edit("DEF/new.csv", b"broken")
    reject(site, DAQ, LACKING)
    assert reads(site) == []
    site.edit("DEF/new.csv", OTHER)
    assert sorted(reads(site)) == sorted([DAQ, "DEF/new.csv"])
    assert site.files["DEF/new.csv"] == OTHER


def test_another_file_that_was_edited_has_the_rejected_ones_looked_at_with_it(site):
    reject(site, DAQ, TWICE)
    site.edit(VAR, SCHEDULE)
    assert sorted(reads(site)) == sorted([VAR, DAQ])
    assert site.in_force.number == 1, "half an edit is never applied"
    site.edit(DAQ, daq(device(2)))
    site.connect()
    assert site.files == {**first_set(), VAR: SCHEDULE, DAQ: daq(device(2))}


def test_an_edit_on_the_gateway_has_the_rejected_set_tried_again(site):
    reject(site, DAQ, LACKING)
    site.directory_files = {"DEF/new.csv": OTHER}
    assert reads(site) == [DAQ]
    assert site.files[DAQ] == LACKING
    assert site.files["DEF/new.csv"] == OTHER


def test_a_revision_made_on_the_gateway_has_the_rejected_set_tried_again(site):
    site.edit(INV, OTHER)
    reject(site, DAQ, TWICE)
    assert reads(site) == []
    site.offer({**site.files, VAR: SCHEDULE})
    assert sorted(reads(site)) == sorted([DAQ, INV])
    site.connect()
    assert reads(site) == []
    assert site.on()[VAR] == SCHEDULE


def test_a_rejected_file_that_was_deleted_or_put_back_leaves_nothing_rejected(site):
    reject(site, DAQ, TWICE)
    site.edit(DAQ, site.files[DAQ])
    site.connect()
    assert not site.configuration.rejected
    reject(site, DAQ, TWICE)
    del site.worlds["alpha"].files[f"/{DAQ}"]
    site.connect()
    assert not site.configuration.rejected
    assert site.on() == first_set()


def test_one_of_two_rejected_files_that_was_put_back_has_the_other_tried_again(site):
    site.edit(INV, b"broken")
    reject(site, VAR, SCHEDULE)
    site.edit(INV, DEFINITION.encode())
    assert sorted(reads(site)) == sorted([INV, VAR])
    assert site.files[VAR] == SCHEDULE


def test_an_edit_of_equal_size_within_the_same_step_of_the_servers_clock_is_found(site):
    world = site.worlds["alpha"]
    site.edit(DAQ, TWICE)
    site.connect()
    time = world.modified[f"/{DAQ}"]
    site.edit(DAQ, TWICE.replace(b"1;127.0.0.1:1502;roof_1;1;600", b"2;127.0.0.1:1502;roof_2;1;600", 1))
    world.modified[f"/{DAQ}"] = time
    site.connect(seconds=1)
    assert site.in_force.number == 2


def test_a_server_that_tells_no_times_is_compared_by_content(site):
    world = site.worlds["alpha"]
    site.edit(DAQ, TWICE)
    world.modified[f"/{DAQ}"] = None
    assert reads(site) == reads(site) == [DAQ]
    world.files[f"/{DAQ}"] = daq(device(2), device(1))
    site.connect()
    assert site.in_force.number == 2


def test_what_a_service_rejected_rests_too_and_is_tried_again_when_anything_changes(site):
    site.edit(DAQ, daq(device(1)))
    site.connect()
    site.configuration.take_back(2, "collector", "two lines on one port")
    site._settle()
    for _ in range(3):
        assert "refused until its content changes" in " ".join(site.connect().failures)
    assert reads(site) == []
    site.again()
    assert reads(site) == []
    site.edit(VAR, SCHEDULE)
    site.connect()
    assert site.files == {**first_set(), DAQ: daq(device(1)), VAR: SCHEDULE}


def test_what_failed_a_trial_rests_too(site):
    site.edit(CONFIG, config(FTP_Address="nowhere"))
    site.edit(INV, OTHER)
    for _ in range(4):
        site.connect()
    assert site.in_force.origin == "return"
    for _ in range(3):
        site.connect()
    assert reads(site) == []
    assert site.files == first_set()
    assert site.on()[INV] == OTHER


def test_rules_of_another_version_have_the_rejected_set_tried_again(site, monkeypatch):
    reject(site, DAQ, TWICE)
    monkeypatch.setattr("heliograph.sync.rejections._RULES", "99")
    assert reads(site) == [DAQ]
