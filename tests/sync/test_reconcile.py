"""Reconciliation with the main server: every row of the table of spec 1.7, and what stands in its way."""

import gzip
import itertools

import pytest

from heliograph.contract import ConnectionResult
from support.site import BACKUP, CONFIG, DAQ, INV, MAIN, SCL, VAR, config, daq, device, first_set, site_at
from support.syncing import DEFINITION, tree

SCHEDULE = b"SCHEDULE_Params[0]=1|everyday|06:00:00|60|4\n"
OTHER = DEFINITION.replace("Power", "Energy").encode()


@pytest.fixture
def site(tmp_path):
    """A gateway with a set in force, and an empty tree on both servers."""
    site = site_at(tmp_path / "sync")
    yield site
    site.close()


@pytest.fixture
def settled(site):
    """The same after a few connections: everything is on the server and remembered."""
    for _ in range(3):
        site.connect()
    assert site.quiet() == []
    return site


def test_an_empty_tree_gets_the_whole_set(site):
    visited = site.connect()
    assert visited.result is ConnectionResult.DONE
    assert site.on() == site.files == first_set()
    assert site.in_force.number == 1


def test_what_stands_as_remembered_is_neither_read_nor_written_and_each_directory_is_listed_once(settled):
    world = settled.worlds["alpha"]
    world.lists.clear()
    assert settled.quiet() == []
    assert {path: count for path, count in world.lists.items() if count} == {"/CONFIG": 1, "/DEF": 1, "/CMD": 1}


def test_a_file_that_was_deleted_on_the_server_is_written_again(settled):
    del settled.worlds["alpha"].files[f"/{INV}"]
    settled.connect()
    assert settled.on() == settled.files


@pytest.mark.parametrize("path", [CONFIG, DAQ, INV, VAR])
def test_an_edit_on_the_server_is_taken_and_only_that_file_is_read(settled, path):
    content = {
        CONFIG: config(GATEWAY_Name="Roof"), DAQ: daq(device(1), device(2), device(3)), INV: OTHER, VAR: SCHEDULE,
    }[path]  # fmt: skip
    settled.edit(path, content)
    settled.worlds["alpha"].reads.clear()
    settled.connect()
    assert settled.worlds["alpha"].reads == [f"/{path}"]
    assert (settled.in_force.number, settled.in_force.origin) == (2, "main server"[5:])
    assert settled.files == {**first_set(), path: content}
    assert not settled.in_force.provisional
    assert settled.quiet() in ([], [f"/{path}"]), "compared by content once, while its time is young"
    assert settled.quiet() == []


def test_a_definition_that_is_new_is_read_with_the_file_that_names_it(settled):
    settled.edit("DEF/new.csv", OTHER)
    settled.edit(DAQ, daq(device(1, "new.csv")))
    settled.connect()
    assert settled.files == {CONFIG: config(), DAQ: daq(device(1, "new.csv")), "DEF/new.csv": OTHER}


def test_files_that_nothing_names_are_left_alone(settled):
    settled.edit("DEF/stranger.csv", b"\x00" * 100)
    settled.edit("CONFIG/WPM999999_daq.csv", b"another gateway's")
    assert settled.quiet() == []
    assert settled.in_force.number == 1


def test_a_local_edit_reaches_the_server(settled):
    settled.offer({**settled.files, INV: OTHER})
    assert settled.in_force.number == 2
    settled.connect()
    assert settled.on() == {**first_set(), INV: OTHER}


def test_where_both_sides_changed_the_server_wins_and_the_local_edit_stays_in_the_history(settled):
    theirs = DEFINITION.replace("Power", "Theirs").encode()
    settled.offer({**settled.files, INV: OTHER})
    settled.edit(INV, theirs)
    settled.connect()
    assert settled.files[INV] == theirs
    assert settled.revisions.find(2).files[INV] == OTHER
    assert f"{INV} was changed on the main server and on the gateway" in settled.log()
    settled.connect()
    assert settled.on()[INV] == theirs


