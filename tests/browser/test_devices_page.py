"""The list of devices and one device: found, looked at, plotted, read, written, changed and removed."""

import json

import pytest
from playwright.async_api import expect

from heliograph.contract import ExecuteAnswer
from support.plausible_set import UID

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = f"CONFIG/{UID}_daq.csv"


def answered(**result: object) -> ExecuteAnswer:
    return ExecuteAnswer(finished=True, text=json.dumps([{"result": result, "callerId": None}]))


async def test_devices_are_found_by_what_is_typed_and_chosen(page):
    await page.goto("/devices")
    rows = page.locator("table.devices tbody tr")
    await expect(rows).to_have_count(4)
    await page.get_by_label("Name, place, make").fill("umg")
    await expect(rows).to_have_count(1)
    await page.get_by_label("Name, place, make").fill("")
    await page.get_by_label("State").select_option("trouble")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("timeout ×41")
    assert page.url.endswith("/devices?state=trouble")
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.get_by_label("State").select_option("")
    await page.get_by_label("Order").select_option("state")
    await expect(rows.first).to_contain_text("roof_3")


async def test_a_device_shows_values_plot_plan_and_errors_and_is_read_now(page, gateway, axe, picture):
    gateway.commands.answer = answered(value=42.1, raw=4210, unit="kW")
    await page.goto("/devices/1")
    await expect(page.locator("#plot canvas")).to_be_visible()
    await expect(page.locator("svg.sparkline").first).to_be_visible()
    await page.get_by_label("Plot DC voltage").check()
    await expect(page.locator("#plot")).to_have_attribute("data-variables", "1,3")
    await expect(page.locator("#plot .plot-legend")).to_contain_text("DC voltage")
    plan = page.locator("[data-section=plan]")
    await expect(plan).to_contain_text("It gives at most 60 holding registers at once.")
    await expect(plan.get_by_role("table", name="Errors by kind")).to_contain_text("timeout")
    await axe(page)
    await picture(page, "device")
    await page.get_by_role("button", name="Read now AC power").click()
    await expect(page.locator("#device-told")).to_have_text("Read AC power: 42.1 kW (raw 4210).")


async def test_a_value_is_written_by_keyboard_alone_after_a_confirmation_and_within_its_limits(page, gateway, axe):
    gateway.commands.answer = answered(value=60.0, raw=60)
    await page.goto("/devices/1")
    write = page.get_by_role("button", name="Write … AC power")
    await write.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#write-dialog")).to_contain_text("It may be at least 0, at most 655.35 kW.")
    await expect(page.locator("#write-value")).to_be_focused()
    await page.keyboard.type("700\n")
    await expect(page.locator("#write-fault")).to_have_text("This is more than the limit of 655.35.")
    await expect(page.locator("#write-value")).to_be_focused()
    await axe(page, "#write-dialog")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("60,5\n")
    await expect(page.locator("#write-confirm")).to_have_text("This writes 60.5 kW to AC power of roof_1, now.")
    await axe(page, "#write-dialog")
    assert gateway.commands.executed == []
    await page.keyboard.press("Enter")
    await expect(page.locator("#device-told")).to_have_text("Write AC power: 60.")
    await expect(write).to_be_focused()
    (asked,) = gateway.commands.executed
    (command,) = json.loads(asked.text.text)
    assert command["rpcName"] == "sunpm.writeVariable"
    assert command["parameters"] == {"device": 1, "variable": 1, "value": 60.5}


async def test_a_device_is_changed_and_removed_after_a_confirmation(page, gateway, axe):
    edits = gateway.peers.revisions.edits
    await page.goto("/devices/4")
    await page.locator("#device-change summary").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("grid meter")
    await page.get_by_label("Record every, s").fill("60")
    await page.get_by_role("button", name="Check").click()
    await axe(page, "#device-change")
    await page.get_by_role("button", name="Change it now").click()
    await expect(page.locator("#device-form-told")).to_contain_text("grid meter is changed.")
    assert "4;SERIAL1;grid meter;5;60;1000" in edits[-1].files[PATH]
    await page.locator("#device-remove").click()
    await axe(page, "#remove-dialog")
    await page.get_by_role("button", name="Remove it").click()
    await expect(page.locator("#device-told")).to_contain_text("its records stay")
    assert "grid meter" not in edits[-1].files[PATH]


async def test_what_takes_long_says_so_and_is_stopped(page, axe):
    await page.goto("/devices/1")
    await page.route("**/api/v1/commands", lambda _: None)
    button = page.get_by_role("button", name="Read now AC power")
    await button.click()
    told = page.locator("#device-told")
    await expect(told).to_contain_text("Read AC power …")
    await expect(told.locator("progress")).to_be_visible()
    await expect(button).to_have_attribute("aria-busy", "true")
    await axe(page, "#device-told")
    await told.get_by_role("button", name="Stop").press("Enter")
    await expect(told).to_contain_text("Stopped waiting")
    await expect(button).not_to_have_attribute("aria-busy", "true")
    await expect(button).to_be_focused()
    await page.unroute_all(behavior="ignoreErrors")
