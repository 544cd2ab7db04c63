"""Data and alarms over MQTT: every one, in order, forgotten only after the broker's word (spec 3.5)."""

import json

from heliograph.contract import AlarmSource, Trigger
from heliograph.formats.config import ServerMode
from heliograph.sync.ledger import ALARMS, RECORDS
from support.syncing import file_server, until
from support.telemetry import (
    ALARM,
    DATA,
    PERMANENT,
    STATUS,
    alarm,
    mqtt_applied,
    mqtt_server,
    record,
    states,
)


async def test_a_scheduled_visit_sends_what_is_there_and_leaves(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port)], zone="Europe/Berlin")):
        telemetry.bench.spool.take_records([record(1), record(2, "2"), record(3)])
        telemetry.one.request()
        await until(lambda: listening.payloads(STATUS) == [b"online", b"offline"])
        assert [json.loads(payload) for payload in listening.payloads(DATA)] == [
            {
                "roof_1": [
                    {
                        "Power_min": 0.1, "Power_max": 0.3, "Power_avg": 0.25, "State": 1,
                        "Cold_min": -5.5, "Cold_max": -3.5, "Cold_avg": -4.5, "Note": "ok",
                        "date": "24/06/01-12:01:00", "timestamp": 1_717_236_060_000,
                    },
                    {
                        "Power_min": 0.1, "Power_max": 0.3, "Power_avg": 0.25, "State": 3,
                        "Cold_min": -5.5, "Cold_max": -3.5, "Cold_avg": -4.5, "Note": "ok",
                        "date": "24/06/01-12:03:00", "timestamp": 1_717_236_180_000,
                    },
                ],
                "roof_2": [
                    {
                        "Power_min": 0.1, "Power_max": 0.3, "Power_avg": 0.25, "State": 2,
                        "Cold_min": -5.5, "Cold_max": -3.5, "Cold_avg": -4.5, "Note": "ok",
                        "date": "24/06/01-12:02:00", "timestamp": 1_717_236_120_000,
                    },
                ],
            }
        ]  # fmt: skip
        await until(telemetry.one.idle.is_set)
        assert telemetry.position() == 3
        state = telemetry.one.state()
        assert (state.connected, state.waiting_records, state.problems) == (False, 0, ())
        assert [(t.kind, t.files) for t in state.last.transfers] == [("data", 1)]
        assert state.last.trigger is Trigger.REQUEST
        assert telemetry.outcomes == [(1, True)]


async def test_what_the_broker_acknowledged_leaves_the_spool_of_a_plant_with_mqtt_alone(telemetry, mosquitto_broker):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port)])):
        telemetry.bench.spool.take_records([record(n) for n in range(1, 6)])
        telemetry.bench.free()
        assert telemetry.bench.spool.state().records == 5
        telemetry.one.request()
        await until(lambda: telemetry.position() == 5)
        telemetry.bench.free()
        assert telemetry.bench.spool.state().records == 0
        assert telemetry.bench.spool.state().bytes == 0


async def test_a_permanent_connection_stays_and_says_so(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        telemetry.one.start(0)
        await until(lambda: telemetry.one.state().connected)
        await until(lambda: listening.payloads(STATUS) == [b"online"])
        telemetry.bench.spool.take_records([record(1)])
        telemetry.bench.spool.take_alarms([alarm(1)])
        await until(lambda: listening.payloads(ALARM))
        assert listening.payloads(DATA) == [], "data goes at a schedule or on request"
        telemetry.one.request()
        await until(lambda: states(listening) == [1])
        until_next = telemetry.one.state().next / 1000 - telemetry.clock.time()
        telemetry.bench.spool.take_records([record(2)])
        telemetry.clock.move(until_next + 1)
        await until(lambda: states(listening) == [1, 2])
        assert telemetry.one.state().connected
    await until(lambda: listening.payloads(STATUS) == [b"online", b"offline"])


async def test_immediate_sends_each_record_as_it_comes(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, immediate=True)])):
        telemetry.one.start(0)
        await until(lambda: telemetry.one.state().connected)
        for number in range(1, 6):
            telemetry.bench.spool.take_records([record(number)])
            await until(lambda number=number: states(listening) == list(range(1, number + 1)))


