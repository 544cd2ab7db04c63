"""The log and the system: lines paused and searched, a trace, a bundle, what the gateway runs on, and a restart."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_log_is_paused_and_goes_on_and_is_searched(page, gateway):
    await page.goto("/log")
    await expect(page.locator("[data-line]").first).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await gateway.peers.servers.say("said while it was paused")
    await page.get_by_label("Only lines with this in them").fill("roof_3")
    await expect(page.get_by_text("said while it was paused")).to_have_count(0)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("said while it was paused")).to_be_visible()
    await page.get_by_role("button", name="Search").click()
    await page.wait_for_url("**/log?text=roof_3")
    await expect(page.locator("[data-line]")).to_have_count(1)


async def test_a_trace_and_a_bundle_are_asked_for(page, gateway, axe):
    await page.goto("/log")
    await page.get_by_label("Minutes").fill("5")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator("#trace-told")).to_contain_text("is traced for 5 minutes")
    await page.get_by_role("button", name="Make and send a debug bundle").click()
    await expect(page.locator("#bundle-told")).to_contain_text("_SYSTEME_240601_120000.tar.gz")
    await axe(page, ".two")
    assert [asked.minutes for asked in gateway.peers.traces] == [5]


async def test_the_system_tells_what_it_runs_on_and_is_restarted_after_a_question(page, gateway, axe):
    await page.goto("/system")
    for section, part in (
        ("services", "collector"), ("services", "Heliograph 0."), ("storage", "16 records and 1 file waiting"),
        ("clock", "Europe/Paris"), ("streams", "Not known yet"), ("certificates", "The set has no certificate"),
    ):  # fmt: skip
        await expect(page.locator(f"[data-section={section}]")).to_contain_text(part)
    await expect(page.get_by_role("link", name="your account, accounts and tokens")).to_be_visible()
    await page.get_by_role("button", name="Restart the gateway …").click()
    await axe(page, "#restart-dialog")
    await page.locator("#restart-form").get_by_role("button", name="Restart", exact=True).click()
    await expect(page.locator("#restart-told")).to_contain_text("comes back by itself")
    assert "sunpm.reboot" in gateway.commands.executed[-1].text.text
