"""Home Assistant finds the devices, their values and their units by itself (spec 1.9, `HomeAssistant`)."""

import json
import re

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.sync.telemetry.broker import topics_of
from heliograph.sync.telemetry.discovery import BIRTH_TOPIC, discovery, object_id, topic_of
from heliograph.sync.telemetry.units import meaning_of
from support.syncing import device, until
from support.telemetry import DATA, PERMANENT, STATUS, UID, mqtt_applied, mqtt_server, record

HEAD = "modbusTCP;Inverter;Witness;One\n"
VARIABLES = (
    HEAD + "1;3;1;U16;;AC Power;;0.1;0;W;6\n2;3;2;U32;;Total;;1;0;kWh;4\n3;1;9;;;Fan;;1;0;;4\n"
    '4;3;8_2;Bits;;Fault;;1;0;;8\n5;3;10_16;String;;Serial "no" {{x}};;1;0;;4\n6;3;4;I16;;Heat;;1;0;degC;4\n'
    "7;3;5;U16;;Unread;;1;0;;1\n"
).encode()  # fmt: skip


def found(devices=(), definition=VARIABLES, **options) -> dict[str, dict]:
    server = mqtt_server(1883, home_assistant=True, **options)
    revision = mqtt_applied([server], devices or [device("1"), device("2")], definition=definition)
    return {name: json.loads(text) for name, text in discovery(revision, topics_of(server, UID)).items()}


def rendered(template: str, message: object, state: str = "before") -> str:
    """What Home Assistant makes of a message: `value_json` and `this` are what it gives to templates."""
    environment = jinja2.Environment()
    return environment.from_string(template).render(value_json=message, this={"state": state})


def test_each_device_is_one_message_with_device_origin_components_and_availability():
    messages = found()
    assert list(messages) == [f"{UID}_1", f"{UID}_2"]
    message = messages[f"{UID}_1"]
    assert message["device"] == {
        "identifiers": [f"{UID}_1"], "name": "Roof roof_1", "manufacturer": "Witness", "model": "One"
    }  # fmt: skip
    assert message["origin"]["name"] == "Heliograph"
    assert (message["state_topic"], message["availability_topic"]) == (DATA, STATUS)
    assert (message["payload_available"], message["payload_not_available"]) == ("online", "offline")
    components = message["components"]
    assert list(components) == ["1_min", "1_max", "1_mean", "1", "2", "3", "4", "5", "6"]
    assert {c["unique_id"] for c in components.values()} == {f"{UID}_1_{key}" for key in components}
    assert "availability_topic" not in found(topic_status="")[f"{UID}_1"]


def test_platform_class_unit_and_state_class_follow_the_definition():
    components = found()[f"{UID}_1"]["components"]

    def about(key: str) -> tuple:
        names = ("platform", "device_class", "unit_of_measurement", "state_class")
        return tuple(components[key].get(name) for name in names)

    assert about("1") == ("sensor", "power", "W", "measurement")
    assert about("1_mean") == ("sensor", "power", "W", "measurement")
    assert about("2") == ("sensor", "energy", "kWh", "total_increasing")
    assert about("3") == ("binary_sensor", None, None, None)
    assert about("4") == ("binary_sensor", None, None, None)
    assert about("5") == ("sensor", None, None, None)
    assert about("6") == ("sensor", "temperature", "°C", "measurement")


def test_templates_pick_the_newest_record_of_their_device_and_else_leave_the_state():
    components = found()[f"{UID}_1"]["components"]
    message = {
        "roof_1": [{"AC Power": 1, "Fan": 1}, {"AC Power": 2.5, "Fan": 0, 'Serial "no" {{x}}': "S", "AC Power_min": 1}],
        "roof_2": [{"AC Power": 99}],
    }
    templates = {key: component["value_template"] for key, component in components.items()}
    assert rendered(templates["1"], message) == "2.5"
    assert rendered(templates["1_min"], message) == "1"
    assert rendered(templates["3"], message) == "OFF"
    assert rendered(templates["5"], message) == "S"
    assert rendered(templates["2"], message) == "", "a number and an on/off stay as they are on an empty text"
    assert rendered(templates["3"], {"roof_2": [{"Fan": 1}]}) == ""
    assert rendered(templates["5"], {"roof_2": [{}]}) == "before"


