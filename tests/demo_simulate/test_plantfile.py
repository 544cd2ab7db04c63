"""Plant files: every fault at once, each with its place; and no text that makes the reader fail."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from heliograph.demo.simulate import plant_schema, read_plant_file
from heliograph.demo.simulate.yamlfile import LARGEST_BYTES, YamlFault, read_yaml
from support.plants import read

ROOT = Path(__file__).parents[2]
GOOD = """\
plant: Roof
devices:
  - name: roof
    definition: inverter.csv
    tcp: 5020
"""


LAUGHS = b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 10)) for letter in b"bcdefghi"
)


def findings(text: str) -> list[str]:
    spec, found = read(text)
    assert spec is None
    return [f"{finding.line}:{finding.column}: {finding.text}" for finding in found]


def test_a_definition_file_alone_makes_a_device():
    spec, found = read(GOOD)
    assert spec is not None
    assert found == []
    (device,) = spec.devices
    assert set(device.values) == {str(number) for number in range(1, 12)}


def test_all_faults_are_told_at_once_with_line_column_value_and_reason():
    assert findings(
        """\
plant: Roof
speed: fast
devices:
  - name: roof one
    definition: inverter.csv
    tcp: 70000
    colour: red
faults:
  - {device: roof, fault: tired, at: 5 minutes}
"""
    ) == [
        "2:8: speed: Input should be a valid number, not 'fast'",
        "4:11: devices.0.name: String should match pattern '^[A-Za-z0-9_-]{1,64}$', not 'roof one'",
        "6:10: devices.0.tcp: Input should be less than or equal to 65535, not 70000",
        "7:5: devices.0.colour: there is no such key",
        (
            "9:27: faults.0.fault: Input should be 'dead', 'slow', 'noise', 'exception', 'wrong_unit', "
            "'wrong_function', 'bad_crc', 'half_frame', 'echo', 'restart', 'twice', 'drip', 'wrong_count', "
            "'other_exception', 'empty' or 'trailing', not 'tired'"
        ),
        "9:38: faults.0.at: a duration is seconds, or a number with ms, s, m, h or d: 5m, not '5 minutes'",
    ]


def test_what_concerns_several_entries_is_told_at_its_place():
    found = findings(
        """\
devices:
  - name: roof
    definition: inverter.csv
    tcp: 5020
    values:
      Powr: 5
      Power: {counter: {of: Nothing}}
      RealPower: 7
      Serial number: 12
      Voltage L1: {writable: {start: 230}}
      State: 99
  - {name: roof, definition: inverter.csv, tcp: 5020}
  - {name: line, definition: absent.csv, serial: SERIAL2, unit: 5}
faults:
  - {device: rof, fault: dead}
"""
    )
    assert found == [
        "6:7: inverter.csv has no variable 'Powr' (is 'Power' meant?)",
        "7:29: there is no variable 'Nothing': write its name, or DEVICE.NAME",
        "8:7: 'RealPower' and 'Power' are one variable",
        "9:22: Serial number is a text (String), not a number",
        "10:19: Voltage L1 cannot be writable: Modbus only reads its table",
        "11:14: State: it would be 99 in the device, which holds 0 to 15 there",
        "12:5: unit 1 is 'roof' there already",
        "12:12: another device is called 'roof' already",
        "13:30: the definition absent.csv cannot be read: No such file or directory",
        "13:50: SERIAL2 is not described under `lines`",
        "15:14: there is no device 'rof' (is 'roof' meant?)",
    ]


def test_values_that_refer_to_each_other_in_a_circle_are_refused():
    (found,) = findings(
        GOOD + "    values:\n      Power: {sum: {of: [Temperature]}}\n      Temperature: {sum: {of: [Power]}}\n"
    )
    assert found == "3:5: values refer to each other in a circle: roof.1 → roof.4 → roof.1"


def test_a_device_stands_in_one_place_and_a_value_has_one_source():
    text = GOOD.replace("tcp: 5020", "values:\n      Power: {constant: 1, text: a}")
    assert [line.partition(": ")[2] for line in findings(text)] == [
        (
            "devices.0.values.Power: exactly one of constant, text, day, ramp, counter, walk, sequence, sum, writable "
            "is wanted, here is constant and text, not {'constant': 1, 'text': 'a'}"
        ),
    ]
    (place,) = findings(GOOD.replace("    tcp: 5020\n", ""))
    assert "a device stands either on `tcp: PORT` or on `serial: SERIALn`" in place


@pytest.mark.parametrize(
    ("content", "place", "text"),
    [
        (b"a: [1, 2", (1, 9), "not YAML"),
        (b"a: 1\na: 2", (2, 1), "'a' stands twice"),
        (b"a: !!python/object:os.system {}", (1, 4), "not YAML"),
        (b"a: \xff\xfe", (1, 1), "not UTF-8"),
        (b"\na: &x [1]\nb: {<<: *x}", (3, 5), "merge keys"),
        (b"a: 2026-13-45", (1, 4), "cannot be read"),
        (b"a: &a [*a]", (1, 4), "nested deeper"),
        (b"[" * 5000, (1, 1), "nested deeper"),
        (b"x" * (LARGEST_BYTES + 1), (1, 1), "at most"),
        (
            LAUGHS,
            None,
            "more than",
        ),
    ],
    ids=["open", "double", "tag", "utf8", "merge", "date", "circle", "deep", "large", "laughs"],
)  # fmt: skip
def test_yaml_that_is_not_taken_is_told_with_its_place(content, place, text):
    with pytest.raises(YamlFault, match=text) as fault:
        read_yaml(content)
    if place is not None:
        assert (fault.value.line, fault.value.column) == place


def refuse(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(content):
    spec, found = read_plant_file("p.yaml", content, refuse)
    assert spec is None
    assert found


WORDS = st.text("ab: é\n", max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 70000) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
ENTRY = st.dictionaries(
    st.sampled_from(["name", "definition", "unit", "tcp", "serial", "rated", "values", "hidden", "period", "holes"]),
    JSON | st.sampled_from(["roof", "inverter.csv", 5020, 1, "SERIAL1"]),
)


@given(
    st.dictionaries(st.sampled_from(["plant", "seed", "start", "speed", "place", "lines", "faults"]), JSON),
    st.lists(ENTRY, max_size=3),
)
def test_any_plant_is_taken_or_every_finding_has_a_place_in_it(top, devices):
    text = yaml.safe_dump({**top, "devices": devices}, allow_unicode=True)
    spec, found = read(text)
    lines = text.count("\n") + 1
    assert spec is not None or found
    assert all(1 <= finding.line <= lines and finding.column >= 1 for finding in found)


def test_the_schema_in_the_documents_is_that_of_the_model():
    """After a change: heliograph simulate --schema > docs/plant.schema.json."""
    assert json.loads((ROOT / "docs" / "plant.schema.json").read_text(encoding="utf-8")) == plant_schema()


@pytest.mark.parametrize("example", sorted((ROOT / "examples" / "plants").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_good(example):
    spec, found = read_plant_file(example.name, example.read_bytes(), lambda name: (example.parent / name).read_bytes())
    assert spec is not None
    assert [str(finding) for finding in found if finding.file == example.name] == []
