"""The configuration set of the demo: what a person would write for this plant and these two servers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heliograph.demo.devices import BAUDRATE, INVERTERS, SERIAL
from heliograph.runtime import write_atomically

UID = "WPM00DE3F"
"""Its share of the minute after a start (spec 1.5) is 18 s: the first file is there within the first minute."""
PERIOD_SECONDS = 10
AUTHORITY_FILE = "demo_authority.pem"
LOGIN = "gateway"


@dataclass(frozen=True, slots=True)
class Access:
    """How a gateway reaches one of the servers."""

    host: str
    port: int
    password: str
    """As it is to stand in the file: the password itself, or `env:NAME`."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is that the set names."""

    inverters: Mapping[str, tuple[str, int]]
    """Host and port of each inverter by its name."""
    sftp: Access
    fingerprint: str
    webdav: Access
    authority: bytes
    """Certificate of the authority that signed the WebDAV server's."""


def write_set(directory: Path, addresses: Addresses) -> None:
    """Write the whole set; a file whose content is the same already is left alone."""
    files = {
        f"CONFIG/{UID}_config.ini": _config(addresses).encode(),
        f"CONFIG/{UID}_var.ini": _schedules().encode(),
        f"CONFIG/{UID}_daq.csv": _daq(addresses).encode(),
        f"CERT/{AUTHORITY_FILE}": addresses.authority,
    }
    descriptions = [description for _, description in INVERTERS] + [description for *_, description in SERIAL]
    files |= {f"DEF/{description.file}": description.definition.encode() for description in descriptions}
    for name in ("CONFIG", "DEF", "SCRIPT", "CERT"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        file = directory / name
        if not file.exists() or file.read_bytes() != content:
            write_atomically(file, content)


def _config(addresses: Addresses) -> str:
    sftp, webdav = addresses.sftp, addresses.webdav
    return f"""\
; The gateway of the demo: server 1 is the main one, server 2 gets a copy of everything.
GATEWAY_Uid={UID}
GATEWAY_Name=Heliograph demo plant
GATEWAY_Latitude=48.137
GATEWAY_Longitude=11.575
NTP_TimeZone=UTC
LOG_Level=info

SERVER_Type=sftp
SERVER_Mode=strategy_wsun1_compliant
FTP_Address={sftp.host}
FTP_Port={sftp.port}
FTP_Login={LOGIN}
FTP_Password={sftp.password}
FTP_HostKey={addresses.fingerprint}
FTP_DirRoot=/

SERVER2_Type=webdav
SERVER2_Mode=strategy_wsun1_compliant_backup
HTTP2_Address={webdav.host}
HTTP2_Port={webdav.port}
HTTP2_Login={LOGIN}
HTTP2_Password={webdav.password}
HTTP2_CaFile={AUTHORITY_FILE}
HTTP2_DirRoot=/
HTTP2_EuroDateFormat=1
"""


def _schedules() -> str:
    line = "1|everyday|00:00:00|1|1440"
    return f"; Both servers every minute.\nSCHEDULE_Params[0]={line}\nSCHEDULE2_Params[0]={line}\n"


def _daq(addresses: Addresses) -> str:
    lines = [
        "type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms)",
        f"SERIAL1;{BAUDRATE};8;N;1;2;modbusRTU;0",
        "",
        "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile",
    ]
    for index, (name, description) in enumerate(INVERTERS, 1):
        host, port = addresses.inverters[name]
        lines.append(
            f"{index};{host}:{port};{name};1;{PERIOD_SECONDS};1000;;1;inverter;{description.model};{description.file}"
        )
    for index, (name, unit, description) in enumerate(SERIAL, len(INVERTERS) + 1):
        lines.append(
            f"{index};SERIAL1;{name};{unit};{PERIOD_SECONDS};1000;;;{description.category};{description.model};"
            f"{description.file}"
        )
    return "\n".join(lines) + "\n"
