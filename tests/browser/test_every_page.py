"""Every page on both sizes: live, without errors, within the screen, and open to everybody."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = ["/", "/devices/1", "/commands", "/scripts", "/scripts/night"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_live_and_open_to_everybody_on_a_desk(desk, axe, path):
    await _looked_at(desk, axe, path)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_live_and_open_to_everybody_on_a_phone(phone, axe, path):
    await _looked_at(phone, axe, path)


async def _looked_at(page, axe, path) -> None:
    await page.goto(path)
    await expect(page.locator("#live")).to_have_text("Live")
    await axe(page)
