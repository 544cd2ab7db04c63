"""Overview, devices, one device and what adds one, as a person uses them on a phone and on a desk."""

import json

import pytest
from playwright.async_api import expect

from heliograph.contract import EditAnswer, ExecuteAnswer
from heliograph.contract.channels import SERIES
from support.plausible_detection import Collector
from support.plausible_series import waves
from support.plausible_set import INVERTER, UID

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = f"CONFIG/{UID}_daq.csv"


async def test_the_overview_tells_figures_states_and_what_needs_a_hand(phone, axe, picture):
    await phone.goto("/")
    await expect(phone.locator("#live")).to_have_text("Live")
    power = phone.locator("[data-figure=power]")
    await expect(power).to_contain_text("kW")
    await expect(power).to_contain_text("2 of 3 inverters answer · without roof_3")
    await expect(phone.locator("[data-figure=grid]")).to_contain_text("fed in")
    await expect(phone.locator("#clock-verdict")).to_contain_text("agrees with the clock")
    await axe(phone)
    await picture(phone, "overview-phone")
    await phone.locator(".attention a", has_text="roof_3").click()
    await expect(phone.locator("#device-name")).to_have_text("roof_3")


async def test_devices_are_found_by_what_is_typed_and_chosen(desk, axe, picture):
    await desk.goto("/devices")
    rows = desk.locator("table.devices tbody tr")
    await expect(rows).to_have_count(4)
    await axe(desk)
    await picture(desk, "devices")
    await desk.get_by_label("Name, place, make").fill("umg")
    await expect(rows).to_have_count(1)
    await desk.get_by_label("Name, place, make").fill("")
    await desk.get_by_label("State").select_option("trouble")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("roof_3")
    assert desk.url.endswith("/devices?state=trouble")
    await desk.reload()
    await expect(rows).to_have_count(1)
    await desk.get_by_label("State").select_option("")
    await desk.get_by_label("Order").select_option("state")
    await expect(rows.first).to_contain_text("roof_3")


async def test_a_value_is_written_after_a_confirmation_and_within_its_limits(phone, gateway, axe):
    gateway.commands.executed.clear()
    gateway.commands.answer = ExecuteAnswer(
        finished=True, text='[{"result": {"value": 60.0, "raw": 60}, "callerId": null}]'
    )
    await phone.goto("/devices/1")
    await phone.get_by_role("button", name="Write … AC power").click()
    dialog = phone.locator("#write-dialog")
    await expect(dialog).to_contain_text("It may be at least 0, at most 655.35 kW.")
    await axe(phone)
    await phone.locator("#write-value").fill("700")
    await phone.locator("#write-go").click()
    await expect(phone.locator("#write-fault")).to_have_text("This is more than the limit of 655.35.")
    assert gateway.commands.executed == []
    await phone.locator("#write-value").fill("60,5")
    await phone.locator("#write-go").click()
    await expect(phone.locator("#write-confirm")).to_have_text("This writes 60.5 kW to AC power of roof_1, now.")
    assert gateway.commands.executed == []
    await phone.locator("#write-go").click()
    await expect(phone.locator("#device-told")).to_have_text("Write AC power: 60.")
    (asked,) = gateway.commands.executed
    (command,) = json.loads(asked.text.text)
    assert command["rpcName"] == "sunpm.writeVariable"
    assert command["parameters"] == {"device": 1, "variable": 1, "value": 60.5}


async def test_a_variable_is_read_now_and_plotted_when_it_is_ticked(desk, gateway, axe, picture):
    await gateway.peers.sync.serve(SERIES, waves)
    gateway.commands.answer = ExecuteAnswer(
        finished=True, text='[{"result": {"value": 42.1, "raw": 4210, "unit": "kW"}, "callerId": null}]'
    )
    await desk.goto("/devices/1")
    await expect(desk.locator("#plot canvas")).to_be_visible()
    await expect(desk.locator("svg.sparkline").first).to_be_visible()
    await desk.get_by_label("Plot DC voltage").check()
    await expect(desk.locator("#plot")).to_have_attribute("data-variables", "1,3")
    await expect(desk.locator("#plot .plot-legend")).to_contain_text("DC voltage")
    await axe(desk)
    await picture(desk, "device")
    await desk.get_by_role("button", name="Read now AC power").click()
    await expect(desk.locator("#device-told")).to_have_text("Read AC power: 42.1 kW (raw 4210).")


async def test_a_device_is_added_by_hand_checked_first(phone, gateway, axe, picture):
    gateway.peers.revisions.edits.clear()
    gateway.peers.revisions.answer = EditAnswer(revision=13)
    await phone.goto("/devices/new")
    await phone.get_by_label("Name", exact=True).fill("roof_1")
    await phone.get_by_label("Host or serial line").fill("SERIAL2")
    await expect(phone.locator("#serial-settings")).to_be_visible()
    await phone.locator("#device-definition").select_option(label="Sunny SUN-50K – inv.csv")
    await axe(phone)
    await phone.get_by_role("button", name="Check").click()
    await expect(phone.locator("#fault-name")).to_have_text("device 1 has this name already")
    assert gateway.peers.revisions.edits == []
    await phone.get_by_label("Name", exact=True).fill("roof_4")
    await phone.get_by_role("button", name="Check").click()
    await expect(phone.locator("#device-checked-line")).to_have_text("5;SERIAL2;roof_4;1;600;1000;;1;;;inv.csv")
    await axe(phone)
    await picture(phone, "add-device-phone")
    await phone.get_by_role("button", name="Add it now").click()
    await expect(phone.locator("#device-form-told")).to_contain_text("roof_4 is configured.")
    (applied,) = gateway.peers.revisions.edits
    assert gateway.peers.revisions.checks[-1].files == applied.files
    assert "SERIAL2;19200;8;N;1" in applied.files[PATH]


