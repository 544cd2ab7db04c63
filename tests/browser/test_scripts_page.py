"""Scripts: started and stopped, their log, a new one, one renamed with a mistake on the way, one taken out."""

import pytest
from playwright.async_api import expect

from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIST = "CONFIG/WPM00C44F_scl.ini"
NIGHT = """header = { version = 1.0, label = "Limits at night" }

function wsInit()
  wd.every(60, tick)
end

function tick()
  local power = wd.get("grid meter", "Active power")
  if power and power < 0 then wd.set("roof_1", "cmdPwrPercent", 0) end
end
"""
FILES = {LIST: "SCRIPT_File[0]=night.lua\n", "SCRIPT/night.lua": NIGHT}


@pytest.fixture
def revisions(gateway):
    known = gateway.peers.revisions
    known.files |= FILES
    return known


async def test_scripts_are_stopped_and_started_and_tell_their_log(page, gateway, axe):
    await page.goto("/scripts")
    await page.get_by_role("button", name="Stop zero export").click()
    await page.get_by_role("button", name="Start now night").click()
    await page.get_by_role("button", name="Enable spare").click()
    await until(lambda: acted(gateway, 3))
    await page.get_by_role("link", name="night", exact=True).click()
    await expect(page.get_by_role("list", name="The newest line first")).to_contain_text("line 400")
    await expect(page.locator("[data-section=script]")).to_contain_text("night.lua:12: attempt to index a nil value")
    await axe(page)
    assert [(act.script, act.action) for act in gateway.commands.acts] == [
        ("zero export", "stop"), ("night", "start"), ("spare", "enable"),
    ]  # fmt: skip


async def acted(gateway, times: int) -> bool:
    return len(gateway.commands.acts) == times


async def test_a_new_script_is_written_checked_and_applied(page, revisions, axe):
    await page.goto("/scripts")
    await page.get_by_role("link", name="New script").click()
    await page.get_by_label("Name").fill("hello")
    await axe(page)
    await page.get_by_role("button", name="Check the script").click()
    await page.get_by_role("button", name="Apply", exact=True).click()
    await page.wait_for_url("**/scripts")
    (edit,) = revisions.edits
    assert edit.files[LIST] == "SCRIPT_File[0]=night.lua\nSCRIPT_File[1]=hello.lua\n"
    assert "function wsInit()" in edit.files["SCRIPT/hello.lua"]


async def test_a_mistake_is_shown_at_its_line_and_a_renamed_script_keeps_its_place(page, revisions, axe, picture):
    await page.goto("/scripts/night/edit")
    text = page.get_by_label("Text of the file")
    await expect(text).to_have_value(NIGHT)
    await text.fill(NIGHT.replace("tick)", "tick??)"))
    await page.get_by_role("button", name="Check the script").click()
    await page.get_by_role("button", name="SCRIPT/night.lua, line 4, column 1").click()
    await expect(page.locator("#caret")).to_have_text("Line 4, column 1")
    await expect(page.locator(".gutter")).to_contain_text("✕ 4")
    await axe(page, "#script-edit")
    await picture(page, "script-edit")
    await text.fill("-- wakes\n")
    await page.get_by_label("Name").fill("dawn")
    await page.get_by_role("button", name="Check the script").click()
    await page.get_by_role("button", name="Apply", exact=True).click()
    await page.wait_for_url("**/scripts")
    files = {"SCRIPT/dawn.lua": "-- wakes\n", "SCRIPT/night.lua": None, LIST: "SCRIPT_File[0]=dawn.lua\n"}
    assert revisions.edits[0].files == files


async def test_a_script_is_taken_out_after_a_question(page, revisions, axe):
    await page.goto("/scripts/night")
    await page.get_by_role("button", name="Take it out of the set").click()
    await axe(page, "#take-out-dialog")
    await page.get_by_role("button", name="Take it out", exact=True).click()
    await page.wait_for_url("**/scripts")
    assert revisions.edits[0].files == {"SCRIPT/night.lua": None, LIST: ""}
