"""Coming in: the first account, one's password, accounts and tokens, a login that fails, and what a viewer sees."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from support.apis import Api
from support.people import PASSWORD, add_account
from support.seen import Reports

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW = "quite another password"
ACTS = re.compile("^(Write|Read now|Connect|Test|Send|Start|Stop|Enable|Disable|Remove|Make|Revoke)")
"""How buttons begin that change something."""


@dataclass
class Door:
    """A page that nobody is logged in on, of a gateway at its first start."""

    page: Page
    api: Api


@pytest_asyncio.fixture(params=["phone", "desk"], loop_scope="session")
async def door(request, open_context, gateway, tmp_path) -> AsyncIterator[Door]:
    """Somebody who comes for the first time."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(gateway.started_anew(tmp_path / "api"))
        context = await stack.enter_async_context(await open_context(api.url, request.param))
        page, reports = await context.new_page(), Reports(api.url)
        reports.watch(page)
        with reports.failing():
            yield Door(page, api)


async def test_the_first_account_is_made_changes_its_password_and_comes_in_again(door, axe):
    page = door.page
    await page.goto("/login")
    await axe(page)
    await page.get_by_role("link", name="Make the first account").click()
    await axe(page)
    await set_up(page, "wrong")
    await expect(page.get_by_role("alert")).to_contain_text("The token is wrong")
    await axe(page)
    await set_up(page, door.api.token)
    await page.get_by_role("link", name="anna").click()
    await expect(page.get_by_text("You are an operator: you may do everything.")).to_be_visible()
    await page.locator("#current").fill(PASSWORD)
    await page.locator("#new-password").fill(NEW)
    await page.keyboard.press("Enter")
    await expect(page.locator("#told")).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Name")).to_be_focused()
    await log_in(page, "anna", PASSWORD)
    await expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    await axe(page)
    await log_in(page, "anna", NEW)
    await expect(page).to_have_title("Overview · Heliograph")


async def test_accounts_and_tokens_are_made_and_taken_back(door, axe):
    page, api = door.page, door.api
    await add_account(api, "anna")
    await page.goto("/account")
    await log_in(page, "anna", PASSWORD)
    await page.locator("#account-name").fill("vera")
    await page.locator("#account-password").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()
    await page.get_by_role("button", name="Make vera an operator").click()
    await expect(page.get_by_role("button", name="Make vera a viewer")).to_be_visible()
    await page.get_by_label("Name of the program").fill("grafana")
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.locator("#token-made")).to_be_visible()
    await axe(page)
    bearer = {"Authorization": f"Bearer {await page.locator('#token-value').inner_text()}"}
    assert (await api.get("/api/v1/status", headers=bearer)).status_code == 200
    await page.reload()
    await page.get_by_role("button", name="Revoke grafana").click()
    await axe(page, "#sure-dialog")
    await page.get_by_role("button", name="Yes").click()
    await expect(page.get_by_text("No program has a token")).to_be_visible()
    assert (await api.get("/api/v1/status", headers=bearer)).status_code == 401


async def test_a_viewer_sees_everything_and_no_form_that_would_be_refused(door, axe):
    page = door.page
    for name, role in (("anna", "operator"), ("vera", "viewer")):
        await add_account(door.api, name, role)
    await page.goto("/devices/new")
    await log_in(page, "vera", PASSWORD)
    await expect(page.get_by_text("Adding a device")).to_be_visible()
    await axe(page)
    for path, part in (
        ("/devices/1", "AC power"), ("/servers", "Server 2"), ("/commands", "sunpm.writeVariable"),
        ("/scripts", "zero export"), ("/log", "roof_3"), ("/account", "change nothing but your password"),
    ):  # fmt: skip
        await page.goto(path)
        await expect(page.locator("#content")).to_contain_text(part)
        await expect(page.locator("#content").get_by_role("button", name=ACTS)).to_have_count(0)


async def set_up(page: Page, token: str) -> None:
    for field, text in {"token": token, "name": "anna", "password": PASSWORD, "again": PASSWORD}.items():
        await page.locator(f"#{field}").fill(text)
    await page.get_by_role("button", name="Make the account").click()


async def log_in(page: Page, name: str, password: str) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in", exact=True).click()