async def test_a_definition_with_faults_shows_them_in_its_lines(desk, axe):
    broken = INVERTER.replace("U32;;Energy", "U33;;Energy").encode()
    await desk.goto("/devices/new")
    await desk.locator("#device-definition").select_option("upload")
    file = {"name": "new.csv", "mimeType": "text/csv", "buffer": broken}
    await desk.locator("#device-file").set_input_files(file)
    await expect(desk.locator("#upload-told")).to_contain_text("mend the lines that are marked")
    faulty = desk.locator("#upload-lines li", has=desk.locator(".failure"))
    await expect(faulty).to_have_count(1)
    await expect(faulty).to_contain_text("Energy total")
    assert await faulty.get_attribute("value") == "6"
    await axe(desk)
    await desk.locator("#device-file").set_input_files({**file, "buffer": INVERTER.encode()})
    await expect(desk.locator("#upload-told")).to_have_text("inverter · Sunny · SUN-50K: 10 variables, 9 recorded.")


async def test_found_devices_are_added_by_their_ticks(phone, gateway, axe):
    collector = Collector()
    await collector.serve(gateway.peers.collector)
    gateway.peers.revisions.edits.clear()
    await phone.goto("/devices/new")
    await expect(phone.locator(".detection")).to_contain_text("3 of 254 units asked · 3 devices found")
    await axe(phone)
    await phone.get_by_role("button", name="Stop the search").click()
    await expect(phone.get_by_role("button", name="Stop the search")).to_have_count(0)
    ticks = phone.locator(".proposals input[type=checkbox]")
    assert [await tick.is_checked() for tick in await ticks.all()] == [True, True, False]
    await ticks.first.uncheck()
    await phone.get_by_role("button", name="Add the ticked devices").click()
    await expect(phone.locator("#detection-told")).to_contain_text("1 device is configured.")
    await phone.get_by_role("button", name="Cancel").click()
    await expect(phone.locator("[data-section=detection]")).to_contain_text("No search so far")


async def test_a_device_is_changed_and_removed_after_a_confirmation(desk, gateway):
    gateway.peers.revisions.edits.clear()
    await desk.goto("/devices/4")
    await desk.locator("#device-change summary").click()
    await expect(desk.get_by_label("Name", exact=True)).to_have_value("grid meter")
    await desk.get_by_label("Record every, s").fill("60")
    await desk.get_by_role("button", name="Check").click()
    await desk.get_by_role("button", name="Change it now").click()
    await expect(desk.locator("#device-form-told")).to_contain_text("grid meter is changed.")
    assert "4;SERIAL1;grid meter;5;60;1000" in gateway.peers.revisions.edits[-1].files[PATH]
    await desk.locator("#device-remove").click()
    await desk.get_by_role("button", name="Remove it").click()
    await expect(desk.locator("#device-told")).to_contain_text("its records stay")
    assert "grid meter" not in gateway.peers.revisions.edits[-1].files[PATH]


async def test_findings_stand_at_their_fields_and_what_is_typed_outlasts_a_login(phone, gateway, axe, monkeypatch):
    revisions = gateway.peers.revisions
    line = len(gateway.peers.revisions.files[PATH].splitlines()) + 1
    found = (f"{PATH}:{line}:20: error: this name is too plain", f"{PATH}:1:1: warning: it is about the whole file")
    monkeypatch.setattr(revisions, "answer", EditAnswer(error="the edit is rejected", findings=found))
    monkeypatch.setattr(revisions, "is_checking", False)
    await phone.goto("/devices/new")
    await expect(phone.locator("#device-definition option")).not_to_have_count(1)
    await phone.get_by_label("Name", exact=True).fill("roof_9")
    await phone.get_by_label("Host or serial line").fill("192.168.1.49")
    await phone.locator("#device-definition").select_option(label="Sunny SUN-50K – inv.csv")
    await phone.get_by_role("button", name="Check").click()
    await expect(phone.locator("#fault-name")).to_have_text("this name is too plain")
    await expect(phone.get_by_label("Name", exact=True)).to_be_focused()
    await expect(phone.locator("#device-findings li")).to_have_count(1)
    await expect(phone.locator("#device-findings")).to_contain_text("it is about the whole file")
    await axe(phone)
    cookies = await phone.context.cookies()
    await phone.context.clear_cookies()
    await phone.get_by_role("button", name="Check").click()
    await phone.wait_for_url("**/login?next=*")
    await phone.context.add_cookies(cookies)
    await phone.goto("/devices/new")
    await expect(phone.locator("#device-form-told")).to_contain_text("What you had typed is here again")
    await expect(phone.get_by_label("Host or serial line")).to_have_value("192.168.1.49")
    await expect(phone.locator("#device-definition")).to_have_value("0")


async def test_what_takes_long_says_so_and_is_stopped(phone, gateway, axe):
    del gateway
    await phone.goto("/devices/1")
    await phone.route("**/api/v1/commands", lambda _: None)
    button = phone.get_by_role("button", name="Read now AC power")
    await button.click()
    told = phone.locator("#device-told")
    await expect(told).to_contain_text("Read AC power …")
    await expect(told.locator("progress")).to_be_visible()
    await expect(button).to_have_attribute("aria-busy", "true")
    await axe(phone)
    await told.get_by_role("button", name="Stop").click()
    await expect(told).to_contain_text("Stopped waiting")
    await expect(button).not_to_have_attribute("aria-busy", "true")
