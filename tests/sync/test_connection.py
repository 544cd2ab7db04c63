"""One connection: what goes where, in which form, and what a failure leaves (spec 1.3, 1.4, 1.6)."""

from dataclasses import replace

import pytest

from heliograph.contract import Alarm, AlarmRequest, AlarmSource, ConnectionResult, PageRequest, RecordKind, Trigger
from heliograph.contract.records import Column, Layout
from heliograph.formats.config import Directory, ServerMode
from support.arrived import MINUTES, TEN, dates, only, text
from support.samples import LAYOUT, record
from support.syncing import NOON, applied, device, file_server

MAIN = file_server(1, ServerMode.MAIN)
BACKUP = file_server(2, ServerMode.BACKUP)


def test_records_reach_both_servers_and_then_leave_the_spool(bench):
    bench.spool.take_records([record(1), record(2, device="2"), record(3, time=TEN + 10 * MINUTES)])
    assert bench.visit(1).result is ConnectionResult.DONE
    assert bench.spool.state().records == 3
    assert bench.visit(2).result is ConnectionResult.DONE
    assert bench.spool.state().records == 0
    for number in (1, 2):
        assert only(bench, number) == (
            "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n"
            "24/06/01-10:00:00;106;110;108;12\n24/06/01-10:10:00;106;110;108;12\n"
            "DEVICEINDEX;2\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:00:00;106;110;108;12\n"
        )


@pytest.mark.parametrize("main", [1, 2])
def test_the_mode_decides_never_the_number(bench, main):
    backup = 3 - main
    bench.ledger.serve({})
    bench.configure(applied([file_server(main, ServerMode.MAIN), file_server(backup, ServerMode.BACKUP)], [device("1")],
                            files={"CONFIG/WPM00C44F_daq.csv": b"x"}))  # fmt: skip
    bench.servers[backup].files["/CONFIG/WPM00C44F_var.ini"] = b"an edit on the backup"
    bench.servers[1].files["/CMD/WPM00C44F_cmd.json"] = b"[]"
    bench.servers[2].files["/CMD/WPM00C44F_cmd.json"] = b"[]"
    bench.mailbox.wait = lambda: None
    for number in (1, 2):
        assert bench.visit(number).result is ConnectionResult.DONE
    assert "/CMD/WPM00C44F_cmd.json" not in bench.servers[main].files
    assert "/CMD/WPM00C44F_cmd.json" in bench.servers[backup].files
    assert bench.names(main, "CONFIG") == ["WPM00C44F_daq.csv"]
    assert bench.names(backup, "CONFIG") == ["WPM00C44F_daq.csv", "WPM00C44F_var.ini"]
    assert bench.servers[backup].reads == [], "nothing is ever read from a backup"


@pytest.mark.parametrize(
    ("options", "zone", "expected"),
    [
        ({}, "UTC", "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:00:00;106;110;108;12\n"),
        ({"header": False}, "UTC", "DEVICEINDEX;1\nmodbusTCP;inv.csv\n24/06/01-10:00:00;106;110;108;12\n"),
        (
            {"euro_dates": True},
            "Europe/Paris",
            "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n01/06/24-12:00:00;106;110;108;12\n",
        ),
    ],
)
def test_header_and_dates_belong_to_each_server(bench, options, zone, expected):
    bench.configure(applied([MAIN, replace(BACKUP, **options)], [device("1")], zone=zone))
    bench.spool.take_records([record(1)])
    bench.visit(1)
    bench.visit(2)
    plain = {"UTC": "24/06/01-10:00:00", "Europe/Paris": "24/06/01-12:00:00"}[zone]
    assert only(bench, 1) == f"DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n{plain};106;110;108;12\n"
    assert only(bench, 2) == expected


def test_an_unreachable_server_fails_alone_and_gets_everything_later(bench):
    bench.spool.take_records([record(n) for n in range(1, 4)])
    bench.servers[2].unreachable = "no route to host"
    visited = bench.visit(2)
    assert (visited.result, visited.again) == (ConnectionResult.FAILED, True)
    assert visited.failures == ("connection: no route to host",)
    assert bench.visit(1).result is ConnectionResult.DONE
    bench.servers[2].unreachable = ""
    bench.spool.take_records([record(4)])
    assert bench.visit(2).result is ConnectionResult.DONE
    assert (len(dates(only(bench, 1))), len(dates(only(bench, 2)))) == (3, 4)
    bench.visit(1)
    assert bench.spool.state().records == 0


