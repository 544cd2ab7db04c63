"""`heliograph import`: a case is a folder with what others wrote, the definition made of it, and values read with it.

The expected values are what the source tool shows for the same registers, worked out by hand.
"""

import contextlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from heliograph.cli.importing import grid
from heliograph.cli.importing.homeassistant import read_homeassistant
from heliograph.cli.importing.imported import Head, Unreadable, definition_text
from heliograph.cli.importing.spellings import read_address, read_factor, read_table, read_type
from heliograph.cli.importing.table import Choices, read_register_table
from heliograph.cli.importing.telegraf import devices_of
from heliograph.cli.main import app
from heliograph.collector.decode import decode_value
from heliograph.formats import engineering_values
from heliograph.formats.definition import Table
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.findings import has_errors

CASES = sorted(path.parent for path in (Path(__file__).parent / "importing").glob("*/case.json"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def case_of(folder: Path) -> tuple[dict, list]:
    case = json.loads((folder / "case.json").read_text())
    command, file, *options = case["arguments"]
    result = run(command, folder / file, *options, "--json")
    assert result.exit_code == 0, result.stderr
    return case, json.loads(result.stdout)["definitions"]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_what_others_wrote_becomes_the_expected_definition(folder):
    case, made = case_of(folder)
    assert "".join(entry["definition"] for entry in made) == (folder / "expected.csv").read_text()
    assert [entry["daq"] for entry in made if entry["daq"]] == case["daq"]
    assert [f"{note['where']}: {note['text']}" for entry in made for note in entry["notes"]] == case["notes"]


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_same_registers_give_the_value_that_the_source_tool_shows(folder):
    case, made = case_of(folder)
    found = {}
    for entry in made:
        definition, findings = parse_definition(entry["definition"].encode(), entry["file"])
        assert not has_errors(findings)
        for variable in definition.variables:
            if variable.name in case["values"]:
                raw = decode_value(variable.point, bytes.fromhex(case["values"][variable.name][0].replace(" ", "")))
                found[variable.name] = engineering_values(definition, {variable.index: raw})[variable.index]
    assert found == {name: pytest.approx(value) if isinstance(value, float) else value
                     for name, (_, value) in case["values"].items()}  # fmt: skip


def growatt() -> bytes:
    """A workbook as a datasheet looks: a title, merged cells, a note, hexadecimal and decimal numbers."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Cover"
    sheet = book.create_sheet("Input Reg")
    for row in [
        ["Growatt Inverter Modbus RTU Protocol", None, None, None, None],
        ["Register NO.", "Variable Name", "Description", "Unit", "Multiplier"],
        [None, None, None, None, None],
        [0, "Inverter Status", "0:waiting, 1:normal, 3:fault", None, None],
        [1.0, "Ppv", "Input power", "W", 0.1],
        [3, "Vpv1", "PV1 voltage", "V", "×0.1"],
        ["Reserved", None, None, None, None],
        [4, "PV1Curr", "PV1 input current", "A", "0.1A"],
    ]:
        sheet.append(row)
    sheet["A9"] = 5
    sheet["B9"] = "Vpv2"
    sheet.merge_cells("D6:D6")
    sheet.merge_cells("C8:C9")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_is_read_by_its_largest_sheet_with_columns_that_a_person_named(tmp_path):
    file = tmp_path / "growatt.xlsx"
    file.write_bytes(growatt())
    options = ("--column", "address=Register NO.", "--registers", "input", "--yes", "--model", "MAX")
    result = run("table", file, *options)
    assert result.stdout.splitlines() == [
        "modbusTCP;;;MAX",
        "1;4;0;U16;;Inverter Status;;;;;4",
        "2;4;1;U16;;Ppv;;0.1;;W;4",
        "3;4;3;U16;;Vpv1;;0.1;;V;4",
        "4;4;4;U16;;PV1Curr;;0.1;;A;4",
        "5;4;5;U16;;Vpv2;;;;;4",
    ]
    assert "note: row 5: no type is given; taken as U16" in result.stderr
    missing = run("table", file, *options, "--sheet", "Holding Reg")
    assert (missing.exit_code, missing.stderr) == (
        1,
        "heliograph import table: there is no sheet 'Holding Reg'; there are 'Cover', 'Input Reg'\n",
    )


def test_columns_are_shown_and_nothing_is_made_unless_a_person_agrees():
    result = run("table", CASES[0].parent / "table_sungrow" / "input.csv")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "header in row 3" in result.stderr
    assert "address      'Address'" in result.stderr
    assert "say --yes" in result.stderr


def test_files_of_a_set_are_written_and_never_replaced_unasked(tmp_path):
    source = CASES[0].parent / "telegraf_request" / "input.conf"
    assert run("telegraf", source, "--into", tmp_path).exit_code == 0
    written = sorted(path.name for path in (tmp_path / "DEF").iterdir())
    assert written == ["inverter_1.csv", "inverter_3.csv"]
    (tmp_path / "DEF" / "inverter_1.csv").unlink()
    again = run("telegraf", source, "--into", tmp_path)
    assert again.exit_code == 1
    assert "inverter_3.csv is there already; say --force" in again.stderr
    assert not (tmp_path / "DEF" / "inverter_1.csv").exists(), "nothing is half written"
    assert run("telegraf", source, "--into", tmp_path, "--force").exit_code == 0


def test_several_definitions_do_not_go_into_one_file(tmp_path):
    result = run("telegraf", CASES[0].parent / "telegraf_request" / "input.conf", "--output", tmp_path / "one.csv")
    assert result.exit_code == 2
    assert not (tmp_path / "one.csv").exists()


@pytest.mark.parametrize(
    ("command", "content", "cause"),
    [
        ("telegraf", b"[[inputs.modbus]\n", "this is no configuration of Telegraf"),
        ("telegraf", b"[agent]\n", "there is no [[inputs.modbus]]"),
        ("telegraf", b"\xff\xfe\x00", "byte 0 is no UTF-8"),
        ("telegraf", b"[[inputs.modbus]]\nname='x'\n", "no register could be taken over"),
        ("homeassistant", b"a: [", "this is no YAML"),
        ("homeassistant", b"automation: []\n", "there is no hub of the modbus integration"),
        ("homeassistant", b"a: &a [x]\nb: [" + b"*a," * 2000 + b"]\n", "more than 1000 aliases"),
        (
            "homeassistant",
            b"!!python/object/apply:os.system ['true']\n",
            "this is no YAML: could not determine a constructor",
        ),
        ("table", b"just words\n", "no row of it names a column of addresses"),
        ("table", b"Address;Name\n", "there is no row with an address"),
        ("table", b"PK\x03\x04broken", "this XLSX file cannot be read"),
        ("table", b"\0\1\2\3" * 100, "this is neither text nor XLSX"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_said_in_a_line(tmp_path, command, content, cause):
    file = tmp_path / "input"
    file.write_bytes(content)
    result = run(command, file, *(["--yes"] if command == "table" else []))
    assert result.exit_code == 1
    assert cause in result.stderr
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_secret_host_is_not_followed_and_is_said():
    text = "modbus:\n- name: hub\n  type: tcp\n  host: !secret ip\n  sensors:\n  - {name: P, address: 1}\n"
    (device,) = read_homeassistant(text)
    assert device.reach is None
    assert "the host is '!secret ip'" in str(device.notes[0])


def test_a_workbook_that_unpacks_to_too_much_is_refused_before(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "MOST_UNPACKED_BYTES", 1000)
    file = tmp_path / "bomb.xlsx"
    file.write_bytes(growatt())
    assert "the workbook unpacks to" in run("table", file, "--yes").stderr


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("UINT16", None, ("U16", 0, "")),
        ("u32", None, ("U32", 0, "")),
        ("S32", None, ("I32", 0, "")),
        ("INT32U", None, ("U32", 0, "")),
        ("INT16S", None, ("I16", 0, "")),
        ("float", None, ("F32", 0, "")),
        ("FLOAT32", None, ("F32", 0, "")),
        ("Unsigned 32-bit integer", None, ("U32", 0, "")),
        ("16-bit signed", None, ("I16", 0, "")),
        ("32 bits unsigned", None, ("U32", 0, "")),
        ("INT", 2, ("I32", 0, "")),
        ("UINT", 4, ("U64", 0, "")),
        ("STR(16)", None, ("String", 16, "")),
        ("STRING", 8, ("String", 16, "")),
        ("Bitfield32", None, ("U32", 0, "")),
        ("enum16", None, ("U16", 0, "")),
        ("sunssf", None, ("I16", 0, "")),
        ("UINT32 little-endian", None, ("U32", 0, "_WB")),
        ("bool", None, ("Bits", 0, "")),
        ("", 2, ("U32", 0, "")),
        ("string", None, None),
        ("magic", 1, None),
    ],
)
def test_types_are_understood_in_many_spellings(text, count, expected):
    assert read_type(text, count) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100", (100, None, None)),
        ("0x9C40", (0x9C40, None, None)),
        ("9C40h", (0x9C40, None, None)),
        ("40,001", (40001, None, None)),
        ("40001-40002", (40001, 40002, None)),
        ("5000 ~ 5001", (5000, 5001, None)),
        ("0x0010", (16, None, None)),
        ("4x0010", (9, None, Table.HOLDING_REGISTER)),
        ("3:1", (0, None, Table.INPUT_REGISTER)),
        ("400001", (0, None, Table.HOLDING_REGISTER)),
        ("300100", (99, None, Table.INPUT_REGISTER)),
        ("70000", None),
        ("-5", None),
        ("Reserved", None),
    ],
)
def test_addresses_are_understood_in_many_spellings(text, expected):
    assert read_address(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.1", 0.1), ("0,01", 0.01), ("1/10", 0.1), ("x10", 10.0), ("×0.1", 0.1), ("10^-2", 0.01), ("0.1 kW", 0.1),
     ("1E-3", 0.001), ("0", None), ("1/0", None), ("none", None), ("", None)],
)  # fmt: skip
def test_factors_are_understood_in_many_spellings(text, expected):
    assert read_factor(text) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("03", Table.HOLDING_REGISTER), ("0x04", Table.INPUT_REGISTER), ("FC2", Table.DISCRETE_INPUT),
     ("Input register", Table.INPUT_REGISTER), ("Holding", Table.HOLDING_REGISTER), ("Coils", Table.COIL),
     ("discrete input", Table.DISCRETE_INPUT), ("", None), ("99", None)],
)  # fmt: skip
def test_tables_are_understood_in_many_spellings(text, expected):
    assert read_table(text) == expected


def is_whole(devices) -> None:
    for device in devices:
        try:
            text, _ = definition_text(device, Head())
        except Unreadable as error:
            if "no register could be taken over" not in str(error):
                raise
        else:
            assert not has_errors(parse_definition(text.encode(), "d")[1])


@given(
    cells=st.lists(
        st.lists(st.sampled_from(["Address", "Name", "Type", "Scale", "1", "0x10", "40001-2", "U32", "String", "x;y"])
                 | st.text(max_size=12), max_size=6),
        max_size=12,
    ),
)  # fmt: skip
@example(cells=[["40001-2", "end before begin", "String", "1"]])
def test_no_table_is_worse_than_unreadable_and_what_is_made_is_a_definition(cells):
    rows = [grid.Row(n, tuple(row)) for n, row in enumerate([["Address", "Name", "Type", "Scale"], *cells], start=1)]
    try:
        reading = read_register_table(rows, "any", Choices())
    except Unreadable:
        return
    is_whole([reading.imported])


@given(content=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_no_content_of_a_file_is_worse_than_unreadable(content):
    with contextlib.suppress(Unreadable):
        grid.read_grid(content)


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=3)
)


@given(
    field=st.dictionaries(st.sampled_from(["name", "address", "type", "data_type", "scale", "bit", "length"]), VALUES),
    style=st.sampled_from(["register", "request", "metric"]),
)
def test_no_field_of_telegraf_is_worse_than_a_note(field, style):
    block = {"slave_id": 1, "register": "holding", "fields": [field]}
    plugin = {"configuration_type": style, "holding_registers": [field], "request": [block], "metric": [block]}
    is_whole(devices_of([plugin]))


@given(
    entity=st.dictionaries(
        st.sampled_from(["name", "address", "data_type", "structure", "count", "scale", "swap", "slave",
                         "virtual_count", "input_type", "offset", "unit_of_measurement"]),
        VALUES | st.sampled_from(["custom", "int32", "string", ">hf", "4s", "input", "word"]),
    ),
    kind=st.sampled_from(["sensors", "binary_sensors", "switches", "climates"]),
)  # fmt: skip
def test_no_entity_of_home_assistant_is_worse_than_a_note(entity, kind):
    text = json.dumps({"modbus": [{"name": "h", "type": "tcp", "host": "h", kind: [entity]}]})
    try:
        is_whole(read_homeassistant(text))
    except Unreadable:
        return
