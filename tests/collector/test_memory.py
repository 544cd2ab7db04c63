"""What was learnt outlives the collector, and only for the very device that taught it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.collector.blocks import Hole
from heliograph.collector.learnt import Learnt
from heliograph.collector.memory import Memory, Remembered
from heliograph.collector.revision import Station
from heliograph.contract import Service
from heliograph.formats.daq import Device, TcpInterface
from heliograph.formats.definition import Table
from heliograph.formats.definition_parser import parse_definition
from heliograph.runtime import EventLog, SystemClock

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;A;;1;0;;4\n2;3;1;U16;;B;;1;0;;{action}\n"
LEARNT = Learnt(frozenset({Hole(Table.HOLDING_REGISTER, 5, 2)}), {Table.INPUT_REGISTER: 60}, {"7": 2})

tables = st.sampled_from(Table)
learnts = st.builds(
    Learnt,
    st.frozensets(st.builds(Hole, tables, st.integers(0, 65535), st.integers(0, 124)), max_size=5),
    st.dictionaries(tables, st.integers(1, 2000)),
    st.dictionaries(st.text(max_size=8), st.integers(1, 3), max_size=5),
)


def station(action: int = 4, coefficient: str = "1", **more) -> Station:
    text = TEXT.format(action=action).replace("A;;1", f"A;;{coefficient}")
    definition, _ = parse_definition(text.encode(), "a.csv")
    assert definition is not None
    device = Device(line=0, index="1", interface=TcpInterface("h"), name="x", address=1, definition="a.csv")
    return Station(replace(device, **more), definition)


def memory(path: Path) -> tuple[Memory, list[str]]:
    said: list[str] = []
    events = EventLog(Service.COLLECTOR, SystemClock())
    events.warning = said.append  # type: ignore[method-assign]
    return Memory(path, SystemClock(), events), said


async def kept(path: Path, learnt: Learnt, version: str = "") -> None:
    first, _ = memory(path)
    first.keep("1", replace(first.of(station()), version=version, learnt=learnt))
    assert await first.flush()


async def loaded(path: Path) -> tuple[Memory, list[str]]:
    second, said = memory(path)
    await second.load()
    return second, said


@settings(max_examples=50)
@given(learnts, st.text(max_size=20))
def test_all_that_was_learnt_is_there_after_a_restart(tmp_path_factory, learnt, version):
    path = tmp_path_factory.mktemp("m") / "learnt.json"

    async def over_a_restart() -> Remembered:
        await kept(path, learnt, version)
        second, said = await loaded(path)
        assert not said
        return second.of(station())

    found = asyncio.run(over_a_restart())
    assert (found.learnt, found.version) == (learnt, version)


@pytest.mark.parametrize(
    "changed",
    [station(address=2), station(gap=3), station(max_registers=60), station(coefficient="2"), station(action=8)],
    ids=["address", "gap", "limit", "coefficient", "action"],
)
async def test_another_line_or_definition_knows_nothing(tmp_path, changed):
    path = tmp_path / "learnt.json"
    await kept(path, LEARNT)
    second, _ = await loaded(path)
    assert second.of(station()).learnt == LEARNT
    assert not second.of(changed).learnt


async def test_a_device_that_is_gone_is_forgotten(tmp_path):
    path = tmp_path / "learnt.json"
    await kept(path, LEARNT)
    second, _ = await loaded(path)
    second.forget_others({"2"})
    assert await second.flush()
    third, _ = await loaded(path)
    assert not third.of(station()).learnt


DAMAGES = {
    "empty": b"",
    "half": b'[{"device":"1","finger',
    "no list": b"{}",
    "huge hole": b'[{"device":"1","fingerprint":"f","closed":[{"table":3,"address":0,"count":99999999999}]}]',
    "no table": b'[{"device":"1","fingerprint":"f","largest":[{"table":9,"count":4}]}]',
    "nothing at once": b'[{"device":"1","fingerprint":"f","largest":[{"table":3,"count":0}]}]',
    "noise": bytes(range(256)),
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_damaged_file_is_said_and_begun_anew(tmp_path, content):
    path = tmp_path / "learnt.json"
    await asyncio.to_thread(path.write_bytes, content)
    second, said = await loaded(path)
    assert len(said) == 1
    assert not second.of(station()).learnt
    second.keep("1", replace(second.of(station()), learnt=LEARNT))
    assert await second.flush()
    third, said = await loaded(path)
    assert not said
    assert third.of(station()).learnt == LEARNT


async def test_a_disk_that_refuses_is_said_once_and_tried_again(tmp_path):
    path = tmp_path / "gone" / "learnt.json"
    first, said = memory(path)
    first.keep("1", replace(first.of(station()), learnt=LEARNT))
    assert not await first.flush()
    assert not await first.flush()
    assert len(said) == 1
    await asyncio.to_thread(path.parent.mkdir)
    assert await first.flush()
    second, _ = await loaded(path)
    assert second.of(station()).learnt == LEARNT
