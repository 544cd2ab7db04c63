"""Detection asked of a running collector over a real broker: progress, proposals, stop, and polling that goes on."""

from contextlib import asynccontextmanager

import pytest

from heliograph.contract import (
    DetectionProgress,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    DeviceCondition,
    Service,
    StopDetection,
)
from heliograph.contract.channels import DETECT, DETECTION, DETECTION_PROGRESS, STOP_DETECTION
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator
from heliograph.formats import engineering_values, parse_definition
from heliograph.formats.interface import read_interface
from heliograph.formats.sunspec import Proposed, additions
from heliograph.formats.sunspec.names import Identity
from heliograph.runtime import NoAnswer
from support.collecting import UID, FastClock, collector, revision, until, witness
from support.sunspec import device, inverter
from support.waiting import until as until_asked

DEFINITION = "modbusTCP;Meter;Test;One\n1;3;0;U16;;Counter;;1;0;;4\n"
SERIAL = "SERIAL1;115200;8;N;1;2;modbusRTU;0"


class Asked:
    """Asks as the api does, and keeps what it hears."""

    def __init__(self, bus) -> None:
        self.bus = bus
        self.heard: list[DetectionProgress] = []

    async def hear(self, progress: DetectionProgress) -> None:
        self.heard.append(progress)

    @property
    def lines(self) -> list[str]:
        """Lines of progress without their time."""
        return [progress.line[21:] for progress in self.heard if progress.line]

    async def start(self, *targets: str, **more):
        return await self.bus.request(DETECT, DetectRequest(targets=targets, **more), timeout=20)

    async def begin(self, *targets: str, **more) -> str:
        answer = await self.start(*targets, **more)
        assert answer.error == ""
        return answer.detection

    async def state(self, key: str | None = None, *, definitions: bool = False) -> DetectionState:
        return await self.bus.request(DETECTION, DetectionQuery(detection=key, definitions=definitions), timeout=20)

    async def ended(self, key: str) -> DetectionState:
        async def over():
            state = await self.state(key, definitions=True)
            return None if state.running else state

        return await until_asked(over)

    async def stop(self, key: str, *, forget: bool = False):
        return await self.bus.request(STOP_DETECTION, StopDetection(detection=key, forget=forget), timeout=20)


@asynccontextmanager
async def asking(connect):
    bus = await connect(Service.API)
    asked = Asked(bus)
    await bus.subscribe(DETECTION_PROGRESS, asked.hear)

    async def served() -> bool:
        try:
            await asked.stop("000000000000")
        except NoAnswer:
            return False
        return True

    await until_asked(served)
    yield asked


def accepted(state: DetectionState, files: dict[str, str], *keys: str) -> dict[str, str]:
    """The set after these proposals were accepted, as the api has it made; with a record a second."""
    proposed = [
        Proposed(
            read_interface(p.interface), p.address, Identity(p.manufacturer, p.model, p.options, p.version,
            p.serial_number), p.definition, state.definitions[p.definition].encode(),
        )
        for p in state.proposals if p.key in keys
    ]  # fmt: skip
    added = additions({path: text.encode() for path, text in files.items()}, UID, proposed)
    return files | {path: content.decode().replace(";600;", ";1;") for path, content in added.files.items()}


