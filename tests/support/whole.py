"""Two real servers, a small witnessed plant, and the set that joins them: what end-to-end tests begin with."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from heliograph.demo.simulator import RtuSimulator, TcpSimulator
from support.ftp import vsftpd
from support.servers import need
from support.sets import DIRECTORIES, UID, write_set
from support.sftp import sshd
from support.witness import DEFINITION, Witness

PERIOD = 2


@pytest.fixture
def main_server():
    need("sshd")
    with sshd() as server:
        for name in DIRECTORIES:
            server.tree.directory(name)
        yield server


@pytest.fixture
def backup_server():
    need("vsftpd")
    with vsftpd() as server:
        for name in DIRECTORIES:
            server.tree.directory(name)
        yield server


class Plant:
    """Three devices on two TCP ports and one on a serial line, each a witness."""

    def __init__(self) -> None:
        self.witnesses = {str(index): Witness(seed=index) for index in range(4)}
        one, two, three, four = self.witnesses.values()
        self.near = TcpSimulator({1: one, 2: two})
        self.far = TcpSimulator({1: three})
        self.line = RtuSimulator({5: four}, 19200)

    def devices(self) -> list[str]:
        quick = "poll=200"
        return [
            f"0;127.0.0.1:{self.near.port};near 1;1;{PERIOD};500;;{quick};;;tcp.csv",
            f"1;127.0.0.1:{self.near.port};near 2;2;{PERIOD};500;;{quick};;;tcp.csv",
            f"2;127.0.0.1:{self.far.port};far;1;{PERIOD};500;;{quick};;;tcp.csv",
            f"3;SERIAL1;on the line;5;{PERIOD};500;;{quick};;;rtu.csv",
        ]


def make_set(directory: Path, plant: Plant, main, backup) -> Path:
    """Write a set with an sshd as main server and a vsftpd as backup."""
    return make_set_of(directory, plant, {
        "SERVER_Type": "sftp",
        "FTP_Address": "127.0.0.1",
        "FTP_Port": main.port,
        "FTP_Login": main.login,
        "FTP_KeyFile": "env:MAIN_KEY",
        "FTP_DirRoot": main.tree.root,
        "FTP_HostKey": main.host_key,
        "FTP_Timeout": 5,
    }, backup)  # fmt: skip


def make_set_of(
    directory: Path, plant: Plant, main: Mapping[str, object], backup, certificates: Mapping[str, bytes] | None = None
) -> Path:
    """Write a set with these settings of server 1, and a vsftpd as backup."""
    config = {
        "GATEWAY_Uid": UID,
        "NTP_TimeZone": "Europe/Berlin",
        **main,
        "SERVER2_Type": "ftp",
        "FTP2_Address": "127.0.0.1",
        "FTP2_Port": backup.port,
        "FTP2_Login": backup.login,
        "FTP2_Password": backup.password,
        "FTP2_DirRoot": backup.tree.root,
        "FTP2_EuroDateFormat": 1,
        "FTP2_HeaderOption": 0,
        "FTP2_Timeout": 5,
    }
    definitions = {
        "tcp.csv": DEFINITION.format(protocol="modbusTCP"),
        "rtu.csv": DEFINITION.format(protocol="modbusRTU"),
    }
    serial = ["SERIAL1;19200;8;N;1;2;modbusRTU;0"]
    schedules = ["SCHEDULE_Params[0]=1|everyday|00:00:00|1|1440", "SCHEDULE2_Params[0]=1|everyday|00:00:00|1|1440"]
    return write_set(
        directory, config, plant.devices(), definitions, serial=serial, schedules=schedules, certificates=certificates
    )
