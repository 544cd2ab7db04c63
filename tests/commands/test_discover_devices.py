"""`discoverDevices` against a real broker: begun, followed, ended in order, accepted; the collector is played."""

import asyncio

import pytest

from heliograph.commands.actions import discover_devices
from heliograph.contract import (
    DetectAnswer,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    DeviceCondition,
    DeviceState,
    EditAnswer,
    Outcome,
    StopDetection,
)
from heliograph.contract.channels import DETECT, DETECTION, STATE, STOP_DETECTION
from heliograph.formats import parse_daq
from support.plausible import collector_state
from support.plausible_set import FILES, UID
from support.proposals import DEFINITION, proposal

KEY = "0123456789ab"
TEXT = "modbusTCP;inverter;ACME;X5\n1;3;40002;I16;;1_tableId;;;;;1\n"
SEARCH = {"protocol": "sunspec", "interface": "ethernet1", "hosts": ["192.168.1.0/28"]}
LIMIT = 60


class Collector:
    """Plays the collector: a detection that ends after so many looks."""

    def __init__(self) -> None:
        self.asked: list[DetectRequest] = []
        self.stopped: list[StopDetection] = []
        self.refusal = ""
        self.looks = 1
        self.looked = asyncio.Event()
        self.proposals = (proposal("7"), proposal("8"), proposal("9", ticked=False, known="is configured already"))

    async def start(self, request: DetectRequest) -> DetectAnswer:
        self.asked.append(request)
        return DetectAnswer(error=self.refusal, detection=None if self.refusal else KEY)

    async def tell(self, query: DetectionQuery) -> DetectionState:
        self.looks -= 1
        self.looked.set()
        return DetectionState(
            detection=KEY, began=1000, asked=3, total=14, running=self.looks >= 0, proposals=self.proposals,
            definitions={DEFINITION: TEXT} if query.definitions else {},
        )  # fmt: skip

    async def stop(self, request: StopDetection) -> Outcome:
        self.stopped.append(request)
        return Outcome()


@pytest.fixture
async def peer(desk) -> Collector:
    """The collector, before the commands are started."""
    played = Collector()
    await desk.peers.collector.serve(DETECT, played.start)
    await desk.peers.collector.serve(DETECTION, played.tell)
    await desk.peers.collector.serve(STOP_DETECTION, played.stop)
    return played


@pytest.fixture
async def collector(service, peer) -> Collector:
    del service
    return peer


async def test_the_result_is_the_number_found_and_nothing_is_configured(desk, collector):
    """[M] The proposals wait for a person."""
    more = {"port": 1502, "timeout": 300, "maxDevices": 5, "addresses": [1, "3-4"]}
    assert (await desk.call("discoverDevices", **SEARCH, **more))["result"] == 3
    (asked,) = collector.asked
    assert asked == DetectRequest(
        targets=("192.168.1.0/28",), units="1,3-4", port=1502, timeout_ms=300, most_devices=5
    )  # fmt: skip
    assert (desk.peers.revisions.edits, collector.stopped) == ([], [])


async def test_a_serial_line_is_searched_with_its_name(desk, collector):
    assert (await desk.call("discoverDevices", protocol="sunspec", interface="serial2"))["result"] == 3
    assert collector.asked == [DetectRequest(targets=("SERIAL2",))]


async def test_what_is_accepted_becomes_one_edit_of_the_new_devices(desk, collector):
    assert (await desk.call("discoverDevices", **SEARCH, accept=True))["result"] == 3
    (edit,) = desk.peers.revisions.edits
    daq = f"CONFIG/{UID}_daq.csv"
    assert (edit.origin, edit.based_on, set(edit.files)) == ("command", 3, {daq, f"DEF/{DEFINITION}"})
    assert edit.files[daq].startswith(FILES[daq])
    devices = parse_daq(edit.files[daq].encode(), daq)[0].devices
    assert [(str(d.interface), d.name) for d in devices[-2:]] == [
        ("192.168.1.7:502", "X5 A-7"), ("192.168.1.8:502", "X5 A-8"),
    ]  # fmt: skip


async def test_with_nothing_new_to_accept_nothing_is_edited(desk, collector):
    collector.proposals = collector.proposals[2:]
    assert (await desk.call("discoverDevices", **SEARCH, accept=True))["result"] == 1
    assert desk.peers.revisions.edits == []


