"""The set directory: read, validated as a whole, applied as one revision or not at all (spec 1.7)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from heliograph.contract import PageRequest
from heliograph.sync.configuration import Configuration
from heliograph.sync.revisions import KEPT, Revisions, difference
from heliograph.sync.settings import Settings
from support.syncing import plant_set


@pytest.fixture
def make(bench, tmp_path):
    """Give a `Configuration` as a start of sync makes it."""

    def made(**settings: object) -> Configuration:
        values = {"gateway_set": tmp_path / "set", **settings}
        revisions = Revisions(bench.database)
        configuration = Configuration(Settings(**values), revisions, bench.spool, bench.diary, bench.clock)
        configuration.load()
        return configuration

    return made


def alarms(bench) -> list[str]:
    return [numbered.alarm.info for numbered in bench.history.alarms(PageRequest()).alarms]


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
    assert "holds no configuration set" in configuration.findings[0]
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