def test_blocks_stand_in_the_order_of_the_configuration_and_gone_devices_after(bench):
    bench.configure(applied([MAIN], [device("10"), device("2")]))
    bench.spool.take_records([record(n, device=d) for n, d in enumerate(["7", "2", "10", "5", "2"], 1)])
    bench.visit(1)
    found = [line for line in only(bench, 1).splitlines() if line.startswith("DEVICEINDEX")]
    assert found == ["DEVICEINDEX;10", "DEVICEINDEX;2", "DEVICEINDEX;7", "DEVICEINDEX;5"]


def test_a_changed_definition_begins_another_block_and_rows_keep_their_order(bench):
    changed = Layout(protocol="modbusTCP", definition="inv.csv", digest="1" * 64, columns=(Column(index="9"),))
    first, third = record(1, time=TEN), record(3, time=TEN + 2 * MINUTES)
    second = record(2, time=TEN + MINUTES).model_copy(update={"layout": changed, "values": (5,)})
    bench.spool.take_records([first, second, third])
    bench.visit(1)
    assert only(bench, 1) == (
        "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:00:00;106;110;108;12\n"
        "DEVICEINDEX;1\nmodbusTCP;inv.csv\n1;9\n24/06/01-10:01:00;5\n"
        "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:02:00;106;110;108;12\n"
    )


def test_each_interface_and_the_parameters_have_files_of_their_own(bench):
    plain = LAYOUT.model_copy(update={"protocol": "io", "definition": "io.csv"})
    meter = LAYOUT.model_copy(update={"protocol": "tic", "definition": "tic.csv", "serial_number": "0217"})
    bench.spool.take_records([
        record(1),
        record(2).model_copy(update={"device": "IO", "interface": "IO", "layout": plain}),
        record(3).model_copy(update={"device": "TIC1", "interface": "TIC", "layout": meter}),
        record(4).model_copy(update={"kind": RecordKind.PARAMETERS}),
    ])  # fmt: skip
    bench.visit(1)
    assert bench.names(1) == [
        "WPM00C44F_IO_240601_120000.csv.gz", "WPM00C44F_MODBUS_240601_120001.csv.gz",
        "WPM00C44F_MODBUS_P_240601_120002.csv.gz", "WPM00C44F_TIC_240601_120003.csv.gz",
    ]  # fmt: skip
    assert text(bench, 1, "WPM00C44F_IO_240601_120000.csv.gz").startswith("TypeIO;io.csv\n2;3;7\n")
    assert text(bench, 1, "WPM00C44F_TIC_240601_120003.csv.gz").startswith("SNTIC;0217;001\nTypeTIC;tic.csv\n")


def test_names_never_go_back_though_the_clock_does(bench):
    names = []
    for number, now in enumerate([NOON, NOON, NOON - 86400, NOON + 10], 1):
        bench.clock.set(now)
        bench.spool.take_records([record(number)])
        bench.visit(1)
        names.append(min(set(bench.names(1)) - set(names)))
    assert [name[-20:-7] for name in names] == ["240601_120000", "240601_120001", "240601_120002", "240601_120010"]


def test_a_missing_directory_is_told_by_name_and_the_others_work(bench):
    bench.servers[1].directories.remove("/DATA")
    bench.spool.take_records([record(1)])
    bench.spool.raise_alarm("POWER ON")
    visited = bench.visit(1)
    assert (visited.result, visited.again) == (ConnectionResult.PARTIAL, False)
    assert visited.failures == ("directories: the directory /DATA does not exist on the server; create it there",)
    assert (len(bench.names(1, "ALARM")), len(bench.names(1, "LOG"))) == (1, 1)
    assert "/DATA does not exist" in only(bench, 1, "LOG")
    assert "/DATA" not in bench.servers[1].directories
    bench.servers[1].directories.add("/DATA")
    assert bench.visit(1).result is ConnectionResult.DONE
    assert len(dates(only(bench, 1))) == 1


def test_no_right_to_write_keeps_the_file_under_its_name(bench):
    bench.servers[1].forbidden.add("/DATA")
    bench.spool.take_records([record(1)])
    assert bench.visit(1).result is ConnectionResult.PARTIAL
    (waiting,) = bench.ledger.waiting(1, "records")
    bench.spool.take_records([record(2)])
    bench.visit(1)
    assert [row.name for row in bench.ledger.waiting(1, "records")] == [waiting.name]
    bench.servers[1].forbidden.clear()
    bench.visit(1)
    assert bench.names(1)[0] == waiting.name
    assert [len(dates(text(bench, 1, name))) for name in bench.names(1)] == [1, 1]


