"""The configuration in a browser: edited with findings at their lines, replaced by an archive, returned to."""

import io
import zipfile

import pytest
from playwright.async_api import Page, expect

from support.plausible_revisions import NEWEST
from support.plausible_set import FILES, UID

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAQ = f"CONFIG/{UID}_daq.csv"
MOVED = FILES[DAQ].replace("192.168.1.41", "192.168.1.51")


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
    revisions.finding = ""
    await text.fill(MOVED)
    await expect(page.locator("#edit-checked")).to_be_empty()
    await check(page)
    await expect(page.locator("tr.added")).to_contain_text("added1;192.168.1.51;roof_1")
    await expect(page.locator("tr.removed")).to_contain_text("removed1;192.168.1.41;roof_1")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("#edit-told")).to_have_text(f"Revision {NEWEST + 1} is in force.")
    (edit,) = revisions.edits
    assert (edit.based_on, edit.files) == (NEWEST, {DAQ: MOVED})


async def test_files_are_added_and_taken_out_in_one_revision(page, revisions, axe):
    await opened(page)
    await page.get_by_role("button", name="Take this file out").click()
    await expect(page.get_by_role("combobox", name="File")).to_contain_text(f"{DAQ} · taken out")
    await page.get_by_role("button", name="Add a file").click()
    await page.get_by_label("Name", exact=True).fill("new.csv")
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.get_by_label("Text of the file").fill("modbusTCP;inverter\n")
    await check(page)
    await expect(page.get_by_role("heading", name="It can be applied")).to_be_focused()
    await axe(page)
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("#edit-told")).to_have_text(f"Revision {NEWEST + 1} is in force.")
    assert revisions.edits[0].files == {DAQ: None, "DEF/new.csv": "modbusTCP;inverter\n"}


async def test_who_is_overtaken_keeps_the_changes_and_goes_on_with_the_revision_in_force(page, revisions):
    text = await opened(page)
    await text.fill(MOVED)
    revisions.conflict = True
    await check(page)
    await expect(page.locator("#edit-told")).to_contain_text("Your changes are still here")
    revisions.conflict = False
    await page.get_by_role("button", name="Go on with the revision in force").click()
    await expect(page.locator("#edit-told")).to_contain_text("Check the changes again")
    await expect(text).to_have_value(MOVED)
    await check(page)
    await expect(page.get_by_role("heading", name="It can be applied")).to_be_visible()


async def test_the_whole_set_is_replaced_by_an_archive_after_a_look_at_what_changes(page, revisions, picture):
    await page.goto("/configuration")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in {**FILES, DAQ: MOVED}.items():
            archive.writestr(path, text)
    given = {"name": "set.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    await page.get_by_label("Replace the set by an archive").set_input_files(given)
    await page.get_by_role("button", name="Check the archive").click()
    await expect(page.locator("tr.added").first).to_contain_text("192.168.1.51")
    await picture(page, "configuration")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("#archive-told")).to_contain_text("is in force")
    assert revisions.edits[0].whole
    assert revisions.edits[0].files[DAQ] == MOVED


async def test_an_older_revision_comes_back_after_its_difference_was_shown(page, revisions, axe, picture):
    await page.goto("/configuration/revisions/7")
    await page.get_by_role("link", name="Return to it").click()
    await expect(page.locator("tr.added")).to_contain_text("192.168.1.51")
    await axe(page)
    await picture(page, "configuration-return-page")
    await page.get_by_role("button", name="Return to revision 7").click()
    await expect(page.locator("#return-told")).to_contain_text("is in force")
    assert [asked.number for asked in revisions.returns] == [7]
