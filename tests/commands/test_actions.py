"""The built-in commands against a real broker: results to the letter of spec 4.2, errors that name what is wrong."""

import asyncio
import time

import pytest

from heliograph.commands import gateway as gateway_module
from heliograph.contract import StatusDocument, VariableValue
from heliograph.contract.channels import LIVE
from support.plausible import reading
from support.plausible_set import FILES, UID


@pytest.fixture(autouse=True)
async def _running(service):
    return service


async def test_read_variable_gives_value_raw_unit_and_timestamp(desk):
    """By name and index, by tag, by Index as text and as number."""
    desk.peers.registers["1", "1"] = 4210
    before = int(time.time() * 1000)
    for device, variable in (("roof_1", "AC power"), (1, "RealPower"), ("1", "1"), (1, 1)):
        answer = await desk.call("readVariable", device=device, variable=variable)
        result = answer["result"]
        assert answer["callerId"] is None
        assert list(result) == ["value", "raw", "unit", "timestamp"]
        assert (result["value"], result["raw"], result["unit"]) == (42.1, 4210, "kW")
        assert result["timestamp"] >= before
    assert {(r.device, r.variable) for r in desk.peers.reads} == {("1", "1")}


async def test_read_variable_of_a_text(desk):
    desk.peers.registers["2", "10"] = "SN-0815"
    result = (await desk.call("readVariable", device="roof_2", variable="Serial number"))["result"]
    assert (result["value"], result["raw"], result["unit"]) == ("SN-0815", "SN-0815", "")


async def test_read_variable_reads_its_scale_factor_when_no_live_reading_has_it(desk):
    desk.peers.registers |= {("1", "7"): 6000, ("1", "8"): -2}
    result = (await desk.call("readVariable", device="roof_1", variable="Power limit"))["result"]
    assert (result["value"], result["raw"]) == (60, 6000)
    assert [r.variable for r in desk.peers.reads] == ["7", "8"]


async def test_read_variable_takes_its_scale_factor_from_a_fresh_live_reading(desk):
    desk.peers.registers["1", "7"] = 6000
    async with asyncio.timeout(60):
        while True:
            await desk.peers.collector.publish(LIVE, reading("1"), device="1")
            desk.peers.reads.clear()
            result = (await desk.call("readVariable", device="roof_1", variable="Power limit"))["result"]
            if len(desk.peers.reads) == 1:
                break
    assert (result["value"], result["raw"]) == (60, 6000)


async def test_read_variable_with_an_age_takes_a_reading_that_is_young_enough(desk):
    desk.peers.registers["1", "1"] = 7
    now = int(time.time() * 1000)
    async with asyncio.timeout(60):
        while True:  # until the reading is heard
            await desk.peers.collector.publish(LIVE, reading("1", now - 5000), device="1")
            desk.peers.reads.clear()
            result = (await desk.call("readVariable", device="roof_1", variable="AC power", maxAge=3600))["result"]
            if not desk.peers.reads:
                break
    assert (result["raw"], result["timestamp"]) == (reading("1", now - 5000).values["1"], now - 5000)
    result = (await desk.call("readVariable", device="roof_1", variable="AC power", maxAge=1))["result"]
    assert (result["raw"], len(desk.peers.reads)) == (7, 1)
    answer = await desk.call("readVariable", device="roof_1", variable="AC power", maxAge=0)
    assert "maxAge is to be a whole number of seconds, 1 to 3600" in answer["error"]


async def test_without_its_scale_factor_the_value_is_missing_and_the_raw_one_is_not(desk):
    desk.peers.registers["1", "7"] = 6000
    result = (await desk.call("readVariable", device="roof_1", variable="Power limit"))["result"]
    assert (result["value"], result["raw"]) == (None, 6000)


async def test_write_variable_takes_the_engineering_value_and_gives_what_was_read_back(desk):
    desk.peers.registers["1", "8"] = -2
    answer = await desk.call("writeVariable", device="roof_1", variable="cmdPwrPercent", value=60)
    assert answer == {"result": {"value": 60, "raw": 6000}, "callerId": None}
    (write,) = desk.peers.writes
    assert (write.device, write.variable, write.raw, write.verify) == ("1", "7", 6000, True)