def test_edits_of_different_files_on_both_sides_are_both_kept(settled):
    settled.offer({**settled.files, INV: OTHER})
    settled.edit(VAR, SCHEDULE)
    settled.connect()
    settled.connect()
    assert settled.files == {**first_set(), INV: OTHER, VAR: SCHEDULE}
    assert settled.on() == settled.files


def test_a_wrong_value_is_replaced_and_the_configuration_as_applied_goes_back_at_the_next_connection(settled):
    wrong = config(LOG_Level="loud", GATEWAY_Name="Roof")
    settled.edit(CONFIG, wrong)
    settled.connect()
    assert settled.on()[CONFIG] == wrong, "at the next connection, not in this one"
    assert settled.in_force.number == 2
    settled.connect()
    assert settled.on()[CONFIG] == config(LOG_Level="info", GATEWAY_Name="Roof")
    assert settled.in_force.number == 2, "the gateway's own upload is no edit"
    for _ in range(3):
        settled.connect()
    assert settled.in_force.number == 2


def test_comments_order_and_unknown_lines_survive_byte_for_byte(settled):
    odd = b"\xef\xbb\xbf; first\r\n\r\nMINE=1\r\n" + config(LOG_Level="loud").replace(b"\n", b"\r\n") + b"; last"
    settled.edit(CONFIG, odd)
    settled.connect()
    settled.connect()
    assert settled.on()[CONFIG] == odd.replace(b"loud", b"info")


def test_a_set_with_an_error_changes_nothing_and_is_told_once_with_file_line_and_column(settled):
    settled.edit(DAQ, daq(device(1), device(1)))
    visited = settled.connect()
    assert visited.result is ConnectionResult.PARTIAL
    assert "rejected" in visited.failures[0]
    for _ in range(3):
        settled.connect()
    assert settled.in_force.number == 1
    assert settled.on()[DAQ] == daq(device(1), device(1)), "the server's file is left as it is"
    assert settled.alarm_infos() == ["CONFIGURATION REJECTED"]
    lines = [line for line in _delivered(settled) if f"{DAQ}:3:1: error: " in line]
    assert len(lines) == 1
    settled.edit(DAQ, daq(device(1), device(1), device(1)))
    settled.connect()
    assert settled.alarm_infos() == ["CONFIGURATION REJECTED"] * 2, "another content is told anew"


def _delivered(site) -> list[str]:
    """Every line of the log that the main server got."""
    files = site.worlds["alpha"].files.items()
    texts = [gzip.decompress(content).decode() for path, content in sorted(files) if path.startswith("/LOG/")]
    return "".join(texts).splitlines()


def test_a_set_that_was_rejected_is_taken_when_what_it_lacked_arrives(settled):
    settled.edit(DAQ, daq(device(1, "new.csv")))
    settled.connect()
    assert settled.in_force.number == 1
    assert any('DEF/ has no file "new.csv"' in line for line in _delivered(settled))
    settled.edit("DEF/new.csv", OTHER)
    settled.connect()
    assert settled.files[DAQ] == daq(device(1, "new.csv"))


def test_a_name_that_differs_in_case_is_absent_and_the_message_says_so(settled):
    settled.edit(DAQ, daq(device(1, "New.csv")))
    settled.edit("DEF/new.csv", OTHER)
    settled.connect()
    assert settled.in_force.number == 1
    assert any('"new.csv" differs from it in case' in line for line in _delivered(settled))


def test_a_file_of_the_set_directory_is_found_when_it_is_named_from_afar(settled):
    settled.directory_files = {"DEF/spare.csv": OTHER}
    settled.edit(DAQ, daq(device(1, "spare.csv")))
    settled.connect()
    assert settled.files["DEF/spare.csv"] == OTHER
    settled.connect()
    assert settled.on()["DEF/spare.csv"] == OTHER


