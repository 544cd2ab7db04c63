"""What stands in the way of a reconciliation: servers that refuse, cut, change or tell wrong times (spec 1.7)."""

import pytest

from heliograph.contract import ConnectionResult
from support.site import DAQ, INV, OTHER, SCHEDULE, VAR, daq, device, first_set, site_at


def test_a_directory_in_place_of_a_file_is_told_and_the_rest_works(settled):
    world = settled.worlds["alpha"]
    del world.files[f"/{INV}"]
    world.directories.add(f"/{INV}")
    visited = settled.connect()
    assert "is a directory on the server" in visited.failures[0]
    settled.edit(VAR, SCHEDULE)
    settled.connect()
    assert settled.in_force.number == 1, "half an edit is never applied"
    world.directories.discard(f"/{INV}")
    settled.connect()
    assert settled.files[VAR] == SCHEDULE
    settled.connect()
    assert settled.on()[INV] == settled.files[INV]


def test_a_file_that_may_be_listed_and_not_read_leaves_all_as_it_is(settled):
    settled.edit(INV, OTHER)
    settled.edit(VAR, SCHEDULE)
    settled.worlds["alpha"].unreadable = {f"/{INV}"}
    visited = settled.connect()
    assert any("no right to read" in failure for failure in visited.failures)
    assert settled.in_force.number == 1
    settled.worlds["alpha"].unreadable = set()
    settled.connect()
    assert settled.files == {**first_set(), INV: OTHER, VAR: SCHEDULE}


def test_a_file_that_changes_while_it_is_read_is_read_again_at_the_next_connection(settled):
    world = settled.worlds["alpha"]
    settled.edit(INV, OTHER)

    def meanwhile(path: str) -> None:
        world.on_read = None
        settled.edit(INV, OTHER.replace(b"Energy", b"Wattss"))

    world.on_read = meanwhile
    visited = settled.connect()
    assert "is being changed just now" in visited.failures[0]
    assert visited.again
    assert settled.in_force.number == 1
    settled.connect()
    assert settled.files[INV] == OTHER.replace(b"Energy", b"Wattss")


def test_an_edit_of_equal_size_within_the_same_step_of_the_servers_clock_is_found(settled):
    world = settled.worlds["alpha"]
    settled.edit(INV, OTHER)
    settled.connect()
    time = world.modified[f"/{INV}"]
    settled.edit(INV, OTHER.replace(b"Energy", b"Wattss"))
    world.modified[f"/{INV}"] = time
    settled.connect(seconds=1)
    assert settled.files[INV] == OTHER.replace(b"Energy", b"Wattss")


def test_a_server_whose_clock_went_back_by_years_loses_no_edit(settled):
    world = settled.worlds["alpha"]
    world.files[f"/{INV}"] = OTHER
    world.modified[f"/{INV}"] = 1000.0
    settled.connect()
    assert settled.files[INV] == OTHER
    world.modified[f"/{INV}"] = 10.0
    settled.connect()
    assert settled.in_force.number == 2, "another time, the same content: no edit"


def test_a_server_that_tells_no_times_is_compared_by_content(settled):
    world = settled.worlds["alpha"]
    for path in world.modified:
        world.modified[path] = None
    settled.connect()
    world.files[f"/{INV}"] = OTHER
    settled.connect()
    assert settled.files[INV] == OTHER


def test_a_kill_after_the_upload_and_before_it_is_remembered_makes_no_edit_of_it(site):
    site.connect()
    with site.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM remembered")
    site.connect()
    assert site.in_force.number == 1
    site.connect()
    assert site.quiet() == []


def test_a_missing_directory_is_named_and_the_others_work(settled):
    settled.worlds["alpha"].directories.discard("/DEF")
    settled.edit(VAR, SCHEDULE)
    visited = settled.connect()
    assert any("/DEF does not exist" in failure for failure in visited.failures)
    assert settled.files[VAR] == SCHEDULE


def test_a_missing_configuration_directory_stops_nothing_else(settled):
    settled.worlds["alpha"].directories.discard("/CONFIG")
    visited = settled.connect()
    assert visited.result is ConnectionResult.PARTIAL
    assert any("/CONFIG does not exist" in failure for failure in visited.failures)
    assert any(path.startswith("/LOG/") for path in settled.worlds["alpha"].files)


@pytest.mark.parametrize("refused", ["write", "rename", "delete"])
def test_a_server_that_refuses_to_write_rename_or_delete_is_told_and_later_completed(site, refused):
    site.worlds["alpha"].refuses = {refused}
    visited = site.connect()
    if refused != "delete":
        assert any(f"no right to {refused}" in failure for failure in visited.failures)
    site.worlds["alpha"].refuses = set()
    site.connect()
    assert site.on() == site.files


def test_what_an_interrupted_upload_left_behind_goes_even_when_the_file_is_no_longer_needed(settled):
    world = settled.worlds["alpha"]
    settled.offer({**settled.files, "DEF/new.csv": OTHER, DAQ: daq(device(1, "new.csv"))})
    world.lose_rename_answer = False
    world.cut_after = 10
    settled.connect()
    left = [path for path in world.files if path.endswith(".tmp") and not path.startswith(("/LOG", "/DATA", "/ALARM"))]
    settled.offer({**first_set()})
    settled.connect()
    settled.connect()
    assert left
    assert not [path for path in world.files if path.endswith(".tmp")]


def test_a_cut_at_any_byte_leaves_a_set_that_the_next_connections_complete(tmp_path):
    whole = sum(len(content) for content in first_set().values())
    for cut in range(0, whole + 40, 37):
        site = site_at(tmp_path / f"sync-{cut}")
        site.worlds["alpha"].cut_after = cut
        site.connect()
        for _ in range(2):
            site.connect()
        assert site.on() == site.files == first_set(), cut
        assert site.in_force.number == 1
        site.close()


@pytest.mark.parametrize("number", [1, 2], ids=["main", "backup"])
def test_a_file_that_a_replacement_moved_aside_is_swept_up(settled, number):
    settled.connect(2)
    address = {1: "alpha", 2: "beta"}[number]
    world = settled.worlds[address]
    settled.offer({**settled.files, INV: OTHER})
    world.cut_after = 10
    settled.connect(number)
    world.files[f"/{INV}.old.tmp"] = world.files.pop(f"/{INV}")  # as a server without a replacing rename is left
    settled.connect(number)
    assert settled.on(address) == {**first_set(), INV: OTHER}


def test_a_file_moved_aside_that_could_not_be_removed_is_swept_up_later(settled):
    world = settled.worlds["alpha"]
    settled.offer({**settled.files, INV: OTHER})
    world.files[f"/{INV}.old.tmp"] = b"old"
    world.refuses = {"delete"}
    visited = settled.connect()
    assert any("no right to delete" in failure for failure in settled.connect().failures), visited.failures
    world.refuses = set()
    settled.connect()
    assert settled.on() == {**first_set(), INV: OTHER}


def test_a_rest_that_may_not_be_removed_keeps_nothing_from_being_written(settled):
    world = settled.worlds["alpha"]
    settled.offer({**settled.files, "DEF/new.csv": OTHER, DAQ: daq(device(1, "new.csv"))})
    world.cut_after = 10
    settled.connect()
    left = [path for path in world.files if path.endswith(".tmp")]
    settled.offer({**first_set(), INV: OTHER})
    world.refuses = {"delete"}
    failures = settled.connect().failures
    assert any("no right to delete" in failure for failure in failures), (left, failures)
    assert world.files[f"/{INV}"] == OTHER
