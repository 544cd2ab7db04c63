"""A revision that changes how a server is reached is on trial, and never cuts a plant off (spec 1.7)."""

import pytest

from heliograph.contract import ConnectionResult
from heliograph.formats import read_set
from heliograph.sync.applied import reach
from heliograph.sync.trial import TRIAL_SECONDS, TRIES
from support.site import BACKUP, CONFIG, DAQ, INV, MAIN, OTHER, SCL, config, daq, device, first_set, site_at
from support.syncing import tree
from support.trials import CERTIFICATE, MQTT, WRONG, break_alpha, try_out


@pytest.fixture
def site(settled):
    """A gateway that stands as its main server has it."""
    return settled


@pytest.mark.parametrize("what", WRONG)
def test_it_comes_back_from_a_wrong(site, what):
    before = dict(site.files)
    site.edit("CERT/ca.pem", CERTIFICATE)
    site.edit(CONFIG, WRONG[what])
    site.connect()
    assert site.in_force.number == 2
    assert site.in_force.provisional
    break_alpha(site, what)
    tries = try_out(site)
    site.refuse.clear()
    assert tries == (15 if site.revisions.find(2) and WRONG[what] in _without_main() else TRIES)
    assert site.files == before
    assert (site.in_force.number, site.in_force.origin) == (3, "return")
    assert site.alarm_infos() == ["CONFIGURATION ROLLED BACK"]
    for _ in range(3):
        assert "refused until its content changes" in " ".join(site.connect().failures)
    assert site.in_force.number == 3
    assert site.on()[CONFIG] == WRONG[what], "the wrong file stays on the server untouched"
    site.edit(CONFIG, config(GATEWAY_Name="mended"))
    site.connect()
    assert site.in_force.set.config.name == "mended"
    assert not site.in_force.provisional


def _without_main() -> set[bytes]:
    return {WRONG["mode"], WRONG["no main any more"], WRONG["MQTT that nobody answers"]}


@pytest.mark.parametrize(
    "content",
    [
        config({**MAIN, "SERVER_Type": "none"}, {**BACKUP, "SERVER2_Type": "none"}),
        config(MAIN, BACKUP, SERVER2_Mode="strategy_wsun1_compliant"),
        b"",
    ],
    ids=["no server at all", "two mains", "an empty file"],
)
def test_a_set_that_could_never_connect_is_rejected_outright(site, content):
    site.edit(CONFIG, content)
    site.connect()
    assert site.in_force.number == 1
    assert site.alarm_infos() == ["CONFIGURATION REJECTED"]


def test_only_schedules_that_never_fire_are_rejected_outright(site):
    lines = b"SCHEDULE_Params[0]=1|everyday|06:00:00|60|0\nSCHEDULE2_Params[0]=1|everyday|06:00:00|60|0\n"
    site.edit(CONFIG.replace("config.ini", "var.ini"), lines)
    site.connect()
    assert site.in_force.number == 1


def test_a_good_change_of_address_is_confirmed_by_the_first_connection(site):
    site.worlds["gamma"] = tree()
    site.edit(CONFIG, config(FTP_Address="gamma"))
    site.connect()
    assert site.in_force.provisional
    assert site.connect().result is ConnectionResult.DONE
    assert not site.in_force.provisional
    assert "the trial of revision 2 ended well" in site.log()
    assert site.on("gamma") == site.files


def test_a_changed_name_or_data_file_option_needs_no_trial(site):
    site.edit(CONFIG, config(GATEWAY_Name="Roof", FTP_EuroDateFormat=1, FTP_HeaderOption=0))
    site.connect()
    assert site.in_force.number == 2
    assert not site.in_force.provisional


def test_who_may_command_and_what_may_be_written_roll_out_like_any_edit_and_need_no_trial(site):
    limits = config({**MAIN, "CMD_Mqtt": "read", "LIMIT_Params[0]": "roof_1|Power|0|60"}, BACKUP)
    site.edit(CONFIG, limits)
    site.connect()
    assert (site.in_force.number, site.in_force.provisional) == (2, False)
    revision = site.in_force.revision()
    assert (revision.authorities.file, revision.authorities.mqtt) == ("all", "read")
    assert [(limit.device, limit.variable, limit.least, limit.most) for limit in revision.limits] == [
        ("1", "3", 0.0, 60.0)
    ]
    site.edit(SCL, b"SCRIPT_File[0]=zero export.lua\n")
    site.edit("SCRIPT/zero export.lua", b"header = {}\n")
    site.connect()
    revision = site.in_force.revision()
    assert (revision.number, site.in_force.provisional) == (3, False)
    assert revision.files["SCRIPT/zero export.lua"] == "header = {}\n"
    assert revision.files[SCL].startswith("SCRIPT_File[0]")
    assert not any(path.endswith("_config.ini") or path.startswith("CERT/") for path in revision.files)


