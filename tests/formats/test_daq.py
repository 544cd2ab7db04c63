"""What a `_daq.csv` means when it is right."""

import pytest

from heliograph.formats import Daq, Device, SerialInterface, SerialLine, TcpInterface, parse_daq

DEVICES = "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile\n"
SERIAL = "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms);forwardedTcpPort\n"


def daq_of(content: str) -> Daq:
    daq, findings = parse_daq(content.encode(), "CONFIG/a_daq.csv")
    assert findings == []
    assert daq is not None
    return daq


def device_of(row: str) -> Device:
    return daq_of(SERIAL + "SERIAL1\n" + DEVICES + row + "\n").devices[0]


def test_defaults():
    daq = daq_of(SERIAL + "SERIAL2\n" + DEVICES + "0;SERIAL2;;5;;;;;;;a.csv\n")
    assert daq.lines == (SerialLine(2),)
    assert daq.devices == (Device(4, "0", SerialInterface(2), "SERIAL2_5", 5, definition="a.csv"),)


def test_a_serial_line():
    (line,) = daq_of(SERIAL + "SERIAL3;115200;7;E;2;4;MODBUS;12;1502\n" + DEVICES + "1;SERIAL3;;1;;;;;;;a\n").lines
    assert line == SerialLine(3, 115_200, 7, "E", 2, 4, "modbusRTU", 12, 1502)


@pytest.mark.parametrize(
    ("text", "interface"),
    [
        ("SERIAL1", SerialInterface(1)),
        ("inverter-1.local", TcpInterface("inverter-1.local")),
        ("10.0.0.1", TcpInterface("10.0.0.1")),
        ("10.0.0.1:1502", TcpInterface("10.0.0.1", 1502)),
        ("[fd00::7]:503", TcpInterface("fd00::7", 503)),
        ("[fd00::7]", TcpInterface("fd00::7")),
    ],
)
def test_interfaces(text, interface):
    assert device_of(f"1;{text};;1;;;;;;;a").interface == interface


@pytest.mark.parametrize(
    "text",
    ["SERIAL4", "serial1", "SERIAL", "a b", "10.0.0.256", "a:", "a:0", "a:70000", "[a]", "[10.0.0.1]", "tcp://a", ""],
)
def test_wrong_interfaces(text):
    daq, findings = parse_daq((DEVICES + f"1;{text};n;1;;;;;;;a\n").encode(), "x")
    assert daq is None
    assert [(finding.line, finding.column) for finding in findings] == [(2, 3)]


def test_a_row_of_nothing_but_words_is_a_row_and_no_header_of_an_unknown_section():
    """To take it for a header would drop every row after it without a word."""
    content = SERIAL + "COM;fast;eight;none;one;two;modbus;zero;off\nSERIAL1\n" + DEVICES + "1;SERIAL1;;1;;;;;;;a\n"
    daq, findings = parse_daq(content.encode(), "x")
    assert daq is None
    assert (findings[0].line, findings[0].column) == (2, 1)
    assert {finding.line for finding in findings} == {2}


@pytest.mark.parametrize(
    "section",
    [
        "interface;name;address;netmask;gateway\neth0;lan;10.0.0.2;255.255.255.0;10.0.0.1\n",
        "type;name;address;protocol\nETH1;lan;10.0.0.2;dhcp\n",
        "modem;apn;pin\nM1;a.example;0000\n\n\nwifi;ssid\nwlan0;x\n",
    ],
)
def test_unknown_sections_may_share_names_of_columns_with_known_ones(section):
    rows = DEVICES + "1;a;;1;;;;;;;a\n"
    assert len(daq_of(section + rows).devices) == 1
    assert len(daq_of(rows + "\n" + section).devices) == 1
    assert len(daq_of(rows + section).devices) == 1


@pytest.mark.parametrize("header", [DEVICES.replace("index", "indx"), "interface;name;address;defFile\n"])
def test_a_header_without_its_first_column_is_told_by_the_others(header):
    _, findings = parse_daq((header + "1;a;;1;;;;;;;a\n").encode(), "x")
    assert 'lacks the column "index"' in findings[0].text


@pytest.mark.parametrize("unit", [0, 1, 247, 255])
def test_units_on_tcp(unit):
    assert device_of(f"1;a;;{unit};;;;;;;a").address == unit


def test_parameters_in_any_mix_and_order():
    device = device_of("1;a;n;1;10;50;; poll=0, 0,sleeps=1 ,gap=7,maxRegisters=60 ;;;a")
    assert (device.period_seconds, device.timeout_ms, device.keep_alive) == (10, 50, False)
    assert (device.poll_ms, device.sleeps, device.gap, device.max_registers) == (0, True, 7, 60)


def test_the_gateways_own_inputs_and_a_meter():
    daq = daq_of(DEVICES + "IO;;;;60;;;;;;io.csv\nTIC1;;house;;60;;0123;9600;;;tic.csv\n")
    own, meter = daq.devices
    assert (own.kind, own.name, own.interface) == ("IO", "IO", None)
    assert (meter.kind, meter.name, meter.serial_number, meter.bit_rate) == ("TIC", "house", "0123", 9600)


def test_made_names_are_unique():
    rows = "1;a;;1;;;;;;;x\n2;a;;1;;;;;;;x\n3;b;a:502_2;1;;;;;;;x\n4;a;;2;;;;;;;x\n"
    assert [d.name for d in daq_of(DEVICES + rows).devices] == ["a:502_1_1", "a:502_1_2", "a:502_2", "a:502_2_4"]


def test_columns_go_by_their_names():
    (device,) = daq_of("defFile;address;index;interface\n\na.csv;9;07;h\n").devices
    assert (device.definition, device.address, device.index) == ("a.csv", 9, "7")


def test_an_unsupported_protocol_is_kept():
    daq, findings = parse_daq((SERIAL + "SERIAL1;;;;;;dlms\n" + DEVICES + "1;SERIAL1;;1;;;;;;;a\n").encode(), "x")
    assert daq is not None
    assert daq.lines[0].protocol == "dlms"
    assert not daq.lines[0].is_supported
    assert [(finding.line, finding.column, finding.severity) for finding in findings] == [(2, 14, "warning")]
