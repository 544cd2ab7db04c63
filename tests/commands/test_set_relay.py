"""`setRelay` against a real broker: the relay is found, switched and read back; errors name what there is."""

import asyncio

import pytest

from heliograph.contract import VariableValue
from support.plausible_set import FILES, UID

IO = "io;Inputs;Gateway;Own\n1;1;1;1;;Tank level;;0.5;0;m;6\n3;3;1;;;Heat pump;;;;;8\n"
WITH_IO = {
    **FILES,
    f"CONFIG/{UID}_daq.csv": FILES[f"CONFIG/{UID}_daq.csv"] + "IO;;own outputs;;600;;;;;;io.csv\n",
    "DEF/io.csv": IO,
}


async def configured(desk, files: dict[str, str]) -> None:
    """Put a set in force, and wait until the commands know it."""
    await desk.peers.configure(number=9, files=files)
    async with asyncio.timeout(60):
        while "no relay is configured" in (await desk.call("setRelay", state=0)).get("error", ""):
            desk.peers.writes.clear()
    desk.peers.writes.clear()


@pytest.fixture
async def plant(service, desk):
    del service
    await configured(desk, WITH_IO)
    return desk


async def test_the_relay_is_switched_and_the_answer_is_ok(plant):
    assert (await plant.call("setRelay", state=1))["result"] == "OK"
    assert (await plant.call("setRelay", state=0, device="own outputs", relay=1))["result"] == "OK"
    assert [(w.device, w.variable, w.raw, w.verify) for w in plant.peers.writes] == [
        ("IO", "3", 1, True), ("IO", "3", 0, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"state": 1, "relay": 2}, "there is no relay 2 in io.csv: its relays are 1 ('Heat pump')"),
        ({"state": 1, "device": "roof_1"}, "'roof_1' has no relay: it is not the device with index IO"),
        ({"state": 1, "device": "own output"}, "unknown device 'own output' (is 'own outputs' meant?)"),
        ({"state": 2}, "state is to be 0 or 1, not 2"),
        ({"state": True}, "state is to be 0 or 1, not True"),
        ({}, "state is missing: 0 or 1"),
    ],
)
async def test_what_cannot_be_switched_is_refused_and_nothing_is_written(plant, parameters, says):
    assert says in (await plant.call("setRelay", **parameters))["error"]
    assert plant.peers.writes == []


async def test_a_relay_that_does_not_follow_is_an_error(plant):
    async def stuck(_) -> VariableValue:
        return VariableValue(raw=0, time=0)

    plant.peers.on_write = stuck
    assert "was switched to 1, but reads back as 0" in (await plant.call("setRelay", state=1))["error"]


async def test_without_an_io_device_the_error_says_what_is_missing(service, desk):
    del service
    assert "_daq.csv has no device with index IO" in (await desk.call("setRelay", state=1))["error"]
