"""A device is added: by hand, by a definition of one's own, and out of what a search for SunSpec devices found."""

import pytest
from playwright.async_api import expect

from heliograph.contract import EditAnswer
from support.plausible import now
from support.plausible_detection import Collector
from support.plausible_set import INVERTER, UID

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = f"CONFIG/{UID}_daq.csv"


async def test_a_device_is_added_by_keyboard_alone_checked_first(page, gateway, axe, picture):
    revisions, press = gateway.peers.revisions, page.keyboard.press
    await page.goto("/devices/new")
    await expect(page.locator("#device-definition option", has_text="inv.csv")).to_be_attached()
    await page.get_by_label("Name", exact=True).focus()
    for text in ("roof_1", "SERIAL2"):
        await page.keyboard.type(text)
        await press("Tab")
    await expect(page.locator("#serial-settings")).to_be_visible()
    await page.locator("#device-definition").focus()
    await press("ArrowDown")
    await axe(page)
    await page.get_by_label("Name", exact=True).press("Enter")
    await expect(page.locator("#fault-name")).to_have_text("device 1 has this name already")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await axe(page, "#device-form")
    assert revisions.edits == []
    await press("ControlOrMeta+a")
    await page.keyboard.type("roof_4\n")
    await expect(page.locator("#device-checked-line")).to_have_text("5;SERIAL2;roof_4;1;600;1000;;1;;;inv.csv")
    await expect(page.get_by_role("button", name="Add it now")).to_be_focused()
    await axe(page, "#device-checked")
    await picture(page, "add-device")
    await press("Enter")
    await expect(page.locator("#device-form-told")).to_contain_text("roof_4 is configured.")
    (applied,) = revisions.edits
    assert revisions.checks[-1].files == applied.files
    assert "SERIAL2;19200;8;N;1" in applied.files[PATH]


async def test_a_definition_with_faults_shows_them_in_its_lines(page, axe):
    broken = INVERTER.replace("U32;;Energy", "U33;;Energy").encode()
    await page.goto("/devices/new")
    await page.locator("#device-definition").select_option("upload")
    file = {"name": "new.csv", "mimeType": "text/csv", "buffer": broken}
    await page.locator("#device-file").set_input_files(file)
    await expect(page.locator("#upload-told")).to_contain_text("mend the lines that are marked")
    faulty = page.locator("#upload-lines li", has=page.locator(".failure"))
    await expect(faulty).to_have_count(1)
    await expect(faulty).to_contain_text("Energy total")
    await expect(faulty).to_have_attribute("value", "6")
    await axe(page, "#upload")
    await page.locator("#device-file").set_input_files({**file, "buffer": INVERTER.encode()})
    await expect(page.locator("#upload-told")).to_have_text("inverter · Sunny · SUN-50K: 10 variables, 9 recorded.")


async def test_a_search_shows_its_progress_is_stopped_and_adds_what_is_ticked(page, gateway, axe, picture):
    detection = gateway.detection
    await page.goto("/devices/new")
    found = page.locator("[data-section=detection]")
    await expect(found).to_contain_text("No search so far")
    detection.state = Collector().state.model_copy(update={"began": now()})
    await page.get_by_label("Where").fill("192.168.1.0/24")
    await page.get_by_role("button", name="Search", exact=True).click()
    await expect(found).to_contain_text("3 of 254 units asked · 3 devices found")
    assert detection.asked[0].targets == ("192.168.1.0/24",)
    await axe(page, ".detection")
    await picture(page, "detection", "section:has(> #detection-form)")
    await page.get_by_role("button", name="Stop the search").press("Enter")
    await expect(page.get_by_role("heading", name="192.168.1.0/24:502")).to_be_focused()
    await expect(page.get_by_role("button", name="Stop the search")).to_have_count(0)
    ticks = page.locator(".proposals input[type=checkbox]")
    assert [await tick.is_checked() for tick in await ticks.all()] == [True, True, False]
    await ticks.first.uncheck()
    await page.get_by_role("button", name="Add the ticked devices").click()
    await expect(page.locator("#detection-told")).to_contain_text("1 device is configured.")
    await page.get_by_role("button", name="Cancel").click()
    await expect(found).to_contain_text("No search so far")


async def test_findings_stand_at_their_fields_and_what_is_typed_outlasts_a_login(page, gateway, axe):
    revisions = gateway.peers.revisions
    line = len(revisions.files[PATH].splitlines()) + 1
    found = (f"{PATH}:{line}:20: error: this name is too plain", f"{PATH}:1:1: warning: it is about the whole file")
    revisions.answer, revisions.is_checking = EditAnswer(error="the edit is rejected", findings=found), False
    await page.goto("/devices/new")
    await expect(page.locator("#device-definition option")).not_to_have_count(1)
    await page.get_by_label("Name", exact=True).fill("roof_9")
    await page.get_by_label("Host or serial line").fill("192.168.1.49")
    await page.locator("#device-definition").select_option(label="Sunny SUN-50K – inv.csv")
    await page.get_by_role("button", name="Check").click()
    await expect(page.locator("#fault-name")).to_have_text("this name is too plain")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await expect(page.locator("#device-findings li")).to_have_count(1)
    await expect(page.locator("#device-findings")).to_contain_text("it is about the whole file")
    await axe(page, "#device-form")
    cookies = await page.context.cookies()
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Check").click()
    await page.wait_for_url("**/login?next=*")
    await page.context.add_cookies(cookies)
    await page.goto("/devices/new")
    await expect(page.locator("#device-form-told")).to_contain_text("What you had typed is here again")
    await expect(page.get_by_label("Host or serial line")).to_have_value("192.168.1.49")
    await expect(page.locator("#device-definition")).to_have_value("0")
