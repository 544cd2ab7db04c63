"""Reconciliation in another place: a backup, a new server, another directory, another uid (spec 1.1, 1.7)."""

from support.site import BACKUP, CONFIG, DAQ, INV, MAIN, OTHER, config, daq, device, first_set, site_at
from support.syncing import DEFINITION, tree


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
