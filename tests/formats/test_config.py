"""What a `_config.ini` means when it is right."""

import pytest

from heliograph.formats import Config, Directory, FileServer, MqttServer, ServerMode, ServerType, parse_config


def config_of(text: str) -> Config:
    config, findings = parse_config(text.encode(), "CONFIG/a_config.ini")
    assert findings == []
    assert config is not None
    return config


def test_defaults_of_a_file_server():
    (server,) = config_of("SERVER_Type=sftp\nFTP_Address=10.0.0.1\n").servers
    assert server == FileServer(1, ServerType.SFTP, ServerMode.MAIN, "10.0.0.1", 22)
    assert isinstance(server, FileServer)
    assert server.path(Directory.DATA) == "/DATA"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("GATEWAY_Latitude=48\nGATEWAY_Longitude=11\n", []),
        ("GATEWAY_Latitude=48\n", [(3, 18)]),
        ("GATEWAY_Latitude=\nGATEWAY_Longitude=11\n", [(4, 19)]),
        ("GATEWAY_Latitude=48\nGATEWAY_Longitude=181\n", [(4, 19)]),
        ("GATEWAY_Latitude=91\n", [(3, 18)]),
    ],
)
def test_latitude_and_longitude_come_together(text, places):
    """One of them alone does nothing, which is a warning; so is a wrong one, which is not reported twice."""
    config, findings = parse_config(f"SERVER_Type=ftp\nFTP_Address=a\n{text}".encode(), "x")
    assert config is not None
    assert [(finding.line, finding.column) for finding in findings] == places


@pytest.mark.parametrize(("kind", "port"), [("ftp", 21), ("ftps", 21), ("sftp", 22), ("webdav", 443)])
def test_the_port_follows_the_type(kind, port):
    assert config_of(f"SERVER_Type={kind}\nFTP_Address=a\nHTTP_Address=a\n").servers[0].port == port


def test_the_second_server_is_a_backup_with_variables_of_its_own():
    main, backup = config_of(
        "FTP_Address=a\nFTP2_Address=b\nFTP2_DirRoot=x//y/\nFTP2_DirData=IN\nFTP2_EuroDateFormat=1\n"
        "FTP2_HeaderOption=0\nFTP2_Password= p =w\t\nSERVER_Type=ftp\nSERVER2_Type=ftps\nFTP2_Timeout=5\n"
    ).servers
    assert isinstance(main, FileServer)
    assert isinstance(backup, FileServer)
    assert (main.mode, backup.mode) == (ServerMode.MAIN, ServerMode.BACKUP)
    assert (main.header, main.euro_dates, backup.header, backup.euro_dates) == (True, False, False, True)
    assert (backup.root, backup.path(Directory.DATA), backup.path(Directory.CMD)) == ("/x/y", "/x/y/IN", "/x/y/CMD")
    assert backup.password == " p =w\t"
    assert backup.timeout_seconds == 5


def test_mqtt_first_and_the_main_server_second():
    mqtt, main = config_of(
        "SERVER_Type=mqtts\nMQTT_Address=broker\nMQTT_TopicData={uid}/data\nMQTT_Immediate=1\n"
        "SERVER2_Type=sftp\nSERVER2_Mode=strategy_wsun1_compliant\nFTP2_Address=files\n"
    ).servers
    assert mqtt == MqttServer(
        1, ServerType.MQTTS, ServerMode.MQTT, "broker", 8883, topic_data="{uid}/data", immediate=True
    )
    assert main.mode is ServerMode.MAIN