async def test_from_the_question_to_records_with_the_values_of_the_device(broker, connect, tmp_path):
    """Asked, told, proposed, accepted: the next revision polls the device, its records scale to what it measures."""
    async with (
        TcpSimulator({1: device(inverter())}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
        asking(connect) as asked,
    ):
        empty = revision([], {})
        await sync.publish(empty)
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        key = await asked.begin(f"127.0.0.1:{plant.port}")
        state = await asked.ended(key)
        (found,) = state.proposals
        assert (found.ticked, found.model, found.serial_number) == (True, "HW 5000/TL", "HW-0815")
        files = accepted(state, dict(empty.files), found.key)
        assert f"\n0;127.0.0.1:{plant.port};HW 5000/TL HW-0815;1;" in files[f"CONFIG/{UID}_daq.csv"]
        await sync.publish(empty.model_copy(update={"number": 2, "files": files}))
        await until(lambda: sync.records, "a record")
        again = await asked.state(key)
        await until(lambda: not asked.heard[-1].running)
    (record, *_) = sync.records
    definition, _ = parse_definition(files[f"DEF/{found.definition}"].encode(), found.definition)
    raw = {v.index: value for v, value in zip(definition.recorded, record.values, strict=True)}
    values = engineering_values(definition, raw)
    by_name = {v.name: values.get(v.index) for v in definition.variables}
    assert (by_name["103_W"], by_name["103_PhVphA"], by_name["123_WMaxLimPct"]) == (12340, 230.1, 75)
    assert "is configured already: HW 5000/TL HW-0815 (0)" in again.proposals[0].known
    assert asked.lines == [line[21:] for line in state.lines]
    assert asked.lines[-1] == f"End of SunSpec detection on 127.0.0.1:{plant.port}. 1 devices found."


async def test_what_is_not_implemented_is_missing_in_records(broker, connect, tmp_path):
    """A pattern of SunSpec's is no number: it stands in no record, and no minimum is made of it."""
    bank = device(inverter())
    async with (
        TcpSimulator({1: bank}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
        asking(connect) as asked,
    ):
        empty = revision([], {})
        await sync.publish(empty)
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        state = await asked.ended(await asked.begin(f"127.0.0.1:{plant.port}"))
        files = accepted(state, dict(empty.files), "1")
        text = state.definitions[state.proposals[0].definition]
        definition, _ = parse_definition(text.encode(), state.proposals[0].definition)
        watched = {v.name: (n, v) for n, v in enumerate(definition.recorded)}
        for name, pattern in (("103_W", 0x8000), ("103_PhVphA", 0xFFFF), ("103_A_SF", 0x8000)):
            bank.put(HOLDING_REGISTER, watched[name][1].point.address, [pattern])
        await sync.publish(empty.model_copy(update={"number": 2, "files": files}))
        await until(lambda: sync.records, "a record")
    values = sync.records[0].values
    assert [values[watched[name][0]] for name in ("103_W", "103_PhVphA", "103_A_SF")] == [None, None, None]
    assert values[watched["103_Hz_SF"][0]] == -2


class OneClient(TcpSimulator):
    """An inverter that allows one connection and cuts every other."""

    refused = 0

    def enter(self, connection) -> None:
        super().enter(connection)
        if len(self.connections) > 1:
            self.refused += 1
            connection.reset()


async def test_a_device_that_allows_one_connection_is_searched_through_the_one_that_polls_it(broker, connect, tmp_path):
    bank = device(inverter())
    bank.put(HOLDING_REGISTER, 0, [7])
    async with (
        OneClient({1: bank}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
        asking(connect) as asked,
    ):
        line = f"3;127.0.0.1:{plant.port};roof;1;1;500;;poll=50;;;m.csv"
        await sync.publish(revision([line], {"m.csv": DEFINITION}))
        await until(lambda: sync.device("3").condition is DeviceCondition.ANSWERING)
        state = await asked.ended(await asked.begin(f"127.0.0.1:{plant.port}"))
        before = sync.dates("3")
        await until(lambda: sync.dates("3") > before, "it is polled on")
        assert (plant.accepted, plant.refused) == (1, 0)
    (found,) = state.proposals
    assert (found.ticked, found.known) == (False, "is configured already: roof (3)")
    assert len(found.tables) == 4


async def test_a_host_that_begins_to_be_polled_is_searched_on_through_its_line(broker, connect, tmp_path):
    """The search lets its own connection go as soon as a line owns the host, though only one is allowed."""
    polled = device(inverter())
    polled.put(HOLDING_REGISTER, 0, [7])
    async with (
        OneClient({1: polled, 2: Registers(), 3: device(inverter(serial="third"))}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=FastClock(1)) as running,
        asking(connect) as asked,
    ):
        plant.faults[2].dead = True
        await sync.publish(revision([], {}))
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        key = await asked.begin(f"127.0.0.1:{plant.port}", units="2-3", timeout_ms=2000)
        await until(lambda: plant.units.requests[2], "the search is on its way")
        line = f"3;127.0.0.1:{plant.port};roof;1;1;5000;;poll=50;;;m.csv"
        await sync.publish(revision([line], {"m.csv": DEFINITION}, number=2))
        state = await asked.ended(key)
        await until(lambda: sync.device("3").condition is DeviceCondition.ANSWERING)
        await until(lambda: len(plant.connections) == 1, "one connection is left")
        assert running.context.bus.connected
    assert [found.serial_number for found in state.proposals] == ["third"]


async def test_the_collector_ends_in_order_while_a_search_waits(broker, connect, tmp_path):
    async with (
        TcpSimulator({1: Registers()}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c") as running,
        asking(connect) as asked,
    ):
        plant.faults[1].dead = True
        await sync.publish(revision([], {}))
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        await asked.begin(f"127.0.0.1:{plant.port}", timeout_ms=10000)
        await until(lambda: plant.units.requests[1])
        await running.stop()
        assert running.task.exception() is None
        await until(lambda: not plant.connections, "the connection is let go")


async def test_a_line_is_polled_on_while_silent_units_are_searched(broker, connect, tmp_path):
    """Between two requests of the search the devices of the line have their turns."""
    known = Registers({HOLDING_REGISTER: {0: 7}})
    async with (
        RtuSimulator({3: known, 9: device(inverter(), 0)}, 115200, paced=False) as wire,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=wire.device),
        asking(connect) as asked,
    ):
        files = {"m.csv": DEFINITION.replace("modbusTCP", "modbusRTU")}
        await sync.publish(revision(["3;SERIAL1;meter;3;1;5000;;poll=10;;;m.csv"], files, serial=[SERIAL]))
        await until(lambda: sync.device("3").condition is DeviceCondition.ANSWERING)
        before = wire.units.requests[3]
        silent = await asked.ended(await asked.begin("SERIAL1", units="5-6", timeout_ms=100))
        polled, searched = wire.units.requests[3] - before, wire.units.requests[5] + wire.units.requests[6]
        state = await asked.ended(await asked.begin("SERIAL1", units="9", timeout_ms=5000))
    assert silent.proposals == ()
    assert searched >= 2
    assert polled >= searched / 2, "a poll fell due during each request, and had its turn after it"
    assert [(found.address, found.interface) for found in state.proposals] == [(9, "SERIAL1")]
    assert state.proposals[0].definition.endswith("_modbusRTU.csv")


async def test_one_search_runs_at_a_time_and_is_stopped(broker, connect, tmp_path):
    async with (
        TcpSimulator({1: device(inverter()), 2: Registers()}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", clock=FastClock(1)),
        asking(connect) as asked,
    ):
        plant.faults[2].dead = True
        await sync.publish(revision([], {}))
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        key = await asked.begin(f"127.0.0.1:{plant.port}", units="1-2", timeout_ms=10000)
        await until(lambda: plant.units.requests[2], "the silent unit is asked")
        assert "a detection is running" in (await asked.start("127.0.0.1")).error
        assert (await asked.stop(key)).error == ""
        state = await asked.state(key)
        assert (state.running, state.stopped, len(state.proposals)) == (False, True, 1)
        assert state.lines[-1].endswith(f"End of SunSpec detection on 127.0.0.1:{plant.port}. 1 devices found.")
        assert (await asked.stop(key, forget=True)).error == ""
        assert "there is no detection" in (await asked.state(key)).error
        assert "there is no detection" in (await asked.stop(key)).error


async def test_a_device_that_answers_to_every_unit_is_proposed_once(broker, connect, tmp_path):
    bank = device(inverter())
    async with (
        TcpSimulator({1: bank, 2: bank, 3: device(inverter(serial="other"))}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
        asking(connect) as asked,
    ):
        await sync.publish(revision([], {}))
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        state = await asked.ended(await asked.begin(f"127.0.0.1:{plant.port}", units="1-3"))
    assert [found.ticked for found in state.proposals] == [True, False, True]
    assert f"the serial number of @1 127.0.0.1:{plant.port}" in state.proposals[1].known
    assert len(state.definitions) == 1, "devices that are alike share a definition"


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (("SERIAL2",), "no serial port is behind SERIAL2: set SERIAL2_DEVICE"),
        (("SERIAL4",), "is none of SERIAL1, SERIAL2, SERIAL3"),
        (("10.0.0.0/8",), "at most 1024 addresses"),
        (("10.0.0.9-3",), "the range ends before it begins"),
        ((" , ",), "nothing to search"),
    ],
    ids=["no-port", "no-line", "too-many", "backwards", "nothing"],
)
async def test_what_cannot_be_searched_is_refused_with_its_reason(broker, connect, tmp_path, targets, said):
    async with witness(broker) as sync, collector(broker, tmp_path / "c"), asking(connect) as asked:
        assert "no configuration is in force yet" in (await asked.start("127.0.0.1")).error
        await sync.publish(revision([], {}))
        await until(lambda: sync.states and sync.states[-1].revision == 1)
        assert said in (await asked.start(*targets)).error
        assert (await asked.state()).error == "there is no detection"
