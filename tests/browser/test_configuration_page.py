"""The configuration: revisions looked at and returned to, the whole set down and up as an archive, a trial's end."""

import io
import zipfile

import pytest
from playwright.async_api import expect

from heliograph.contract import Trial
from heliograph.contract.channels import STATE
from support.plausible import now, sync_state
from support.plausible_set import FILES, UID

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAQ = f"CONFIG/{UID}_daq.csv"
MOVED = FILES[DAQ].replace("192.168.1.41", "192.168.1.51")


async def test_an_older_revision_is_compared_and_comes_back_after_its_difference_was_shown(page, gateway, axe):
    await page.goto("/configuration")
    await page.get_by_role("link", name="Revision 7", exact=True).click()
    await expect(page.locator("[data-section=revision]")).to_contain_text("From server")
    await page.get_by_label("Compare with revision").fill("5")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/configuration/revisions/7?against=5")
    await expect(page.get_by_role("heading", name="What it has that revision 5 has not")).to_be_visible()
    await axe(page)
    await page.get_by_role("link", name="Return to it").click()
    await expect(page.locator("tr.added")).to_contain_text("192.168.1.51")
    await axe(page)
    await page.get_by_role("button", name="Return to revision 7").click()
    await expect(page.locator("#return-told")).to_contain_text("is in force")
    assert [asked.number for asked in gateway.peers.revisions.returns] == [7]


async def test_the_whole_set_comes_as_an_archive_and_is_replaced_by_one_after_a_look(page, gateway, axe):
    await page.goto("/configuration")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Download as zip").click()
    with zipfile.ZipFile(await (await coming.value).path()) as archive:
        assert DAQ in archive.namelist()
    await page.get_by_label("Replace the set by an archive").set_input_files(packed({**FILES, DAQ: MOVED}))
    await page.get_by_role("button", name="Check the archive").click()
    await expect(page.locator("tr.added").first).to_contain_text("192.168.1.51")
    await axe(page, "#archive-checked")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("#archive-told")).to_contain_text("is in force")
    (edit,) = gateway.peers.revisions.edits
    assert (edit.whole, edit.files[DAQ]) == (True, MOVED)


async def test_a_trial_counts_down_to_its_end(page, gateway, axe):
    sync = gateway.peers.sync
    trial = Trial(revision=3, back_to=2, since=now() - 60_000, until=now() + 500_000, failures=1)
    await page.goto("/configuration")
    await expect(page.locator("#live")).to_have_text("Live")
    await sync.store(STATE, sync_state(trial=trial), service="sync")
    counted = page.locator("[data-section=configuration] time[data-form=until]")
    await expect(counted).to_contain_text("min")
    first = await counted.inner_text()
    await expect(page.locator("[data-section=configuration]")).to_contain_text("back to revision 2")
    await axe(page, "[data-section=configuration]")
    await expect(counted).not_to_have_text(first)
    await sync.store(STATE, sync_state(), service="sync")
    await expect(counted).to_have_count(0)


def packed(files: dict[str, str]) -> dict[str, object]:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return {"name": "set.zip", "mimeType": "application/zip", "buffer": held.getvalue()}
