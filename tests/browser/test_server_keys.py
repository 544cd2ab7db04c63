"""What servers are trusted by, given on their form: certificates, a private key, the key of a host."""

import base64
import re

import pytest
from playwright.async_api import expect

from heliograph.api.server_examples import HOST_KEY_BODIES
from support.certificates import Authority

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONFIG = "CONFIG/WPM00C44F_config.ini"


@pytest.fixture
def revisions(gateway):
    known = gateway.peers.revisions
    known.files |= {CONFIG: "SERVER_Type=sftp\nFTP_Address=data.example.org\n"}
    return known


async def test_certificates_and_a_key_are_given_on_the_form_and_go_with_the_setting(page, gateway, revisions, axe):
    authority = Authority()
    _, key = authority.issue("gateway", client=True)
    revisions.files |= {CONFIG: "SERVER_Type=mqtts\nMQTT_Address=broker\nMQTT_TopicData=t\n"}
    await page.goto("/servers/1")
    await expect(page.locator("#f-MQTT_Address")).to_have_value("broker")
    await page.get_by_text("Give the certificate here: Authorities").locator("visible=true").click()
    binary = base64.b64decode("".join(authority.pem.decode().splitlines()[1:-1]))
    file = {"name": "ca.cer", "mimeType": "application/octet-stream", "buffer": binary}
    await page.locator("#u-MQTT_CaFile").set_input_files(file)
    await expect(page.locator("#f-MQTT_CaFile")).to_have_value("server1-ca.pem")
    await page.get_by_text("Give the private key here").locator("visible=true").click()
    await page.locator("#g-MQTT_KeyFile").fill(key.decode())
    await page.get_by_label("Port").locator("visible=true").click()
    await expect(page.locator("#f-MQTT_KeyFile")).to_have_value(re.compile("server1-[0-9a-f]{8}.key"))
    await axe(page, "#server-form")
    name = await page.locator("#f-MQTT_KeyFile").input_value()
    await page.get_by_role("button", name="Test these settings").click()
    await expect(page.locator("[data-step-state=running]")).to_be_visible()
    assert gateway.peers.servers.tests[-1].keys == {name: key.decode()}
    revisions.finding = f"KEY/{name}:1:1: error: it is not the key of the certificate"
    await page.get_by_role("button", name="Save …").click()
    await expect(page.locator("#w-MQTT_KeyFile")).to_have_text("it is not the key of the certificate")
    await expect(page.locator("#g-MQTT_KeyFile")).to_be_focused()
    revisions.finding = ""
    await page.get_by_role("button", name="Save …").click()
    await expect(page.locator("#save-diff")).not_to_contain_text("PRIVATE KEY")
    await page.locator("#save-form").get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#server-told")).to_contain_text("in force")
    await expect(page.locator("#g-MQTT_KeyFile")).to_have_value("")
    (edit,) = revisions.edits
    assert edit.keys == {name: key.decode()}
    assert edit.files["CERT/server1-ca.pem"] == authority.pem.decode()
    assert f"MQTT_KeyFile={name}" in edit.files[CONFIG]


async def test_a_host_key_is_taken_as_its_administrator_has_it(page, revisions):
    await page.goto("/servers/1")
    await expect(page.locator("#f-FTP_Address")).to_have_value("data.example.org")
    await page.locator("#f-FTP_HostKey").fill("no key")
    await page.locator("#f-FTP_Address").click()
    await expect(page.locator("#w-FTP_HostKey")).to_contain_text("as ssh-keyscan prints it")
    await page.locator("#f-FTP_HostKey").fill(HOST_KEY_BODIES["line"]["value"]["text"])
    await page.locator("#f-FTP_Address").click()
    await expect(page.locator("#f-FTP_HostKey")).to_have_value(re.compile("SHA256:.{43}"))
    await expect(page.locator("#w-FTP_HostKey")).to_be_hidden()