@pytest.mark.parametrize(
    ("address", "host", "port", "root", "plain"),
    [
        ("dav.example", "dav.example", 443, "/in", False),
        ("https://dav.example", "dav.example", 443, "/in", False),
        ("https://dav.example:8443/a/b/", "dav.example", 8443, "/a/b/in", False),
        ("HTTPS://[fd00::1]/a", "fd00::1", 443, "/a/in", False),
        ("http://10.0.0.1", "10.0.0.1", 80, "/in", True),
        ("http://10.0.0.1:8080/x", "10.0.0.1", 8080, "/x/in", True),
    ],
)
def test_web_addresses(address, host, port, root, plain):
    (server,) = config_of(f"SERVER_Type=webdav\nHTTP_AllowPlain=1\nHTTP_Address={address}\nHTTP_DirRoot=/in\n").servers
    assert isinstance(server, FileServer)
    assert (server.address, server.port, server.root, server.plain) == (host, port, root, plain)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://",
        "https://a b",
        "ftp://a",
        "a/b",
        "a:443",
        "https://a/?x",
        "https://a/../b",
        "https://a:0",
        "1.2.3",
    ],
)
def test_wrong_web_addresses(address):
    config, findings = parse_config(f"SERVER_Type=webdav\nHTTP_Address={address}\n".encode(), "x")
    assert config is None
    assert [(finding.line, finding.column) for finding in findings] == [(2, 14)]


def test_the_gateways_own_variables():
    config = config_of(
        "; comment=1\n#x\n\nGATEWAY_Uid=roof-1\nGATEWAY_Name=A=b\nNTP_TimeZone=Europe/Paris\nGATEWAY_Latitude=-48.85\n"
        "GATEWAY_Longitude= 2 \nLOG_Level=\nSERVER_Type=ftp\nFTP_Address=a\n"
    )
    assert (config.uid, config.name, config.time_zone, config.log_level) == ("roof-1", "A=b", "Europe/Paris", "info")
    assert (config.latitude, config.longitude) == (-48.85, 2)


def test_updates_are_not_supported_and_say_so():
    _, findings = parse_config(b"SERVER_Type=ftp\nFTP_Address=a\nBIN_FileName=wgapp_1.spm\n", "x")
    assert [str(finding) for finding in findings] == [
        "x:3:14: warning: BIN_FileName: updates of the gateway's program are not supported"
    ]


@pytest.mark.parametrize(
    ("more", "warned"),
    [("", True), ("MQTT_ClientId=a\nMQTT2_ClientId=b\n", False), ("MQTT2_Port=8884\n", False),
     ("MQTT_ClientId=a\nMQTT2_ClientId=a\n", True)],
)  # fmt: skip
def test_two_sessions_with_one_client_id_at_one_broker_are_warned_of(more, warned):
    first = "SERVER_Type=mqtt\nMQTT_Address=broker\nMQTT_TopicData=a\n"
    second = "SERVER2_Type=mqtt\nMQTT2_Address=Broker\nMQTT2_TopicData=b\n"
    config, findings = parse_config((first + second + more).encode(), "x")
    assert config is not None
    assert [f"{f.severity}" for f in findings] == ["warning"] * warned
    assert all("same ClientId" in finding.text for finding in findings)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ("MQTT_TopicCommand=a\nMQTT_TopicResult=b\n", []),
        ("MQTT_TopicCommand=a\nMQTT_TopicResult=a\n", ["MQTT_TopicResult"]),
        ("MQTT_TopicCommand={uid}/x\nMQTT_TopicStatus=roof/x\n", ["MQTT_TopicStatus"]),
        ("MQTT_TopicCommand=data/2\n", ["MQTT2_TopicData"]),
        ("MQTT_TopicCommand=data/2\nMQTT2_Port=1884\n", []),
    ],
)  # fmt: skip
def test_a_topic_that_the_gateway_sends_to_is_none_that_it_takes_commands_from(more, refused):
    """Each answer would come back as a command, and be answered, for ever."""
    first = "GATEWAY_Uid=roof\nSERVER_Type=mqtt\nMQTT_Address=broker\nMQTT_TopicData=data/1\n"
    second = "SERVER2_Type=mqtt\nMQTT2_Address=Broker\nMQTT2_TopicData=data/2\nMQTT2_ClientId=other\n"
    _, findings = parse_config((first + second + more).encode(), "x")
    assert all(finding.severity == "error" for finding in findings)
    assert len(findings) == len(refused)
    assert all(f" is {name} too" in finding.text for finding, name in zip(findings, refused, strict=True))
