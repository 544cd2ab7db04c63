"""`<uid>_config.ini`: the gateway and its two servers (spec 1.9)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class ServerType(StrEnum):
    """`SERVER_Type`, `SERVER2_Type`."""

    NONE = "none"
    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"
    WEBDAV = "webdav"
    MQTT = "mqtt"
    MQTTS = "mqtts"


class ServerMode(StrEnum):
    """`SERVER_Mode`, `SERVER2_Mode` (spec 1.1)."""

    MAIN = "strategy_wsun1_compliant"
    BACKUP = "strategy_wsun1_compliant_backup"
    MQTT = "strategy_mqtt"


class Directory(StrEnum):
    """The directories of the server's tree (spec 1.3), by the end of their variable's name."""

    CONFIG = "DirConfig"
    DEF = "DirDef"
    SCRIPT = "DirScript"
    CERT = "DirCert"
    DATA = "DirData"
    CMD = "DirCmd"
    ALARM = "DirAlarm"
    LOG = "DirLog"
    BIN = "DirBin"

    @property
    def default(self) -> str:
        """The directory where the variable is absent, e.g. `/CONFIG`."""
        return "/" + self.value.removeprefix("Dir").upper()


@dataclass(frozen=True, slots=True)
class FileServer:
    """A server of type ftp, ftps, sftp or webdav."""

    number: Literal[1, 2]
    type: ServerType
    mode: ServerMode
    address: str
    """Name or IP address, without scheme, port and path."""
    port: int
    login: str = ""
    password: str = field(default="", repr=False)
    """As written: a secret itself, or `env:NAME`, `file:NAME`; see `heliograph.formats.secrets`."""
    root: str = "/"
    """Absolute; for `webdav` with a path in `HTTP_Address`, that path comes first."""
    directories: dict[Directory, str] = field(default_factory=lambda: {d: d.default for d in Directory})
    """Each relative to the root, beginning with `/`."""
    two_steps_disabled: bool = False
    header: bool = True
    """`HeaderOption`: data files have the index line."""
    euro_dates: bool = False
    sync_config: bool = True
    timeout_seconds: float = 30
    ca_file: str = ""
    """A file name in `/CERT`, or empty for the system's authorities."""
    host_key: str = ""
    """Pinned `SHA256:…`, or empty: pin the first key seen."""
    key_file: str = ""
    """SFTP: private key, a local secret."""
    passive: bool = True
    plain: bool = False
    """`webdav` without TLS: `http://` with `HTTP_AllowPlain=1`."""

    def path(self, directory: Directory) -> str:
        """Return the absolute path of a directory on the server, without a slash at its end (but the root's own)."""
        return "/" + "/".join(p for p in (self.root + "/" + self.directories[directory]).split("/") if p)


@dataclass(frozen=True, slots=True)
class MqttServer:
    """A server of type mqtt or mqtts."""

    number: Literal[1, 2]
    type: ServerType
    mode: ServerMode
    address: str
    port: int
    login: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""
    topic_data: str = ""
    topic_alarm: str = ""
    topic_command: str = ""
    topic_result: str = ""
    topic_status: str = ""
    qos: int = 1
    keep_alive_seconds: int = 60
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    max_message_bytes: int = 131072
    immediate: bool = False
    home_assistant: bool = False


Server = FileServer | MqttServer


class Authority(StrEnum):
    """`CMD_File`, `CMD_Mqtt`, `CMD_Local`: what commands that come in this way may do (spec 4.1)."""

    ALL = "all"
    READ = "read"
    """Only what changes nothing."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Authorities:
    """What commands may do, by their way in."""

    file: Authority = Authority.ALL
    mqtt: Authority = Authority.ALL
    local: Authority = Authority.ALL


@dataclass(frozen=True, slots=True)
class LimitLine:
    """`LIMIT_Params[n]`: the engineering values that may be written to a variable."""

    number: int
    device: str
    """Name or index, as written."""
    variable: str
    """Name, tag or Index, as written."""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A `_config.ini`, validated."""

    uid: str
    """`GATEWAY_Uid`, or empty."""
    name: str
    time_zone: str
    latitude: float | None
    longitude: float | None
    log_level: Literal["debug", "info", "warning", "error"]
    servers: tuple[Server, ...]
    """Those whose type is not `none`, in the order of their numbers."""
    authorities: Authorities = Authorities()
    limits: tuple[LimitLine, ...] = ()
