"""Commands and alarms: sent by form or as JSON after a question, results as a table, journal and alarms filtered."""

import json

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENT = "#confirm-form button[type=submit]"


def executed(gateway) -> list[dict]:
    (sent,) = gateway.commands.executed
    return json.loads(sent.text.text)


async def test_a_value_is_written_from_the_commands_within_its_limits(page, gateway, axe):
    await page.goto("/commands")
    await page.get_by_label("Write", exact=True).check()
    await page.get_by_label("Variable", exact=True).select_option(label="AC power (RealPower)")
    await page.locator("#send-value").fill("700")
    await page.get_by_role("button", name="Write …").click()
    await expect(page.locator("#send-told")).to_contain_text("Allowed: 0 to 655.35 kW.")
    await page.locator("#send-value").fill("60")
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm-text")).to_have_text("Write 60 kW to AC power (RealPower) of roof_1.")
    await axe(page, "#confirm-dialog")
    await page.locator(SENT).click()
    await expect(page.locator("#send-told")).to_have_text("1 done, 1 ended with an error.")
    await axe(page, "#send-results")
    (command,) = executed(gateway)
    assert command["parameters"] == {"device": 1, "variable": 1, "value": 60}


async def test_a_built_in_command_is_sent_by_its_form_after_a_question(page, gateway, axe, picture):
    await page.goto("/commands")
    await page.get_by_text("A built-in command, with its parameters").click()
    await page.get_by_label("Command", exact=True).select_option("sunpm.log")
    await page.get_by_label("interface (needed)").select_option("ethernet")
    await page.get_by_label("minutes (needed)").fill("10")
    await axe(page, "#builtin-form")
    await picture(page, "command-form")
    await page.locator("#builtin-form").get_by_role("button").click()
    await expect(page.locator("#confirm-text")).to_have_text("sunpm.log with interface ethernet, minutes 10.")
    await page.locator(SENT).click()
    await expect(page.locator("table.results tbody tr").first).to_contain_text("value: 60 · raw: 60")
    assert executed(gateway) == [{"rpcName": "sunpm.log", "parameters": {"interface": "ethernet", "minutes": 10}}]


async def test_any_command_goes_as_json_and_what_is_none_is_told(page, gateway, axe):
    await page.goto("/commands")
    await page.get_by_text("Any command, as JSON").click()
    text = page.locator("#send-text")
    await text.fill("[{")
    await page.locator("#text-form button").click()
    await expect(page.locator("#send-told")).to_contain_text("This is not JSON")
    await axe(page, "#text-form")
    await text.fill('[{"rpcName": "sunpm.status"}]')
    await page.locator("#text-form button").click()
    await page.locator(SENT).click()
    await expect(page.locator("#send-results")).to_be_visible()
    assert executed(gateway) == [{"rpcName": "sunpm.status"}]


async def test_a_function_of_a_script_is_called_by_its_form_after_a_question(page, gateway, axe):
    await page.goto("/commands")
    await page.get_by_text("A function of a script").click()
    await page.get_by_label("Function", exact=True).select_option("zero export.target")
    await page.get_by_label("Parameters, as JSON").fill("[1]")
    await page.get_by_role("button", name="Call …").click()
    await expect(page.locator("#function-fault")).to_contain_text("one table is wanted")
    await expect(page.get_by_label("Parameters, as JSON")).to_be_focused()
    await axe(page, "#function-form")
    await page.get_by_label("Parameters, as JSON").fill('{"watts": 5000}')
    await page.get_by_role("button", name="Call …").click()
    await expect(page.locator("#confirm-text")).to_have_text('zero export.target with {"watts":5000}.')
    await page.locator(SENT).click()
    await expect(page.locator("table.results tbody tr").first).to_contain_text("value: 60")
    wanted = [{"rpcName": "zero export.target", "parameters": {"watts": 5000}}]
    assert executed(gateway) == wanted


async def test_alarms_are_filtered_by_device_and_stay_live(page):
    await page.goto("/alarms")
    await page.get_by_label("Device", exact=True).select_option("roof_2")
    await page.wait_for_url("**/alarms?device=2")
    await expect(page.locator("table.alarms")).to_contain_text("State changed")
    await expect(page.locator("#live")).to_have_text("Live")
    await expect(page.locator("table.alarms")).not_to_contain_text("does not answer")
