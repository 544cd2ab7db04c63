"""Definition files of detection, to the letter of spec 2.4: names, types, units, actions, tags, the file's name."""

import pytest

from heliograph.collector.sunspec import Catalogue
from heliograph.formats import Kind, Protocol, engineering_value, engineering_values, parse_definition
from heliograph.formats.not_implemented import is_sunspec_file
from heliograph.formats.sunspec import FoundModel, Identity, definition_name, definition_of, laid_out_by_counts

CATALOGUE = Catalogue()
UID = "WPM00C44F"
INSTANT = [101, 102, 103, 111, 112, 113, 123, 160, 401, 201, 202, 203, 204, 211, 212, 213, 214, 701, 702, 703, 704, 802]


def made(*numbers: int, identity: Identity | None = None, protocol: Protocol = Protocol.MODBUS_TCP):
    chain, at = [], 40002
    for number in numbers:
        layout = laid_out_by_counts(CATALOGUE.model(number), (2, 2))
        chain.append(FoundModel(number, layout.length, at, layout))
        at += 2 + layout.length
    return definition_of(chain, identity or Identity(), protocol, UID)


def lines(*numbers: int) -> dict[str, str]:
    """The lines of a file by the names of their variables."""
    return {line.split(";")[5]: line for line in made(*numbers).content.decode().splitlines()[1:]}


def test_lines_are_as_the_specification_has_them():
    found = lines(1, 103)
    assert [found[name] for name in ("1_tableId", "1_tableSize", "1_Mn", "1_Md", "1_SN", "1_DA")] == [
        "1;3;40002;I16;;1_tableId;;;;;1",
        "2;3;40003;I16;;1_tableSize;;;;;1",
        "3;3;40004_32;String;;1_Mn;;;;;1",
        "4;3;40020_32;String;;1_Md;DisplayModel;;;;1",
        "7;3;40052_32;String;;1_SN;DisplaySerialNumber;;;;1",
        "8;3;40068;U16;;1_DA;;;;;1",
    ]
    assert "1_Pad" not in found
    assert found["103_W"] == "23;3;40084;I16;103_W_SF;103_W;RealPower;;;W;4"
    assert found["103_W_SF"] == "24;3;40085;I16;;103_W_SF;;;;;4"
    assert found["103_WH"].split(";")[2:5] == ["40094", "U32", "103_WH_SF"]
    assert found["103_St"].split(";")[3] == "U16"
    assert found["103_Evt1"].split(";")[3] == "U32"


@pytest.mark.parametrize("number", CATALOGUE.numbers)
def test_the_points_of_some_models_are_recorded_and_those_of_all_others_are_parameters(number):
    for variable in made(number).definition.variables:
        is_head = variable.name.endswith(("_tableId", "_tableSize"))
        assert variable.action == (4 if number in INSTANT and not is_head else 1), variable.name


def test_tags_are_those_by_which_scripts_find_the_commands():
    tags = {v.name: v.tag for v in made(1, 103, 123, 123).definition.variables if v.tag}
    assert tags == {
        "1_Md": "DisplayModel",
        "1_SN": "DisplaySerialNumber",
        "103_W": "RealPower",
        "123_WMaxLimPct": "cmdPwrPercent",
        "123_WMaxLimPct_RmpTms": "WMaxLimPct_RmpTms",
        "123_WMaxLim_Ena": "WMaxLim_Ena",
        "123_VArPct_Mod": "VArPct_Mod",
        "123_Conn": "cmdOn",
    }


def test_blocks_are_counted_from_0_and_groups_that_stand_once_have_their_names():
    names = {v.name for v in made(160, 707, 704).definition.variables}
    assert {"160_N", "160_0_DCA", "160_1_DCA", "160_0_ID", "707_0_MustTrip_0_V", "707_1_MomCess_1_Tms",
            "704_PFWInj_PF", "704_PFWAbsRvrt_Ext"} <= names  # fmt: skip
    assert "160_2_DCA" not in names


def test_addresses_of_meters_are_texts():
    points = {v.name: v.point for v in made(11, 12).definition.variables}
    assert points["11_MAC"].kind is Kind.MAC
    assert points["11_MAC"].count == 3


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (("ACME", "X5", "A"), "WPM00C44F_SunSpec_inverter_ACME_X5_A_modbusTCP.csv"),
        (("SMA Solar ", "STP 5.0/3", ""), "WPM00C44F_SunSpec_inverter_SMA_Solar_STP_5.03__modbusTCP.csv"),
        (("../..", "a;b\0c", "ü?*"), "WPM00C44F_SunSpec_inverter_...._a_b_c__modbusTCP.csv"),
        (("", "", ""), "WPM00C44F_SunSpec_inverter____modbusTCP.csv"),
    ],
    ids=["plain", "blanks", "unsafe", "nothing"],
)
def test_the_name_of_the_file_says_what_the_device_is(identity, name):
    assert definition_name(UID, Identity(*identity), Protocol.MODBUS_TCP) == name
    assert is_sunspec_file(name)


def test_a_uid_that_is_none_makes_no_file():
    with pytest.raises(ValueError, match="is no uid"):
        definition_of([], Identity(), Protocol.MODBUS_TCP, "")


def test_patterns_for_not_implemented_are_missing_in_files_of_detection_alone():
    content = made(103).content
    by_detection, _ = parse_definition(content, f"DEF/{UID}_SunSpec_inverter_a_b_c_modbusTCP.csv")
    by_hand, _ = parse_definition(content, "DEF/inverter.csv")
    for definition, values in ((by_detection, (None, None)), (by_hand, (-32768, 65535))):
        found = {v.name: v for v in definition.variables}
        factor = 0
        assert engineering_value(found["103_W"], -32768, factor) == values[0]
        assert engineering_value(found["103_PhVphA"], 65535, factor) == values[1]
    found = {v.name: v for v in by_detection.variables}
    raw = {found["103_W"].index: 500, found["103_W_SF"].index: -32768}
    assert found["103_W"].index not in engineering_values(by_detection, raw)


def test_more_variables_than_a_definition_holds_are_left_out_and_told():
    layout = laid_out_by_counts(CATALOGUE.model(160), (60,))
    chain = [FoundModel(160, layout.length, 2 + place * 400, layout) for place in range(20)]
    result = definition_of(chain, Identity(), Protocol.MODBUS_TCP, UID)
    assert "10000 variables at most" in result.notes[-1]
    assert len(result.definition.variables) <= 10_000
