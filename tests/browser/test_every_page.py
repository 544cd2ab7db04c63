"""The whole navigation on both sizes: every page is live, without errors, within the screen, and open to everybody."""

import pytest
from playwright.async_api import expect

from heliograph.api.pages.rendering import NAVIGATION

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_navigation_on_a_desk_leads_to_pages_that_are_open_to_everybody(desk, axe, picture):
    await walked(desk, axe, picture, "")


async def test_the_navigation_on_a_phone_leads_to_pages_that_are_open_to_everybody(phone, axe, picture):
    await walked(phone, axe, picture, "-phone")


async def walked(page, axe, picture, end: str) -> None:
    await page.goto("/")
    faults = []
    for place in NAVIGATION:
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name=place.title, exact=True).click()
        await expect(page).to_have_title(f"{place.title} · Heliograph")
        await expect(page.locator("#live")).to_have_text("Live")
        await picture(page, f"{place.name}{end}")
        try:
            await axe(page)
        except AssertionError as fault:
            faults.append(f"{place.path}: {fault}")
    assert not faults, "\n".join(faults)


async def test_the_keyboard_reaches_the_content_first(desk):
    await desk.goto("/alarms")
    await desk.keyboard.press("Tab")
    await expect(desk.get_by_role("link", name="Skip to the content")).to_be_focused()
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#main")).to_be_focused()
