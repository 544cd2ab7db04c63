"""The plant of a revision: each device with its definition, and nothing that ends a service."""

from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import Plant, read_plant, scale_factor_of
from support.plausible_set import FILES, UID

DAQ = f"CONFIG/{UID}_daq.csv"


def test_each_device_comes_with_its_definition():
    plant = read_plant(FILES, UID)
    assert [(e.device.name, e.definition.file) for e in plant.devices] == [
        ("roof_1", "inv.csv"), ("roof_2", "inv.csv"), ("roof_3", "inv.csv"), ("grid meter", "meter.csv"),
    ]  # fmt: skip
    assert plant.by_index("4") is plant.devices[3]
    assert plant.by_index("9") is None


def test_the_file_of_the_uid_is_taken_before_another():
    """After a change of the uid both names may lie there."""
    other = FILES[DAQ].replace("roof_1", "old_1")
    files = {**FILES, "CONFIG/WPM000001_daq.csv": other}
    assert read_plant(files, UID).devices[0].device.name == "roof_1"
    assert read_plant(files, "WPM000001").devices[0].device.name == "old_1"
    assert read_plant({**files, DAQ: ""}, "nobody").devices[0].device.name == "old_1"


def test_what_cannot_be_read_is_left_out_and_told():
    plant = read_plant({**FILES, "DEF/meter.csv": "garbage"}, UID)
    assert [e.device.name for e in plant.devices] == ["roof_1", "roof_2", "roof_3"]
    assert {f.file for f in plant.findings} == {"DEF/meter.csv"}
    missing = read_plant({name: text for name, text in FILES.items() if name != "DEF/inv.csv"}, UID)
    assert [e.device.name for e in missing.devices] == ["grid meter"]
    assert [(f.file, f.severity) for f in missing.findings] == [("DEF/inv.csv", "error")]
    assert read_plant({}, UID) == Plant()


def test_the_scale_factor_of_a_variable():
    definition = read_plant(FILES, UID).devices[0].definition
    by_name = {v.name: v for v in definition.variables}
    assert scale_factor_of(definition, by_name["Power limit"]) is by_name["Limit_SF"]
    assert scale_factor_of(definition, by_name["AC power"]) is None


@settings(deadline=None, max_examples=60)
@given(daq=st.text(max_size=200), definition=st.text(max_size=200))
def test_any_files_make_a_plant(daq, definition):
    assert read_plant({DAQ: daq, "DEF/inv.csv": definition}, UID).devices == ()
    read_plant({DAQ: FILES[DAQ], "DEF/inv.csv": FILES["DEF/inv.csv"] + definition}, UID)
