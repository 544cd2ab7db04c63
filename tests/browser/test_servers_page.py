"""Servers in a browser: settings at their fields, a schedule planned while one edits, a test stopped; log; system."""

import asyncio

import pytest
from playwright.async_api import expect

from heliograph.contract import EditAnswer
from heliograph.contract.servertests import StepState, TestStep
from support.waiting import LIMIT_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONFIG = "CONFIG/WPM00C44F_config.ini"
VAR = "CONFIG/WPM00C44F_var.ini"
WRITTEN = "; of the plant\r\nSERVER_Type=sftp\r\nFTP_Address=data.example.org\r\nFTP_Password=***\r\nMY_Own=1\r\n"
SCHEDULE = "; hourly\nSCHEDULE_Params[3]=7|Everyday|00:30:00|60|24\n"


@pytest.fixture(autouse=True)
def revisions(gateway):
    known = gateway.peers.revisions
    known.files |= {CONFIG: WRITTEN, VAR: SCHEDULE}
    return known


async def test_a_setting_is_changed_in_place_checked_and_saved(page, revisions, axe, picture):
    await page.goto("/servers/1")
    address = page.locator("#f-FTP_Address")
    await expect(address).to_have_value("data.example.org")
    await expect(page.locator("#f-MQTT_TopicData")).to_be_hidden()
    await axe(page)
    await picture(page, "server-settings")
    await address.fill("new.example.org")
    await page.get_by_label("Port").first.fill("2222")
    await page.get_by_role("button", name="Save …").click()
    await expect(page.locator("#save-dialog")).to_be_visible()
    await axe(page)
    await page.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#server-told")).to_contain_text("in force")
    (edit,) = [edit for edit in revisions.edits if not edit.only_check]
    changed = WRITTEN.replace("data.example.org", "new.example.org") + "FTP_Port=2222\r\n"
    assert edit.files == {CONFIG: changed}


async def test_a_finding_stands_at_its_field(page, revisions, axe, monkeypatch):
    finding = f"{CONFIG}:3:13: error: data..org is no host name"
    monkeypatch.setattr(revisions, "answer", EditAnswer(error="the edit would be rejected", findings=(finding,)))
    monkeypatch.setattr(revisions, "is_checking", False)
    await page.goto("/servers/1")
    await expect(page.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await page.locator("#f-FTP_Address").fill("data..org")
    await page.get_by_role("button", name="Save …").click()
    await expect(page.locator("#w-FTP_Address")).to_have_text("data..org is no host name")
    await expect(page.locator("#f-FTP_Address")).to_have_attribute("aria-invalid", "true")
    await axe(page)


async def test_a_schedule_is_planned_while_one_edits_and_the_rest_of_its_file_stays(page, gateway, revisions):
    await page.goto("/servers/1")
    await expect(page.locator("#schedule-next li")).to_have_count(10)
    await page.get_by_role("button", name="Add a line").click()
    row = page.locator("#schedules tbody tr").last
    await row.get_by_label("Days").select_option("sunday")
    await row.get_by_label("First at").fill("08:15")
    added = "SCHEDULE_Params[4]=8|sunday|08:15:00|60|16\n"
    asked = gateway.peers.servers.schedules
    async with asyncio.timeout(LIMIT_SECONDS):
        while not any(request.text == SCHEDULE + added for request in asked):
            await asyncio.sleep(0.05)
    await expect(page.locator("#schedule-next li")).to_have_count(10)
    await page.get_by_role("button", name="Save …").click()
    await page.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#server-told")).to_contain_text("in force")
    (edit,) = [edit for edit in revisions.edits if not edit.only_check]
    assert edit.files == {VAR: SCHEDULE + added}


async def test_a_server_is_tested_with_what_stands_in_the_form_and_the_test_is_stopped(page, gateway, axe, picture):
    played = gateway.peers.servers
    await page.goto("/servers/1")
    await expect(page.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await page.locator("#f-FTP_Address").fill("new.example.org")
    await page.get_by_role("button", name="Test these settings").click()
    await expect(page.locator("[data-step-state=running]")).to_contain_text("Reach port 22")
    assert "FTP_Address=new.example.org" in played.tests[-1].config
    await axe(page)
    await picture(page, "server-test")
    await page.get_by_role("button", name="Stop the test").click()
    await expect(page.locator(".verdict")).to_contain_text("Stopped")
    assert played.stopped[-1] == 4
    failed = TestStep(name="Reach port 22", state=StepState.FAILED, text="nothing listens there", seconds=0.1)
    await played.progress(ended=1, steps=(failed,))
    await expect(page.locator(".verdict")).to_have_text("Reach port 22 failed.")


async def test_the_log_is_paused_and_goes_on_and_is_searched(page, gateway, axe):
    await page.goto("/log")
    await expect(page.locator("[data-line]").first).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="Pause").click()
    await gateway.peers.servers.say("said while it was paused")
    await page.get_by_label("Only lines with this in them").fill("line 12 ")
    await expect(page.get_by_text("said while it was paused")).to_have_count(0)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("said while it was paused")).to_be_visible()
    await page.get_by_role("button", name="Search").click()
    await page.wait_for_url("**/log?text=line+12")
    await expect(page.locator("[data-line]")).to_have_count(1)


async def test_a_trace_a_bundle_and_a_restart_are_asked_for(page, gateway, axe):
    await page.goto("/log")
    await page.get_by_label("Minutes").fill("5")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator("#trace-told")).to_contain_text("is traced for 5 minutes")
    await page.get_by_role("button", name="Make and send a debug bundle").click()
    await expect(page.locator("#bundle-told")).to_contain_text("_SYSTEME_240601_120000.tar.gz")
    await page.goto("/system")
    await page.get_by_role("button", name="Restart the gateway …").click()
    await axe(page)
    await page.locator("#restart-form").get_by_role("button", name="Restart", exact=True).click()
    await expect(page.locator("#restart-told")).to_contain_text("comes back by itself")
    assert "sunpm.reboot" in gateway.commands.executed[-1].text.text
