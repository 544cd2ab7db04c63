"""Lines and connections as the field has them: what they do between two requests costs a device nothing."""

from heliograph.contract import DeviceCondition
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from support.collecting import collector, revision, until, witness

TEXTS = {"t.csv": "modbusTCP;Meter;Test;One\n1;3;0;U16;;Value;;1;0;;4\n"}


def bank() -> Registers:
    return Registers({HOLDING_REGISTER: {0: 4711}})


def devices(port: int, *units: int, more: str = "") -> list[str]:
    return [f"{unit};127.0.0.1:{port};unit {unit};{unit};1;5000;;poll=50{more};;;t.csv" for unit in units]


async def test_a_device_that_drops_idle_connections_is_polled_on_without_an_error_of_the_device(broker, tmp_path):
    async with TcpSimulator({1: bank()}) as plant, witness(broker) as sync, collector(broker, tmp_path / "c"):
        await sync.publish(revision(devices(plant.port, 1), TEXTS))
        for number in range(1, 6):
            await until(lambda number=number: plant.accepted >= number and plant.connections, "it is connected")
            seen = plant.units.requests[1]
            await until(lambda seen=seen: plant.units.requests[1] > seen + 2, "it is polled")
            plant.reset_connections()
        await until(lambda: plant.accepted >= 6, "it is connected anew")
        told = len(sync.states)
        await until(lambda: len(sync.states) > told + 1, "its state is told")
        assert sync.device("1").condition is DeviceCondition.ANSWERING
        assert sync.device("1").errors == {}
    assert not sync.alarms
    assert "away" not in sync.log


async def test_several_units_behind_a_gateway_for_one_client_only_are_polled_through_revisions(broker, tmp_path):
    """A revision makes the one connection anew: the old one is let go before the new one is tried."""
    units = (1, 2, 3)
    async with (
        TcpSimulator({unit: bank() for unit in units}) as plant,
        witness(broker) as sync,
        collector(broker, tmp_path / "c"),
    ):
        plant.most_connections = 1
        for number, more in enumerate(("", ",0", ",1"), 1):
            await sync.publish(revision(devices(plant.port, *units, more=more), TEXTS, number=number))
            await until(lambda number=number: sync.states and sync.states[-1].revision == number, "it is applied")
            wanted = {unit: plant.units.requests[unit] + 3 for unit in units}
            await until(
                lambda wanted=wanted: all(plant.units.requests[unit] >= wanted[unit] for unit in units), "all polled"
            )
        seen = len(sync.records)
        await until(lambda: {str(unit) for unit in units} <= {r.device for r in sync.records[seen:]}, "all record")
    assert not [alarm for alarm in sync.alarms if alarm.info and "LOST" in alarm.info]