@pytest.mark.parametrize("name", ["../inv.csv", "/etc/passwd", "a/b.csv", "..", "inv.csv\x07", "x\\y.csv"])
def test_names_with_a_path_are_an_error_and_nothing_is_asked_of_the_server(settled, name):
    settled.edit(DAQ, daq(device(1, name)))
    settled.worlds["alpha"].reads.clear()
    settled.connect()
    assert settled.in_force.number == 1
    assert settled.worlds["alpha"].reads == [f"/{DAQ}"]


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


def test_with_sync_config_off_nothing_of_the_configuration_is_read_or_written(tmp_path):
    site = site_at(tmp_path / "sync", first_set(**{CONFIG: config(FTP_SyncConfig=0)}))
    site.edit(DAQ, daq(device(1)))
    assert site.quiet() == []
    assert site.on() == {DAQ: daq(device(1))}
    site.close()


def test_a_private_key_never_leaves_the_gateway(tmp_path):
    key = b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    files = first_set(
        **{CONFIG: config(FTP_KeyFile="own.pem", FTP_CaFile="ca.pem"), "CERT/own.pem": key, "CERT/ca.pem": key}
    )
    site = site_at(tmp_path / "sync", files)
    site.connect()
    site.connect(2)
    assert "CERT/ca.pem" in site.on()
    assert "CERT/own.pem" not in {**site.on(), **site.on("beta")}
    site.close()


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


def test_a_changed_uid_names_what_is_written_and_both_names_are_read(settled):
    settled.edit(CONFIG, config(GATEWAY_Uid="roof_7"))
    settled.connect()
    assert settled.in_force.uids == ("roof_7", "WPM00C44F")
    settled.connect()
    new = CONFIG.replace("WPM00C44F", "roof_7")
    assert settled.on()[new] == settled.on()[CONFIG] == config(GATEWAY_Uid="roof_7"), "nothing is renamed"
    settled.edit(new, config(GATEWAY_Uid="roof_7", GATEWAY_Name="Roof"))
    settled.connect()
    assert settled.in_force.set.config.name == "Roof"
    settled.connect()
    assert settled.in_force.number == 3


def test_an_edit_under_the_earlier_uid_is_not_overlooked_in_silence(settled):
    settled.edit(CONFIG, config(GATEWAY_Uid="roof_7"))
    for _ in range(3):
        settled.connect()
    settled.edit(CONFIG, config(GATEWAY_Uid="roof_7", GATEWAY_Name="Roof"))
    visited = settled.connect()
    assert "since GATEWAY_Uid changed it is CONFIG/roof_7_config.ini" in " ".join(visited.failures)


def test_the_older_name_of_the_scripts_file_is_read(settled):
    settled.edit("SCRIPT/limit.lua", b"-- a script\n")
    settled.edit(SCL.replace("scl", "sci"), b"SCRIPT_File[0]=limit.lua\n")
    settled.connect()
    assert "SCRIPT/limit.lua" in settled.files


def test_the_backup_gets_a_copy_of_everything_and_a_hand_edit_there_is_overwritten(settled):
    settled.connect(2)
    assert settled.on("beta") == settled.files
    edited = settled.files[INV].replace(b"Power", b"Pewor")
    assert len(edited) == len(settled.files[INV])
    settled.edit(INV, edited, "beta")
    settled.edit(DAQ, daq(device(1)), "beta")
    settled.connect(2)
    assert settled.on("beta") == settled.files
    assert settled.worlds["beta"].reads == []


def test_what_changed_on_the_main_server_reaches_the_backup(settled):
    settled.connect(2)
    settled.edit(INV, OTHER)
    settled.connect()
    settled.connect(2)
    assert settled.on("beta") == settled.files
    assert settled.files[INV] == OTHER


