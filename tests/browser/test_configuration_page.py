"""The configuration: revisions looked at and returned to, the whole set down and up as an archive, a trial's end."""

import io
import re
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


async def test_a_trial_counts_down_by_the_second_and_is_confirmed_by_a_connection(page, gateway, axe):
    sync = gateway.peers.sync
    trial = Trial(revision=3, back_to=2, since=now() - 60_000, until=now() + 1_440_000)
    await page.goto("/configuration")
    await expect(page.locator("#live")).to_have_text("Live")
    await sync.store(STATE, sync_state(trial=trial), service="sync")
    left = page.locator("time[data-form=left]")
    await expect(left).to_have_text(re.compile(r"in [0-9]+.min [0-9]{2}.s"))
    await expect(left).not_to_have_text(await left.text_content() or "")
    await axe(page, "[data-section=configuration]")
    await page.get_by_role("button", name="Connect now to confirm it").click()
    await expect(page.locator("#told")).to_contain_text("A connection to server 1 follows")
    assert gateway.peers.connects[-1].server == 1
    await expect(page.get_by_role("link", name="Return to revision 2 now")).to_be_visible()
    await sync.store(STATE, sync_state(), service="sync")
    await expect(left).to_have_count(0)


def packed(files: dict[str, str]) -> dict[str, object]:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return {"name": "set.zip", "mimeType": "application/zip", "buffer": held.getvalue()}
