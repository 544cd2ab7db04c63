"""What was taken back, by a service or after a trial, and when its files on the server are tried again (spec 1.7)."""

import pytest

from support.site import CONFIG, DAQ, INV, OTHER, config, daq, device, first_set
from support.syncing import tree
from support.trials import WRONG, break_alpha, try_out


@pytest.fixture
def site(settled):
    """A gateway that stands as its main server has it."""
    return settled


def test_a_service_that_rejects_takes_the_revision_back_for_all(site):
    site.edit(DAQ, daq(device(1)))
    site.connect()
    site.configuration.take_back(2, "collector", "two lines on one port")
    site._settle()
    assert (site.in_force.number, site.files) == (3, first_set())
    assert site.configuration.rejected
    assert site.alarm_infos() == ["CONFIGURATION REJECTED"]
    assert "collector rejects it: two lines on one port" in site.log()
    site.connect()
    assert site.in_force.number == 3, "the same content is not tried again"
    site.edit(DAQ, daq(device(2)))
    site.connect()
    assert site.files[DAQ] == daq(device(2))
    assert not site.configuration.rejected


def test_a_rejection_of_another_revision_than_the_one_in_force_is_not_heard(site):
    site.edit(DAQ, daq(device(1)))
    site.connect()
    site.configuration.take_back(1, "collector", "late")
    assert site.in_force.number == 2


def test_a_service_that_rejects_what_came_back_too_is_left_alone(site):
    site.edit(DAQ, daq(device(1)))
    site.connect()
    site.configuration.take_back(2, "api", "no")
    site.configuration.take_back(3, "api", "no")
    assert site.in_force.number == 3


def test_a_content_that_failed_is_tried_again_after_it_was_another_one(site):
    site.edit(CONFIG, WRONG["port"])
    site.connect()
    break_alpha(site, "port")
    try_out(site)
    site.refuse.clear()
    site.edit(CONFIG, config())
    site.connect()
    site.edit(CONFIG, WRONG["port"])
    site.connect()
    assert site.files[CONFIG] == WRONG["port"], "the port listens by now"
    site.connect()
    assert not site.in_force.provisional


def test_a_content_that_failed_is_tried_again_after_it_was_deleted_there(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    try_out(site)
    del site.worlds["alpha"].files[f"/{CONFIG}"]
    site.connect()
    assert site.on()[CONFIG] == config()
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    assert site.in_force.provisional


def test_a_wrong_correction_leaves_all_that_fell_on_the_server_as_it_is(site):
    site.edit(CONFIG, WRONG["address"])
    site.edit(INV, OTHER)
    site.connect()
    try_out(site)
    site.edit(CONFIG, config(FTP_Port="many"))
    for _ in range(3):
        site.connect()
        assert site.on()[INV] == OTHER
        assert site.files == first_set()
    site.edit(CONFIG, config(GATEWAY_Name="mended"))
    site.connect()
    assert site.files == {**first_set(), CONFIG: config(GATEWAY_Name="mended"), INV: OTHER}


def test_what_a_service_takes_back_never_returns_to_a_way_that_was_not_confirmed(site):
    site.offer({**site.files, CONFIG: WRONG["address"]})
    site.offer({**site.files, CONFIG: config(), DAQ: daq(device(1))})
    assert not site.in_force.provisional
    site.configuration.take_back(site.in_force.number, "collector", "two lines on one port")
    site._settle()
    assert site.files == first_set()
    assert not site.in_force.provisional


def test_the_old_way_is_on_trial_when_a_service_takes_a_confirmed_new_one_back(site):
    site.worlds["gamma"] = tree()
    site.offer({**site.files, CONFIG: config(FTP_Address="gamma"), DAQ: daq(device(1))})
    site.connect()
    assert not site.in_force.provisional
    site.refuse[1] = "the old server is gone"
    site.configuration.take_back(2, "collector", "two lines on one port")
    site._settle()
    assert (site.files, site.in_force.provisional) == (first_set(), True)
    try_out(site)
    site.refuse.clear()
    assert site.in_force.main.address == "gamma"
    assert not site.in_force.provisional


def test_an_edit_that_a_service_takes_back_leaves_what_failed_on_the_server_as_it_is(site):
    site.edit(CONFIG, WRONG["address"])
    site.connect()
    try_out(site)
    site.offer({**site.files, DAQ: daq(device(1))})
    site.configuration.take_back(site.in_force.number, "collector", "no")
    site._settle()
    for _ in range(3):
        site.connect()
    assert site.on()[CONFIG] == WRONG["address"]
