"""A revision that leads from a file server to MQTT is on trial like any other (spec 1.7)."""

from heliograph.contract import ConnectRequest, EditRequest, Service
from heliograph.contract.channels import CONFIGURATION, CONNECT, EDIT, RECORDS, STATE
from heliograph.runtime import Outgoing
from support.collecting import FastClock
from support.mosquitto import operator
from support.ports import free_port
from support.sets import UID
from support.syncing import Running, plant_set, until
from support.telemetry import DATA, DEFINITION, record, states

CONFIG = f"CONFIG/{UID}_config.ini"


def mqtt(port: int) -> str:
    return "\n".join([
        "SERVER_Type=mqtt", "MQTT_Address=127.0.0.1", f"MQTT_Port={port}", f"MQTT_TopicData={DATA}",
        f"MQTT_TopicStatus={UID}/status", f"MQTT_TopicAlarm={UID}/alarm", "",
    ])  # fmt: skip


class Api:
    """What the api does on the bus."""

    def __init__(self, bus) -> None:
        self.bus = bus
        self.numbers: list[int] = []
        self.trials: list = []

    async def watch(self) -> "Api":
        await self.bus.watch(CONFIGURATION, self._revision)
        await self.bus.watch(STATE, self._state)
        await until(lambda: self.numbers)
        return self

    async def edit(self, text: str):
        return await self.bus.request(EDIT, EditRequest(files={CONFIG: text}, origin="REST"), timeout=60)

    async def _revision(self, revision) -> None:
        self.numbers.append(revision.number)

    async def _state(self, state) -> None:
        if state.service == "sync":
            self.trials.append(state.trial)


async def test_a_session_confirms_it_and_what_waited_for_the_file_server_goes_out_by_mqtt(
    broker, connect, tmp_path, mosquitto_broker
):
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    (tmp_path / "set" / "DEF" / "inv.csv").write_bytes(DEFINITION)
    with operator(mosquitto_broker.port) as listening:
        async with running.run():
            api, collector = await Api(await connect(Service.API)).watch(), await connect(Service.COLLECTOR)
            await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
            await until(lambda: running.texts(1, "LOG"))
            running.servers[1].unreachable = running.servers[2].unreachable = "it is down"
            made = [record(number) for number in (1, 2)]
            outgoing = [Outgoing(RECORDS, {"device": "1"}, m.model_dump_json().encode(), m.identity) for m in made]
            await collector.store_batch(outgoing)
            await api.bus.request(CONNECT, ConnectRequest(), timeout=30)
            answer = await api.edit(mqtt(mosquitto_broker.port))
            assert answer.provisional
            await until(lambda: api.trials and api.trials[-1] is None and api.numbers[-1] == 2)
            await api.bus.request(CONNECT, ConnectRequest(), timeout=30)
            await until(lambda: states(listening, DATA) == [1, 2])


async def test_a_broker_that_nobody_finds_brings_the_file_server_back(broker, connect, tmp_path):
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    running.clock = FastClock(20)
    async with running.run():
        api, collector = await Api(await connect(Service.API)).watch(), await connect(Service.COLLECTOR)
        await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: running.texts(1, "LOG"))
        made = record(1)
        await collector.store_batch(
            [Outgoing(RECORDS, {"device": "1"}, made.model_dump_json().encode(), made.identity)]
        )
        assert (await api.edit(mqtt(free_port()))).provisional
        await until(lambda: api.numbers[-1] == 3)
        await until(lambda: running.texts(1, "ALARM"))
        assert "CONFIGURATION ROLLED BACK" in running.texts(1, "ALARM")[0]
        await api.bus.request(CONNECT, ConnectRequest(server=1), timeout=30)
        await until(lambda: running.texts(1)), "nothing that waited was lost"