def test_no_space_is_tried_again_soon(bench):
    bench.servers[1].space = 0
    bench.spool.take_records([record(1)])
    visited = bench.visit(1)
    assert (visited.result, visited.again) == (ConnectionResult.PARTIAL, True)
    bench.servers[1].space = None
    bench.visit(1)
    assert len(bench.names(1)) == 1


@pytest.mark.parametrize("after", [0, 1, 50, 150, 250])
def test_a_cut_in_the_middle_ends_the_connection_and_the_same_file_follows(bench, after):
    bench.spool.take_records([record(n) for n in range(1, 30)])
    bench.servers[1].cut_after = after
    visited = bench.visit(1)
    assert visited.result is ConnectionResult.FAILED
    waiting = [row.name for row in bench.ledger.waiting(1, "records")]
    bench.clock.move(30)
    assert bench.visit(1).result is ConnectionResult.DONE
    assert len(waiting) <= 1
    assert set(waiting) <= set(bench.names(1))
    assert [len(dates(text(bench, 1, name))) for name in bench.names(1)] == [29]


@pytest.mark.parametrize("fetched", [False, True])
def test_a_rename_whose_answer_was_lost_is_not_done_twice(bench, fetched):
    """Whether the reader left the file there or took it away at once."""
    bench.spool.take_records([record(1)])
    bench.servers[1].lose_rename_answer = True
    assert bench.visit(1).result is ConnectionResult.FAILED
    (name,) = bench.names(1)
    if fetched:
        del bench.servers[1].files[f"/DATA/{name}"]
    assert bench.visit(1).result is ConnectionResult.DONE
    assert bench.names(1) == ([] if fetched else [name])
    assert bench.ledger.waiting(1) == []


def test_alarms_of_all_sources_stand_in_one_file_oldest_first(bench):
    bench.spool.raise_alarm("POWER ON", time=TEN)
    of_device = Alarm(
        identity="a", source=AlarmSource.MODBUS, time=TEN + 1000, definition="inv.csv", device="1",
        device_name="roof_1", variable="12", value="3",
    )  # fmt: skip
    assert bench.spool.take_alarms([of_device]) == 1
    assert bench.spool.take_alarms([of_device]) == 0
    bench.visit(1)
    assert bench.names(1, "ALARM") == ["WPM00C44F_AL_240601_120000.csv.gz"]
    assert only(bench, 1, "ALARM") == (
        "24/06/01-10:00:00;GATEWAY;POWER ON\n24/06/01-10:00:01;MODBUS;inv.csv;roof_1;12;3\n"
    )
    bench.visit(1)
    assert len(bench.names(1, "ALARM")) == 1
    assert next(a.alarm.identity for a in bench.history.alarms(AlarmRequest()).alarms) == "a"


def test_the_log_of_a_connection_tells_that_connection(bench):
    bench.spool.take_records([record(1)])
    bench.visit(1, Trigger.START)
    told = only(bench, 1, "LOG")
    assert "server 1: connecting to sftp server1:22/ with revision 1 (start)" in told
    assert "data: WPM00C44F_MODBUS_240601_120000.csv.gz delivered" in told
    assert all(line.split(";")[1:3] == ["info", "sync"] for line in told.splitlines())


def test_every_connection_ends_in_a_row_of_history(bench):
    bench.spool.take_records([record(1)])
    bench.visit(1)
    bench.servers[1].unreachable = "gone"
    bench.visit(1, Trigger.RETRY)
    failed, done = bench.history.page(PageRequest(server=1)).connections
    assert (done.result, failed.result) == (ConnectionResult.DONE, ConnectionResult.FAILED)
    assert {count.kind: count.files for count in done.transfers} == {"data": 1, "logs": 1}
    assert (failed.trigger, failed.failures) == (Trigger.RETRY, ("connection: gone",))
    assert bench.history.last_success(1) == done.end
    assert bench.history.page(PageRequest(server=2)).connections == ()


