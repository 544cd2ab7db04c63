"""Servers in a browser: connections and their log, settings at their fields, a schedule planned, a test stopped."""

import pytest
from playwright.async_api import expect

from heliograph.contract import EditAnswer
from heliograph.contract.channels import STATE
from heliograph.contract.servertests import StepState, TestStep
from support.plausible import sync_state
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONFIG = "CONFIG/WPM00C44F_config.ini"
VAR = "CONFIG/WPM00C44F_var.ini"
WRITTEN = "; of the plant\r\nSERVER_Type=sftp\r\nFTP_Address=data.example.org\r\nFTP_Password=***\r\nMY_Own=1\r\n"
SCHEDULE = "; hourly\nSCHEDULE_Params[3]=7|Everyday|00:30:00|60|24\n"


@pytest.fixture
def revisions(gateway):
    known = gateway.peers.revisions
    known.files |= {CONFIG: WRITTEN, VAR: SCHEDULE}
    return known


async def test_the_history_of_connections_is_filtered_and_leads_to_its_log(page, gateway, axe):
    await page.goto("/servers")
    await page.get_by_role("button", name="Connect now to server 1").click()
    await expect(page.locator("#told")).to_be_visible()
    assert [asked.server for asked in gateway.peers.connects] == [1]
    rows = page.locator("table.history tbody tr")
    await page.get_by_role("link", name="With failures only").click()
    await expect(rows).to_have_count(2)
    await page.get_by_text("Details of connection 56").click()
    await expect(rows.last).to_contain_text("/LOG is missing on the server: logs wait")
    await axe(page, "[data-section=history]")
    await rows.last.get_by_role("link", name="in the log").click()
    await page.wait_for_url("**/log?*")


async def test_a_connection_that_runs_is_stopped(page, gateway, axe):
    first, *others = sync_state().servers
    running = (first.model_copy(update={"connecting": True}), *others)
    await gateway.peers.sync.store(STATE, sync_state(servers=running), service="sync")
    await page.goto("/servers")
    stop = page.get_by_role("button", name="Stop the connection to server 1")
    await expect(stop).to_be_visible()
    await axe(page, "#server-1")
    await stop.click()
    await expect(page.locator("#told")).to_contain_text("ends after the file that is on its way")
    assert [asked.server for asked in gateway.peers.stops] == [1]
    await gateway.peers.report()
    await expect(stop).to_have_count(0)


async def test_a_setting_is_changed_by_keyboard_alone_checked_and_saved(page, revisions, axe):
    await page.goto("/servers/1")
    address = page.locator("#f-FTP_Address")
    await expect(address).to_have_value("data.example.org")
    await expect(page.locator("#f-MQTT_TopicData")).to_be_hidden()
    await axe(page)
    await address.focus()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("new.example.org")
    await page.keyboard.press("Tab")
    await page.keyboard.type("2222\n")
    await expect(page.locator("#save-dialog")).to_be_visible()
    await expect(page.locator("#save-dialog :focus")).to_be_attached()
    await axe(page, "#save-dialog")
    await page.locator("#save-form").get_by_role("button", name="Save", exact=True).press("Enter")
    await expect(page.locator("#server-told")).to_contain_text("in force")
    (edit,) = revisions.edits
    changed = WRITTEN.replace("data.example.org", "new.example.org") + "FTP_Port=2222\r\n"
    assert edit.files == {CONFIG: changed}


async def test_a_finding_stands_at_its_field(page, revisions, axe):
    finding = f"{CONFIG}:3:13: error: data..org is no host name"
    revisions.answer = EditAnswer(error="the edit would be rejected", findings=(finding,))
    revisions.is_checking = False
    await page.goto("/servers/1")
    await expect(page.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await page.locator("#f-FTP_Address").fill("data..org")
    await page.get_by_role("button", name="Save …").click()
    await expect(page.locator("#w-FTP_Address")).to_have_text("data..org is no host name")
    await expect(page.locator("#f-FTP_Address")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#f-FTP_Address")).to_be_focused()
    await axe(page, "#server-form")


async def test_a_schedule_is_planned_while_one_edits_and_the_rest_of_its_file_stays(page, gateway, revisions, axe):
    await page.goto("/servers/1")
    await expect(page.locator("#schedule-next li")).to_have_count(10)
    await page.get_by_role("button", name="Add a line").click()
    row = page.locator("#schedules tbody tr").last
    await expect(row.get_by_label("Days")).to_be_focused()
    await row.get_by_label("Days").select_option("sunday")
    await row.get_by_label("First at").fill("08:15")
    added = "SCHEDULE_Params[4]=8|sunday|08:15:00|60|16\n"

    async def asked() -> bool:
        return any(request.text == SCHEDULE + added for request in gateway.peers.servers.schedules)

    await until(asked)
    await expect(page.locator("#schedule-next li")).to_have_count(10)
    await axe(page, "section:has(> #schedules)")
    await page.get_by_role("button", name="Save …").click()
    await page.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#server-told")).to_contain_text("in force")
    (edit,) = revisions.edits
    assert edit.files == {VAR: SCHEDULE + added}


async def test_a_server_is_tested_with_what_stands_in_the_form_and_the_test_is_stopped(page, gateway, revisions, axe):
    played = gateway.peers.servers
    await page.goto("/servers/1")
    await expect(page.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await page.locator("#f-FTP_Address").fill("new.example.org")
    await page.get_by_role("button", name="Test these settings").click()
    await expect(page.locator("[data-step-state=running]")).to_contain_text("Reach port 22")
    assert "FTP_Address=new.example.org" in played.tests[-1].config
    await axe(page, "#test")
    await page.get_by_role("button", name="Stop the test").press("Enter")
    await expect(page.locator(".verdict")).to_contain_text("Stopped")
    await expect(page.get_by_role("heading", name="Server 1 sftp data.example.org:22")).to_be_focused()
    assert played.stopped == [4]
    failed = TestStep(name="Reach port 22", state=StepState.FAILED, text="nothing listens there", seconds=0.1)
    await played.progress(ended=1, steps=(failed,))
    await expect(page.locator(".verdict")).to_have_text("Reach port 22 failed.")
    await axe(page, "#test")
