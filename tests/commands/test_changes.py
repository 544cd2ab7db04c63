"""What changed the plant without a command stands in the journal too: over the bus, once, with its way and origin."""

import asyncio
import json

from heliograph.commands.changes import entry_of_change, entry_of_script
from heliograph.contract import JournalPage, JournalRequest, JournalWay, PlantChange, Service
from heliograph.contract.channels import CHANGES, JOURNAL

FORWARDED = PlantChange(
    identity="box.1", way=JournalWay.FORWARDED, origin="10.0.0.5, port 5020", time=1_790_000_000_000, device="1",
    device_name="roof_1", variable="7", variable_name="Power limit", raw=6000,
)  # fmt: skip
LAPSED = PlantChange(
    identity="box.2", way=JournalWay.FALLBACK, origin="script zero_export", time=1_790_000_001_000, device="3",
    device_name="roof_3", variable="7", variable_name="Power limit", raw=0, error="the device is silent",
)  # fmt: skip
NAMELESS = PlantChange(
    identity="box.3", way=JournalWay.FORWARDED, origin="10.0.0.5, port 5020", time=1_790_000_002_000,
    text="unit 9, holding registers 40 to 41: 1 2",
)  # fmt: skip


async def page(api, **asked) -> JournalPage:
    return await api.request(JOURNAL, JournalRequest(**asked), timeout=60)


async def test_changes_of_the_plant_come_into_the_journal_once_each(desk, service, connect):
    api = await connect(Service.API)
    for change in (FORWARDED, LAPSED, FORWARDED, NAMELESS):
        await desk.peers.collector.store(CHANGES, change, service="collector")
    async with asyncio.timeout(60):
        while len((await page(api)).entries) < 3:
            await asyncio.sleep(0.02)
    nameless, lapsed, forwarded = (await page(api)).entries
    assert (forwarded.way, forwarded.origin, forwarded.name) == ("forwarded", FORWARDED.origin, "writeVariable")
    assert json.loads(forwarded.parameters) == {"device": "roof_1", "variable": "Power limit", "raw": 6000}
    assert (forwarded.started, forwarded.ended, forwarded.error) == (FORWARDED.time, FORWARDED.time, None)
    assert (lapsed.way, lapsed.error, lapsed.result) == ("fallback", "the device is silent", None)
    assert json.loads(lapsed.parameters)["raw"] == 0
    assert json.loads(nameless.parameters) == {"text": NAMELESS.text}
    assert [e.number for e in (await page(api, way=JournalWay.FALLBACK)).entries] == [lapsed.number]


def test_a_script_s_write_is_an_entry_of_its_script():
    done = entry_of_script("zero_export", {"device": "roof_1", "value": 60}, 10, 12, result={"raw": 60})
    failed = entry_of_script("zero_export", {"device": "roof_1", "value": 60}, 10, 9, error="silent")
    assert (done.way, done.origin, done.result, done.error) == ("script", "zero_export", '{"raw": 60}', None)
    assert (failed.result, failed.error, failed.ended) == (None, "silent", 10)
    assert done.text != failed.text


def test_what_a_stranger_wrote_is_cut():
    change = NAMELESS.model_copy(update={"origin": "o" * 10_000, "text": "t" * 10_000, "error": "e" * 10_000})
    entry = entry_of_change(change)
    assert len(entry.origin) + len(entry.parameters) + len(entry.error) < 3000