async def test_an_edit_that_is_refused_is_an_error_that_says_so(desk, collector):
    desk.peers.revisions.answer = EditAnswer(error="the edit is rejected", findings=("daq.csv:7:1: error: too many",))
    error = (await desk.call("discoverDevices", **SEARCH, accept=True))["error"]
    assert error.startswith("3 devices were found, but not configured: the edit is rejected; daq.csv:7:1: error")
    assert len(desk.peers.revisions.edits) == 1


async def test_an_edit_that_is_overtaken_is_computed_anew(desk, collector, monkeypatch):
    monkeypatch.setattr(discover_devices, "LOOK_SECONDS", 0.05)
    desk.peers.revisions.answer = EditAnswer(error="revision 9 is in force by now", conflict=True)
    assert "revision 9 is in force" in (await desk.call("discoverDevices", **SEARCH, accept=True))["error"]
    assert len(desk.peers.revisions.edits) == discover_devices.TRIES


async def test_a_second_search_is_refused_with_the_collectors_words(desk, collector):
    collector.refusal = "a detection is running: wait for its end, or stop it first"
    assert (await desk.call("discoverDevices", **SEARCH))["error"] == collector.refusal


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"protocol": "modbus", "interface": "serial1"}, "protocol is to be sunspec or tic, not 'modbus'"),
        ({"protocol": "sunspec"}, "interface is missing"),
        ({"protocol": "sunspec", "interface": "ethernet1"}, "hosts are missing"),
        ({"protocol": "sunspec", "interface": "serial1", "hosts": "10.0.0.1"}, "hosts are for ethernet1 and ethernet2"),
        ({**SEARCH, "addresses": ["1-5"] * 200}, "addresses are too many"),
        ({**SEARCH, "addresses": [256]}, "addresses is to be"),
        ({**SEARCH, "hosts": ["10.0.0.1"] * 1025}, "hosts is to be"),
        ({**SEARCH, "timeout": 49}, "timeout is to be a whole number of milliseconds"),
        ({"protocol": "tic"}, "_daq.csv has a line with index TIC1"),
    ],
)
async def test_what_cannot_be_searched_is_refused_before_anything_is_asked(desk, collector, parameters, says):
    assert says in (await desk.call("discoverDevices", **parameters))["error"]
    assert collector.asked == []


async def test_a_meter_is_found_while_it_speaks(desk, collector):
    """It is heard where `_daq.csv` has it, and nobody else is asked."""
    daq = f"CONFIG/{UID}_daq.csv"
    tic = "tic;Meter;Linky;\n1;HCHC;;;;Index;;;;Wh;8\n"
    await desk.peers.configure(
        number=9, files={**FILES, daq: FILES[daq] + "TIC1;;linky;;600;;;;;;tic.csv\n", "DEF/tic.csv": tic}
    )
    for condition, found in ((DeviceCondition.RESTING, 0), (DeviceCondition.ANSWERING, 1)):
        device = DeviceState(device="TIC1", name="linky", condition=condition, since=1)
        await desk.peers.collector.store(STATE, collector_state(devices=(device,)), service="collector")
        async with asyncio.timeout(LIMIT):
            while (await desk.call("discoverDevices", protocol="tic")).get("result") != found:
                await asyncio.sleep(0.02)
    assert collector.asked == []


async def test_a_search_that_takes_too_long_is_ended_in_order(desk, collector, monkeypatch):
    monkeypatch.setattr(discover_devices, "MOST_SECONDS", 0.3)
    monkeypatch.setattr(discover_devices, "LOOK_SECONDS", 0.05)
    collector.looks = 10**6
    error = (await desk.call("discoverDevices", **SEARCH))["error"]
    assert "3 of 14 units were asked, 3 devices found; search less at once" in error
    assert [request.detection for request in collector.stopped] == [KEY]


async def test_a_stop_of_the_service_ends_the_search_in_order_and_the_next_start_answers(desk, peer, started):
    context, task = await started()
    peer.looks = 10**6
    text = await desk.hand_in([{"rpcName": "sunpm.discoverDevices", "parameters": SEARCH}])
    await asyncio.wait_for(peer.looked.wait(), LIMIT)
    context.stopping.set()
    await asyncio.wait_for(task, LIMIT)
    assert [request.detection for request in peer.stopped] == [KEY]
    await started()
    (answer,) = await desk.results_of(text)
    assert answer["error"].startswith("the search was ended, the gateway stops: 3 of 14 units")
    assert len(peer.asked) == 1, "it is not run again"