async def test_write_variable_takes_a_raw_value(desk):
    desk.peers.registers["1", "8"] = -2
    answer = await desk.call("writeVariable", device=1, variable=7, value=5500, raw=True, verify=False)
    assert answer["result"] == {"value": None, "raw": None}
    (write,) = desk.peers.writes
    assert (write.raw, write.verify) == (5500, False)


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"device": "roof_1", "variable": "AC power", "value": 1000}, ["'AC power' of 'roof_1'", "65535"]),
        ({"device": "roof_1", "variable": "AC power", "value": -1}, ["'AC power' of 'roof_1'"]),
        ({"device": "roof_1", "variable": "AC power", "value": "much"}, ["'AC power' of 'roof_1'", "much"]),
        ({"device": "roof_1", "variable": "AC power", "value": 70000, "raw": True}, ["65535"]),
        ({"device": "roof_1", "variable": "AC power", "value": 1e300}, ["'AC power' of 'roof_1'"]),
        ({"device": "roof_1", "variable": "Serial number", "value": "x" * 17}, ["'Serial number'", "16"]),
        ({"device": "roof_1", "variable": "Grid frequency", "value": 50}, ["input register", "cannot be written"]),
        ({"device": "roof_1", "variable": "Power limit", "value": 60}, ["scale factor 'Limit_SF'", "not written"]),
        ({"device": "roof1", "variable": "AC power", "value": 1}, ["unknown device 'roof1' (is 'roof_1' meant?)"]),
        ({"device": 17, "variable": "AC power", "value": 1}, ["unknown device 17", "'roof_1'"]),
        (
            {"device": "roof_1", "variable": "AC powr", "value": 1},
            ["unknown variable 'AC powr' of device 'roof_1' (is 'AC power' meant?)"],
        ),
        ({"device": "roof_1", "variable": "cmdPwrPercnt", "value": 1}, ["(is 'cmdPwrPercent' meant?)"]),
    ],
)
async def test_what_cannot_be_written_is_refused_with_a_name_and_never_sent(desk, parameters, names):
    answer = await desk.call("writeVariable", **parameters)
    assert "result" not in answer
    for name in names:
        assert name in answer["error"]
    assert desk.peers.writes == []


async def test_a_write_that_reads_back_differently_is_an_error(desk):
    async def clamp(request) -> VariableValue:
        return VariableValue(raw=100, time=0, verified=False)

    desk.peers.on_write = clamp
    answer = await desk.call("writeVariable", device=2, variable="AC power", value=2)
    assert answer["error"] == "'AC power' of 'roof_2' was written with raw value 200, but reads back as 100"


async def test_a_dead_device_is_an_error_with_the_collectors_words(desk):
    answer = await desk.call("readVariable", device="roof_3", variable="AC power")
    assert answer["error"] == "the device did not answer within 1 s"


async def test_a_silent_collector_is_an_error_after_a_limit(desk, monkeypatch):
    """The text of a write says that nobody knows."""
    monkeypatch.setattr(gateway_module, "DEVICE_SECONDS", 0.2)
    monkeypatch.setattr(gateway_module, "TRIES", 0)

    async def hang(_) -> None:
        await asyncio.sleep(5)

    desk.peers.on_write = hang
    answer = await desk.call("writeVariable", device=2, variable="AC power", value=2)
    assert answer["error"].startswith(
        "collector did not answer within 0.2 s: it is not known whether 'AC power' of 'roof_2' was written"
    )


async def test_get_parameters(desk):
    assert (await desk.call("getParameters"))["result"] == "OK"
    assert (await desk.call("getParameters", device="grid meter"))["result"] == "OK"
    assert [r.device for r in desk.peers.parameters] == [None, "4"]
    assert "unknown device" in (await desk.call("getParameters", device="nobody"))["error"]


async def test_connect(desk):
    assert (await desk.call("connect"))["result"] == "OK"
    assert (await desk.call("connect", server=2))["result"] == "OK"
    assert [c.server for c in desk.peers.connects] == [None, 2]
    desk.peers.refusal = "server 2 is not configured"
    assert (await desk.call("connect", server=2))["error"] == "server 2 is not configured"


async def test_log_has_an_interface_traced(desk):
    assert (await desk.call("log", interface="serial1", minutes=10))["result"] == "OK"
    (request,) = desk.peers.traces
    assert (request.interface, request.minutes, request.origin) == ("serial1", 10, "command")
    desk.peers.refusal = "there is nothing to trace"
    assert (await desk.call("log", interface="serial2", minutes=1))["error"] == "there is nothing to trace"


async def test_status_is_the_status_document(desk):
    async with asyncio.timeout(60):
        while True:
            await desk.peers.report(devices=())
            document = StatusDocument.model_validate((await desk.call("status"))["result"])
            if document.devices and document.servers:
                break
    assert document.uid == UID
    assert [s.service for s in document.services if s.running] == ["collector", "sync", "commands"]


async def test_a_new_revision_is_in_force_for_the_next_command(desk):
    renamed = {**FILES, f"CONFIG/{UID}_daq.csv": FILES[f"CONFIG/{UID}_daq.csv"].replace("roof_2", "barn")}
    desk.peers.registers["2", "1"] = 1
    await desk.peers.configure(4, renamed)
    async with asyncio.timeout(60):
        while "error" in await desk.call("readVariable", device="barn", variable="AC power"):
            await asyncio.sleep(0.05)
    assert "unknown device" in (await desk.call("readVariable", device="roof_2", variable="AC power"))["error"]
