"""Found devices come into a set beside what is configured, whatever they call themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import Protocol, SerialInterface, SerialLine, TcpInterface, parse_daq
from heliograph.formats.daq import Device
from heliograph.formats.sunspec import FoundModel, Identity, Proposed, additions, configured_as, definition_of

UID = "WPM00C44F"
DAQ = f"CONFIG/{UID}_daq.csv"
HEADER = "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile"
BASE = f"""# a note of somebody
type;baudrate;own
SERIAL1;9600;x

{HEADER}
4;10.0.0.1:502;X5 S-9;1;600;1000;S-1;1;;;m.csv
IO;;inputs;;60;;;;;;io.csv
""".encode()
TEXTS = st.text(max_size=12)


def proposed(interface=None, address: int = 1, identity: Identity | None = None, register: int = 2) -> Proposed:
    where = interface or TcpInterface("10.0.0.2")
    who = identity or Identity("ACME", "X5", "", "1", "S-9")
    protocol = Protocol.MODBUS_RTU if isinstance(where, SerialInterface) else Protocol.MODBUS_TCP
    made = definition_of([FoundModel(64900, 3, register)], who, protocol, UID)
    return Proposed(where, address, who, made.definition.file, made.content)


def devices(content: bytes) -> list[Device]:
    daq, findings = parse_daq(content, DAQ)
    assert [finding for finding in findings if finding.line > 3] == []
    return list(daq.devices)


def test_lines_are_added_and_nothing_else_changes():
    added = additions({DAQ: BASE}, UID, [proposed(), proposed(address=2, identity=Identity("ACME", "X5"))])
    assert added.files[DAQ].startswith(BASE)
    new = devices(added.files[DAQ])[2:]
    assert [(d.index, d.name, d.address, d.serial_number) for d in new] == [
        ("5", "X5 S-9_2", 1, "S-9"),
        ("6", "X5", 2, ""),
    ]
    assert {d.definition for d in new} == {f"{UID}_SunSpec_inverter_ACME_X5__modbusTCP.csv"}
    assert set(added.files) == {DAQ, f"DEF/{new[0].definition}"}
    assert (new[0].category, new[0].model, new[0].period_seconds) == ("inverter", "X5", 600)


@pytest.mark.parametrize(
    ("entry", "known"),
    [
        (proposed(TcpInterface("10.0.0.1")), "@1 10.0.0.1:502 is configured already: X5 S-9 (4)"),
        (proposed(identity=Identity(serial_number="S-1")), "@1 10.0.0.2:502 is configured already: X5 S-9 (4)"),
    ],
    ids=["same place", "same serial number"],
)
def test_a_device_that_is_configured_is_passed_over(entry, known):
    added = additions({DAQ: BASE}, UID, [entry])
    assert (added.files, added.devices, added.known) == ({}, (), (known,))


def test_a_device_that_stands_twice_in_one_search_is_added_once():
    added = additions({DAQ: BASE}, UID, [proposed(), proposed(TcpInterface("10.0.0.3"))])
    assert len(added.devices) == 1
    assert "@1 10.0.0.3:502 is configured already" in added.known[0]


def test_a_definition_of_the_same_name_with_other_registers_gets_a_name_of_its_own():
    name = proposed().definition
    files = {DAQ: BASE, f"DEF/{name}": proposed().content}
    same = additions(files, UID, [proposed()])
    assert set(same.files) == {DAQ}
    assert same.devices[0].definition == name
    other = additions(files, UID, [proposed(register=40002)])
    assert set(other.files) == {DAQ, f"DEF/{name.removesuffix('.csv')}_2.csv"}


def test_a_serial_line_that_is_not_there_comes_with_the_settings_of_the_search():
    entry = proposed(SerialInterface(2), address=7)
    added = additions({DAQ: BASE}, UID, [entry], [SerialLine(2, baudrate=38400), SerialLine(1, baudrate=1200)])
    daq, _ = parse_daq(added.files[DAQ], DAQ)
    assert [(line.name, line.baudrate) for line in daq.lines] == [("SERIAL1", 9600), ("SERIAL2", 38400)]


def test_a_file_without_the_columns_gets_what_it_has_columns_for():
    base = b"index;interface;name;address;defFile\n0;10.0.0.1;a;1;m.csv\n"
    added = additions({DAQ: base}, UID, [proposed()])
    assert added.files[DAQ].startswith(base)
    assert devices(added.files[DAQ])[1].name == "X5 S-9"


def test_a_set_without_the_file_gets_one():
    added = additions({}, UID, [proposed()])
    assert devices(added.files[DAQ])[0].index == "0"


def test_a_file_with_errors_is_left_alone():
    with pytest.raises(ValueError, match="has errors and is left alone"):
        additions({DAQ: BASE + b"4;10.0.0.9;b;1;600;1000;;1;;;m.csv\n"}, UID, [proposed()])


def test_places_compare_without_regard_to_case():
    device = Device(0, "1", TcpInterface("Roof.local"), "a", 3)
    assert configured_as([device], TcpInterface("roof.LOCAL"), 3) is device
    assert configured_as([device], TcpInterface("roof.local"), 4) is None
    assert configured_as([device], TcpInterface("roof.local", 503), 3) is None


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=4))
def test_whatever_devices_call_themselves_the_set_can_be_read(identities):
    entries = [
        proposed(TcpInterface(f"10.1.0.{n}"), identity=Identity(maker, model, options, "1", serial))
        for n, (maker, model, options, serial) in enumerate(identities, 1)
    ]
    added = additions({DAQ: BASE}, UID, entries)
    assert added.files.get(DAQ, BASE).startswith(BASE)
    found = devices(added.files.get(DAQ, BASE))
    assert len(found) == 2 + len(added.devices)
    assert len({device.name.casefold() for device in found}) == len(found)
    assert {f"DEF/{device.definition}" for device in added.devices} <= set(added.files)
