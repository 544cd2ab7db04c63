"""A simulated plant on the wire, asked by links and by a whole collector; its log proves what was recorded."""

import asyncio

import pytest

from heliograph.collector.links import BadFrame, LinkFailure, ModbusException, Silence, WriteCall
from heliograph.demo.simulate import Options, PlantSpec, simulated
from heliograph.demo.simulate.gatewayset import write_gateway_set
from heliograph.demo.simulate.served import read_served
from heliograph.demo.simulate.serving import PlaceTaken
from heliograph.formats import read_set
from heliograph.runtime.setdirectory import read_set_directory
from support.collecting import collector, revision, until, witness
from support.modbus import holding, registers, rtu_link, tcp_link
from support.plants import INVERTER, plant, read

LIMIT = 20
METER = "modbusRTU;meter;Test;Two\n1;3;0;U16;;Power;;1;0;W;4\n2;3;1;F32;;Energy;;1;0;kWh;4\n"
TWO_AND_A_LINE = """\
plant: Two and a line
uid: WPM00C44F
seed: 3
place: {latitude: 48.1, longitude: 11.6}
lines:
  SERIAL1: {baudrate: 115200}
devices:
  - name: one
    definition: inverter.csv
    tcp: 5020
    period: 1
    values: {Power: {ramp: {start: 0, end: 60000, over: 6000}}}
  - {name: two, definition: inverter.csv, tcp: 5020, unit: 2, period: 1, values: {Power: 200}}
  - {name: own, definition: inverter.csv, tcp: 5021, period: 1, values: {Power: 300}}
  - {name: meter, definition: sub/meter.csv, serial: SERIAL1, unit: 7, period: 1, values: {Power: 400}}
"""


def spec_of(text: str) -> PlantSpec:
    spec, findings = read(text, {"sub/meter.csv": METER})
    assert spec is not None, findings
    return spec


async def test_units_share_a_port_and_a_line_is_a_path(tmp_path):
    async with simulated(spec_of(TWO_AND_A_LINE), Options(first_port=0)) as found:
        one, two, own, meter = found.places
        assert one.port == two.port != own.port
        async with tcp_link(one.port) as link, tcp_link(own.port) as other, rtu_link(meter.device) as line:
            assert registers(await link.read(holding(2, 0, 1), LIMIT)) == [200]
            assert registers(await other.read(holding(1, 0, 1), LIMIT)) == [300]
            assert registers(await line.read(holding(7, 0, 1), LIMIT)) == [400]
            await link.write(WriteCall(1, 16, 1, (500,)), LIMIT)
            assert registers(await link.read(holding(1, 1, 1), LIMIT)) == [500]
            with pytest.raises(ModbusException):
                await link.write(WriteCall(1, 16, 1, (1001,)), LIMIT)


async def test_a_line_may_stand_at_a_path_or_behind_a_serial_server(tmp_path):
    text = TWO_AND_A_LINE.replace("{baudrate: 115200}", f"{{baudrate: 115200, path: {tmp_path}/line, socket: 0}}")
    async with simulated(spec_of(text), Options(first_port=0)) as found:
        place = found.places[3]
        assert place.device.startswith("socket://127.0.0.1:")
        async with rtu_link(place.device) as line:
            assert registers(await line.read(holding(7, 0, 1), LIMIT)) == [400]
    await asyncio.to_thread((tmp_path / "file").touch)
    taken = text.replace(f"{tmp_path}/line", f"{tmp_path}/file")
    with pytest.raises(PlaceTaken, match="is there already"):
        async with simulated(spec_of(taken), Options(first_port=0)):
            pass


async def test_a_port_that_is_taken_is_named():
    async with simulated(plant()) as found:
        port = found.places[0].port
        text = f"devices:\n  - {{name: roof, definition: inverter.csv, tcp: {port}}}\n"
        with pytest.raises(PlaceTaken, match=f"port {port} on 127.0.0.1 for roof"):
            async with simulated(spec_of(text)):
                pass


