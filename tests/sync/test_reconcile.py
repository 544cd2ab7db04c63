"""Reconciliation with the main server: every row of the table of spec 1.7, and what stands in its way."""

import gzip
import itertools

import pytest

from heliograph.contract import ConnectionResult
from support.site import (
    CONFIG,
    DAQ,
    INV,
    OTHER,
    SCHEDULE,
    SCL,
    VAR,
    closed,
    config,
    copy_of,
    daq,
    device,
    first_set,
    site_at,
)
from support.syncing import DEFINITION


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


def test_with_sync_config_off_nothing_of_the_configuration_is_read_or_written(tmp_path):
    site = site_at(tmp_path / "sync", first_set(**{CONFIG: config(FTP_SyncConfig=0)}))
    site.edit(DAQ, daq(device(1)))
    assert site.quiet() == []
    assert site.on() == {DAQ: daq(device(1))}
    site.close()


def test_the_older_name_of_the_scripts_file_is_read(settled):
    settled.edit("SCRIPT/limit.lua", b"-- a script\n")
    settled.edit(SCL.replace("scl", "sci"), b"SCRIPT_File[0]=limit.lua\n")
    settled.connect()
    assert "SCRIPT/limit.lua" in settled.files


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
    begun = site_at(tmp_path / "begun")
    begun.connect()
    closed(begun)
    for number, order in enumerate(itertools.permutations(steps)):
        site = copy_of(begun, tmp_path / str(number))
        for step in order:
            if step == "server daq":
                site.edit(DAQ, daq(device(1)))
            elif step == "server def":
                site.edit(INV, OTHER)
            elif step == "local var":
                site.offer({**site.files, VAR: SCHEDULE})
            else:
                site.connect()
        for _ in range(2):
            site.connect()
        assert site.on() == site.files == {CONFIG: config(), DAQ: daq(device(1)), INV: OTHER, VAR: SCHEDULE}, order
        site.close()
