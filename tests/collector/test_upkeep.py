"""What is done for a plan beside the polls: seldom, one thing a turn, and what it finds is followed at once."""

from pathlib import Path

import pytest

from heliograph.collector.blocks import Hole
from heliograph.collector.cost import wire_of
from heliograph.collector.fetch import Fetch
from heliograph.collector.learnt import Learnt
from heliograph.collector.links import Illegal, ReadCall, modbus_exception
from heliograph.collector.memory import Memory
from heliograph.collector.pace import PaceMeter
from heliograph.collector.revision import Station
from heliograph.collector.upkeep import PACE_SECONDS, VERSION_SECONDS, Upkeep, version_variables
from heliograph.contract import Service
from heliograph.formats.daq import Device, SerialInterface, SerialLine
from heliograph.formats.definition import Table
from heliograph.formats.definition_parser import parse_definition
from heliograph.runtime import EventLog, SystemClock

LINE = SerialLine(1, baudrate=9600)
CHARACTER = 10 / 9600
PLAIN = "modbusRTU;a;b;c\n1;3;0;U16;;A;;1;0;;4\n2;3;21;U16;;B;;1;0;;4\n3;3;42;U16;;C;;1;0;;4\n"
VERSIONED = PLAIN + "4;3;90;U16;;Firmware;DisplayVersion;1;0;;0\n"


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Answering:
    """A device that gives every register but some, each as its address."""

    def __init__(self, bad=()) -> None:
        self.bad = set(bad)
        self.asked: list[int] = []
        self.version = 90

    async def read(self, call: ReadCall) -> bytes:
        self.asked.append(call.address)
        span = range(call.address, call.address + call.count)
        if not self.bad.isdisjoint(span):
            raise modbus_exception(2)
        return b"".join((self.version if n == 90 else n).to_bytes(2, "big") for n in span)


class Kept:
    """An upkeep with all that it stands on."""

    def __init__(self, path: Path, text: str = PLAIN, learnt: Learnt | None = None, gap: int = 30) -> None:
        definition, _ = parse_definition(text.encode(), "a.csv")
        assert definition is not None
        device = Device(line=0, index="1", interface=SerialInterface(1), name="meter", address=1, gap=gap)
        station = Station(device, definition, LINE, "/dev/null")
        wire = wire_of(LINE)
        self.clock = Hands()
        self.said: list[str] = []
        events = EventLog(Service.COLLECTOR, SystemClock())
        events.info = events.warning = self.said.append  # type: ignore[method-assign]
        self.meter = PaceMeter(wire)
        self.memory = Memory(path / "learnt.json", self.clock, events)
        self.fetch = Fetch(definition.recorded, device, wire, learnt or Learnt())
        self.upkeep = Upkeep(station, self.fetch, wire, self.meter, self.memory, self.clock, events)
        self.station = station


async def asked(kept: Kept, device: Answering, seconds: float) -> list[int]:
    """What is asked after a poll so many seconds later."""
    kept.clock.now += seconds
    device.asked.clear()
    try:
        await kept.upkeep.after_poll(device)
    except Illegal:
        assert device.bad
    return list(device.asked)


async def test_a_refused_variable_is_asked_again_ever_more_seldom_to_once_an_hour(tmp_path):
    kept, device = Kept(tmp_path, learnt=Learnt(refused={"2": 2})), Answering(bad=[21])
    assert await asked(kept, device, 9) == []
    waits = [10, 30, 90, 270, 810, 2430, 3600, 3600]
    kept.clock.now += 1
    for wait in waits[1:]:
        assert await asked(kept, device, 0) == [21]
        assert await asked(kept, device, wait - 1) == []
        kept.clock.now += 1
    assert kept.said == []


async def test_one_variable_a_turn_is_asked_and_one_that_is_given_makes_all_due(tmp_path):
    kept, device = Kept(tmp_path, learnt=Learnt(refused={"1": 2, "2": 2, "3": 2})), Answering(bad=[0, 21, 42])
    kept.clock.now += 10
    assert sorted([(await asked(kept, device, 0))[0] for _ in range(3)]) == [0, 21, 42]
    assert await asked(kept, device, 0) == []
    device.bad = set()
    assert len(await asked(kept, device, 30)) == 1
    assert len(await asked(kept, device, 0)) == 1
    assert len(await asked(kept, device, 0)) == 1
    assert kept.fetch.learnt == Learnt()
    assert kept.said[0] == "meter: 'A' (a.csv:2) is given again"
    assert kept.memory.of(kept.station).learnt == Learnt()


