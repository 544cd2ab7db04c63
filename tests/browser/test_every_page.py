"""The whole navigation and the overview: every page is live, without errors, within the screen, open to everybody."""

import pytest
from playwright.async_api import expect

from heliograph.api.pages.rendering import NAVIGATION

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_navigation_leads_to_pages_that_are_open_to_everybody(page, axe, picture):
    await page.goto("/")
    faults = []
    for place in NAVIGATION:
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name=place.title, exact=True).click()
        await expect(page).to_have_title(f"{place.title} · Heliograph")
        await expect(page.locator("#live")).to_have_text("Live")
        await picture(page, place.name)
        try:
            await axe(page)
        except AssertionError as fault:
            faults.append(f"{place.path}: {fault}")
    assert not faults, "\n".join(faults)


async def test_the_keyboard_reaches_the_content_first(page):
    await page.goto("/alarms")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()


async def test_the_overview_tells_figures_states_and_what_needs_a_hand(page):
    await page.goto("/")
    power = page.locator("[data-figure=power]")
    await expect(power).to_contain_text("kW")
    await expect(power).to_contain_text("2 of 3 inverters answer · without roof_3")
    await expect(page.locator("[data-figure=grid]")).to_contain_text("fed in")
    await expect(page.get_by_role("list", name="Each device")).to_contain_text("roof_3: not answering")
    await expect(page.locator("[data-section=delivery]")).to_contain_text("Server 2 backup")
    await expect(page.locator("[data-section=news]")).to_contain_text("roof_2")
    await expect(page.locator("#clock-verdict")).to_contain_text("agrees with the clock")
    await page.locator(".attention a", has_text="roof_3").click()
    await expect(page.locator("#device-name")).to_have_text("roof_3")
    await expect(page.locator("#device-page")).to_contain_text("nothing came within 0.2 s, 3 times in a row")
