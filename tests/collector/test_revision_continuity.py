"""Revisions in quick succession while the collector polls: devices that did not change lose no reading and no record.

Every register counts its reads. Where minimum and maximum of neighbouring records meet without a hole, and the mean is
the middle of the two, each reading that a device gave was recorded, once. (A busy machine may read nothing for a whole
period, which then has no record.)
"""

import asyncio
from collections.abc import Callable

import pytest

from heliograph.collector.linking import LinkSpec, open_link
from heliograph.contract import Record, Revision
from heliograph.demo.simulator import Registers, RtuSimulator, TcpSimulator
from support.collecting import Witness, collector, revision, until, witness

REVISIONS = 24
STEADY = ("1", "2", "3")
PERIOD_SECONDS = 2


class Counting(Registers):
    reads = 0

    def read(self, table: int, address: int, count: int) -> list[int]:
        self.reads += 1
        return [self.reads]


def definition(protocol: str, note: int = 0, action: int = 6) -> str:
    """The same variable whatever the note, which stands in the first line and moves all others."""
    return f"{protocol};meter;maker;note {note}\n" + "\n" * note + f"1;3;0;U16;;Count;;1;0;;{action}\n"


def line(index: int, interface: str, file: str = "m.csv", poll: str = "poll=40,0", name: str = "") -> str:
    return f"{index};{interface};{name or f'd{index}'};{index};{PERIOD_SECONDS};5000;;{poll};;;{file}"


def variation(number: int, interface: str, protocol: str, serial: Callable[[int], list[str]]) -> Revision:
    """Revision `number`: the three steady devices, with everything round them changed."""
    steady = [line(int(index), interface) for index in STEADY]
    changing = line(4, interface, "o.csv", f"poll={40 + number},{number // 3 % 2}", f"changing {number}")
    coming = [line(5, interface)] if number % 2 else []
    lines = [*coming, changing, *steady] if number % 3 else [*reversed(steady), changing, *coming]
    texts = {"m.csv": definition(protocol, number // 2 % 4), "o.csv": definition(protocol, 0, 4 + 2 * (number % 2))}
    return revision(lines, texts, number=number, serial=serial(number))


async def revised_all_along(sync: Witness, made: Callable[[int], Revision]) -> None:
    """Publish one revision after the other, in a rhythm unlike that of the polls, and record on for two periods."""
    await sync.publish(made(1))
    await until(lambda: set(STEADY) <= {record.device for record in sync.records}, "all record")
    for number in range(2, REVISIONS + 1):
        await sync.publish(made(number))
        await asyncio.sleep(0.013 * (number % 7))
    await until(lambda: sync.states[-1].revision == REVISIONS, "the last one is applied")
    seen = len(sync.records)
    for index in STEADY:
        await until(lambda index=index: sync.dates(index, seen) >= 2, f"device {index} goes on")


def nothing_is_missing(records: list[Record]) -> None:
    assert [record.time for record in records] == sorted({record.time for record in records})
    assert not any(record.time % (PERIOD_SECONDS * 1000) for record in records)
    for record in records:
        least, most, mean, last = record.values
        assert (mean, last) == ((least + most) / 2, most)
    assert [b.values[0] for b in records[1:]] == [a.values[1] + 1 for a in records[:-1]]


async def test_unchanged_devices_behind_one_socket_lose_no_reading(broker, tmp_path):
    units = {unit: Counting() for unit in range(1, 6)}
    async with TcpSimulator(units) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        interface = f"127.0.0.1:{plant.port}"
        await revised_all_along(sync, lambda number: variation(number, interface, "modbusTCP", lambda _: []))
        assert plant.accepted > 3, "the socket was made anew under the devices"
    for index in STEADY:
        nothing_is_missing([record for record in sync.records if record.device == index])


async def test_unchanged_devices_on_a_serial_line_lose_no_reading_while_its_parameters_change(broker, tmp_path):
    def serial(number: int) -> list[str]:
        return [f"SERIAL1;115200;8;N;1;2;modbusRTU;{number // 4 % 3}"]

    units = {unit: Counting() for unit in range(1, 6)}
    async with (
        RtuSimulator(units, 115200) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", serial1_device=plant.device),
    ):
        await revised_all_along(sync, lambda number: variation(number, "SERIAL1", "modbusRTU", serial))
    for index in STEADY:
        nothing_is_missing([record for record in sync.records if record.device == index])


async def test_the_records_of_a_device_name_the_newest_text_of_its_definition(broker, tmp_path):
    async with TcpSimulator({1: Counting()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        lines = [line(1, f"127.0.0.1:{plant.port}")]
        await sync.publish(revision(lines, {"m.csv": definition("modbusTCP")}))
        await until(lambda: sync.records)
        await sync.publish(revision(lines, {"m.csv": definition("modbusTCP", 3)}, number=2))
        await until(lambda: len({record.layout.digest for record in sync.records}) == 2, "the new text is named")
    nothing_is_missing(sync.records)


@pytest.mark.parametrize("fault", [ValueError("no such thing"), MemoryError()])
async def test_a_fault_in_the_middle_of_a_revision_leaves_the_old_plan_whole(broker, tmp_path, fault):
    """A device changed, one gone, one new, and the link of the new one cannot be made."""

    def opening(spec: LinkSpec):
        if spec.tcp is not None and spec.tcp.port == 9:
            raise fault
        return open_link(spec)

    units = {unit: Counting() for unit in (1, 2, 3)}
    async with (
        TcpSimulator(units) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c", link=opening) as running,
    ):
        interface = f"127.0.0.1:{plant.port}"
        texts = {"m.csv": definition("modbusTCP"), "o.csv": definition("modbusTCP", 0, 4)}
        old = [line(1, interface), line(2, interface), line(3, interface)]
        await sync.publish(revision(old, texts))
        await until(lambda: {record.device for record in sync.records} == set(STEADY))
        faulty = [line(1, interface), line(2, interface, "o.csv"), line(9, "127.0.0.1:9")]
        await sync.publish(revision(faulty, texts, number=2))
        await until(lambda: sync.states[-1].rejected_revision == 2, "it is refused")
        state = sync.states[-1]
        assert (state.revision, [device.device for device in state.devices]) == (1, ["1", "2", "3"])
        assert type(fault).__name__ in state.rejected
        seen = len(sync.records)
        await until(lambda: all(sync.dates(index, seen) >= 2 for index in STEADY), "all three go on")
        await sync.publish(revision(old, texts, number=3))
        await until(lambda: sync.states[-1].revision == 3, "what was taken back is taken")
        assert (sync.states[-1].rejected, sync.states[-1].rejected_revision) == ("", None)
        assert not running.task.done()
    for index in STEADY:
        nothing_is_missing([record for record in sync.records if record.device == index])