def test_a_backup_that_becomes_the_main_server_brings_no_old_settings_back(settled):
    settled.connect(2)
    swapped = config(
        MAIN, BACKUP, SERVER_Mode="strategy_wsun1_compliant_backup", SERVER2_Mode="strategy_wsun1_compliant"
    )
    settled.edit(CONFIG, swapped)
    settled.connect()
    assert settled.in_force.provisional
    assert settled.in_force.main.address == "beta"
    settled.connect()
    assert not settled.in_force.provisional
    for number in (2, 1, 2, 1):
        settled.connect(number)
    assert settled.in_force.main.address == "beta"
    assert settled.on("beta")[CONFIG] == settled.on("alpha")[CONFIG] == swapped
    settled.edit(INV, OTHER, "beta")
    settled.connect(2)
    assert settled.files[INV] == OTHER


def test_a_copy_of_the_tree_on_a_new_server_brings_no_old_settings_back(settled):
    settled.worlds["gamma"] = tree()
    settled.worlds["gamma"].files = dict(settled.worlds["alpha"].files)
    moved = config(FTP_Address="gamma")
    settled.edit(CONFIG, moved)
    settled.connect()
    for _ in range(4):
        settled.connect()
    assert settled.in_force.main.address == "gamma"
    assert settled.on("gamma")[CONFIG] == moved
    assert settled.in_force.number == 2


def test_a_set_that_waits_on_the_server_wins_over_the_one_the_gateway_came_with(site):
    for path, content in first_set(**{INV: OTHER}).items():
        site.edit(path, content)
    site.connect()
    assert site.files[INV] == OTHER
    assert site.revisions.find(1).files[INV] == DEFINITION.encode()


def test_an_edited_definition_that_the_edited_list_of_devices_no_longer_names_is_not_overwritten(settled):
    settled.edit("DEF/new.csv", OTHER)
    settled.edit(DAQ, daq(device(1, "new.csv")))
    theirs = DEFINITION.replace("Power", "Theirs").encode()
    settled.edit(INV, theirs)
    for _ in range(3):
        settled.connect()
    assert settled.on()[INV] == theirs
    assert set(settled.files) == {CONFIG, DAQ, "DEF/new.csv"}


def test_an_edit_on_the_gateway_in_the_middle_of_a_connection_is_kept(settled):
    settled.edit(INV, OTHER)

    def meanwhile(path: str) -> None:
        settled.worlds["alpha"].on_read = None
        settled.offer({**settled.files, VAR: SCHEDULE})

    settled.worlds["alpha"].on_read = meanwhile
    settled.connect()
    settled.connect()
    assert settled.files == {**first_set(), INV: OTHER, VAR: SCHEDULE}
    assert settled.on() == settled.files


def test_every_order_of_edits_and_connections_ends_with_both_sides_equal(tmp_path):
    """All interleavings of two edits on the server, one on the gateway and connections."""
    steps = ["server daq", "server def", "local var", "connect"]
    for number, order in enumerate(itertools.permutations(steps)):
        site = site_at(tmp_path / str(number))
        site.connect()
        for step in order:
            if step == "server daq":
                site.edit(DAQ, daq(device(1)))
            elif step == "server def":
                site.edit(INV, OTHER)
            elif step == "local var":
                site.offer({**site.files, VAR: SCHEDULE})
            else:
                site.connect()
        for _ in range(3):
            site.connect()
        assert site.on() == site.files == {CONFIG: config(), DAQ: daq(device(1)), INV: OTHER, VAR: SCHEDULE}, order
        site.close()


def test_a_copy_of_the_configuration_in_a_new_directory_brings_no_old_settings_back(settled):
    world = settled.worlds["alpha"]
    world.directories.add("/NEW")
    for path in (CONFIG, DAQ):
        world.files[f"/NEW/{path.partition('/')[2]}"] = world.files[f"/{path}"]
    settled.edit(CONFIG, config(FTP_DirConfig="/NEW"))
    for _ in range(6):
        settled.connect()
    assert settled.in_force.number == 2
    assert not settled.in_force.provisional
    assert world.files[f"/NEW/{CONFIG.partition('/')[2]}"] == config(FTP_DirConfig="/NEW")


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