@given(
    st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8).filter(lambda n: n not in {"date", "timestamp"})
)
def test_no_name_breaks_out_of_its_template(name, variable):
    from heliograph.sync.telemetry.discovery import _template

    template = _template(name, variable, "r[-1][k]")
    try:
        (name + variable).encode()
    except UnicodeEncodeError:
        return
    assert rendered(template, {name: [{variable: "hit"}]}) == "hit"
    assert rendered(template, {name + "x": [{variable: "hit"}]}) == ""


@given(st.text(max_size=80), st.text(max_size=80))
def test_object_ids_are_safe_and_tell_texts_apart(one, other):
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", object_id(one))
    assert (object_id(one) == object_id(other)) == (one == other)


@pytest.mark.parametrize(
    ("unit", "device_class", "shown"),
    [
        ("W", "power", "W"), ("kW", "power", "kW"), ("MW", "power", "MW"), ("mW", "power", "mW"),
        ("Wh", "energy", "Wh"), ("VA", "apparent_power", "VA"), ("var", "reactive_power", "var"),
        ("VAr", "reactive_power", "var"), ("A", "current", "A"), ("mV", "voltage", "mV"), ("MV", "voltage", "MV"),
        ("Hz", "frequency", "Hz"), ("C", "temperature", "°C"), ("W/m2", "irradiance", "W/m²"),
        ("m/s", "wind_speed", "m/s"), ("hPa", "pressure", "hPa"), ("%", None, "%"), ("Ohm", None, "Ohm"),
        ("", None, None),
    ],
)  # fmt: skip
def test_units_of_definitions_have_their_meaning(unit, device_class, shown):
    meaning = meaning_of(unit)
    assert (meaning.device_class, meaning.unit) == (device_class, shown)


def configs(listening) -> dict[str, list[bytes]]:
    names = {f"{UID}_{n}": topic_of(f"{UID}_{n}") for n in (1, 2)}
    return {name: listening.payloads(topic) for name, topic in names.items()}


async def test_discovery_is_sent_again_at_birth_and_taken_away_with_its_device(telemetry, mosquitto_broker, listening):
    server = mqtt_server(mosquitto_broker.port, **PERMANENT, home_assistant=True)
    async with telemetry.run(mqtt_applied([server])):
        telemetry.one.start(0)
        await until(lambda: all(len(sent) == 1 for sent in configs(listening).values()))
        listening.publish(BIRTH_TOPIC, "online")
        await until(lambda: all(len(sent) == 2 for sent in configs(listening).values()))
        listening.publish(BIRTH_TOPIC, "offline")
        telemetry.configure(mqtt_applied([server], [device("1")], number=2))
        await until(lambda: configs(listening)[f"{UID}_2"][-1] == b"")
        await until(lambda: len(configs(listening)[f"{UID}_1"]) == 3)
        assert len(telemetry.outcomes) == 1, "the session stands through a revision of the devices"
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT)], number=3)):
        telemetry.one.start(0)
        await until(lambda: configs(listening)[f"{UID}_1"][-1] == b"")
    assert len(configs(listening)[f"{UID}_2"]) == 3, "what is taken away is not taken away again"


async def test_what_is_published_fits_what_is_discovered(telemetry, mosquitto_broker, listening):
    server = mqtt_server(mosquitto_broker.port, home_assistant=True)
    async with telemetry.run(mqtt_applied([server])):
        telemetry.bench.spool.take_records([record(1), record(2)])
        telemetry.one.request()
        await until(lambda: listening.payloads(DATA))
        await until(lambda: configs(listening)[f"{UID}_1"])
        components = json.loads(configs(listening)[f"{UID}_1"][0])["components"]
        (data,) = map(json.loads, listening.payloads(DATA))
        values = {key: rendered(c["value_template"], data) for key, c in components.items()}
        assert values == {
            "3_min": "0.1", "3_max": "0.3", "3_mean": "0.25", "7": "2", "9_min": "-5.5", "9_max": "-3.5",
            "9_mean": "-4.5", "11": "ok",
        }  # fmt: skip
