"""The set directory: read, validated as a whole, applied as one revision or not at all (spec 1.7)."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from heliograph.contract import AlarmRequest
from heliograph.sync.candidates import Candidate
from heliograph.sync.configuration import Configuration
from heliograph.sync.revisions import KEPT, Revisions, difference
from heliograph.sync.settings import Settings
from heliograph.sync.setwatch import SetWatch
from support.sets import UID
from support.syncing import DEFINITION, plant_set


class Started:
    """The configuration and the set directory as a start of sync makes them."""

    def __init__(self, bench, settings: Settings) -> None:
        revisions = Revisions(bench.database)
        self.configuration = Configuration(revisions, bench.spool, bench.diary, bench.clock)
        self.directory = SetWatch(settings, revisions, self.configuration, bench.diary)
        self.look, self.uid = self.directory.look, self.directory.uid
        self.configuration.load()

    @property
    def applied(self):
        return self.configuration.applied

    @property
    def rejected(self) -> bool:
        return self.configuration.rejected

    @property
    def findings(self) -> tuple[str, ...]:
        return self.configuration.findings


@pytest.fixture
def make(bench, tmp_path):
    """Give what a start of sync makes of the set directory."""
    return lambda **settings: Started(bench, Settings(**{"gateway_set": tmp_path / "set", **settings}))


def alarms(bench) -> list[str]:
    return [numbered.alarm.info for numbered in bench.history.alarms(AlarmRequest()).alarms]


def test_a_set_is_numbered_once_and_again_when_its_content_changes(make, tmp_path):
    path = plant_set(tmp_path / "set") / "DEF" / "inv.csv"
    configuration = make()
    assert configuration.look() is True
    assert configuration.look() is False
    path.touch()
    configuration.look()
    configuration.look()
    assert configuration.applied.number == 1
    path.write_text(path.read_text().replace("Power", "Energy"))
    configuration.look()
    assert configuration.look() is True
    assert (configuration.applied.number, configuration.applied.origin) == (2, "set directory")
    assert "Energy" in configuration.applied.revision().files["DEF/inv.csv"]
    assert make().applied.number == 2


def test_a_set_that_is_still_being_copied_waits(bench, make, tmp_path):
    path = plant_set(tmp_path / "set") / "DEF" / "inv.csv"
    configuration = make()
    configuration.look()
    whole = path.read_text().replace("Power", "Energy")
    for length in range(5, len(whole), 5):
        path.write_text(whole[:length])
        assert configuration.look() is False
    path.write_text(whole)
    assert [configuration.look() for _ in range(3)] == [False, True, False]
    assert configuration.applied.number == 2
    assert alarms(bench) == []


def test_a_rejected_set_is_told_once_for_each_content_and_after_a_restart_no_more(bench, make, tmp_path):
    path = plant_set(tmp_path / "set") / "DEF" / "inv.csv"
    good = path.read_text()
    make().look()
    for wrong in (good.replace("U16", "U17"), good.replace("U16", "U18")):
        path.write_text(wrong)
        for configuration in (make(), make()):
            configuration.look()
            assert configuration.rejected
            assert configuration.applied.number == 1
            assert any(line.startswith("DEF/inv.csv:2:") and "error" in line for line in configuration.findings)
    assert alarms(bench) == ["CONFIGURATION REJECTED"] * 2
    path.write_text(good)
    configuration = make()
    configuration.look()
    assert (configuration.rejected, configuration.applied.number) == (False, 1)


def test_a_first_set_that_is_wrong_leaves_nothing_in_force(make, tmp_path):
    plant_set(tmp_path / "set", SERVER_Type="fpt")
    configuration = make()
    assert configuration.look() is False
    assert configuration.applied is None
    assert configuration.rejected


@pytest.mark.parametrize("trouble", ["no directory", "a file", "empty"])
def test_without_a_set_it_says_what_to_do_and_what_is_in_force_stays(make, tmp_path, trouble):
    plant_set(tmp_path / "set")
    make().look()
    (tmp_path / "set").rename(tmp_path / "elsewhere")
    if trouble == "a file":
        (tmp_path / "set").write_text("x")
    elif trouble == "empty":
        (tmp_path / "set").mkdir()
    configuration = make()
    assert configuration.look() is False
    assert configuration.applied.number == 1


def test_an_empty_directory_is_no_rejection_and_is_said(bench, make, tmp_path):
    (tmp_path / "set" / "CONFIG").mkdir(parents=True)
    configuration = make()
    assert configuration.look() is False
    assert not configuration.rejected
    assert "holds no configuration set" in configuration.directory.trouble
    assert alarms(bench) == []


def test_the_uid_is_made_once_however_many_ask_at_once(make, tmp_path):
    plant_set(tmp_path / "set")
    configuration = make()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: configuration.uid(), range(8)))) == 1


def test_a_huge_file_is_refused_not_swallowed(make, tmp_path):
    path = plant_set(tmp_path / "set") / "DEF" / "inv.csv"
    with path.open("ab") as file:
        file.truncate(100 * 1024 * 1024)
    configuration = make()
    configuration.look()
    assert configuration.rejected
    assert any(line.startswith("DEF/inv.csv:") for line in configuration.findings)


def test_the_gateways_own_uid_names_what_is_written_and_files_of_both_names_are_read(make, tmp_path):
    plant_set(tmp_path / "set", GATEWAY_Uid="roof_7")
    configuration = make()
    configuration.look()
    assert configuration.applied.uids == ("roof_7", "WPM00C44F")
    assert make().applied.uids == ("roof_7", "WPM00C44F")
    assert make().uid() == "roof_7"


def test_the_uid_is_known_before_there_is_a_configuration(make):
    assert make(gateway_mac="00:8D:00:00:BD:E4").uid() == "WPM00BDE4"
    assert make().uid() == make().uid()


def test_the_last_fifty_revisions_are_kept(bench):
    revisions = Revisions(bench.database)
    for number in range(KEPT + 5):
        revisions.keep("set directory", number, "x", {"CONFIG/x_daq.csv": str(number).encode()})
    assert revisions.last().number == KEPT + 5
    with bench.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT min(number), count(*) FROM revision").one()
    assert tuple(rows) == (6, KEPT)


def test_a_difference_holds_no_password():
    before = {"CONFIG/x_config.ini": b"FTP_Login=a\nFTP_Password=old-secret\n"}
    after = {"CONFIG/x_config.ini": b"FTP_Login=b\nFTP_Password=new-secret\n", "DEF/a.csv": b"1\n"}
    told = difference(before, after)
    assert "+FTP_Login=b" in told
    assert "+1" in told
    assert "secret" not in told
    only = difference({"x": b"FTP_Password=1\n"}, {"x": b"FTP_Password=2\n"})
    assert only == "x: changed in a secret or in its line ends"


def daq_path(directory):
    return directory / "CONFIG" / "WPM00C44F_daq.csv"


def test_only_a_file_that_differs_from_what_was_taken_from_the_directory_is_an_edit(make, tmp_path):
    directory = plant_set(tmp_path / "set")
    started = make()
    started.look()
    others = DEFINITION.replace("Power", "Server").encode()
    started.configuration.offer(Candidate({**started.applied.set.files, "DEF/inv.csv": others}, UID, "server"))
    daq_path(directory).write_text(daq_path(directory).read_text().replace("roof_2", "roof_9"))
    again = make()
    again.look()
    assert again.applied.number == 3
    assert b"roof_9" in again.applied.set.files[f"CONFIG/{UID}_daq.csv"]
    assert again.applied.set.files["DEF/inv.csv"] == others, "the directory's older definition is no edit"


def test_an_edit_of_two_files_is_taken_when_both_are_there(make, tmp_path):
    directory = plant_set(tmp_path / "set")
    make().look()
    path = daq_path(directory)
    path.write_text(path.read_text().replace("inv.csv", "new.csv"))
    started = make()
    started.look()
    assert started.rejected
    (directory / "DEF" / "new.csv").write_text(DEFINITION)
    started.look()
    started.look()
    assert not started.rejected
    assert "DEF/new.csv" in started.applied.set.files


def test_an_edit_in_the_directory_gives_way_where_the_server_won(bench, make, tmp_path):
    directory = plant_set(tmp_path / "set")
    make().look()
    path = directory / "DEF" / "inv.csv"
    path.write_text(DEFINITION.replace("U16", "U17"))
    started = make()
    started.look()
    assert started.rejected
    others = {"DEF/inv.csv": DEFINITION.replace("Power", "Server").encode()}
    started.configuration.offer(Candidate({**started.applied.set.files, **others}, UID, "server"))
    started.directory.pass_over(others)
    again = make()
    again.look()
    assert (again.rejected, again.applied.number) == (False, 2)


def test_a_revision_too_large_for_the_bus_is_rejected_in_words(make, tmp_path):
    directory = plant_set(tmp_path / "set")
    make().look()
    lines = "".join(f"{n};3;{n};U16;;{'x' * 900}{n};;1;0;;0\n" for n in range(100, 9600))
    (directory / "DEF" / "inv.csv").write_text(DEFINITION + lines)
    started = make()
    started.look()
    assert started.applied.number == 1
    assert any("larger than the gateway takes" in line for line in started.findings)


def test_a_database_of_an_earlier_version_gets_the_new_columns(bench, tmp_path):
    bench.close()
    with closing(sqlite3.connect(bench.directory / "sync.db")) as old:
        for column in ("note", "message", "taken_back", "changed"):
            old.execute(f"ALTER TABLE revision DROP COLUMN {column}")
        old.execute("INSERT INTO revision VALUES (1, 'set directory', 0, 'x', '', '{}')")
        old.commit()
    bench.again()
    stored = Revisions(bench.database).last()
    assert (stored.number, stored.note, stored.taken_back, stored.changed) == (1, "", False, ())


def test_a_wrong_file_that_waits_in_the_directory_rejects_no_edit_from_elsewhere(make, tmp_path):
    directory = plant_set(tmp_path / "set")
    make().look()
    (directory / "CONFIG" / f"{UID}_scl.ini").write_text("SCRIPT_File[0]=none.lua\nSCRIPT_File[0]=none.lua\n")
    started = make()
    started.look()
    assert started.rejected
    edit = {"DEF/inv.csv": DEFINITION.replace("Power", "Server").encode()}
    whole = {**started.directory.files, **started.applied.set.files, **edit}
    assert started.configuration.offer(Candidate(whole, UID, "server")).applied
    assert started.rejected, "it waits on"


def test_a_file_that_was_taken_out_elsewhere_does_not_come_back_with_an_edit_of_another(make, tmp_path):
    directory = plant_set(tmp_path / "set")
    make().look()
    started = make()
    started.look()
    kept = {path: content for path, content in started.applied.set.files.items() if not path.endswith("_var.ini")}
    assert started.configuration.offer(Candidate(kept, UID, "REST")).applied
    path = daq_path(directory)
    path.write_text(path.read_text().replace("roof_2", "roof_9"))
    started.look()
    started.look()
    assert set(started.applied.set.files) == set(kept)
    assert b"roof_9" in started.applied.set.files[f"CONFIG/{UID}_daq.csv"]


def test_the_report_of_a_rejection_outlives_a_power_cut(bench, make, tmp_path):
    directory = plant_set(tmp_path / "set")
    make().look()
    path = daq_path(directory)
    path.write_text(path.read_text().replace("inv.csv", "gone.csv"))
    bench.diary.flush()
    make().look()
    bench.again()
    assert any("gone.csv" in line for line in lines(bench))
    told = lines(bench)
    make().look()
    bench.diary.flush()
    assert lines(bench) == told, "told once"


def lines(bench) -> list[str]:
    """The lines of the log that lie on the disk."""
    with bench.database.read() as session:
        return [row[0] for row in session.connection().exec_driver_sql("SELECT text FROM log ORDER BY id")]
