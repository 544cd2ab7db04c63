"""Revisions: taken whole or not at all; what is the same goes on without losing a poll."""

from itertools import pairwise

from heliograph.contract import DeviceCondition
from heliograph.demo.simulator import Registers, TcpSimulator
from support.collecting import collector, revision, until, witness

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;Count;;1;0;;6\n"
OTHER = "modbusTCP;a;b;c\n1;3;0;U16;;Count;;1;0;;4\n"


class Counting(Registers):
    reads = 0

    def read(self, table: int, address: int, count: int) -> list[int]:
        self.reads += 1
        return [self.reads]


def line(index: int, port: int, name: str, definition: str = "m.csv", period: int = 2, extra: str = "") -> str:
    return f"{index};127.0.0.1:{port};{name};{index};{period};5000;;poll=50{extra};;;{definition}"


async def test_a_revision_restarts_only_what_it_changes(broker, tmp_path):
    texts = {"m.csv": TEXT, "o.csv": OTHER}
    units = {1: Counting(), 2: Counting(), 3: Counting()}
    async with TcpSimulator(units) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        port = plant.port
        first = [line(1, port, "same"), line(2, port, "changed"), line(3, port, "gone")]
        await sync.publish(revision(first, texts))
        await until(lambda: {r.device for r in sync.records} == {"1", "2", "3"})
        accepted = plant.accepted
        second = ["# a comment moves the lines", line(2, port, "changed", "o.csv"), line(1, port, "same")]
        await sync.publish(revision(second, texts, number=2))
        await until(lambda: sync.states[-1].revision == 2, "it is applied")
        await until(lambda: any(r.layout.definition == "o.csv" for r in sync.records), "the changed one records")
        seen = len([r for r in sync.records if r.device == "1"])
        await until(lambda: len([r for r in sync.records if r.device == "1"]) > seen + 1)
        assert [device.device for device in sync.states[-1].devices] == ["2", "1"]
        assert plant.accepted == accepted, "the one socket is kept"
    same = [record for record in sync.records if record.device == "1"]
    assert [b.time - a.time for a, b in pairwise(same)] == [2000] * (len(same) - 1)
    # Minimum and maximum of a counter that grows with each read: no reading is missing between two records.
    assert all(b.values[0] == a.values[1] + 1 for a, b in pairwise(same))


async def test_a_revision_that_cannot_be_applied_is_told_and_the_old_one_goes_on(broker, tmp_path):
    async with TcpSimulator({1: Counting()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision([line(1, plant.port, "roof")], {"m.csv": TEXT}))
        await until(lambda: sync.records)
        broken = {
            "missing": revision([line(1, plant.port, "roof", "none.csv")], {"m.csv": TEXT}, number=2),
            "65536": revision([line(1, plant.port, "roof")], {"m.csv": TEXT.replace("3;0;", "3;65536;")}, number=3),
            "SERIAL2": revision(["1;SERIAL2;roof;1;2;500;;;;;m.csv"], {"m.csv": TEXT}, number=4),
        }
        broken["none.csv"] = broken.pop("missing")
        for word, bad in broken.items():
            await sync.publish(bad)
            await until(lambda word=word: word in sync.states[-1].rejected, f"{word} is told")
            assert sync.states[-1].revision == 1
        seen = len(sync.records)
        await until(lambda: len(sync.records) > seen + 1, "the old one goes on")
        await sync.publish(revision([line(1, plant.port, "roof")], {"m.csv": OTHER}, number=5))
        await until(lambda: sync.states[-1].revision == 5 and not sync.states[-1].rejected, "a good one is taken")
    assert "is refused, revision 1 goes on" in sync.log


async def test_what_is_not_there_is_absent_with_its_cause(broker, tmp_path):
    async with TcpSimulator({1: Counting()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        devices = [
            "IO;;box;;600;;;;;;io.csv",
            line(1, plant.port, "roof"),
            "TIC1;;meter;;600;;012345;1200;;;tic.csv",
            "5;SERIAL1;inverter;7;600;1000;;;;;r.csv",
        ]
        texts = {
            "m.csv": TEXT,
            "r.csv": TEXT.replace("modbusTCP", "modbusRTU"),
            "io.csv": "io;a;b;c\n1;1;1;1;;Analogue;;1;0;;2\n",
            "tic.csv": "tic;a;b;c\n1;BASE;;;;Energy;;1;0;;4\n",
        }
        await sync.publish(revision(devices, texts, serial=["SERIAL1;9600;8;N;1;2;modbusRTU;0"]))
        await until(lambda: sync.records, "the other device records")
        for index, word in {"IO": "inputs and outputs", "TIC1": "TIC", "5": "SERIAL1_DEVICE"}.items():
            assert sync.device(index).condition is DeviceCondition.ABSENT
            assert word in sync.device(index).cause
        assert sync.device("1").condition is DeviceCondition.ANSWERING
        assert not sync.alarms


async def test_devices_behind_one_host_and_port_share_one_socket_whatever_they_say_of_it(broker, tmp_path):
    units = {1: Counting(), 2: Counting()}
    async with TcpSimulator(units) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        devices = [line(1, plant.port, "a", extra=",0"), line(2, plant.port, "b")]
        await sync.publish(revision(devices, {"m.csv": TEXT}))
        await until(lambda: {r.device for r in sync.records} == {"1", "2"})
        assert plant.accepted == 1
        # Without the device that wants it the socket is made anew, and the other one keeps what it has seen.
        readings = sync.device("1").readings
        await sync.publish(revision(devices[:1], {"m.csv": TEXT}, number=2))
        await until(lambda: plant.accepted == 2, "a new socket")
        reads = units[1].reads
        await until(lambda: units[1].reads > reads + 2, "it is polled over the new one")
        await until(lambda: sync.device("1").readings > readings)
