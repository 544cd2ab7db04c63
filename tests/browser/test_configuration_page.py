"""The configuration in a browser: edited with findings at their lines, replaced by an archive, returned to."""

import pytest
from playwright.async_api import expect

from heliograph.contract import EditAnswer
from support.plausible import FILES, UID
from support.plausible_revisions import NEWEST

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAQ = f"CONFIG/{UID}_daq.csv"


@pytest.fixture(autouse=True)
def _nothing_asked_yet(gateway):
    revisions = gateway.peers.revisions
    revisions.edits.clear()
    revisions.checks.clear()
    revisions.returns.clear()
    revisions.finding, revisions.conflict, revisions.answer = "", False, EditAnswer(revision=NEWEST + 1)


async def test_a_file_is_edited_checked_and_applied(desk, gateway, axe, picture):
    page, revisions = desk, gateway.peers.revisions
    await page.goto(f"/configuration/edit?file={DAQ}")
    text = page.get_by_label("Text of the file")
    await expect(text).to_have_value(FILES[DAQ])
    await page.get_by_role("button", name="Check the changes").click()
    await expect(page.locator("#edit-told")).to_contain_text("Nothing is changed yet")
    revisions.finding = f"{DAQ}:5:3: error: 'x' is no interface"
    await text.fill(FILES[DAQ].replace("192.168.1.41", "x"))
    await page.get_by_role("button", name="Check the changes").click()
    await expect(page.get_by_role("heading", name="It cannot be applied")).to_be_focused()
    await expect(page.locator(".gutter")).to_contain_text("✕ 5")
    await axe(page)
    await picture(page, "configuration-edit")
    await page.get_by_role("button", name=f"{DAQ}, line 5, column 3").click()
    await expect(page.locator("#caret")).to_have_text("Line 5, column 3")
    revisions.finding = ""
    await text.fill(FILES[DAQ].replace("192.168.1.41", "192.168.1.51"))
    await page.get_by_role("button", name="Check the changes").click()
    await expect(page.locator("tr.added")).to_contain_text("added1;192.168.1.51;roof_1")
    await expect(page.locator("tr.removed")).to_contain_text("removed1;192.168.1.41;roof_1")
    await axe(page)
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("#edit-told")).to_have_text(f"Revision {NEWEST + 1} is in force.")
    (edit,) = revisions.edits
    assert (edit.origin, edit.based_on) == ("web page", NEWEST)
    assert edit.files == {DAQ: FILES[DAQ].replace("192.168.1.41", "192.168.1.51")}
