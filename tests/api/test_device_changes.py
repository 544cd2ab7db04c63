"""Devices added to, changed in and taken out of a `_daq.csv`: field by field judged, all else byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.api.devicechanges import Chosen, with_changed, with_new, without
from heliograph.api.deviceline import LineFaults
from heliograph.api.library import shipped
from heliograph.formats import parse_daq, read_plant
from support.plausible_set import DAQ, FILES, INVERTER, UID

PATH = f"CONFIG/{UID}_daq.csv"
CELLS = {"name": "roof_4", "interface": "192.168.1.44:502", "address": "1", "acqPeriod(s)": "60", "timeout(ms)": "900"}
SERIAL = {"baudrate": 9600, "data_bits": 8, "parity": "E", "stop_bits": 1}
ODD = (
    "# the roof, as built\r\nmodem;apn\r\nx;y\r\n\r\n"
    "index;note;interface;name;address;acqPeriod(s);timeout(ms);defFile\r\n"
    "1;first;10.0.0.1;roof_1;1;600;1000;inv.csv\r\n# spare\r\n2;second;10.0.0.2;roof_2;1;600;1000;inv.csv\r\n"
)


OWN = Chosen("inv.csv")


def add(files=FILES, chosen=OWN, **cells: str):
    return with_new(files, UID, CELLS | cells, chosen, SERIAL)


def test_a_device_is_one_more_line_and_all_else_stays():
    change = add()
    assert change.files == {PATH: DAQ + "5;192.168.1.44:502;roof_4;1;60;900;;1;;;inv.csv\n"}
    assert change.line == "5;192.168.1.44:502;roof_4;1;60;900;;1;;;inv.csv"


def test_comments_foreign_sections_columns_of_ones_own_and_line_ends_stay():
    files = {PATH: ODD, "DEF/inv.csv": INVERTER}
    assert add(files).files[PATH] == ODD + "3;;192.168.1.44:502;roof_4;1;60;900;inv.csv\r\n"
    changed = with_changed(files, UID, "1", {"acqPeriod(s)": "60"}, None, SERIAL).files[PATH]
    assert changed == ODD.replace("roof_1;1;600", "roof_1;1;60")
    assert without(files, UID, "1").files[PATH] == ODD.replace("1;first;10.0.0.1;roof_1;1;600;1000;inv.csv\r\n", "")


def test_the_first_device_of_a_set_begins_the_section():
    files = {"DEF/inv.csv": INVERTER}
    text = add(files).files[PATH]
    assert [entry.device.name for entry in read_plant({**files, PATH: text}, UID).devices] == ["roof_4"]


def test_the_first_device_on_a_serial_line_brings_its_settings():
    text = add(interface="SERIAL2").files[PATH]
    daq, findings = parse_daq(text.encode(), "")
    assert not findings
    assert (daq.lines[1].name, daq.lines[1].baudrate, daq.lines[1].parity) == ("SERIAL2", 9600, "E")
    assert "SERIAL1;9600;8;N;1;2;modbusRTU;0\n" in add(interface="SERIAL1", address="7").files[PATH]


@pytest.mark.parametrize(
    ("cells", "field", "text"),
    [
        ({"name": "roof_1"}, "name", "device 1 has this name already"),
        ({"name": "ROOF_1"}, "name", "device 1 has this name already"),
        ({"interface": "SERIAL4"}, "interface", "none of SERIAL1"),
        ({"interface": "10.0.0.300"}, "interface", "neither a host name nor an IP address"),
        ({"interface": "10.0.0.3:99999"}, "interface", "a port"),
        ({"interface": "fd00::7"}, "interface", "in brackets"),
        ({"interface": "SERIAL1", "address": "0"}, "address", "1 to 240"),
        ({"address": "250"}, "address", "0 to 247, and 255"),
        ({"address": "one"}, "address", ""),
        ({"acqPeriod(s)": "0"}, "period_seconds", ""),
        ({"timeout(ms)": "many"}, "timeout_ms", ""),
    ],
)
def test_a_field_that_does_not_fit_is_told_by_its_name(cells, field, text):
    with pytest.raises(LineFaults) as caught:
        add(**cells)
    assert list(caught.value.faults) == [field]
    assert text in caught.value.faults[field]


def test_all_fields_that_do_not_fit_are_told_together():
    with pytest.raises(LineFaults) as caught:
        add(interface="SERIAL9", address="300", name="roof_2")
    assert set(caught.value.faults) == {"interface", "address", "name"}


def test_a_definition_that_is_not_in_the_set_or_has_a_path_is_refused():
    for file in ("none.csv", "../inv.csv", "/etc/passwd"):
        with pytest.raises(LineFaults) as caught:
            add(chosen=Chosen(file))
        assert list(caught.value.faults) == ["definition"]


def test_a_new_definition_comes_along_and_none_is_replaced():
    change = add(chosen=Chosen("new.csv", INVERTER))
    assert (change.files["DEF/new.csv"], change.device.definition) == (INVERTER, "new.csv")
    assert set(add(chosen=Chosen("inv.csv", INVERTER)).files) == {PATH}
    with pytest.raises(LineFaults) as caught:
        add(chosen=Chosen("inv.csv", INVERTER.replace("kW", "W")))
    assert "give this another name" in caught.value.faults["definition"]


@pytest.mark.parametrize("entry", shipped(), ids=lambda entry: entry.name)
def test_every_definition_of_the_library_is_spoken_as_the_interface_does(entry):
    chosen = Chosen(f"{entry.name}.csv", entry.text, is_shipped=True)
    for interface, protocol in (("10.0.0.9", "modbusTCP"), ("SERIAL1", "modbusRTU")):
        change = add(chosen=chosen, interface=interface, address="7")
        text = change.files[f"DEF/{change.device.definition}"]
        assert text.startswith(protocol)
        assert text.partition("\n")[2] == entry.text.partition("\n")[2]


def test_a_file_of_the_set_is_never_overwritten_by_one_of_the_library():
    files = {**FILES, "DEF/a.csv": "something else\n"}
    change = add(files, chosen=Chosen("a.csv", INVERTER, is_shipped=True))
    assert change.device.definition == "a_2.csv"
    assert change.files["DEF/a_2.csv"] == INVERTER


def test_a_change_keeps_what_it_does_not_name():
    text = DAQ.replace("1;600;1000;;1;inverter", "1;600;1000;SN7;1,poll=500,gap=3;inverter", 1)
    files = {**FILES, PATH: text}
    changed = with_changed(files, UID, "1", {"name": "south", "address": "3"}, None, SERIAL)
    assert changed.line == "1;192.168.1.41;south;3;600;1000;SN7;1,poll=500,gap=3;inverter;SUN-50K;inv.csv"


def test_the_gateways_own_inputs_and_a_customer_output_keep_what_makes_them_so():
    own = "IO;;inputs;;600;1000;;;;;io.csv\nTIC1;;linky;;600;1000;012345;9600;;;tic.csv\n"
    files = {PATH: DAQ + own, "DEF/io.csv": "io;;;\n", "DEF/tic.csv": "tic;;;\n"}
    for index, line in (("IO", "IO;;own;;600"), ("TIC1", "TIC1;;own;;600;1000;012345;9600")):
        changed = with_changed(files, UID, index, {"name": "own"}, None, SERIAL)
        assert changed.line.startswith(line)
        assert changed.device.interface is None


def test_another_definition_takes_category_and_model_of_the_old_one_away():
    changed = with_changed(FILES, UID, "4", {}, Chosen("inv.csv"), SERIAL)
    assert changed.line == "4;SERIAL1;grid meter;5;600;1000;;;;;inv.csv"


def test_a_device_at_the_same_place_is_told():
    assert add(interface="192.168.1.41").same_place == "roof_1"
    assert add().same_place == ""


def test_a_device_that_is_not_there_and_a_broken_file_are_refused():
    with pytest.raises(LookupError):
        without(FILES, UID, "77")
    broken = {**FILES, PATH: DAQ.replace("1;192.168.1.41;roof_1;1", "1;;roof_1;1")}
    with pytest.raises(ValueError, match="has errors and is left alone"):
        add(broken)


def test_a_file_that_has_no_column_for_a_value_is_left_alone():
    files = {PATH: "index;interface;address;defFile\n1;10.0.0.1;1;inv.csv\n", "DEF/inv.csv": INVERTER}
    with pytest.raises(ValueError, match="cannot be continued by itself"):
        add(files)


@given(st.text(st.characters(codec="utf-8", exclude_characters=";\r\n"), min_size=1, max_size=20))
def test_any_name_comes_to_stand_as_it_is_or_is_refused(name):
    try:
        change = add(name=name)
    except (LineFaults, ValueError):
        return
    daq, _ = parse_daq(change.files[PATH].encode(), "")
    assert [device.name for device in daq.devices][:4] == ["roof_1", "roof_2", "roof_3", "grid meter"]
    assert daq.devices[4].name == change.device.name