def test_a_backup_gets_the_set_as_applied_and_again_when_it_differs(bench):
    files = {"CONFIG/WPM00C44F_daq.csv": b"daq", "DEF/inv.csv": b"definition", "CERT/ca.pem": b"pem",
             "CERT/private.pem": b"key"}  # fmt: skip
    backup = replace(BACKUP, key_file="private.pem")
    bench.configure(applied([MAIN, backup], [device("1")], files=files))
    bench.visit(2)
    there = bench.servers[2].files
    assert there["/CONFIG/WPM00C44F_daq.csv"] == b"daq"
    assert there["/DEF/inv.csv"] == b"definition"
    assert bench.names(2, "CERT") == ["ca.pem"]
    assert bench.names(1, "CONFIG") == []
    there["/DEF/inv.csv"] = b"a hand edit"
    del there["/CONFIG/WPM00C44F_daq.csv"]
    there["/DEF/other.csv"] = b"not ours"
    bench.visit(2)
    assert (there["/DEF/inv.csv"], there["/CONFIG/WPM00C44F_daq.csv"]) == (b"definition", b"daq")
    assert there["/DEF/other.csv"] == b"not ours"
    before = bench.servers[2].modified["/DEF/inv.csv"]
    bench.visit(2)
    assert bench.servers[2].modified["/DEF/inv.csv"] == before


def test_a_new_server_gets_what_is_recorded_from_then_on_and_none_drops_the_backlog(bench):
    bench.configure(applied([MAIN], [device("1")]))
    bench.spool.take_records([record(1)])
    bench.configure(applied([MAIN, BACKUP], [device("1")]))
    bench.spool.take_records([record(2, time=TEN + MINUTES)])
    bench.visit(2)
    assert dates(only(bench, 2)) == ["24/06/01-10:01:00"]
    bench.configure(applied([replace(MAIN, address="elsewhere", login="new"), BACKUP], [device("1")]))
    bench.visit(1)
    assert len(dates(only(bench, 1))) == 2


def test_a_server_taken_out_loses_its_backlog_and_begins_anew_when_it_is_back(bench):
    bench.spool.take_records([record(1)])
    bench.servers[2].unreachable = "away"
    bench.visit(1)
    bench.visit(2)
    bench.configure(applied([MAIN], [device("1")]))
    bench.free()
    assert bench.spool.state().records == 0
    bench.servers[2].unreachable = ""
    bench.configure(applied([MAIN, BACKUP], [device("1")]))
    bench.spool.take_records([record(2, time=TEN + MINUTES)])
    bench.visit(2)
    assert dates(only(bench, 2)) == ["24/06/01-10:01:00"]


def test_a_changed_uid_names_what_comes_and_renames_nothing_that_waits(bench):
    bench.servers[1].forbidden.add("/DATA")
    bench.spool.take_records([record(1)])
    bench.visit(1)
    bench.configure(applied([MAIN, BACKUP], [device("1")], uid="roof_7"))
    bench.servers[1].forbidden.clear()
    bench.spool.take_records([record(2, time=TEN + MINUTES)])
    bench.visit(1)
    assert bench.names(1) == ["WPM00C44F_MODBUS_240601_120000.csv.gz", "roof_7_MODBUS_240601_120001.csv.gz"]


def test_a_private_key_never_leaves_however_it_is_named(bench):
    files = {"CERT/private.pem": b"key", "CERT/ca.pem": b"pem"}
    bench.configure(applied([MAIN, replace(BACKUP, key_file="file:private.pem")], [device("1")], files=files))
    bench.visit(2)
    assert bench.names(2, "CERT") == ["ca.pem"]


def test_a_missing_secret_fails_the_connection_with_words(bench):
    bench.refuse[1] = "the password cannot be had: the environment has no variable PASSWORD_1"
    visited = bench.visit(1)
    assert visited.result is ConnectionResult.FAILED
    assert visited.failures == (f"connection: {bench.refuse[1]}",)


def test_a_stop_ends_the_connection_between_two_steps(bench):
    bench.spool.take_records([record(1)])
    bench.stop.set()
    visited = bench.visit(1)
    assert visited.failures == ("connection: the gateway stops",)
    assert bench.names(1) == []


def test_directories_can_have_other_names(bench):
    other = replace(MAIN, root="/plants/7", directories={**MAIN.directories, Directory.DATA: "/in/data"})
    bench.configure(applied([other], [device("1")]))
    bench.servers[1].directories |= {
        "/plants/7/CONFIG",
        "/plants/7/in/data",
        "/plants/7/ALARM",
        "/plants/7/CMD",
        "/plants/7/LOG",
    }
    bench.spool.take_records([record(1)])
    assert bench.visit(1).result is ConnectionResult.DONE
    assert any(path.startswith("/plants/7/in/data/WPM00C44F_MODBUS_") for path in bench.servers[1].files)