async def test_alarms_go_at_once_each_kind_in_its_place(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])):
        telemetry.one.start(0)
        await until(lambda: telemetry.one.state().connected)
        telemetry.bench.spool.take_alarms(
            [
                alarm(1),
                alarm(2, variable="x7"),
                alarm(3, source=AlarmSource.GATEWAY, info="POWER ON"),
                alarm(4, source=AlarmSource.IO),
            ]
        )
        await until(lambda: telemetry.position(ALARMS) == 4)
        await until(lambda: len(listening.payloads(ALARM)) == 3)
        common = {"defName": "inv.csv", "deviceName": "roof_1"}
        assert [json.loads(payload) for payload in listening.payloads(ALARM)] == [
            {
                "alarms": [
                    {**common, "source": "MODBUS", "value": "1", "variableIndex": 7, "date": "24/06/01-10:00:01",
                     "timestamp": 1_717_236_001_000},
                    {**common, "source": "MODBUS", "value": "2", "variableIndex": "x7", "date": "24/06/01-10:00:02",
                     "timestamp": 1_717_236_002_000},
                ],
                "alarmsDevice": None,
            },
            {
                "alarms": None,
                "alarmsDevice": [
                    {"type": "POWER ON", "info": "GATEWAY", "date": "24/06/01-10:00:03", "timestamp": 1_717_236_003_000}
                ],
            },
            {
                "alarms": [
                    {**common, "source": "IO", "value": "4", "variableIndex": 7, "date": "24/06/01-10:00:04",
                     "timestamp": 1_717_236_004_000}
                ],
                "alarmsDevice": None,
            },
        ]  # fmt: skip


async def test_messages_are_cut_by_size_between_records(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, max_message_bytes=1024)])):
        telemetry.bench.spool.take_records([record(n) for n in range(1, 41)])
        large = [record(n, values=(*record(n).values[:-1], "long " * 400)) for n in (41, 42)]
        telemetry.bench.spool.take_records([*large, record(43)])
        telemetry.one.request()
        await until(lambda: telemetry.position() == 43)
        await until(lambda: states(listening) == list(range(1, 44)))
        sizes = [len(payload) for payload in listening.payloads(DATA)]
        assert sum(size > 1024 for size in sizes) == 2
        assert sizes[-1] < 1024
        assert telemetry.said().count("above MaxMessageBytes (1024); it is sent alone") == 1


async def test_records_of_an_older_definition_are_scaled_with_it(telemetry, mosquitto_broker, listening):
    later = b"modbusTCP;Inverter;Witness;One\n3;3;0;U16;;Power;;100;0;W;2\n"
    async with telemetry.run():
        telemetry.bench.spool.take_records([record(1)])
        server = mqtt_server(mosquitto_broker.port)
        first = mqtt_applied([server])
        telemetry.revisions.keep("set directory", 0, "WPM00C44F", first.set.files)
        telemetry.configure(first)
        telemetry.bench.spool.take_records([record(2)])
        second = mqtt_applied([server], number=2, definition=later)
        telemetry.revisions.keep("set directory", 0, "WPM00C44F", second.set.files)
        telemetry.configure(second)
        unknown = record(3).layout.model_copy(update={"digest": "f" * 64})
        telemetry.bench.spool.take_records([record(3, layout=unknown), record(4, layout=unknown), record(5)])
        telemetry.one.request()
        await until(lambda: telemetry.position() == 5)
        await until(lambda: listening.payloads(DATA))
        (found,) = [json.loads(payload)["roof_1"] for payload in listening.payloads(DATA)]
        assert [r.get("Power_avg") for r in found] == [0.25, 0.25, None, None, 0.25]
        assert set(found[2]) == {"date", "timestamp"}
        assert telemetry.said().count("names and coefficients are unknown") == 1
        await until(telemetry.one.idle.is_set)
        told = "data: records without values, since their definition is gone: 2 of roof_1"
        assert telemetry.one.state().last.failures == (told,)


async def test_on_trial_it_connects_and_delivers_nothing_until_it_is_confirmed(telemetry, mosquitto_broker, listening):
    revision = mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)])
    async with telemetry.run(revision, confirmed=False):
        telemetry.bench.spool.take_records([record(1)])
        telemetry.one.start(0)
        await until(lambda: telemetry.outcomes == [(1, True)])
        telemetry.one.request()
        assert telemetry.one.state().waiting_records == 0
        telemetry.configure(revision)
        telemetry.bench.spool.take_records([record(2)])
        telemetry.one.request()
        await until(lambda: states(listening) == [1, 2])


async def test_a_server_that_was_a_file_server_gets_what_was_in_files_but_not_delivered(
    telemetry, mosquitto_broker, listening
):
    bench = telemetry.bench
    bench.configure(mqtt_applied([file_server(1, ServerMode.MAIN)]))
    bench.spool.take_records([record(1), record(2)])
    bench.servers[1].directories.remove("/DATA")
    bench.servers[1].space = 0
    bench.visit(1)
    bench.servers[1].directories.add("/DATA")
    bench.visit(1)
    assert bench.ledger.waiting(1, RECORDS), "the file waits"
    bench.spool.take_records([record(3)])
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port)], number=2)):
        telemetry.one.request()
        await until(lambda: states(listening) == [1, 2, 3])
        assert bench.ledger.waiting(1) == []
        assert not list((bench.outgoing / "1").glob("*"))
    bench.servers[1].space = None
    bench.spool.take_records([record(4)])
    bench.configure(mqtt_applied([file_server(1, ServerMode.MAIN)], number=3))
    bench.visit(1)
    assert len(bench.names(1)) == 1, "the cursor goes on"
