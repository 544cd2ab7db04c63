"""The configuration as the services get it: one revision, without secrets."""

from enum import StrEnum
from typing import Literal

from heliograph.contract.identifiers import DeviceKey, Milliseconds, Payload


class ServerSummary(Payload):
    """What may be known of a server outside of sync: never a password."""

    number: Literal[1, 2]
    type: str
    mode: str
    address: str
    port: int | None = None
    directory: str = "/"


class DeviceSummary(Payload):
    """One line of `_daq.csv` for people and programs."""

    device: DeviceKey
    name: str
    interface: str
    address: int | None = None
    period_seconds: float
    category: str = ""
    model: str = ""
    definition: str


class Authority(StrEnum):
    """What commands of one way may do (`CMD_File`, `CMD_Mqtt`, `CMD_Local`)."""

    ALL = "all"
    READ = "read"
    """Only what changes nothing: `getParameters`, `readVariable`, `status`."""
    NONE = "none"


class Authorities(Payload):
    """What may be done, by way in."""

    file: Authority = Authority.ALL
    mqtt: Authority = Authority.ALL
    local: Authority = Authority.ALL


class VariableLimit(Payload):
    """The engineering values that may be written to a variable, whoever asks (`LIMIT_Params[n]`)."""

    device: DeviceKey
    variable: str
    """Index of the variable in the device's definition."""
    least: float | None = None
    most: float | None = None


class Revision(Payload):
    """One applied configuration set (spec 1.7). Files are texts by their path relative to the set.

    Only what other services need travels: `_daq.csv`, definitions, scripts, `_scl.ini`. Server settings and passwords
    stay in sync; their summary is in `servers`.
    """

    version: Literal[1] = 1
    number: int
    time: Milliseconds
    origin: str
    """`set directory`, `server`, `web page`, `REST`, `command`, or `return` to an earlier revision."""
    uid: str
    site: str = ""
    time_zone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None
    log_level: str = "info"
    servers: tuple[ServerSummary, ...] = ()
    authorities: Authorities = Authorities()
    limits: tuple[VariableLimit, ...] = ()
    files: dict[str, str] = {}
