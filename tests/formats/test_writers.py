"""Files written anew, and over others: what is written reads back, what was not touched stays byte for byte."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import (
    Config,
    Daq,
    DayType,
    Device,
    FileServer,
    MqttServer,
    ScheduleLine,
    Schedules,
    SerialInterface,
    SerialLine,
    ServerMode,
    ServerType,
    TcpInterface,
    parse_config,
    parse_daq,
    parse_definition,
    parse_schedules,
    write_config,
    write_daq,
    write_definition,
    write_schedules,
)
from support.formats import contents, definitions

BASE = Path(__file__).parent / "cases" / "base" / "set"
PAIRS = [
    (parse_config, write_config, "CONFIG/WPM00C44F_config.ini"),
    (parse_daq, write_daq, "CONFIG/WPM00C44F_daq.csv"),
    (parse_schedules, write_schedules, "CONFIG/WPM00C44F_var.ini"),
    (parse_definition, write_definition, "DEF/inverter.csv"),
]


@pytest.mark.parametrize(("parse", "write", "path"), PAIRS)
def test_an_untouched_file_stays_byte_for_byte(parse, write, path):
    content = (BASE / path).read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n"
    assert write(parse(content, path)[0], content) == content


@pytest.mark.parametrize(("parse", "write", "path"), PAIRS)
def test_a_file_written_anew_reads_the_same(parse, write, path):
    wanted = parse((BASE / path).read_bytes(), path)[0]
    written = write(wanted)
    assert write(parse(written, path)[0]) == written


@pytest.mark.parametrize(("parse", "write", "path"), PAIRS)
@settings(deadline=None, max_examples=80)
@given(content=contents)
def test_whatever_can_be_read_is_kept(parse, write, path, content):
    found, _ = parse(content, path)
    if found is not None:
        assert write(found, content) == content


@settings(deadline=None, max_examples=60)
@given(content=definitions(), other=definitions())
def test_definitions_written_anew_and_over_others(content, other):
    definition = parse_definition(content, "x.csv")[0]
    assert definition is not None
    assert write_definition(definition, content) == content
    changed = write_definition(definition, other)
    assert write_definition(parse_definition(changed, "x.csv")[0], changed) == changed


def test_one_value_is_changed_and_all_else_is_kept():
    base = b"\xef\xbb\xbf; hill\r\nSERVER_Type=sftp\r\n FTP_Port = 22 \r\nFTP_Address=a\r\nUnknown=1\r\nFTP_Timeout=9"
    config, _ = parse_config(base, "x")
    assert config is not None
    (server,) = config.servers
    assert isinstance(server, FileServer)
    changed = replace(config, log_level="debug", servers=(replace(server, port=2222, timeout_seconds=30),))
    assert write_config(changed, base) == (
        b"\xef\xbb\xbf; hill\r\nSERVER_Type=sftp\r\n FTP_Port =2222\r\nFTP_Address=a\r\nUnknown=1\r\nFTP_Timeout=30\r\n"
        b"LOG_Level=debug\r\n"
    )


def test_a_web_address_is_written_as_a_whole():
    base = b"SERVER_Type=webdav\nHTTP_Address=https://a:8443/x\nHTTP_DirRoot=/y\n"
    config, _ = parse_config(base, "x")
    assert config is not None
    (server,) = config.servers
    assert isinstance(server, FileServer)
    assert write_config(config, base) == base
    moved = replace(config, servers=(replace(server, root="/z"),))
    assert write_config(moved, base) == b"SERVER_Type=webdav\nHTTP_Address=a\nHTTP_DirRoot=/z\nHTTP_Port=8443\n"
    plain = replace(config, servers=(replace(server, plain=True, address="fd00::1", port=80),))
    assert b"HTTP_Address=http://[fd00::1]:80\n" in write_config(plain, base)


def test_another_type_takes_the_old_settings_away():
    base = b"SERVER_Type=ftp\nSERVER_Mode=strategy_wsun1_compliant\nFTP_Address=a\nFTP_Password=s\n"
    config, _ = parse_config(base, "x")
    assert config is not None
    broker = MqttServer(1, ServerType.MQTTS, ServerMode.MQTT, "b", 8883, topic_data="d")
    assert write_config(replace(config, servers=(broker,)), base) == (
        b"SERVER_Type=mqtts\nSERVER_Mode=strategy_mqtt\nFTP_Address=\nFTP_Password=\nMQTT_Address=b\nMQTT_TopicData=d\n"
    )


@pytest.mark.parametrize("name", ["two\nlines", " blank", "\0"])
def test_a_value_that_can_not_stand_in_the_file_is_refused(name):
    config = Config("", name, "UTC", None, None, "info", (FileServer(1, ServerType.FTP, ServerMode.MAIN, "a", 21),))
    with pytest.raises(ValueError, match="can't stand"):
        write_config(config)


@pytest.mark.parametrize(("parse", "write", "path"), PAIRS)
def test_a_base_with_errors_is_refused(parse, write, path):
    found, _ = parse((BASE / path).read_bytes(), path)
    for base in (b"\0", b"x" * 17_000_000):
        with pytest.raises(ValueError, match="rewritten"):
            write(found, base)


def test_schedules_are_changed_added_and_removed():
    base = b"# a\nSCHEDULE_Params[3]=1|Monday|00:00:00|60|2\nSCHEDULE_Params[5]=2\nSCHEDULE2_Params[0]=1\nother=1\n"
    first = ScheduleLine(1, DayType.MONDAY, dt.time(0, 0), 60, 2)
    new = ScheduleLine(9, DayType.LAST, dt.time(23, 59, 59), 5, 3)
    assert write_schedules(Schedules((first, ScheduleLine(2), new), ()), base) == (
        b"# a\nSCHEDULE_Params[3]=1|Monday|00:00:00|60|2\nSCHEDULE_Params[5]=2\nother=1\n"
        b"SCHEDULE_Params[6]=9|last|23:59:59|5|3\n"
    )
    with pytest.raises(ValueError, match="Id twice"):
        write_schedules(Schedules((first, first)))


def test_devices_are_changed_added_and_removed():
    base = (
        b"card;ip;mask\neth0;x;y\n\n# devices\nname;index;address;interface;defFile;acqPeriod(s)\n"
        b"a;1; 5 ;h;a.csv\n# between\nb;2;6;h;a.csv;060\n;3;7;h;a.csv\n"
    )
    daq, _ = parse_daq(base, "x")
    assert daq is not None
    first, _, third = daq.devices
    new = Device(0, "8", SerialInterface(1), "new", 9, period_seconds=10, definition="b.csv")
    changed = Daq((SerialLine(1, 9600),), (first, new, replace(third, address=8)))
    assert write_daq(changed, base).decode() == (
        "card;ip;mask\neth0;x;y\n\n# devices\nname;index;address;interface;defFile;acqPeriod(s)\n"
        "a;1; 5 ;h;a.csv\nnew;8;9;SERIAL1;b.csv;10\n# between\nh:502_7;3;8;h;a.csv\n"
        "\ntype;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms)\nSERIAL1;9600;8;N;1;2;modbusRTU;0\n"
    )
    with pytest.raises(ValueError, match="no column"):
        write_daq(replace(daq, devices=(replace(first, timeout_ms=5),)), base)


@settings(deadline=None, max_examples=60)
@given(
    units=st.lists(st.integers(0, 247), max_size=5),
    port=st.integers(1, 65_535),
    flags=st.tuples(st.booleans(), st.booleans()),
    poll=st.integers(0, 5_000),
)
def test_devices_written_anew_read_the_same(units, port, flags, poll):
    devices = tuple(
        Device(
            0,
            str(n),
            TcpInterface("fd00::7", port),
            f"d{n}",
            unit,
            poll_ms=poll,
            keep_alive=flags[0],
            sleeps=flags[1],
            definition="a",
        )
        for n, unit in enumerate(units)
    )
    daq, findings = parse_daq(write_daq(Daq((SerialLine(2, forwarded_port=port),), devices)), "x")
    assert daq is not None
    assert [replace(device, line=0) for device in daq.devices] == list(devices)
    assert all("no devices" in finding.text for finding in findings)


def test_a_definition_is_changed_in_place():
    base = b"modbusTCP;;;;;;\r\n\r\n1;3;1;U16;;a;;;;;4;;\r\n2;3;2;U16;;b;;1,5;;;4\r\n"
    definition, _ = parse_definition(base, "x.csv")
    assert definition is not None
    first, second = definition.variables
    changed = replace(definition, variables=(replace(first, action=8, coef_a=0.5), second), model="M5")
    assert write_definition(changed, base) == (
        b"modbusTCP;;;M5\r\n\r\n1;3;1;U16;;a;;0.5;;;8\r\n2;3;2;U16;;b;;1,5;;;4\r\n"
    )


def test_a_serial_line_and_devices_come_together_into_a_file_with_devices_alone():
    base = b"index;interface;name;address;defFile\n0;10.0.0.1;a;1;m.csv\n"
    before, _ = parse_daq(base, "daq.csv")
    new = Device(0, "1", SerialInterface(2), "b", 3, definition="n.csv")
    content = write_daq(Daq((SerialLine(2),), (*before.devices, new)), base)
    assert content.startswith(base)
    daq, findings = parse_daq(content, "daq.csv")
    assert findings == []
    assert [(device.index, str(device.interface)) for device in daq.devices] == [
        ("0", "10.0.0.1:502"),
        ("1", "SERIAL2"),
    ]
    assert [line.name for line in daq.lines] == ["SERIAL2"]


@pytest.mark.parametrize(
    "base",
    [
        b"index;interface;name;address;defFile\n",
        b"# note\n\nindex;interface;name;address;defFile",
        b"type;baudrate\n\nindex;interface;name;address;defFile\n\n# the end\n",
    ],
    ids=["devices", "no line end", "both"],
)
def test_rows_come_below_a_header_that_has_none(base):
    new = Device(0, "1", SerialInterface(2), "b", 3, definition="n.csv")
    content = write_daq(Daq((SerialLine(2),), (new,)), base)
    daq, findings = parse_daq(content, "daq.csv")
    assert findings == []
    assert [device.name for device in daq.devices] == ["b"]
    assert [line.name for line in daq.lines] == ["SERIAL2"]
    assert content.count(b"index;interface") == 1
    assert content.count(b"type;") == 1
