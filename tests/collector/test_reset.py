"""A factory reset takes the set points along: their fallbacks are written before, as nobody could do it after."""

from heliograph.contract import WriteRequest
from heliograph.contract.channels import WRITE
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from heliograph.runtime.restart import order_reset
from support.collecting import collector, revision, until, witness

TEXT = "modbusTCP;a;b;c\n1;3;0;U16;;Power limit;cmd;1;0;%;4\n"


async def test_fallbacks_are_written_before_a_reset_and_not_at_any_other_stop(broker, tmp_path):
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [100])
    state = tmp_path / "collector"
    async with TcpSimulator({1: cells}) as plant, witness(broker) as sync:
        line = f"1;127.0.0.1:{plant.port};roof;1;600;400;;poll=50;;;m.csv"
        request = WriteRequest(device="1", variable="1", raw=40, lifetime_seconds=86_400, fallback=10)
        async with collector(broker, state) as running:
            await sync.publish(revision([line], {"m.csv": TEXT}))
            await until(lambda: sync.device("1").readings)
            assert (await sync.commands.request(WRITE, request, timeout=60)).verified
            await running.stop()
        assert cells.tables[HOLDING_REGISTER][0] == 40, "a restart is no reason"
        async with collector(broker, state) as running:
            began = running.context.started
            await until(lambda: sync.states[-1].started == began and sync.device("1").readings)
            order_reset(state, 1)
            await running.stop()
        assert cells.tables[HOLDING_REGISTER][0] == 10
        assert "the gateway is reset" in sync.log


async def test_a_device_that_is_away_holds_a_reset_up_for_a_bounded_time(broker, tmp_path):
    cells = Registers()
    cells.put(HOLDING_REGISTER, 0, [100])
    state = tmp_path / "collector"
    async with witness(broker) as sync, collector(broker, state) as running:
        async with TcpSimulator({1: cells}) as plant:
            line = f"1;127.0.0.1:{plant.port};roof;1;600;400;;poll=50;;;m.csv"
            await sync.publish(revision([line], {"m.csv": TEXT}))
            await until(lambda: sync.device("1").readings)
            request = WriteRequest(device="1", variable="1", raw=40, lifetime_seconds=86_400, fallback=10)
            assert (await sync.commands.request(WRITE, request, timeout=60)).verified
        order_reset(state, 1)
        await running.stop()
    assert cells.tables[HOLDING_REGISTER][0] == 40
