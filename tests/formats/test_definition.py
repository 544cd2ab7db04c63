"""What a definition means when it is right."""

import hashlib

import pytest

from heliograph.formats import Definition, Kind, ModbusPoint, Protocol, Table, parse_definition, write_definition


def definition_of(content: str) -> Definition:
    definition, findings = parse_definition(content.encode(), "DEF/inv.csv")
    assert findings == []
    assert definition is not None
    return definition


def point_of(info1: str, info2: str, info3: str) -> ModbusPoint | None:
    return (
        definition_of(f"modbusRTU;;;\n1;{info1};{info2};{info3};;x;;;;;4\n".replace("tring;;x;;;;;4", "tring;;x;;;;;1"))
        .variables[0]
        .point
    )


@pytest.mark.parametrize(
    ("info", "point"),
    [
        (("3", "7", "U16"), ModbusPoint(Table.HOLDING_REGISTER, 7, 1, Kind.U16)),
        (("4", "65535", "i16"), ModbusPoint(Table.INPUT_REGISTER, 65_535, 1, Kind.I16)),
        (("3", "65534", "U32_W"), ModbusPoint(Table.HOLDING_REGISTER, 65_534, 2, Kind.U32, swap_words=True)),
        (("3", "0", "f64_wb"), ModbusPoint(Table.HOLDING_REGISTER, 0, 4, Kind.F64, swap_words=True, swap_bytes=True)),
        (("3", "1", "I64_B"), ModbusPoint(Table.HOLDING_REGISTER, 1, 4, Kind.I64, swap_bytes=True)),
        (("3", "5_1", "U8"), ModbusPoint(Table.HOLDING_REGISTER, 5, 1, Kind.U8, byte_offset=1)),
        (("3", "5_3", "String"), ModbusPoint(Table.HOLDING_REGISTER, 5, 2, Kind.STRING, length=3)),
        (("3", "5_3", "bits"), ModbusPoint(Table.HOLDING_REGISTER, 5, 1, Kind.BITS, bit=3)),
        (("3", "5_0_16", "Bits"), ModbusPoint(Table.HOLDING_REGISTER, 5, 1, Kind.BITS, bits=16)),
        (("3", "5", "ip"), ModbusPoint(Table.HOLDING_REGISTER, 5, 2, Kind.IP)),
        (("3", "5", "IPv6"), ModbusPoint(Table.HOLDING_REGISTER, 5, 8, Kind.IPV6)),
        (("3", "5", "mac"), ModbusPoint(Table.HOLDING_REGISTER, 5, 3, Kind.MAC)),
        (("1", "5", ""), ModbusPoint(Table.COIL, 5, 1, Kind.U8)),
        (("2", "65535", "u16"), ModbusPoint(Table.DISCRETE_INPUT, 65_535, 1, Kind.U16)),
    ],
)
def test_points(info, point):
    assert point_of(*info) == point


def test_the_first_line():
    content = "MODBUStcp;inverter;ACME;M5;16;;;;;;\r\n\r\n"
    definition = definition_of(content)
    assert definition == Definition(
        "inv.csv",
        Protocol.MODBUS_TCP,
        "MODBUStcp",
        "inverter",
        "ACME",
        "M5",
        16,
        (),
        hashlib.sha256(content.encode()).hexdigest(),
    )
    assert definition_of("io\n").category == ""


def test_a_variable():
    (variable,) = definition_of(" modbusTCP ;;;\n a ; 3 ; 7 ; U16 ;; Power [W] ; p ; 0.1 ; -2 ; W ; 7 \n").variables
    assert (variable.index, variable.info, variable.name) == ("a", ("3", "7", "U16", ""), " Power [W] ")
    assert (variable.tag, variable.coef_a, variable.coef_b, variable.unit) == ("p", 0.1, -2.0, "W")
    assert (variable.line, variable.action, variable.fields) == (2, 7, 4)


def test_a_hash_is_no_comment():
    assert definition_of("modbusTCP;;;\n#1;3;1;U16;;a;;;;;4\n").variables[0].index == "#1"


def test_variables_may_overlap_and_have_gaps():
    definition = definition_of("modbusTCP;;;\n9;3;1;U32;;a;;;;;4\n2;3;2;U16;;b;;;;;4\n")
    assert [variable.index for variable in definition.variables] == ["9", "2"]


def test_a_scale_factor_is_found_by_its_exact_name():
    definition = definition_of(
        "modbusTCP;;;\n1;3;1;U16; W_SF;a;;;;;4\n2;3;2;I16;; W_SF;;;;;4\n3;3;1;U16;sf ;b;;;;;0\n4;3;1;U16;;sf;;;;;0\n"
    )
    assert [variable.scale_factor for variable in definition.variables] == [" W_SF", "", "sf", ""]


def test_inputs_and_meters():
    assert definition_of("io;;;\n1;3;1;;;Relay;;;;;4\n").variables[0].point is None
    assert definition_of("tic;;;\n1;BASE;;;;Index;;;;Wh;4\n").variables[0].info[0] == "BASE"


def test_rows_that_a_spreadsheet_left_empty_are_blank_lines():
    content = (
        ";;;;;;;;;;\nmodbusTCP;a;b;c;;;;;;;\n1;3;0;U16;;a;;;;;4\n;;;;;;;;;;\n ; ;\n2;3;1;U16;;b;;;;;4\n;;;;;;;;;;\n"
    )
    definition, findings = parse_definition(content.encode(), "x")
    assert findings == []
    assert definition is not None
    assert [variable.line for variable in definition.variables] == [3, 6]
    assert write_definition(definition, content.encode()) == content.encode()
