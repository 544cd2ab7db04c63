"""The collector as a whole: a simulated plant, a real broker, and what sync would take from it."""

from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from support.collecting import collector, revision, until, witness

DEFINITION = """\
modbusTCP;Meter;Test;One
1;3;0;U16;;Counter;;1;0;;4
2;3;1;I16;;Power;;1;0;W;2
3;3;10;F32;;Ratio;;1;0;;6
4;3;12;U16;;State;;1;0;;8
"""


def bank() -> Registers:
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [7, 65535])
    cells.put(HOLDING_REGISTER, 10, [0x3DCC, 0xCCCD, 1])
    return cells


async def test_a_record_a_period_reaches_sync(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(
            revision([f"3;127.0.0.1:{plant.port};roof;1;1;500;;poll=100;;;m.csv"], {"m.csv": DEFINITION})
        )
        await until(lambda: len(sync.records) >= 3, "three records")
    first, second, third = sync.records[:3]
    assert (second.time - first.time, third.time - second.time) == (1000, 1000)
    assert first.time % 1000 == 0
    assert second.values == (7, -1, -1, -1, 0.1, 0.1, 0.10000000149011612, 0.1, 1)
    assert [record.sequence for record in sync.records] == list(range(1, len(sync.records) + 1))
    assert (second.device, second.name, second.interface) == ("3", "roof", "MODBUS")