def test_nothing_is_sent_to_a_server_on_trial_whose_configuration_cannot_be_listed(site):
    site.worlds["gamma"] = tree()
    site.worlds["gamma"].directories.discard("/CONFIG")
    site.edit(CONFIG, config(FTP_Address="gamma"))
    site.connect()
    site.connect()
    assert site.worlds["gamma"].files == {}
    assert try_out(site) == TRIES - 1
    assert any(path.startswith("/LOG/") for path in site.worlds["alpha"].files)


def test_a_wrong_backup_is_confirmed_by_the_main_server_which_can_mend_it(site):
    site.edit(CONFIG, config(FTP2_Address="btea"))
    site.connect()
    assert site.in_force.provisional
    site.connect()
    assert not site.in_force.provisional
    assert site.connect(2).result is ConnectionResult.FAILED
    site.edit(CONFIG, config())
    site.connect()
    site.connect()
    assert site.connect(2).result is ConnectionResult.DONE


def test_the_trial_goes_on_after_a_power_cut_at_any_moment(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    for failures in range(1, TRIES + 1):
        site.again()
        assert site.in_force.provisional
        site.connect()
        trial = site.configuration.trial()
        assert (trial.failures if trial else TRIES) == failures
    site.again()
    assert site.in_force.number == 3
    assert site.files == first_set()


def test_half_an_hour_without_success_ends_it_and_time_without_power_does_not_count(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    for _ in range(29):
        site.configuration.pass_time(60)
    site.clock.move(10**6)
    site.again()
    assert site.in_force.provisional
    site.configuration.pass_time(TRIAL_SECONDS - 29 * 60 - 1)
    assert site.configuration.applied.provisional
    site.configuration.pass_time(1)
    assert not site.configuration.applied.provisional
    assert site.configuration.applied.set.files == first_set()


def test_a_failed_try_is_said_once_however_long_the_trial_lasts(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    site.connect()
    for _ in range(20):
        site.configuration.pass_time(60)
    assert site.log().count("1 of 3 tries failed") == 1


@pytest.mark.parametrize("lost", ["the alarm", "the way back"])
def test_a_power_cut_in_the_middle_of_the_way_back_loses_neither_it_nor_its_alarm(site, lost, monkeypatch):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    part = (site.spool, "raise_alarm") if lost == "the alarm" else (site.revisions, "keep")

    def cut(*_: object, **__: object) -> None:
        raise RuntimeError("power")

    with monkeypatch.context() as power:
        power.setattr(*part, cut)
        for _ in range(TRIES - 1):
            site.configuration.missed(2, "gone")
        with pytest.raises(RuntimeError):
            site.configuration.missed(2, "gone")
    site.again()
    site.configuration.pass_time(5)
    assert site.configuration.applied.set.files == first_set()
    assert site.alarm_infos() == ["CONFIGURATION ROLLED BACK"]


def test_a_clock_that_is_set_changes_nothing_of_a_trial(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    site.clock.set(0.0)
    site.configuration.pass_time(60)
    assert site.in_force.provisional
    site.clock.set(4e9)
    site.configuration.pass_time(60)
    assert site.in_force.provisional


def test_connections_begun_before_the_trial_do_not_count(site):
    number = site.in_force.number
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    for _ in range(5):
        site.configuration.missed(number, "late")
        site.configuration.reached(number)
    assert site.configuration.trial().failures == 0


def test_later_edits_on_top_of_a_trial_are_applied_again_where_they_stand(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    site.offer({**site.files, INV: OTHER})
    assert site.in_force.provisional
    assert try_out(site) == TRIES
    assert site.files == {**first_set(), INV: OTHER}
    assert f"back to revision 1 with {INV}" in site.log()


def test_later_edits_that_do_not_stand_without_the_trial_fall_with_it_and_are_named(site):
    wrong = {CONFIG: WRONG["address"], DAQ: daq(device(1, "new.csv")), "DEF/new.csv": OTHER}
    for path, content in wrong.items():
        site.edit(path, content)
    site.connect()
    site.offer({**site.files, DAQ: daq(device(2, "new.csv"))})
    try_out(site)
    assert site.files == first_set()
    assert f"the later edit of {DAQ} does not stand without revision 2" in site.log()


def test_a_correction_on_the_gateway_ends_the_trial_at_once(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    site.offer({**site.files, CONFIG: config()})
    assert not site.in_force.provisional
    site.connect()
    assert site.on()[CONFIG] == config()


def test_another_change_of_the_way_during_a_trial_starts_anew_and_goes_back_to_the_confirmed_one(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    site.connect()
    site.offer({**site.files, CONFIG: config(FTP_Address="also-wrong")})
    assert site.configuration.trial().failures == 0
    assert try_out(site) == TRIES
    assert site.files == first_set()


def test_after_a_failed_trial_other_files_of_the_server_are_still_taken(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    try_out(site)
    site.edit(INV, OTHER)
    site.connect()
    assert site.files == {**first_set(), INV: OTHER}
    assert not site.in_force.provisional


def test_a_corrected_file_after_the_way_back_is_no_conflict(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    try_out(site)
    site.edit(CONFIG, config(GATEWAY_Name="mended"))
    site.connect()
    assert site.in_force.set.config.name == "mended"
    assert "was changed on the main server and on the gateway" not in site.log()


def test_a_corrected_file_brings_back_what_fell_with_the_wrong_one(site):
    site.edit(CONFIG, WRONG["address"])
    site.edit(INV, OTHER)
    site.connect()
    try_out(site)
    assert site.files == first_set()
    site.edit(CONFIG, config(GATEWAY_Name="mended"))
    site.connect()
    assert site.files == {**first_set(), CONFIG: config(GATEWAY_Name="mended"), INV: OTHER}


def test_during_a_trial_nothing_that_waits_for_a_server_is_dropped(site):
    from support.samples import record

    site.spool.take_records([record(1)])
    site.edit(CONFIG, config(MAIN, {**BACKUP, "SERVER2_Type": "none"}, FTP_Address="alhpa"))
    site.connect()
    assert site.in_force.provisional
    assert site.ledger.servers() == [1, 2]
    try_out(site)
    site.connect(2)
    assert any(path.startswith("/DATA/") for path in site.worlds["beta"].files)


def test_a_disk_that_refuses_the_confirmation_lets_the_next_connection_confirm(site, monkeypatch):
    from sqlalchemy.exc import OperationalError

    site.worlds["gamma"] = tree()
    site.edit(CONFIG, config(FTP_Address="gamma"))
    site.connect()

    def full(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(site.revisions, "note", full)
        with pytest.raises(OperationalError):
            site.connect()
    assert site.in_force.provisional
    site.connect()
    assert not site.in_force.provisional


def test_before_a_server_was_ever_reached_there_is_nothing_to_go_back_to(tmp_path):
    """An installer corrects a typing error before the line is there: the error must not come back."""
    site = site_at(tmp_path / "sync", first_set(**{CONFIG: WRONG["address"]}))
    site.connect()
    site.offer({**site.files, CONFIG: config(FTP_Address="also-away")})
    site.again()
    for _ in range(2 * TRIES):
        site.connect()
    assert site.in_force.number == 2
    site.offer({**site.files, CONFIG: config()})
    site.connect()
    site.offer({**site.files, CONFIG: WRONG["address"]})
    assert site.in_force.provisional, "from now on there is a way that is known to work"
    site.close()


def test_where_the_newest_revision_can_no_longer_be_read_the_one_before_is_in_force(site):
    site.offer({**site.files, INV: OTHER})
    with site.database.write() as session:
        session.connection().exec_driver_sql("UPDATE revision SET files = '{}' WHERE number = 2")
    site.again()
    assert site.in_force.number == 1
    assert "revision 2 of the configuration can no longer be read" in site.log()
    site.offer({**site.files, INV: OTHER})
    assert site.in_force.number == 3


def test_another_uid_is_another_way_to_a_broker(tmp_path):
    found = [
        read_set(first_set(**{CONFIG: config(MQTT, **more)}), "WPM00C44F")[0] for more in ({}, {"GATEWAY_Uid": "x"})
    ]
    assert reach(found[0]) != reach(found[1])
