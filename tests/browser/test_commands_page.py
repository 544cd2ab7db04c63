"""Commands and alarms in a browser: a built-in command by its form, results as a table, alarms as they are filtered."""

import json

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_built_in_command_is_sent_by_its_form_after_a_question(phone, gateway, axe, picture):
    page = phone
    await page.goto("/commands")
    await page.get_by_text("A built-in command, with its parameters").click()
    await page.get_by_label("Command", exact=True).select_option("sunpm.log")
    await page.get_by_label("interface (needed)").select_option("ethernet")
    await page.get_by_label("minutes (needed)").fill("10")
    await axe(page)
    await picture(page, "commands-phone")
    await page.locator("#builtin-form").get_by_role("button").click()
    await expect(page.locator("#confirm-text")).to_have_text("sunpm.log with interface ethernet, minutes 10.")
    await page.get_by_role("button", name="Send", exact=True).last.click()
    row = page.locator("table.results tbody tr").first
    await expect(row).to_contain_text("value: 60 · raw: 60")
    (sent,) = gateway.commands.executed
    parameters = {"interface": "ethernet", "minutes": 10}
    assert json.loads(sent.text.text) == [{"rpcName": "sunpm.log", "parameters": parameters}]


async def test_alarms_are_filtered_by_device_and_stay_live(desk, picture):
    page = desk
    await page.goto("/alarms")
    await picture(page, "alarms")
    await page.get_by_label("Device", exact=True).select_option("roof_2")
    await page.wait_for_url("**/alarms?device=2")
    await expect(page.locator("table.alarms")).to_contain_text("State changed")
    await expect(page.locator("#live")).to_have_text("Live")
    await expect(page.locator("table.alarms")).not_to_contain_text("does not answer")


async def test_a_function_of_a_script_is_called_by_its_form_after_a_question(phone, gateway, axe):
    page = phone
    await page.goto("/commands")
    await page.get_by_text("A function of a script").click()
    await page.get_by_label("Function", exact=True).select_option("zero export.target")
    await page.get_by_label("Parameters, as JSON").fill("[1]")
    await page.get_by_role("button", name="Call …").click()
    await expect(page.locator("#function-fault")).to_contain_text("one table is wanted")
    await expect(page.get_by_label("Parameters, as JSON")).to_be_focused()
    await axe(page)
    await page.get_by_label("Parameters, as JSON").fill('{"watts": 5000}')
    await page.get_by_role("button", name="Call …").click()
    await expect(page.locator("#confirm-text")).to_have_text('zero export.target with {"watts":5000}.')
    await page.get_by_role("button", name="Send", exact=True).last.click()
    await expect(page.locator("table.results tbody tr").first).to_contain_text("value: 60")
    wanted = [{"rpcName": "zero export.target", "parameters": {"watts": 5000}}]
    assert json.loads(gateway.commands.executed[-1].text.text) == wanted