@pytest.mark.parametrize(
    ("fault", "failure", "kind"),
    [
        ("dead", Silence, "timeout"),
        ("exception, code: 6", ModbusException, "exception"),
        ("wrong_unit", BadFrame, "unit"),
        ("half_frame", BadFrame, "short"),
        ("bad_crc", BadFrame, "late"),
    ],
    ids=["dead", "exception", "wrong_unit", "half_frame", "bad_crc"],
)
async def test_faults_of_the_script_happen_on_the_wire_and_are_not_served(fault, failure, kind, tmp_path):
    log = tmp_path / "values.csv"
    more = f"faults: [{{device: roof, fault: {fault}}}]\n"
    spec = plant("values: {Power: 5}", more)
    async with simulated(spec, Options(log=log)) as found, tcp_link(found.places[0].port) as link:
        with pytest.raises(LinkFailure) as raised:
            await link.read(holding(1, 0, 1), LIMIT if fault.startswith("exception") else 0.5)
    if raised.type is failure:  # else the machine was too slow for the time limit
        assert raised.value.kind == kind
    assert read_served(log) == []


async def test_a_slow_device_answers_and_that_is_served(tmp_path):
    log = tmp_path / "values.csv"
    more = "faults: [{device: roof, fault: slow, seconds: 0.2}]\n"
    spec = plant("values: {Power: 5}", more)
    async with simulated(spec, Options(log=log)) as found, tcp_link(found.places[0].port) as link:
        assert registers(await link.read(holding(1, 0, 1), LIMIT)) == [5]
    assert [(v.variable, v.raw, v.engineering) for v in read_served(log)] == [("1", 5, 5)]


async def test_the_set_written_for_a_plant_is_good_and_names_every_device(tmp_path):
    spec = spec_of(TWO_AND_A_LINE)
    async with simulated(spec, Options(first_port=0)) as found:
        uid = await asyncio.to_thread(write_gateway_set, tmp_path, spec, found.places)
        files, unread = await asyncio.to_thread(read_set_directory, tmp_path)
    assert (uid, unread) == ("WPM00C44F", [])
    known, findings = read_set(files, uid)
    assert [str(finding) for finding in findings if "should be recorded" not in finding.text] == []
    assert known is not None
    assert [device.name for device in known.daq.devices] == ["one", "two", "own", "meter"]
    assert known.daq.lines[0].baudrate == 115200
    assert (tmp_path / "DEF" / "meter.csv").read_text() == METER


async def test_every_recorded_value_is_one_that_the_log_says_was_served(broker, tmp_path):
    """What reached the bus is proved against the plant's own log, device by device and value by value."""
    spec, log = spec_of(TWO_AND_A_LINE), tmp_path / "values.csv"
    async with simulated(spec, Options(first_port=0, log=log)) as found:
        one, _, own, meter = found.places
        devices = [
            f"1;127.0.0.1:{one.port};one;1;1;5000;;poll=100;;;inverter.csv",
            f"2;127.0.0.1:{one.port};two;2;1;5000;;poll=100;;;inverter.csv",
            f"3;127.0.0.1:{own.port};own;1;1;5000;;poll=100;;;inverter.csv",
            "4;SERIAL1;meter;7;1;5000;;poll=100;;;meter.csv",
        ]
        definitions = {"inverter.csv": INVERTER, "meter.csv": METER}
        async with witness(broker) as sync, collector(broker, tmp_path / "c", serial1_device=meter.device):
            await sync.publish(revision(devices, definitions, serial=["SERIAL1;115200;8;N;1;2;modbusRTU;0"]))
            await until(lambda: all(sync.dates(index) >= 3 for index in "1234"), "three records of each")
    served = {(value.device, value.variable, value.raw) for value in read_served(log)}
    checked = 0
    for record in sync.records:
        for column, value in zip(record.layout.columns, record.values, strict=True):
            assert (record.name, column.index, value) in served
            checked += 1
    assert checked >= 12
