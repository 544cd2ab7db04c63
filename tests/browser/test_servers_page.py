"""Servers in a browser: settings at their fields, a schedule planned while one edits, a test stopped; log; system."""

import asyncio
import base64
import re

import pytest
from playwright.async_api import expect

from heliograph.api.server_examples import HOST_KEY_BODIES
from heliograph.contract import EditAnswer
from heliograph.contract.servertests import StepState, TestStep
from support.certificates import Authority
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
    known.edits.clear()
    gateway.peers.servers.schedules.clear()
    yield known
    known.files.pop(VAR)


async def test_a_setting_is_changed_in_place_checked_and_saved(desk, revisions, axe, picture):
    await desk.goto("/servers/1")
    address = desk.locator("#f-FTP_Address")
    await expect(address).to_have_value("data.example.org")
    await expect(desk.locator("#f-MQTT_TopicData")).to_be_hidden()
    await axe(desk)
    await picture(desk, "server-settings")
    await address.fill("new.example.org")
    await desk.get_by_label("Port").first.fill("2222")
    await desk.get_by_role("button", name="Save …").click()
    await expect(desk.locator("#save-dialog")).to_be_visible()
    await axe(desk)
    await desk.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(desk.locator("#server-told")).to_contain_text("in force")
    (edit,) = [edit for edit in revisions.edits if not edit.only_check]
    changed = WRITTEN.replace("data.example.org", "new.example.org") + "FTP_Port=2222\r\n"
    assert edit.files == {CONFIG: changed}