async def test_a_device_that_is_back_is_asked_for_all_that_it_refused(tmp_path):
    kept, device = Kept(tmp_path, learnt=Learnt(refused={"2": 2})), Answering(bad=[21])
    for wait in (10, 30, 90):
        await asked(kept, device, wait)
    assert await asked(kept, device, 1) == []
    kept.upkeep.returned()
    assert await asked(kept, device, 0) == [21]


async def test_the_pace_is_looked_at_seldom_and_a_cheaper_plan_is_followed(tmp_path):
    kept, device = Kept(tmp_path), Answering()
    for _ in range(20):
        kept.meter.note(2, (13 + 2) * CHARACTER + 0.060)
    assert await asked(kept, device, PACE_SECONDS - 1) == []
    assert kept.fetch.figures.requests == 3
    assert await asked(kept, device, 1) == []
    assert kept.fetch.figures.requests == 1
    assert kept.said == [
        "meter: it needs 60.0 ms to answer; the plan of 1 requests is cheaper now and is followed",
    ]


async def test_another_version_forgets_and_the_same_one_does_not(tmp_path):
    learnt = Learnt(closed=frozenset({Hole(Table.HOLDING_REGISTER, 1, 20)}))
    kept, device = Kept(tmp_path, VERSIONED, learnt), Answering()
    assert await asked(kept, device, 0) == [90]
    assert (kept.memory.of(kept.station).version, kept.fetch.learnt) == ("90", learnt)
    assert await asked(kept, device, VERSION_SECONDS - 1) == []
    assert await asked(kept, device, 1) == [90]
    assert kept.fetch.learnt == learnt
    device.version = 91
    assert await asked(kept, device, VERSION_SECONDS) == [90]
    assert kept.fetch.learnt == Learnt()
    assert kept.said == ["meter: the firmware is '91' and no longer '90': how it can be read is learnt anew"]
    assert (kept.memory.of(kept.station).version, kept.memory.of(kept.station).learnt) == ("91", Learnt())


async def test_a_version_that_is_refused_forgets_nothing(tmp_path):
    learnt = Learnt(refused={"2": 2})
    kept, device = Kept(tmp_path, VERSIONED, learnt), Answering(bad=[90])
    assert await asked(kept, device, 0) == [90]
    assert kept.fetch.learnt == learnt


def test_many_refused_variables_are_one_line(tmp_path):
    text = "modbusRTU;a;b;c\n" + "".join(f"{n};3;{n};U16;;V{n};;1;0;;4\n" for n in range(9))
    kept = Kept(tmp_path, text)
    kept.upkeep.learn(Learnt(refused={str(n): 1 + n % 2 for n in range(9)}))
    (line,) = kept.said
    assert line.startswith(
        "meter refuses 'V0' (a.csv:2), 'V1' (a.csv:3), 'V2' (a.csv:4), 'V3' (a.csv:5), 'V4' (a.csv:6)"
    )
    assert " and 4 more with exception 1 (illegal function), exception 2 (illegal data address): missing in" in line
    kept.upkeep.learn(kept.fetch.learnt)
    assert len(kept.said) == 1


@pytest.mark.parametrize(
    ("line", "is_version"),
    [
        ("9;3;40;8_16;", False),
        ("9;3;40_16;String;;Software;DisplayVersion;;;;1", True),
        ("9;3;40_16;String;;1_Vr;;;;;1", True),
        ("9;3;40_16;String;;1_Md;DisplayModel;;;;1", False),
        ("9;3;40_16;String;;x1_Vr;;;;;1", False),
    ],
    ids=["broken", "tag", "sunspec", "model", "other name"],
)
def test_the_version_is_known_by_its_tag_or_its_name_in_sunspec(line, is_version):
    definition, _ = parse_definition(f"{PLAIN}{line}\n".encode(), "a.csv")
    assert bool(definition and version_variables(definition)) is is_version
