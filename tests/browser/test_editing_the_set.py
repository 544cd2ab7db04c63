"""Files of the set edited in a browser: findings at their lines, many files as one revision, a check is stopped."""

import pytest
from playwright.async_api import Page, expect

from support.plausible_revisions import NEWEST
from support.plausible_set import FILES, UID

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAQ = f"CONFIG/{UID}_daq.csv"
MOVED = FILES[DAQ].replace("192.168.1.41", "192.168.1.51")
IN_FORCE = f"Revision {NEWEST + 1} is in force."


@pytest.fixture
def revisions(gateway):
    return gateway.peers.revisions


async def opened(page: Page):
    """The editor with the file of the devices."""
    await page.goto(f"/configuration/edit?file={DAQ}")
    text = page.get_by_label("Text of the file")
    await expect(text).to_have_value(FILES[DAQ])
    return text


async def check(page: Page) -> None:
    await page.get_by_role("button", name="Check the changes").click()


async def apply(page: Page) -> None:
    await page.get_by_role("button", name="Apply", exact=True).click()


async def test_a_finding_leads_to_its_line_and_what_is_mended_is_applied(page, revisions, axe, picture):
    text = await opened(page)
    await check(page)
    await expect(page.locator("#edit-told")).to_contain_text("Nothing is changed yet")
    revisions.finding = f"{DAQ}:5:3: error: 'x' is no interface"
    await text.fill(FILES[DAQ].replace("192.168.1.41", "x"))
    await check(page)
    await expect(page.get_by_role("heading", name="It cannot be applied")).to_be_focused()
    await expect(page.locator(".gutter")).to_contain_text("✕ 5")
    await axe(page)
    await picture(page, "configuration-edit")
    await page.get_by_role("button", name=f"{DAQ}, line 5, column 3").click()
    await expect(page.locator("#caret")).to_have_text("Line 5, column 3")
    await expect(text).to_be_focused()
    revisions.finding = ""
    await text.fill(MOVED)
    await expect(page.locator("#edit-checked")).to_be_empty()
    await check(page)
    await expect(page.locator("tr.added")).to_contain_text("added1;192.168.1.51;roof_1")
    await expect(page.locator("tr.removed")).to_contain_text("removed1;192.168.1.41;roof_1")
    await axe(page, "#edit-checked")
    await page.get_by_label("Why").fill("moved & more")
    await apply(page)
    await expect(page.locator("#edit-told")).to_have_text(IN_FORCE)
    (edit,) = revisions.edits
    assert (edit.based_on, edit.files, edit.message) == (NEWEST, {DAQ: MOVED}, "moved & more")


async def test_files_are_added_and_taken_out_in_one_revision(page, revisions, axe):
    await opened(page)
    await page.get_by_role("button", name="Take this file out").click()
    await expect(page.get_by_role("combobox", name="File")).to_contain_text(f"{DAQ} · taken out")
    await page.get_by_role("button", name="Add a file").click()
    await page.get_by_label("Name", exact=True).fill("new.csv")
    await axe(page, "#add-dialog")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_label("Text of the file")).to_be_focused()
    await page.keyboard.type("modbusTCP;inverter\n")
    await check(page)
    await expect(page.get_by_role("heading", name="It can be applied")).to_be_focused()
    await apply(page)
    await expect(page.locator("#edit-told")).to_have_text(IN_FORCE)
    assert revisions.edits[0].files == {DAQ: None, "DEF/new.csv": "modbusTCP;inverter\n"}


async def test_a_check_is_stopped_and_another_one_can_be_begun(page, axe):
    text = await opened(page)
    await text.fill(MOVED)
    await page.route("**/configuration/check", lambda _: None)
    await check(page)
    await expect(page.locator("#edit-told")).to_contain_text("Checking …")
    await axe(page, "#edit-told")
    await page.get_by_role("button", name="Stop", exact=True).press("Enter")
    await expect(page.locator("#edit-told")).to_contain_text("Stopped waiting")
    await expect(page.get_by_role("button", name="Check the changes")).to_be_focused()
    await page.unroute_all(behavior="ignoreErrors")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="It can be applied")).to_be_focused()


async def test_who_is_overtaken_keeps_the_changes_and_goes_on_with_the_revision_in_force(page, revisions, axe):
    text = await opened(page)
    await text.fill(MOVED)
    revisions.conflict = True
    await check(page)
    await expect(page.locator("#edit-told")).to_contain_text("Your changes are still here")
    await axe(page, "#edit-told")
    revisions.conflict = False
    await page.get_by_role("button", name="Go on with the revision in force").click()
    await expect(page.locator("#edit-told")).to_contain_text("Check the changes again")
    await expect(text).to_have_value(MOVED)
    await check(page)
    await expect(page.get_by_role("heading", name="It can be applied")).to_be_visible()