async def test_a_finding_stands_at_its_field(phone, revisions, axe, monkeypatch):
    finding = f"{CONFIG}:3:13: error: data..org is no host name"
    monkeypatch.setattr(revisions, "answer", EditAnswer(error="the edit would be rejected", findings=(finding,)))
    monkeypatch.setattr(revisions, "is_checking", False)
    await phone.goto("/servers/1")
    await expect(phone.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await phone.locator("#f-FTP_Address").fill("data..org")
    await phone.get_by_role("button", name="Save …").click()
    await expect(phone.locator("#w-FTP_Address")).to_have_text("data..org is no host name")
    await expect(phone.locator("#f-FTP_Address")).to_have_attribute("aria-invalid", "true")
    await axe(phone)


async def test_a_schedule_is_planned_while_one_edits_and_the_rest_of_its_file_stays(desk, gateway, revisions):
    await desk.goto("/servers/1")
    await expect(desk.locator("#schedule-next li")).to_have_count(10)
    await desk.get_by_role("button", name="Add a line").click()
    row = desk.locator("#schedules tbody tr").last
    await row.get_by_label("Days").select_option("sunday")
    await row.get_by_label("First at").fill("08:15")
    added = "SCHEDULE_Params[4]=8|sunday|08:15:00|60|16\n"
    asked = gateway.peers.servers.schedules
    async with asyncio.timeout(LIMIT_SECONDS):
        while not any(request.text == SCHEDULE + added for request in asked):
            await asyncio.sleep(0.05)
    await expect(desk.locator("#schedule-next li")).to_have_count(10)
    await desk.get_by_role("button", name="Save …").click()
    await desk.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(desk.locator("#server-told")).to_contain_text("in force")
    (edit,) = [edit for edit in revisions.edits if not edit.only_check]
    assert edit.files == {VAR: SCHEDULE + added}


async def test_a_server_is_tested_with_what_stands_in_the_form_and_the_test_is_stopped(desk, gateway, axe, picture):
    played = gateway.peers.servers
    await desk.goto("/servers/1")
    await expect(desk.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await desk.locator("#f-FTP_Address").fill("new.example.org")
    await desk.get_by_role("button", name="Test these settings").click()
    await expect(desk.locator("[data-step-state=running]")).to_contain_text("Reach port 22")
    assert "FTP_Address=new.example.org" in played.tests[-1].config
    await axe(desk)
    await picture(desk, "server-test")
    await desk.get_by_role("button", name="Stop the test").click()
    await expect(desk.locator(".verdict")).to_contain_text("Stopped")
    assert played.stopped[-1] == 4
    failed = TestStep(name="Reach port 22", state=StepState.FAILED, text="nothing listens there", seconds=0.1)
    await played.progress(ended=1, steps=(failed,))
    await expect(desk.locator(".verdict")).to_have_text("Reach port 22 failed.")


async def test_the_log_is_paused_and_goes_on_and_is_searched(phone, gateway, axe):
    await phone.goto("/log")
    await expect(phone.locator("[data-line]").first).to_be_visible()
    await axe(phone)
    await phone.get_by_role("button", name="Pause").click()
    await gateway.peers.servers.say("said while it was paused")
    await phone.get_by_label("Only lines with this in them").fill("line 12 ")
    await expect(phone.get_by_text("said while it was paused")).to_have_count(0)
    await phone.get_by_role("button", name="Go on").click()
    await expect(phone.get_by_text("said while it was paused")).to_be_visible()
    await phone.get_by_role("button", name="Search").click()
    await phone.wait_for_url("**/log?text=line+12")
    await expect(phone.locator("[data-line]")).to_have_count(1)


async def test_a_trace_a_bundle_and_a_restart_are_asked_for(desk, gateway, axe):
    await desk.goto("/log")
    await desk.get_by_label("Minutes").fill("5")
    await desk.get_by_role("button", name="Start", exact=True).click()
    await expect(desk.locator("#trace-told")).to_contain_text("is traced for 5 minutes")
    await desk.get_by_role("button", name="Make and send a debug bundle").click()
    await expect(desk.locator("#bundle-told")).to_contain_text("_SYSTEME_240601_120000.tar.gz")
    await desk.goto("/system")
    await desk.get_by_role("button", name="Restart the gateway …").click()
    await axe(desk)
    await desk.locator("#restart-form").get_by_role("button", name="Restart", exact=True).click()
    await expect(desk.locator("#restart-told")).to_contain_text("comes back by itself")
    assert "sunpm.reboot" in gateway.commands.executed[-1].text.text


async def test_certificates_and_a_key_are_given_on_the_form_and_go_with_the_setting(phone, gateway, revisions, axe):
    authority = Authority()
    _, key = authority.issue("gateway", client=True)
    revisions.files |= {CONFIG: "SERVER_Type=mqtts\nMQTT_Address=broker\nMQTT_TopicData=t\n"}
    await phone.goto("/servers/1")
    await expect(phone.locator("#f-MQTT_Address")).to_have_value("broker")
    await phone.get_by_text("Give the certificate here: Authorities").locator("visible=true").click()
    binary = base64.b64decode("".join(authority.pem.decode().splitlines()[1:-1]))
    file = {"name": "ca.cer", "mimeType": "application/octet-stream", "buffer": binary}
    await phone.locator("#u-MQTT_CaFile").set_input_files(file)
    await expect(phone.locator("#f-MQTT_CaFile")).to_have_value("server1-ca.pem")
    await phone.get_by_text("Give the private key here").locator("visible=true").click()
    await phone.locator("#g-MQTT_KeyFile").fill(key.decode())
    await phone.get_by_label("Port").locator("visible=true").click()
    await expect(phone.locator("#f-MQTT_KeyFile")).to_have_value(re.compile("server1-[0-9a-f]{8}.key"))
    await axe(phone)
    name = await phone.locator("#f-MQTT_KeyFile").input_value()
    tests = gateway.peers.servers.tests
    before = len(tests)
    await phone.get_by_role("button", name="Test these settings").click()
    async with asyncio.timeout(LIMIT_SECONDS):
        while len(tests) == before:
            await asyncio.sleep(0.05)
    assert tests[-1].keys == {name: key.decode()}
    revisions.finding = f"KEY/{name}:1:1: error: it is not the key of the certificate"
    await phone.get_by_role("button", name="Save …").click()
    await expect(phone.locator("#w-MQTT_KeyFile")).to_have_text("it is not the key of the certificate")
    await expect(phone.locator("#g-MQTT_KeyFile")).to_be_focused()
    revisions.finding = ""
    await phone.get_by_role("button", name="Save …").click()
    await expect(phone.locator("#save-diff")).not_to_contain_text("PRIVATE KEY")
    await phone.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(phone.locator("#server-told")).to_contain_text("in force")
    await expect(phone.locator("#g-MQTT_KeyFile")).to_have_value("")
    (edit,) = [edit for edit in revisions.edits if not edit.only_check]
    assert edit.keys == {name: key.decode()}
    assert edit.files["CERT/server1-ca.pem"] == authority.pem.decode()
    assert f"MQTT_KeyFile={name}" in edit.files[CONFIG]


async def test_a_host_key_is_taken_as_its_administrator_has_it(desk, revisions):
    del revisions
    await desk.goto("/servers/1")
    await expect(desk.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await desk.locator("#f-FTP_HostKey").fill("no key")
    await desk.locator("#f-FTP_Address").click()
    await expect(desk.locator("#w-FTP_HostKey")).to_contain_text("as ssh-keyscan prints it")
    await desk.locator("#f-FTP_HostKey").fill(HOST_KEY_BODIES["line"]["value"]["text"])
    await desk.locator("#f-FTP_Address").click()
    await expect(desk.locator("#f-FTP_HostKey")).to_have_value(re.compile("SHA256:.{43}"))
    await expect(desk.locator("#w-FTP_HostKey")).to_be_hidden()
